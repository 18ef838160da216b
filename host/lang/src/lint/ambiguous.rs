//! W201: `yes`, `no`, `on`, `off` without quotes.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;

const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off"];

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    for (path, text) in context.plain_texts() {
        if WORDS.contains(&text.text.to_ascii_lowercase().as_str()) {
            let message =
                format!("`{}` is a text here, and a boolean to other YAML readers", text.text);
            report.push(
                Diagnostic::new(code, text.span, message)
                    .help(format!("write `true` or `false`, or quote it: `\"{}\"`", text.text))
                    .at(&path),
            );
        }
    }
}
