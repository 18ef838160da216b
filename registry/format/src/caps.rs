//! Capabilities: what a manifest asks for and what a pipeline grants, in one syntax.
//!
//! ```yaml
//! caps:
//!   http: ["GET https://api.example.com/v1/**", "https://*.example.org"]
//!   log: true
//! ```

use serde::{Deserialize, Serialize};

pub use crate::http_grant::{GrantError, HttpGrant, PathGrant};

/// A set of rights. Empty means none: everything is denied by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// Outgoing HTTP requests, each line an allowed shape.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpGrant>,
    /// `coldframe:host/log`
    #[serde(skip_serializing_if = "is_false")]
    pub log: bool,
    /// `wasi:clocks`
    #[serde(skip_serializing_if = "is_false")]
    pub clock: bool,
    /// `wasi:random`
    #[serde(skip_serializing_if = "is_false")]
    pub random: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The rights that go beyond a ceiling, as people write them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} not within what is allowed", crate::suggest::list(.0))]
pub struct Wider(pub Vec<String>);

impl Caps {
    /// Whether some line allows the request. The parts must be canonical already: scheme and host
    /// in lower case, no trailing dot, the path without query.
    pub fn allows_http(
        &self,
        method: &str,
        scheme: &str,
        host: &str,
        port: u16,
        path: &str,
    ) -> bool {
        self.http.iter().any(|grant| grant.allows(method, scheme, host, port, path))
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether every right is covered by `ceiling`; else which are not.
    ///
    /// A line of `http` must be covered by a single line of the ceiling.
    pub fn is_within(&self, ceiling: &Self) -> Result<(), Wider> {
        let mut wider: Vec<String> = self
            .http
            .iter()
            .filter(|grant| !ceiling.http.iter().any(|other| grant.is_within(other)))
            .map(|grant| format!("http: {grant}"))
            .collect();
        for (name, mine, theirs) in [
            ("log", self.log, ceiling.log),
            ("clock", self.clock, ceiling.clock),
            ("random", self.random, ceiling.random),
        ] {
            if mine && !theirs {
                wider.push(name.to_owned());
            }
        }
        if wider.is_empty() { Ok(()) } else { Err(Wider(wider)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(json: &str) -> Caps {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_and_prints_the_same() {
        let text = r#"{"http":["GET https://a.org/v1/**"],"clock":true}"#;
        assert_eq!(serde_json::to_string(&caps(text)).unwrap(), text);
        assert_eq!(serde_json::to_string(&caps("{}")).unwrap(), "{}");
        assert!(caps("{}").is_empty());
    }

    #[test]
    fn refuses_unknown_rights_and_wrong_types() {
        for text in [
            r#"{"https": []}"#,
            r#"{"log": "yes"}"#,
            r#"{"http": "https://a.org"}"#,
            r#"{"http": ["*"]}"#,
        ] {
            assert!(serde_json::from_str::<Caps>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn within_names_what_goes_beyond() {
        let ceiling = caps(r#"{"http":["https://*.a.org"],"log":true}"#);
        let cases = [
            ("{}", ""),
            (r#"{"log":true}"#, ""),
            (r#"{"http":["GET https://x.a.org/p"]}"#, ""),
            (
                r#"{"http":["https://a.org","https://x.a.org"],"random":true}"#,
                "`http: https://a.org`, `random` not within what is allowed",
            ),
        ];
        for (text, expected) in cases {
            let found =
                caps(text).is_within(&ceiling).map_or_else(|e| e.to_string(), |()| String::new());
            assert_eq!(found, expected, "{text}");
        }
    }
}
