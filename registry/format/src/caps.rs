//! Capabilities: what a manifest asks for and what a pipeline grants, in one syntax.
//!
//! ```yaml
//! caps:
//!   http: ["GET https://api.example.com/v1/**", "https://*.example.org"]
//!   log: true
//! ```
//!
//! One file for each kind of line; `table` lists them all.

mod access;
mod config;
mod fs;
mod http;
mod kv;
mod line;
mod llm;
mod secrets;
mod set;
mod sql;
mod table;
mod tools;

pub use access::{Access, is_name};
pub use config::{ConfigGrant, is_key};
pub use fs::{FsGrant, canonical_path};
pub use http::{HttpGrant, PathGrant};
pub use kv::KvGrant;
pub use line::{GrantError, GrantLine};
pub use llm::{LlmGrant, is_model};
pub use secrets::{SecretGrant, is_secret};
pub use set::CapSet;
pub use sql::SqlGrant;
pub use table::{Cap, Caps};
pub use tools::ToolGrant;

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

    /// Those that have something.
    pub fn set_of(&self) -> CapSet {
        Cap::ALL.iter().copied().filter(|cap| self.has(*cap)).collect()
    }

    /// One capability of several.
    #[must_use]
    pub fn only(&self, cap: Cap) -> Self {
        self.keep(CapSet::of(cap))
    }

    /// What of one capability is not covered by `ceiling`.
    pub fn beyond(&self, ceiling: &Self, cap: Cap) -> Vec<String> {
        self.without(ceiling).lines(cap)
    }

    /// Whether every right is covered by `ceiling`; else which are not.
    ///
    /// A line must be covered by a single line of the ceiling.
    pub fn is_within(&self, ceiling: &Self) -> Result<(), Wider> {
        let more = self.without(ceiling);
        let mut wider = Vec::new();
        for cap in more.set_of().iter() {
            wider.extend(more.lines(cap).into_iter().map(|line| match cap.line() {
                Some(_) => format!("{cap}: {line}"),
                None => cap.to_string(),
            }));
        }
        if wider.is_empty() { Ok(()) } else { Err(Wider(wider)) }
    }
}

impl Cap {
    /// The capability with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cap| cap.name() == name)
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|cap| cap.name())
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
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
