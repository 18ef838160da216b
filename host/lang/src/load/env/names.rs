//! `env`: the names that a document may take values for.

use std::collections::BTreeMap;

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::fields;
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};

/// The longest name.
const NAME_BYTES_MAX: usize = 64;
/// Last parts of names that say that a value is secret.
const SECRET: &[&str] = &[
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "SECRET",
    "SECRETS",
    "TOKEN",
];

/// The list of names.
pub(super) fn read(node: &Node, report: &mut Report) -> BTreeMap<String, Span> {
    let mut found = BTreeMap::new();
    let NodeKind::List(items) = &node.kind else {
        let problem = fields::wrong_shape(node, "a list of names", "env");
        report.push(problem.help("for example `env: [REGION]`"));
        return found;
    };
    for (index, item) in items.iter().enumerate() {
        let path = format!("env[{index}]");
        let Some(name) = fields::text(item, &path, report) else { continue };
        let text = name.text.as_str();
        let problem = if !is_name(text) {
            let message = format!("`{}` is not a name of the environment", shown(text));
            Diagnostic::new(&codes::BAD_NAME, item.span, message)
                .help("expected letters, digits and `_`, no digit first, at most 64")
        } else if is_secret(text) {
            found.insert(text.to_owned(), item.span);
            let message = format!("`{text}` looks like the name of a secret");
            Diagnostic::new(&codes::ENV_SECRET, item.span, message)
                .help("secrets never enter a pipeline's text, where every step and record could show them")
        } else if let Some(before) = found.get(text) {
            let message = format!("`{text}` stands here a second time");
            Diagnostic::new(&codes::DUPLICATE_DOCUMENT, item.span, message)
                .label(*before, "first here")
                .help("keep one of the two")
        } else {
            found.insert(text.to_owned(), item.span);
            continue;
        };
        report.push(problem.at(&path));
    }
    found
}

/// Whether a text can be the name of a value.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_secret(name: &str) -> bool {
    let mut words = name.rsplit('_');
    let last = match words.next() {
        // Half of a key, and of the login of a role: `AWS_ACCESS_KEY_ID`, `VAULT_SECRET_ID`.
        Some(last) if last.eq_ignore_ascii_case("id") => words.next(),
        last => last,
    };
    let last = last.unwrap_or_default();
    SECRET.iter().any(|secret| last.eq_ignore_ascii_case(secret))
}
