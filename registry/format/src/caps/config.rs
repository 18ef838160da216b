//! One line of a `config` capability: a key, or `prefix.*`.

use std::fmt;

use super::line::{self, GrantLine};

/// `model.*`: which keys of the operator's configuration can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigGrant {
    /// The key; with `below`, the part in front of `.*`, empty for `*`.
    pub key: String,
    /// Written `key.*`: every key below `key`, not `key` itself.
    pub below: bool,
}

impl ConfigGrant {
    /// Whether the key can be read.
    pub fn allows(&self, key: &str) -> bool {
        if !self.below {
            return self.key == key;
        }
        let rest = key.strip_prefix(&self.key);
        self.key.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
    }
}

/// Whether a text is a key: words of letters, digits, `-` and `_`, joined by dots.
pub fn is_key(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let word = |word: &str| !word.is_empty() && word.bytes().all(good);
    text.len() <= 128 && text.split('.').all(word)
}

impl GrantLine for ConfigGrant {
    const WHAT: &'static str = "a grant of configuration";
    const SHAPE: &'static str = "KEY or PREFIX.*";
    const EXAMPLE: &'static str = "region";

    fn read(text: &str) -> Result<Self, &'static str> {
        if text == "*" {
            return Ok(Self { key: String::new(), below: true });
        }
        let (key, below) = match text.strip_suffix(".*") {
            Some(key) => (key, true),
            None => (text, false),
        };
        if !is_key(key) {
            return Err("it is not words of letters, digits, `-` and `_`, joined by dots");
        }
        Ok(Self { key: key.to_owned(), below })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        if self.below {
            ceiling.below && (ceiling.key == self.key || ceiling.allows(&self.key))
        } else {
            ceiling.allows(&self.key)
        }
    }
}

impl fmt::Display for ConfigGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.below, self.key.is_empty()) {
            (true, true) => f.write_str("*"),
            (true, false) => write!(f, "{}.*", self.key),
            (false, _) => f.write_str(&self.key),
        }
    }
}

line::text!(ConfigGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> ConfigGrant {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints() {
        for text in ["region", "model.*", "a-b.c_1", "*"] {
            assert_eq!(grant(text).to_string(), text);
        }
        for text in ["", ".", ".*", "a.", "a..b", "a*", "*.a", "a b", "a/b", "a.*.b"] {
            assert!(text.parse::<ConfigGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn allows_only_what_it_says() {
        for (text, key, expected) in [
            ("region", "region", true),
            ("region", "region.x", false),
            ("model.*", "model.name", true),
            ("model.*", "model", false),
            ("model.*", "models.name", false),
            ("*", "a.b", true),
        ] {
            assert_eq!(grant(text).allows(key), expected, "{text}: {key}");
        }
        for (a, b, expected) in [
            ("a.b", "a.*", true),
            ("a.b.*", "a.*", true),
            ("a.*", "a.*", true),
            ("a.*", "a.b", false),
            ("a", "a.*", false),
            ("a.*", "*", true),
            ("*", "a.*", false),
        ] {
            assert_eq!(grant(a).is_within(&grant(b)), expected, "{a} in {b}");
        }
    }
}
