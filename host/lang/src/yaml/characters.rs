//! What no text may hold, before it is looked at as YAML.

use super::read::TEXT_BYTES_MAX;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::shown::is_hidden;
use crate::source::Span;

/// Refuses texts that are too long or that read differently from what they say.
pub(super) fn check(text: &str, base: usize) -> Result<(), Box<Diagnostic>> {
    if text.len() > TEXT_BYTES_MAX {
        let message =
            format!("the file has {} bytes, expected at most {TEXT_BYTES_MAX}", text.len());
        return Err(Box::new(
            Diagnostic::new(&codes::YAML_TOO_LARGE, Span::new(base, base), message)
                .help("put data into files and hand them in as inputs"),
        ));
    }
    let bad = text.char_indices().find(|(at, c)| {
        let mark = *at == 0 && *c == '\u{feff}';
        // Some readers and editors begin a line behind a carriage return alone, others show the line
        // before it overwritten.
        let alone = *c == '\r' && !text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n'));
        !mark && (alone || is_hidden(*c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
    });
    match bad {
        None => Ok(()),
        Some((at, c)) => Err(Box::new(
            Diagnostic::new(
                &codes::YAML_HIDDEN_CHARACTER,
                Span::new(base + at, base + at + c.len_utf8()),
                format!("the text holds the invisible character U+{:04X}", u32::from(c)),
            )
            .help(format!(
                "remove it, or write it as `\\u{:04x}` in a double-quoted string",
                u32::from(c)
            )),
        )),
    }
}
