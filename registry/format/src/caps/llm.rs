//! One line of an `llm` capability: a language model, or all whose names begin alike.

use std::fmt;

use super::line::{self, GrantLine};

/// The longest name of a model, bytes.
const MODEL_BYTES_MAX: usize = 128;

/// `gpt-4o-mini`, `claude-*` or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LlmGrant {
    /// The name, or what names begin with.
    pub name: String,
    /// Whether a `*` stands behind it.
    pub open: bool,
}

impl LlmGrant {
    /// Whether the model is one of them.
    pub fn allows(&self, model: &str) -> bool {
        if !is_model(model) {
            return false;
        }
        if self.open { model.starts_with(&self.name) } else { model == self.name }
    }
}

/// Whether a text is the name of a model: letters, digits and `-_.:/@+`, at most 128 of them.
pub fn is_model(text: &str) -> bool {
    let good = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'@' | b'+')
    };
    (1..=MODEL_BYTES_MAX).contains(&text.len()) && text.bytes().all(good)
}

impl GrantLine for LlmGrant {
    const WHAT: &'static str = "a grant of a language model";
    const SHAPE: &'static str = "MODEL or PREFIX*";
    const EXAMPLE: &'static str = "gpt-4o-mini";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (name, open) = match text.strip_suffix('*') {
            Some(name) => (name, true),
            None => (text, false),
        };
        if name.contains('*') {
            return Err("a `*` stands anywhere but at its end");
        }
        if !(is_model(name) || open && name.is_empty()) {
            return Err("the model is not a name of letters, digits and `-_.:/@+`");
        }
        Ok(Self { name: name.to_owned(), open })
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        match (self.open, ceiling.open) {
            (_, true) => self.name.starts_with(&ceiling.name),
            (false, false) => self.name == ceiling.name,
            (true, false) => false,
        }
    }
}

impl fmt::Display for LlmGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, if self.open { "*" } else { "" })
    }
}

line::text!(LlmGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> LlmGrant {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints_the_same() {
        for text in ["gpt-4o-mini", "claude-*", "*", "meta-llama/Llama-3.1:70b@x+y"] {
            assert_eq!(grant(text).to_string(), text);
        }
        for text in ["", "**", "a*b", "*a", "a b", "a\"b", "gpt-4о", "a**", &"x".repeat(129)] {
            assert!(text.parse::<LlmGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn allows_what_it_names() {
        for (line, model, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4o", "GPT-4o", false),
            ("gpt-4o*", "gpt-4o", true),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("gpt-4o*", "gpt-4", false),
            ("*", "anything", true),
            ("*", "", false),
            ("*", "a\nb", false),
        ] {
            assert_eq!(grant(line).allows(model), expected, "{line} {model}");
        }
    }

    #[test]
    fn within_and_both() {
        let within = |a: &str, b: &str| grant(a).is_within(&grant(b));
        assert!(within("gpt-4o", "gpt-*") && within("gpt-4*", "gpt-*") && within("gpt-*", "*"));
        assert!(!within("gpt-*", "gpt-4*") && !within("gpt-*", "gpt-") && !within("a", "b"));
        assert_eq!(grant("gpt-*").both(&grant("gpt-4*")), Some(grant("gpt-4*")));
        assert_eq!(grant("gpt-*").both(&grant("claude-*")), None);
    }
}
