//! Finds the `{{ }}` holes in a text.

use std::ops::Range;

use super::scan::{ErrorKind, ExprError};

/// A piece of a text, as byte ranges of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it stands.
    Text(Range<usize>),
    /// The expression of a hole, trimmed.
    Hole(Range<usize>),
}

/// The pieces of a text. A text without holes is one piece, an empty text none.
pub(crate) fn split(text: &str) -> Result<Vec<Piece>, ExprError> {
    split_around(text, &[])
}

/// The same where some parts of the text are data, ascending: nothing begins in them.
pub(crate) fn split_around(text: &str, data: &[Range<usize>]) -> Result<Vec<Piece>, ExprError> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(found) = marker(text, from, data) {
        if text.get(found..found + 2) != Some("{{") {
            return Err(statement(text, found));
        }
        if found > from {
            pieces.push(Piece::Text(from..found));
        }
        let end = hole_end(text, found)?;
        pieces.push(Piece::Hole(trimmed(text, found + 2..end)?));
        from = end + 2;
    }
    if from < text.len() {
        pieces.push(Piece::Text(from..text.len()));
    }
    Ok(pieces)
}

/// The next `{{`, `{%` or `{#`.
fn marker(text: &str, from: usize, data: &[Range<usize>]) -> Option<usize> {
    let rest = text.get(from..)?;
    let is_data = |at: usize| {
        let before = data.partition_point(|range| range.start <= at);
        before.checked_sub(1).and_then(|last| data.get(last)).is_some_and(|r| r.contains(&at))
    };
    rest.match_indices('{')
        .filter(|(at, _)| matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
        .map(|(at, _)| from + at)
        // Nor where an empty one was in between.
        .find(|at| {
            let between = data.binary_search_by_key(&(at + 1), |range| range.start).is_ok();
            !between && !is_data(*at) && !is_data(at + 1)
        })
}

fn statement(text: &str, at: usize) -> ExprError {
    let mark = text.get(at..at + 2).unwrap_or_default();
    ExprError {
        kind: ErrorKind::Statement,
        start: at,
        end: at + 2,
        message: format!(
            "`{mark}` begins a statement or comment, and texts have only `{{{{ }}}}` holes"
        ),
        help: Some(format!(
            "compute it in an expression: `{{{{ a if b else c }}}}`; for the characters themselves write `{{{{ '{mark}' }}}}`"
        )),
    }
}

/// Where the `}}` of a hole stands. Quotes hide it, and so do open braces.
fn hole_end(text: &str, open: usize) -> Result<usize, ExprError> {
    let bytes = text.as_bytes();
    let mut quote = None;
    let mut braces = 0_usize;
    let mut at = open + 2;
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'{') => braces += 1,
            (None, b'}') if braces == 0 && bytes.get(at + 1) == Some(&b'}') => return Ok(at),
            (None, b'}') => braces = braces.saturating_sub(1),
            (None, _) => {}
        }
        at += 1;
    }
    Err(ExprError::syntax(
        open,
        open + 2,
        "`{{` begins a hole that does not end",
        "close it with `}}`",
    ))
}

/// The expression without the white space around it.
fn trimmed(text: &str, range: Range<usize>) -> Result<Range<usize>, ExprError> {
    let inner = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (inner.len() - inner.trim_start().len());
    let end = start + inner.trim().len();
    if inner.starts_with('-') || inner.ends_with('-') || inner.starts_with('+') {
        return Err(ExprError {
            kind: ErrorKind::Statement,
            start: range.start,
            end: range.end,
            message: "`-` at the border of a hole cuts white space, and that is not supported"
                .to_owned(),
            help: Some(
                "put a space between the braces and the `-` of a negative number".to_owned(),
            ),
        });
    }
    if start >= end {
        return Err(ExprError::syntax(
            range.start - 2,
            range.end + 2,
            "the hole is empty, expected an expression",
            "name a value: `{{ inputs.name }}`",
        ));
    }
    Ok(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as `text` and `<hole>`.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = match split(text) {
            Ok(pieces) => pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(range) => text[range].to_owned(),
                    Piece::Hole(range) => format!("<{}>", &text[range]),
                })
                .collect(),
            Err(error) => vec![error.message],
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn splits_texts_at_their_holes() {
        check("", &[]);
        check("plain } {x} }}", &["plain } {x} }}"]);
        check("{{ a }}", &["<a>"]);
        check("a{{b}}c{{ d }}", &["a", "<b>", "c", "<d>"]);
        check("{{ '}}' ~ \"\\\"}}\" }}x", &["<'}}' ~ \"\\\"}}\">", "x"]);
        check("{{ {'a': {'b': 1}} }}", &["<{'a': {'b': 1}}>"]);
        check("ü{{ a }}ü", &["ü", "<a>", "ü"]);
    }

    #[test]
    fn refuses_what_is_not_a_hole() {
        check(
            "a {% if b %}",
            &["`{%` begins a statement or comment, and texts have only `{{ }}` holes"],
        );
        check(
            "{# a #}",
            &["`{#` begins a statement or comment, and texts have only `{{ }}` holes"],
        );
        check("{{ a }", &["`{{` begins a hole that does not end"]);
        check("{{  }}", &["the hole is empty, expected an expression"]);
        check(
            "{{- a }}",
            &["`-` at the border of a hole cuts white space, and that is not supported"],
        );
    }
}
