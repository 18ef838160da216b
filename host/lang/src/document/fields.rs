//! A map whose keys are taken one by one, so that what is left over is unknown.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// A map of known keys.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    path: String,
    /// Where to point when something is missing: the first key, or the empty map itself.
    pub(crate) span: Span,
    left: Vec<&'n Entry>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The map at a node; anything else is reported.
    pub(crate) fn of(node: &'n Node, path: &str, report: &mut Report) -> Option<Self> {
        let NodeKind::Map(entries) = &node.kind else {
            report.push(wrong_shape(node, "a map", path));
            return None;
        };
        let span = entries.first().map_or(node.span, |entry| entry.key.span);
        Some(Self {
            path: path.to_owned(),
            span,
            left: entries.iter().collect(),
            known: Vec::new(),
        })
    }

    /// The same, with an example for those who wrote something else.
    pub(crate) fn like(
        node: &'n Node,
        path: &str,
        example: &str,
        report: &mut Report,
    ) -> Option<Self> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            let problem = wrong_shape(node, "a map", path);
            report.push(problem.help(format!("for example `{example}`")));
            return None;
        }
        Self::of(node, path, report)
    }

    /// Its own path.
    pub(crate) fn here(&self) -> &str {
        &self.path
    }

    /// The path of a key in it.
    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Takes a key and its value.
    pub(crate) fn take_entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        let at = self.left.iter().position(|entry| entry.key.text == key)?;
        Some(self.left.remove(at))
    }

    /// Takes the value of a key.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_entry(key).map(|entry| &entry.value)
    }

    /// Takes the value of a key that has to be there.
    pub(crate) fn require(
        &mut self,
        key: &'static str,
        help: &str,
        report: &mut Report,
    ) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            let message = match self.path.as_str() {
                "" => format!("`{key}` is missing"),
                path => format!("`{key}` is missing in `{path}`"),
            };
            report.push(
                Diagnostic::new(&codes::MISSING_KEY, self.span, message).help(help).at(&self.path),
            );
        }
        found
    }

    /// Takes a text.
    pub(crate) fn take_text(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Text> {
        let node = self.take(key)?;
        text(node, &self.path(key), report)
    }

    /// Reports every key that nobody took. `later` are those that the language will have.
    pub(crate) fn done(self, of: &str, later: &[&str], report: &mut Report) {
        for entry in &self.left {
            let key = &entry.key;
            let path = self.path(&key.text);
            if later.contains(&key.text.as_str()) {
                report.push(
                    Diagnostic::new(
                        &codes::UNSUPPORTED_KEY,
                        key.span,
                        format!("`{}` is not supported yet by this version", key.text),
                    )
                    .help("remove it; nothing is ignored silently")
                    .at(&path),
                );
                continue;
            }
            let help = report.suggest(&key.text, &format!("{of} has"), self.known.iter().copied());
            report.push(
                Diagnostic::new(
                    &codes::UNKNOWN_KEY,
                    key.span,
                    format!("{of} has no key `{}`", shown(&key.text)),
                )
                .maybe_help(help)
                .at(&path),
            );
        }
    }
}

/// `steps[2]` and `with` to `steps[2].with`.
pub(crate) fn join(path: &str, key: &str) -> String {
    let key = shown(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Something of the wrong shape.
pub(crate) fn wrong_shape(node: &Node, expected: &str, path: &str) -> Diagnostic {
    let place = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
    Diagnostic::new(
        &codes::WRONG_SHAPE,
        node.span,
        format!("{place} is {}, expected {expected}", node.what()),
    )
    .help(format!("write {expected} here"))
    .at(path)
}

/// The text at a node; anything else is reported.
pub(crate) fn text<'n>(node: &'n Node, path: &str, report: &mut Report) -> Option<&'n Text> {
    let found = node.as_text();
    if found.is_none() {
        let problem = wrong_shape(node, "a string", path);
        report.push(match &node.kind {
            NodeKind::Number(found) => problem.help(format!("quote it: `\"{}\"`", found.written)),
            NodeKind::Bool(value) => problem.help(format!("quote it: `\"{value}\"`")),
            _ => problem,
        });
    }
    found
}

/// The lines of a map whose keys are names that expressions can use.
pub(crate) fn named_values<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Vec<(&'n Text, &'n Node)> {
    let entries = match node.map(|node| (&node.kind, node)) {
        None => return Vec::new(),
        Some((NodeKind::Map(entries), _)) => entries,
        Some((_, node)) => {
            report.push(wrong_shape(node, "a map", path));
            return Vec::new();
        }
    };
    for entry in entries {
        check_name(&entry.key, &join(path, &entry.key.text), report);
    }
    entries.iter().map(|entry| (&entry.key, &entry.value)).collect()
}

/// A name that can stand in a dotted path: `[a-z][a-z0-9_]*`, at most 64 bytes.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Reports a name that could not stand in a dotted path.
pub(crate) fn check_name(name: &Text, path: &str, report: &mut Report) {
    if is_name(&name.text) {
        return;
    }
    let mut problem = Diagnostic::new(
        &codes::BAD_NAME,
        name.span,
        format!(
            "`{}` is not a name, expected lower-case letters, digits and `_`, a letter first, at most 64",
            shown(&name.text)
        ),
    );
    let fixed: String = name
        .text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let fixed = fixed.trim_matches('_');
    problem = problem.help(if is_name(fixed) {
        format!("write `{fixed}`, since names stand in expressions like `{fixed}.count`")
    } else {
        "for example `first_words`, since names stand in expressions like `first_words.count`"
            .to_owned()
    });
    report.push(problem.at(path));
}
