//! The documents of a text, each with the lines it has.
//!
//! A line that begins with `---` or `...` is never a part of a value, so lines alone say where a
//! document begins; the reader has to agree on how many there are.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use super::node::Node;
use super::read::{Reading, read_all};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::load::DOCUMENTS_MAX;
use crate::source::Span;

/// A document of a text.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its bytes: from the line `---` that begins it, if there is one, to the next one's.
    pub(crate) range: Range<usize>,
    /// What it says, with places in the whole text.
    pub(crate) root: Node,
}

impl Part {
    /// `Pipeline`, `Policy`; none where it says nothing.
    pub(crate) fn kind(&self) -> Option<&str> {
        Some(self.root.get("kind")?.as_text()?.text.as_str())
    }

    /// Its `metadata.name`.
    pub(crate) fn name(&self) -> Option<&str> {
        Some(self.root.get("metadata")?.get("name")?.as_text()?.text.as_str())
    }

    /// Whether it is one, as far as it says.
    pub(crate) fn is_pipeline(&self) -> bool {
        !matches!(self.kind(), Some("Config" | "Policy" | "Macro"))
    }
}

/// Reads the documents of a text, at least one.
pub(crate) fn read_parts(text: &str) -> Result<Vec<Part>, Box<Diagnostic>> {
    let nodes = Rc::new(Cell::new(0));
    let reading = Reading { base: 0, depth: 0, nodes, documents: DOCUMENTS_MAX, include: None };
    let roots = read_all(text, reading)?;
    let ranges = ranges(text);
    if roots.len() == 1 {
        let whole = 0..text.len();
        return Ok(roots.into_iter().map(|root| Part { range: whole.clone(), root }).collect());
    }
    if roots.len() != ranges.len() {
        let message = "where the documents of the file begin cannot be told apart";
        return Err(Box::new(
            Diagnostic::new(&codes::YAML_DOCUMENTS, Span::default(), message)
                .help("begin each document with a line `---` and nothing else"),
        ));
    }
    Ok(ranges.into_iter().zip(roots).map(|(range, root)| Part { range, root }).collect())
}

/// Where the documents are. Comments before the first `---` are the first one's, others stay with
/// the document before them.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    let (mut begun, mut ended) = (false, false);
    for line in text.split_inclusive('\n') {
        let begins = is_marker(line, "---");
        let plain = line.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        if is_marker(line, "...") {
            ended = true;
        } else if begins || !(plain.is_empty() || plain.starts_with('#')) {
            if begun && (begins || ended) {
                found.push(start..at);
                start = at;
            }
            begun = true;
            ended = false;
        }
        at += line.len();
    }
    found.push(start..text.len());
    found
}

/// Whether a line is `---` or `...`, whatever is behind it.
pub(crate) fn is_marker(line: &str, marker: &str) -> bool {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let parts = read_parts(text).unwrap();
        let found: Vec<&str> = parts.iter().map(|part| &text[part.range.clone()]).collect();
        assert_eq!(found, expected);
        for part in &parts {
            let alone = crate::yaml::read::read(&text[part.range.clone()]).unwrap();
            assert_eq!(alone.to_value(), part.root.to_value(), "{text:?}");
        }
    }

    #[test]
    fn documents_keep_their_lines() {
        check("a: 1\n", &["a: 1\n"]);
        check("# x\n---\na: 1\n...\n# y\n", &["# x\n---\na: 1\n...\n# y\n"]);
        check("a: 1\n---\nb: 2\n", &["a: 1\n", "---\nb: 2\n"]);
        check(
            "# x\n\n--- # y\na: 1\n# z\n--- {b: 2}",
            &["# x\n\n--- # y\na: 1\n# z\n", "--- {b: 2}"],
        );
        check("a: 1\n...\nb: 2\n", &["a: 1\n...\n", "b: 2\n"]);
        check("a: 1\r\n...\r\n---\r\nb: 2\r\n", &["a: 1\r\n...\r\n", "---\r\nb: 2\r\n"]);
        check(
            "a: |+\n  x\n\n---\nb: |\n  ---\n  # c\n",
            &["a: |+\n  x\n\n", "---\nb: |\n  ---\n  # c\n"],
        );
        check("\u{feff}---\na: 1\n---\nb: 1", &["\u{feff}---\na: 1\n", "---\nb: 1"]);
        check("---x: 1\n---\n---y: 2\n", &["---x: 1\n", "---\n---y: 2\n"]);
    }
}
