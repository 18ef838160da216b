//! W202: `12:30` and `2026-01-02` without quotes.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;
use crate::yaml::scalar::{is_digits, signed};

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    for (path, text) in context.plain_texts() {
        let what = if is_time(&text.text) {
            "a number of seconds"
        } else if is_date(&text.text) {
            "a date"
        } else {
            continue;
        };
        let shown = shown(&text.text);
        report.push(
            Diagnostic::new(
                code,
                text.span,
                format!("`{shown}` is a text here, and {what} to other YAML readers"),
            )
            .help(format!("quote it: `\"{shown}\"`"))
            .at(&path),
        );
    }
}

/// `12:30`, `1:02:03`, `-1:30.5`
fn is_time(text: &str) -> bool {
    let (_, rest) = signed(text);
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    whole.contains(':')
        && whole.split(':').all(is_digits)
        && (fraction.is_empty() || is_digits(fraction))
}

/// `2026-01-02`, with or without a time behind it.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    matches!(parts.as_slice(), [year, month, day] if year.len() == 4
        && [year, month, day].into_iter().all(|part| is_digits(part)) && month.len() <= 2 && day.len() <= 2)
}
