//! The tokens of a Python expression.

/// A token; the text is a slice of the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword, `$input` or `$ctx`.
    Word(&'a str),
    Number(&'a str),
    /// With its quotes.
    Text(&'a str),
    Mark(&'a str),
}

const MARKS: &[&str] = &[
    "**", "//", "==", "!=", ">=", "<=", "->", ":=", "+", "-", "*", "/", "%", "<", ">", "|", ".",
    ",", ":", "(", ")", "[", "]", "{", "}", "=",
];

/// The tokens, or what is none.
pub(super) fn tokens(expr: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        let (token, length) = token(rest, first)?;
        found.push(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(found)
}

fn token(rest: &str, first: char) -> Result<(Token<'_>, usize), String> {
    let until = |from: usize, more: &dyn Fn(char) -> bool| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(|c: char| !more(c)).unwrap_or(tail.len())
    };
    let slice = |end: usize| rest.get(..end).unwrap_or_default();
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if first == '\'' || first == '"' {
        let end = text_end(rest, first).ok_or("a text in it does not end")?;
        return Ok((Token::Text(slice(end)), end));
    }
    if first.is_ascii_digit() {
        let mut end = until(0, &|c| c.is_ascii_digit() || c == '_');
        let bytes = rest.as_bytes();
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = until(end + 1, &|c| c.is_ascii_digit());
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = until(end + 1 + sign, &|c| c.is_ascii_digit());
        }
        if rest.get(end..).is_some_and(|tail| tail.starts_with(word)) || slice(end).contains('_') {
            return Err("a number in it is written in a way that only Python reads".to_owned());
        }
        return Ok((Token::Number(slice(end)), end));
    }
    if first == '_' || first.is_ascii_alphabetic() || first == '$' {
        let end = until(1, &word);
        if rest.get(end..).is_some_and(|tail| tail.starts_with(['\'', '"'])) {
            return Err(format!(
                "`{}…` is a text of a sort that only Python reads",
                slice(end + 1)
            ));
        }
        return Ok((Token::Word(slice(end)), end));
    }
    match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        Some(mark) => Ok((Token::Mark(mark), mark.len())),
        None => Err(format!("`{first}` means nothing in an expression")),
    }
}

/// One behind the closing quote.
fn text_end(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}
