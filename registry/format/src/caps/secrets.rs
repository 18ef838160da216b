//! One line of a `secrets` capability: `NAME for scheme://host[:port] in HEADER`.
//!
//! A guest never sees a secret's value. It gets a placeholder, and the host puts the value in its
//! place when a request goes to this host, at this port, in this header; nowhere else.

use std::fmt;

use super::http::HttpGrant;
use super::line::{self, GrantLine};

/// `openai for https://api.openai.com in authorization`: where a secret may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretGrant {
    /// The name the operator gave the secret; `None` for `*`, any secret. That is for the ceilings
    /// of skills that are told which one to use.
    pub name: Option<String>,
    /// The origin: scheme, host and port, as in an HTTP grant without method and path.
    pub origin: HttpGrant,
    /// The header, in lower case.
    pub header: String,
}

impl SecretGrant {
    /// Whether the secret may go out there. Scheme, host and header are in lower case.
    pub fn allows(&self, name: &str, scheme: &str, host: &str, port: u16, header: &str) -> bool {
        self.name.as_deref().is_none_or(|own| own == name)
            && self.origin.allows("GET", scheme, host, port, "/")
            && self.header == header
    }

    /// Whether the secret may go out somewhere.
    pub fn names(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|own| own == name)
    }
}

/// Whether a text is the name of a secret: letters, digits, `-` and `_`, at most 64 of them.
pub fn is_secret(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(good)
}

impl GrantLine for SecretGrant {
    const WHAT: &'static str = "a grant of a secret";
    const SHAPE: &'static str = "NAME for scheme://host[:port] in HEADER";
    const EXAMPLE: &'static str = "openai for https://api.openai.com in authorization";

    fn read(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split(' ');
        let name = match words.next() {
            Some("*") => None,
            Some(name) if is_secret(name) => Some(name.to_owned()),
            _ => return Err("it begins with no name of letters, digits, `-` and `_`"),
        };
        let (Some("for"), Some(origin), Some("in"), Some(header), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
        else {
            return Err("it does not say `for` which host and `in` which header");
        };
        let origin = HttpGrant::read(origin)?;
        if origin.path.is_some() {
            return Err("the host has a path behind it, and a header goes with every path");
        }
        let header = header.to_ascii_lowercase();
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if header.is_empty() || header.len() > 64 || !header.bytes().all(good) {
            return Err("the header is not a word of letters, digits and `-`");
        }
        if matches!(header.as_str(), "host" | "content-length" | "transfer-encoding" | "connection")
        {
            return Err("the header is one that the host writes itself");
        }
        Ok(Self { name, origin, header })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        (ceiling.name.is_none() || ceiling.name == self.name)
            && self.origin.is_within(&ceiling.origin)
            && self.header == ceiling.header
    }

    fn both(&self, other: &Self) -> Option<Self> {
        let name = match (&self.name, &other.name) {
            (None, name) | (name, None) => name.clone(),
            (Some(a), Some(b)) if a == b => Some(a.clone()),
            _ => return None,
        };
        let origin = self.origin.both(&other.origin)?;
        (self.header == other.header).then(|| Self { name, origin, header: self.header.clone() })
    }
}

impl fmt::Display for SecretGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("*");
        write!(f, "{name} for {} in {}", self.origin, self.header)
    }
}

line::text!(SecretGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> SecretGrant {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints() {
        for (text, expected) in [
            ("key for https://a.org in Authorization", "key for https://a.org in authorization"),
            ("* for https://* in x-api-key", "* for https://* in x-api-key"),
            ("K_1 for http://localhost:8080 in x", "K_1 for http://localhost:8080 in x"),
        ] {
            assert_eq!(grant(text).to_string(), expected);
            assert_eq!(grant(expected), grant(text));
        }
        for text in [
            "",
            "key",
            "key for https://a.org",
            "key in authorization for https://a.org",
            "key for https://a.org/x in authorization",
            "key for GET https://a.org in authorization",
            "key for a.org in authorization",
            "key for https://a.org in a:b",
            "key for https://a.org in host",
            "key for https://a.org in authorization x",
            "a b for https://a.org in x",
        ] {
            assert!(text.parse::<SecretGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn goes_where_it_says_and_nowhere_else() {
        let one = grant("key for https://api.a.org in authorization");
        for (name, scheme, host, port, header, expected) in [
            ("key", "https", "api.a.org", 443, "authorization", true),
            ("other", "https", "api.a.org", 443, "authorization", false),
            ("key", "http", "api.a.org", 443, "authorization", false),
            ("key", "https", "a.org", 443, "authorization", false),
            ("key", "https", "evil.api.a.org", 443, "authorization", false),
            ("key", "https", "api.a.org", 8443, "authorization", false),
            ("key", "https", "api.a.org", 443, "x-copy", false),
        ] {
            assert_eq!(one.allows(name, scheme, host, port, header), expected, "{host} {header}");
        }
    }

    #[test]
    fn within_and_both() {
        let ceiling = grant("* for https://* in authorization");
        let own = grant("key for https://a.org in authorization");
        assert!(own.is_within(&ceiling) && !ceiling.is_within(&own));
        assert_eq!(ceiling.both(&own), Some(own.clone()));
        assert_eq!(own.both(&grant("key for https://a.org in x")), None);
        assert_eq!(own.both(&grant("k for https://a.org in authorization")), None);
    }
}
