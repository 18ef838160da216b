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
    let rest = text.get(at..).unwrap_or_default();
    let (mark, close, what) = match rest.get(..2) {
        Some("{#") => ("{#", "#}", "comment"),
        _ => ("{%", "%}", "statement"),
    };
    // The whole of it, where it ends in this line.
    let line = rest.split('\n').next().unwrap_or_default();
    let length = line.find(close).map_or(2, |end| end + close.len());
    let inside = line.get(2..).unwrap_or_default();
    let word = inside.trim_start_matches(['-', '+', ' ']);
    let word: String = word.chars().take_while(char::is_ascii_alphabetic).collect();
    let instead = match (mark, word.as_str()) {
        ("{#", _) => "write a comment of YAML: `# …` outside of the text".to_owned(),
        (_, "if" | "elif" | "else" | "endif") => {
            "choose in an expression: `{{ a if b else c }}`".to_owned()
        }
        (_, "for" | "endfor") => {
            "join the items in an expression: `{{ items | map('upper') | join(', ') }}`, or make \
             their texts in a `map` step"
                .to_owned()
        }
        (_, "set" | "endset") => "compute it in a `set` step and name that".to_owned(),
        (_, "include" | "extends" | "import" | "from" | "macro" | "call" | "block") => {
            "make the text in a step of its own and name that: `{{ step.text }}`".to_owned()
        }
        _ => "compute it in an expression: `{{ a if b else c }}`".to_owned(),
    };
    ExprError {
        kind: ErrorKind::Statement,
        start: at,
        end: at + length,
        message: format!("`{mark}` begins a {what}, and texts have only `{{{{ }}}}` holes"),
        help: Some(format!("{instead}; for the characters themselves write `{{{{ '{mark}' }}}}`")),
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

    /// Where it is, and what to do instead.
    #[test]
    fn statements_are_told_apart() {
        let check = |text: &str, place: &str, help: &str| {
            let error = split(text).unwrap_err();
            assert_eq!(&text[error.start..error.end], place);
            let found = error.help.unwrap();
            assert!(found.starts_with(help), "{found}");
        };
        check("a {% if b %}c", "{% if b %}", "choose in an expression: `{{ a if b else c }}`;");
        check("{%- for x in y %}", "{%- for x in y %}", "join the items");
        check("{% set x = 1 %}", "{% set x = 1 %}", "compute it in a `set` step");
        check("a {# b\n #}", "{#", "write a comment of YAML");
        check("{%", "{%", "compute it in an expression");
        check("{% é", "{%", "compute it in an expression");
    }

    #[test]
    fn refuses_what_is_not_a_hole() {
        check("a {% if b %}", &["`{%` begins a statement, and texts have only `{{ }}` holes"]);
        check("{# a #}", &["`{#` begins a comment, and texts have only `{{ }}` holes"]);
        check("{{ a }", &["`{{` begins a hole that does not end"]);
        check("{{  }}", &["the hole is empty, expected an expression"]);
        check(
            "{{- a }}",
            &["`-` at the border of a hole cuts white space, and that is not supported"],
        );
    }
}
