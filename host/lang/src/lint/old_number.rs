//! W213: `010` and `1_000` without quotes.
//!
//! Spellings of JSON are left alone, though some readers take `1e3` for a text.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;
use crate::yaml::node::NodeKind;
use crate::yaml::scalar::{Plain, classify, is_digits, signed};

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    for (path, node) in context.values() {
        let NodeKind::Number(number) = &node.kind else { continue };
        let Some(other) = read_otherwise(&number.written) else { continue };
        let (written, json) = (shown(&number.written), &number.json);
        report.push(
            Diagnostic::new(
                code,
                node.span,
                format!("`{written}` is {json} here, and {other} to other YAML readers"),
            )
            .help(format!("write `{json}`, or quote it: `\"{written}\"`"))
            .at(&path),
        );
    }
    for (path, text) in context.plain_texts() {
        let Some(other) = old_number(&text.text) else { continue };
        let written = shown(&text.text);
        report.push(
            Diagnostic::new(
                code,
                text.span,
                format!("`{written}` is a text here, and the number {other} to other YAML readers"),
            )
            .help(format!("write `{other}`, or quote it: `\"{written}\"`"))
            .at(&path),
        );
    }
}

/// What a number here is to YAML 1.1, if that is something else: `010` is 8, `09` and `0o17` are texts.
fn read_otherwise(written: &str) -> Option<String> {
    if written.starts_with("0o") {
        return Some("a text".to_owned());
    }
    let (sign, digits) = signed(written);
    if digits.len() < 2 || !digits.starts_with('0') || !is_digits(digits) {
        return None;
    }
    if !digits.bytes().all(|b| b < b'8') {
        return Some("a text".to_owned());
    }
    match i128::from_str_radix(digits, 8) {
        // `00` is nothing else to anyone.
        Ok(0) => None,
        Ok(value) => Some(format!("{sign}{value}")),
        Err(_) => Some("another number".to_owned()),
    }
}

/// What a text here is to YAML 1.1, if that is a number: `1_000`, `0b11`, `-0x1F`.
fn old_number(text: &str) -> Option<String> {
    let (sign, rest) = signed(text);
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain: String = rest.chars().filter(|c| *c != '_').collect();
    let prefixed = [("0b", 2), ("0x", 16)];
    let based = prefixed.into_iter().find_map(|(prefix, radix)| {
        u64::from_str_radix(plain.strip_prefix(prefix)?, radix).ok().map(|value| value.to_string())
    });
    if let Some(value) = based {
        return Some(format!("{sign}{value}"));
    }
    if plain.len() == rest.len() {
        return None;
    }
    // `0_7` is octal as `07` is.
    if let Some(value) = read_otherwise(&plain).filter(|value| value != "a text") {
        return Some(format!("{sign}{value}"));
    }
    match classify(&plain) {
        Plain::Number(json) => Some(format!("{sign}{json}")),
        _ => None,
    }
}
