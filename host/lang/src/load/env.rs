//! `${NAME}` in the texts of a document: values of the environment, for names that its `env` lists.
//!
//! A value is data. It takes the place of the characters, and where it went is remembered, so that
//! neither YAML nor `{{ }}` nor an expression is ever looked for in it.

mod names;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, Report};
use crate::document::join;
use crate::expr::holes::{self, Piece};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind, Text};
use crate::yaml::read::TEXT_BYTES_MAX;

use place::next;

/// The environment of one compilation.
pub(super) struct Env<'e> {
    pub(super) values: &'e BTreeMap<String, String>,
    /// The values that went into some text.
    pub(super) used: &'e mut BTreeMap<String, String>,
    /// Bytes that may still be put in.
    pub(super) left: usize,
}

impl<'e> Env<'e> {
    /// With nothing used so far.
    pub(super) fn new(
        values: &'e BTreeMap<String, String>,
        used: &'e mut BTreeMap<String, String>,
    ) -> Self {
        Self { values, used, left: TEXT_BYTES_MAX }
    }
}

/// Puts values into the texts of a document. `of` is what the document is for messages, and
/// `lists` whether documents of its kind have `env`; it is taken out.
pub(super) fn fill(
    document: &mut Node,
    of: &'static str,
    lists: bool,
    env: &mut Env<'_>,
    report: &mut Report,
) {
    let mut allowed = BTreeMap::new();
    if let NodeKind::Map(entries) = &mut document.kind
        && lists
        && let Some(at) = entries.iter().position(|entry| entry.key.text == "env")
    {
        allowed = names::read(&entries.remove(at).value, report);
    }
    // Most documents have none, and paths for messages take time.
    if !mentions(document) {
        unused(&allowed, &BTreeSet::new(), of, report);
        return;
    }
    let mut filler = Filler { of, lists, allowed, seen: BTreeSet::new(), env, report };
    filler.walk(document, "");
    let Filler { allowed, seen, report, .. } = filler;
    unused(&allowed, &seen, of, report);
}

/// Whether there is a `${` anywhere.
fn mentions(node: &Node) -> bool {
    match &node.kind {
        NodeKind::String(text) => text.text.contains("${"),
        NodeKind::List(items) => items.iter().any(mentions),
        NodeKind::Map(entries) => {
            entries.iter().any(|entry| entry.key.text.contains("${") || mentions(&entry.value))
        }
        _ => false,
    }
}

/// Names that were listed for nothing.
fn unused(
    allowed: &BTreeMap<String, Span>,
    seen: &BTreeSet<String>,
    of: &str,
    report: &mut Report,
) {
    if report.has_errors() {
        return;
    }
    for (name, span) in allowed.iter().filter(|(name, _)| !seen.contains(*name)) {
        report.push(
            Diagnostic::new(
                &codes::UNUSED_ENV,
                *span,
                format!("no text of {of} has `${{{name}}}`"),
            )
            .help("remove it from `env`")
            .at("env"),
        );
    }
}

struct Filler<'e, 'r> {
    of: &'static str,
    lists: bool,
    allowed: BTreeMap<String, Span>,
    seen: BTreeSet<String>,
    env: &'r mut Env<'e>,
    report: &'r mut Report,
}

impl Filler<'_, '_> {
    /// Depth is bounded by the reader.
    fn walk(&mut self, node: &mut Node, path: &str) {
        match &mut node.kind {
            NodeKind::String(text) => self.text(text, path),
            NodeKind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.walk(item, &format!("{path}[{index}]"));
                }
            }
            NodeKind::Map(entries) => {
                for entry in entries {
                    let path = join(path, &entry.key.text);
                    if next(&entry.key.text, 0).is_some() {
                        self.push(
                            &codes::ENV_NOT_HERE,
                            entry.key.span,
                            "`${` stands in a key, and only values are filled in",
                            "write the key out",
                            &path,
                        );
                    }
                    self.walk(&mut entry.value, &path);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, code: &'static Code, span: Span, message: &str, help: &str, path: &str) {
        self.report.push(Diagnostic::new(code, span, message).help(help).at(path));
    }

    fn text(&mut self, text: &mut Text, path: &str) {
        if next(&text.text, 0).is_none() {
            return;
        }
        let pieces = match holes::split(&text.text) {
            Ok(pieces) => pieces,
            Err(error) => {
                let help = error.help.unwrap_or_default();
                self.push(&codes::EXPRESSION_SYNTAX, text.span, &error.message, &help, path);
                return;
            }
        };
        let mut out = String::new();
        let mut data = Vec::new();
        // What stands between pieces are the braces of holes.
        let mut copied = 0;
        for piece in pieces {
            match piece {
                Piece::Hole(range) => {
                    let inner = text.text.get(range.clone()).unwrap_or_default();
                    if next(inner, 0).is_some() {
                        self.push(
                            &codes::ENV_NOT_HERE,
                            text.span,
                            "`${` stands inside of `{{ }}`, and values of the environment are never part of an expression",
                            "name it in a `set` step and use that: `set: { region: \"${REGION}\" }`",
                            path,
                        );
                        return;
                    }
                }
                Piece::Text(range) => {
                    out.push_str(text.text.get(copied..range.start).unwrap_or_default());
                    copied = range.end;
                    if !self.piece(text, range, &mut out, &mut data, path) {
                        return;
                    }
                }
            }
        }
        out.push_str(text.text.get(copied..).unwrap_or_default());
        *text = Text { text: out, verbatim: None, data, ..text.clone() };
    }

    /// A part of a text without holes. `false` where something in it is wrong, and reported.
    fn piece(
        &mut self,
        text: &Text,
        range: Range<usize>,
        out: &mut String,
        data: &mut Vec<Range<usize>>,
        path: &str,
    ) -> bool {
        let part = text.text.get(range.clone()).unwrap_or_default();
        let place = |from: usize, to: usize| match text.verbatim {
            Some(at) => Span::new(at + range.start + from, at + range.start + to),
            None => text.span,
        };
        let mut from = 0;
        while let Some(found) = next(part, from) {
            out.push_str(part.get(from..found.start).unwrap_or_default());
            if found.escaped {
                out.push_str("${");
                from = found.start + 3;
                continue;
            }
            let rest = part.get(found.start + 2..).unwrap_or_default();
            let inner = rest.find('}').and_then(|end| rest.get(..end));
            let (name, default) = match inner.map(|inner| inner.split_once(":-")) {
                Some(Some((name, default))) => (name, Some(default)),
                Some(None) => (inner.unwrap_or_default(), None),
                None => ("", None),
            };
            // Without an end, only the beginning is pointed at.
            let end = found.start + inner.map_or(2, |inner| inner.len() + 3);
            if !names::is_name(name) {
                let message = format!(
                    "`{}` does not name a value of the environment",
                    shown(part.get(found.start..end).unwrap_or("${"))
                );
                let help = "write `${NAME}` or `${NAME:-default}`; for the characters themselves write `$${`";
                self.push(&codes::ENV_SYNTAX, place(found.start, end), &message, help, path);
                return false;
            }
            let Some(value) = self.value(name, default, place(found.start, end), path) else {
                return false;
            };
            data.push(out.len()..out.len() + value.len());
            out.push_str(&value);
            from = end;
        }
        out.push_str(part.get(from..).unwrap_or_default());
        true
    }

    fn value(
        &mut self,
        name: &str,
        default: Option<&str>,
        span: Span,
        path: &str,
    ) -> Option<String> {
        if !self.allowed.contains_key(name) {
            self.not_allowed(name, span, path);
            return None;
        }
        self.seen.insert(name.to_owned());
        // As in a shell, `:-` stands in for what is not set and for what is empty.
        let set = self.env.values.get(name).filter(|value| default.is_none() || !value.is_empty());
        let value = match (set, default) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => default.to_owned(),
            (None, None) => {
                let message = format!("`{name}` is not set in the environment");
                let help = format!("set it, or write a default: `${{{name}:-…}}`");
                self.push(&codes::ENV_MISSING, span, &message, &help, path);
                return None;
            }
        };
        let Some(left) = self.env.left.checked_sub(value.len()) else {
            let message =
                format!("values of the environment come to more than {TEXT_BYTES_MAX} bytes");
            let help = "put data into files and hand them in as inputs";
            self.push(&codes::YAML_TOO_LARGE, span, &message, help, path);
            return None;
        };
        self.env.left = left;
        if let Some(value) = self.env.values.get(name) {
            self.env.used.insert(name.to_owned(), value.clone());
        }
        Some(value)
    }

    fn not_allowed(&mut self, name: &str, span: Span, path: &str) {
        let (message, help) = if self.lists {
            let near = crate::suggest::nearest(name, self.allowed.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `${{{near}}}`?"),
                None => format!(
                    "add `{name}` to it: `env: [{name}]`; for the characters themselves write `$${{`"
                ),
            };
            (format!("`{name}` is not on the `env` list of {}", self.of), help)
        } else {
            let help =
                "hand the value in where it is used; for the characters themselves write `$${`";
            (format!("{} takes no values of the environment", self.of), help.to_owned())
        };
        self.push(&codes::ENV_NOT_ALLOWED, span, &message, &help, path);
    }
}
