//! How a scalar is written on one line.

use std::fmt::Write as _;

use crate::shown::is_hidden;
use crate::yaml::scalar::{Plain, classify};

/// Words that other YAML readers take for booleans.
const BOOLEANS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// Whether every YAML reader takes these characters without quotes for this text.
///
/// Stricter than YAML: a text with braces, or one that looks like a number, a date or a boolean to
/// some reader, keeps its quotes.
pub(crate) fn is_plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let begins =
        first.is_alphabetic() || matches!(first, '_' | '/' | '(' | '$') || text.starts_with("./");
    let lower = text.to_ascii_lowercase();
    begins
        && classify(text) == Plain::String
        && !BOOLEANS.contains(&lower.as_str())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['{', '}', '[', ']', '`'])
        && !(in_flow && text.contains(','))
        && text.chars().all(is_visible)
}

/// Whether a character says what it is without an escape.
pub(crate) fn is_visible(c: char) -> bool {
    c == ' ' || (!c.is_control() && !c.is_whitespace() && !is_hidden(c))
}

/// Between double quotes, with escapes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if !is_visible(c) => {
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(out, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text without quotes where it needs none.
pub(crate) fn text(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) { text.to_owned() } else { quoted(text) }
}
