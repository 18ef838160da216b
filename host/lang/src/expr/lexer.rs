//! An expression's text to tokens.

use super::scan::ExprError;

/// A token and its bytes in the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind<'a> {
    /// A name or a keyword.
    Word(&'a str),
    /// Digits only; may index a list.
    Integer(&'a str),
    Float,
    /// A string literal, without its quotes, escapes as they are written.
    Text(&'a str),
    /// Operators and brackets.
    Mark(&'a str),
}

/// Two characters first, so that `==` is not two times `=`.
const MARKS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "|", ".", ",",
    ":", "(", ")", "[", "]", "{", "}",
];

/// The tokens of an expression.
pub(crate) fn tokens(expr: &str) -> Result<Vec<Token<'_>>, ExprError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = expr.get(at..)
        && let Some(first) = rest.chars().next()
    {
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (kind, length) = token(rest, first)
            .map_err(|wrong| ExprError::syntax(at, at + wrong.length, wrong.message, wrong.help))?;
        found.push(Token { kind, start: at, end: at + length });
        at += length;
    }
    Ok(found)
}

/// Why there is no token, and how many bytes are to blame.
struct Wrong {
    length: usize,
    message: String,
    help: &'static str,
}

/// The token that `rest` begins with, and its length.
fn token(rest: &str, first: char) -> Result<(TokenKind<'_>, usize), Wrong> {
    if first == '"' || first == '\'' {
        return text(rest, first);
    }
    if first.is_ascii_digit() {
        return number(rest);
    }
    if first == '_' || first.is_ascii_alphabetic() {
        let length =
            rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        return Ok((TokenKind::Word(word), length));
    }
    if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        return Ok((TokenKind::Mark(mark), mark.len()));
    }
    let help = match first {
        '&' => "write `and`",
        '!' => "write `not`",
        '$' => "inputs are read as `inputs.name`",
        _ => "texts stand in quotes: `'…'`",
    };
    let shown = crate::shown::shown(&first.to_string());
    Err(Wrong {
        length: first.len_utf8(),
        message: format!("`{shown}` means nothing in an expression"),
        help,
    })
}

fn text(rest: &str, quote: char) -> Result<(TokenKind<'_>, usize), Wrong> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => {
                return Ok((TokenKind::Text(rest.get(1..at).unwrap_or_default()), at + 1));
            }
            _ => {}
        }
    }
    Err(Wrong {
        length: rest.len(),
        message: format!("a text begins with {quote} and does not end"),
        help: "close the quote",
    })
}

/// `12`, `1.5`, `2e9`.
fn number(rest: &str) -> Result<(TokenKind<'_>, usize), Wrong> {
    let digits = |from: usize| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())
    };
    let mut end = digits(0);
    let mut float = false;
    let next = |at: usize| rest.as_bytes().get(at).copied();
    if next(end) == Some(b'.') && next(end + 1).is_some_and(|b| b.is_ascii_digit()) {
        float = true;
        end = digits(end + 1);
    }
    if matches!(next(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(next(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            float = true;
            end = exponent;
        }
    }
    // A letter straight behind makes it neither a number nor a name.
    let tail = rest.get(end..).unwrap_or_default();
    let glued = tail.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
    if glued > 0 {
        let shown = crate::shown::shown(rest.get(..end + glued).unwrap_or_default());
        return Err(Wrong {
            length: end + glued,
            message: format!("`{shown}` is neither a number nor a name"),
            help: "numbers are written `12`, `1.5` or `2e9`",
        });
    }
    let text = rest.get(..end).unwrap_or_default();
    Ok((if float { TokenKind::Float } else { TokenKind::Integer(text) }, end))
}
