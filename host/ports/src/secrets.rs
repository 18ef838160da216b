//! Secrets: where their values come from, and how they get into requests without anybody seeing
//! them.
//!
//! A guest holds a placeholder, a random text made anew for each process. The value takes its
//! place in the very last moment, when the request goes to the origin and stands in the header
//! that its grant names. What comes back is searched for the value, which is the placeholder again
//! for the guest.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use coldframe_engine::ports::HttpRequest;
use coldframe_engine::services::ServiceError;
use coldframe_format::caps::SecretGrant;
use coldframe_journal::ErrorKind;
use serde_json::Value;
use zeroize::Zeroizing;

/// What every placeholder begins with.
pub const MARK: &str = "coldframe-secret-";
/// The longest value, bytes.
const VALUE_BYTES_MAX: usize = 16 << 10;

/// The secrets an operator gave to a process.
#[derive(Default)]
pub struct Secrets {
    by_name: BTreeMap<String, Secret>,
}

struct Secret {
    placeholder: String,
    value: Zeroizing<String>,
}

/// Why there is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not `env:` or `file:`.
    #[error(
        "the secret `{0}` comes from nowhere, expected `env:VARIABLE`, `file:PATH`, \
         `vault:MOUNT/PATH#FIELD`, `aws:SECRET_ID` or `keychain:SERVICE/ACCOUNT`"
    )]
    Source(String),
    /// The place has none.
    #[error("the secret `{name}` is not there: {why}")]
    Absent {
        /// Its name.
        name: String,
        /// What was looked at and found. Never the value.
        why: String,
    },
    /// A value no header can carry.
    #[error("the secret `{name}` cannot go into a header: {why}")]
    Unfit {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Secrets {
    /// Adds a secret from where `source` says: `env:VARIABLE` or `file:PATH`. `env` reads the
    /// environment. Servers are for others to ask.
    pub fn add(
        &mut self,
        name: &str,
        source: &str,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<(), SecretError> {
        let absent = |why: String| SecretError::Absent { name: name.to_owned(), why };
        let value = match source.split_once(':') {
            Some(("env", variable)) => env(variable)
                .ok_or_else(|| absent(format!("the variable `{variable}` is not set")))?,
            Some(("file", path)) => std::fs::read_to_string(Path::new(path))
                .map_err(|error| absent(format!("failed to read {path}: {error}")))?,
            _ => return Err(SecretError::Source(name.to_owned())),
        };
        self.insert(name, Zeroizing::new(value))
    }

    /// Adds a secret with its value. A line end behind it is no part of it.
    pub fn insert(&mut self, name: &str, value: Zeroizing<String>) -> Result<(), SecretError> {
        let value = Zeroizing::new(value.trim_end_matches(['\n', '\r']).to_owned());
        let unfit = |why| Err(SecretError::Unfit { name: name.to_owned(), why });
        // A short value is found in every text, and its absence would tell as much.
        if value.len() < 8 {
            return unfit("it has less than 8 bytes");
        }
        if value.len() > VALUE_BYTES_MAX {
            return unfit("it has more than 16 KiB");
        }
        if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return unfit("it has characters outside of printable ASCII");
        }
        let mut random = [0_u8; 16];
        if getrandom::fill(&mut random).is_err() {
            return unfit("this machine has no randomness for its placeholder");
        }
        let placeholder = format!("{MARK}{:032x}", u128::from_be_bytes(random));
        self.by_name.insert(name.to_owned(), Secret { placeholder, value });
        Ok(())
    }

    /// What stands for the secret.
    pub fn placeholder(&self, name: &str) -> Option<String> {
        Some(self.by_name.get(name)?.placeholder.clone())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Puts values in the place of placeholders, where `grants` (what every layer allows together)
    /// say so. A placeholder anywhere else is refused.
    pub fn inject(
        &self,
        request: &mut HttpRequest,
        grants: &[SecretGrant],
    ) -> Result<(), ServiceError> {
        let refused = |what: &str| {
            let message = format!("a secret stands in {what}, where it may not go");
            Err(ServiceError::refused(ErrorKind::DeniedSecret, message))
        };
        if request.path_and_query.contains(MARK) || request.host.contains(MARK) {
            return refused("the address of a request");
        }
        let HttpRequest { scheme, host, port, headers, .. } = request;
        for (header, value) in headers {
            if header.contains(MARK) {
                return refused("the name of a header");
            }
            // Only texts can hold one.
            let Ok(text) = std::str::from_utf8(value) else { continue };
            if !text.contains(MARK) {
                continue;
            }
            let mut text = Zeroizing::new(text.to_owned());
            for (name, secret) in &self.by_name {
                if !text.contains(&secret.placeholder) {
                    continue;
                }
                if !grants.iter().any(|grant| grant.allows(name, scheme, host, *port, header)) {
                    return refused(&format!("header `{header}` of a request to `{host}`"));
                }
                text = Zeroizing::new(text.replace(&secret.placeholder, &secret.value));
            }
            if text.contains(MARK) {
                return refused("a header that no secret of this host belongs to");
            }
            *value = text.as_bytes().to_vec();
        }
        Ok(())
    }

    /// What must not come back, and what stands for it: each value as it is, in JSON, in Base64
    /// and percent-encoded.
    pub(crate) fn needles(&self) -> Vec<(Zeroizing<String>, String)> {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let mut found = Vec::new();
        for secret in self.by_name.values() {
            let value = secret.value.as_str();
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            // As JSON has it, of those who escape strokes and those who do not.
            let quoted = Value::from(value).to_string();
            let json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            for spelling in [
                value.to_owned(),
                json.to_owned(),
                json.replace('/', r"\/"),
                STANDARD.encode(value).trim_end_matches('=').to_owned(),
                URL_SAFE_NO_PAD.encode(value),
                encoded,
            ] {
                if !found.iter().any(|(known, _): &(Zeroizing<String>, _)| **known == spelling) {
                    found.push((Zeroizing::new(spelling), secret.placeholder.clone()));
                }
            }
        }
        found
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use coldframe_engine::ports::HttpTimeouts;

    use super::*;

    const VALUE: &str = "s3cret-value";

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        let env = |name: &str| (name == "KEY").then(|| format!("{VALUE}\n"));
        secrets.add("key", "env:KEY", env).unwrap();
        secrets
    }

    /// A request for `path` at `host` with one header.
    fn request(host: &str, path: &str, header: (&str, &str)) -> HttpRequest {
        let second = Duration::from_secs(1);
        HttpRequest {
            method: "GET".into(),
            scheme: "https".into(),
            host: host.into(),
            port: 443,
            path_and_query: path.into(),
            headers: vec![(header.0.into(), header.1.into())],
            body: None,
            timeouts: HttpTimeouts {
                connect: second,
                first_byte: second,
                between_bytes: second,
                total: second,
            },
            per_host: coldframe_engine::ports::HttpPerHost::UNBOUNDED,
            private: false,
            secrets: Vec::new(),
        }
    }

    /// The header's value as it goes out, or the kind of the refusal.
    #[track_caller]
    fn check(host: &str, path: &str, (name, value): (&str, &str), grant: &str, expected: &str) {
        let secrets = secrets();
        let placeholder = secrets.placeholder("key").unwrap();
        let fill = |text: &str| text.replace("PLACEHOLDER", &placeholder);
        let mut request = request(host, &fill(path), (&fill(name), &fill(value)));
        let grants: Vec<SecretGrant> = [grant.parse().unwrap()].into();
        let found = match secrets.inject(&mut request, &grants) {
            Ok(()) => String::from_utf8(request.headers[0].1.clone()).unwrap(),
            Err(error) => {
                assert!(!error.message.contains(VALUE), "{error:?}");
                error.kind.unwrap().to_string()
            }
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_value_goes_to_its_host_in_its_header_and_nowhere_else() {
        let grant = "key for https://api.a.org in authorization";
        let header = ("authorization", "Bearer PLACEHOLDER");
        check("api.a.org", "/", header, grant, "Bearer s3cret-value");
        check("api.a.org", "/", ("authorization", "nothing"), grant, "nothing");
        check("evil.test", "/", header, grant, "denied.secret");
        check("api.a.org", "/", ("x-copy", "PLACEHOLDER"), grant, "denied.secret");
        check("api.a.org", "/?k=PLACEHOLDER", ("x", "y"), grant, "denied.secret");
        check("api.a.org", "/", ("PLACEHOLDER", "y"), grant, "denied.secret");
        let other = "other for https://api.a.org in authorization";
        check("api.a.org", "/", header, other, "denied.secret");
        let guessed = format!("{MARK}00000000000000000000000000000000");
        check("api.a.org", "/", ("authorization", &guessed), grant, "denied.secret");
    }

    #[test]
    fn placeholders_are_new_in_every_process() {
        assert_ne!(secrets().placeholder("key"), secrets().placeholder("key"));
        assert_eq!(secrets().placeholder("other"), None);
    }

    #[test]
    fn nothing_that_is_printed_has_a_value() {
        assert_eq!(format!("{:?}", secrets()), r#"{"key"}"#);
    }

    #[test]
    fn values_that_cannot_be_kept_apart_are_refused() {
        for (value, why) in [
            ("short", "less than 8 bytes"),
            ("line\nbreaks-it", "outside of printable ASCII"),
            ("ünprintable-in-headers", "outside of printable ASCII"),
        ] {
            let mut secrets = Secrets::default();
            let error = secrets.add("key", "env:K", |_| Some(value.to_owned())).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!error.to_string().contains(value), "{error}");
        }
        for source in ["", "KEY", "vault:x"] {
            let error = Secrets::default().add("key", source, |_| None).unwrap_err();
            assert_eq!(error, SecretError::Source("key".to_owned()));
        }
    }
}
