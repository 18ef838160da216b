//! A tree to text. The same tree gives the same text, and every YAML reader reads it the same way:
//! whatever could be taken for something else stands in double quotes.

use std::fmt::Write as _;

use super::escape::escaped;
use super::tree::{Map, Out, Piece};

/// The longest line on which a small list or map is written whole, in characters.
const LINE_CHARS: usize = 100;
/// The most values of a list or map that is written on one line.
const LINE_VALUES: usize = 6;

/// The text of a document.
pub(crate) fn write(map: &Map) -> String {
    let mut out = String::new();
    lines(map, 0, false, &mut out);
    out
}

/// The lines of a map. `opened` where the first one stands behind a `- `.
fn lines(map: &Map, indent: usize, opened: bool, out: &mut String) {
    for (index, (key, piece)) in map.0.iter().enumerate() {
        let opened = opened && index == 0;
        if !opened {
            comments(piece, indent, out);
            pad(indent, out);
        }
        if is_long(key) {
            out.push_str("? ");
            key_text(key, out);
            out.push('\n');
            pad(indent, out);
        } else {
            key_text(key, out);
        }
        out.push(':');
        value(&piece.value, indent, out);
    }
}

/// A value behind `key:`, with the line break.
fn value(value: &Out, indent: usize, out: &mut String) {
    if let Some(line) = on_one_line(value, indent) {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    match value {
        Out::Map(map) => {
            out.push('\n');
            lines(map, indent + 2, false, out);
        }
        Out::List(items) => {
            out.push('\n');
            list(items, indent + 2, out);
        }
        Out::Text(text) => literal(text, indent + 2, out),
        _ => out.push('\n'),
    }
}

fn list(items: &[Piece], indent: usize, out: &mut String) {
    for item in items {
        comments(item, indent, out);
        if let Out::Map(map) = &item.value
            && let Some((_, first)) = map.0.first()
        {
            // A comment of the first line stands before the `-`.
            comments(first, indent, out);
        }
        pad(indent, out);
        out.push('-');
        // A step is never written on one line, however short it is.
        let is_step = matches!(&item.value, Out::Map(map) if map.has("id"));
        match (&item.value, on_one_line(&item.value, indent)) {
            (_, Some(line)) if !is_step => {
                out.push(' ');
                out.push_str(&line);
                out.push('\n');
            }
            (Out::Map(map), _) => {
                out.push(' ');
                lines(map, indent + 2, true, out);
            }
            (Out::List(items), _) => {
                out.push('\n');
                list(items, indent + 2, out);
            }
            (Out::Text(text), _) => literal(text, indent + 2, out),
            _ => out.push('\n'),
        }
    }
}

/// A scalar, or a small collection without comments, as it stands on one line.
fn on_one_line(value: &Out, indent: usize) -> Option<String> {
    let mut line = String::new();
    match value {
        Out::List(items) if items.is_empty() => line.push_str("[]"),
        Out::Map(map) if map.is_empty() => line.push_str("{}"),
        Out::List(items) => {
            line.push('[');
            flow(items.iter().map(|item| (None, item)), &mut line)?;
            line.push(']');
        }
        Out::Map(map) => {
            line.push_str("{ ");
            flow(map.0.iter().map(|(key, piece)| (Some(key.as_str()), piece)), &mut line)?;
            line.push_str(" }");
        }
        Out::Text(text) if is_literal(text) => return None,
        _ => {
            scalar(value, &mut line);
            return Some(line);
        }
    }
    (line.chars().count() + indent <= LINE_CHARS).then_some(line)
}

/// Scalars between brackets; `None` where something else is among them.
fn flow<'a>(
    values: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Piece)>,
    line: &mut String,
) -> Option<()> {
    if values.len() > LINE_VALUES {
        return None;
    }
    for (index, (key, piece)) in values.enumerate() {
        let is_scalar = match &piece.value {
            Out::List(items) => items.is_empty(),
            Out::Map(map) => map.is_empty(),
            Out::Text(text) => !is_literal(text),
            _ => true,
        };
        if !is_scalar || !piece.comments.is_empty() {
            return None;
        }
        if index > 0 {
            line.push_str(", ");
        }
        if let Some(key) = key {
            if is_long(key) {
                return None;
            }
            key_text(key, line);
            line.push_str(": ");
        }
        scalar(&piece.value, line);
    }
    Some(())
}

fn scalar(value: &Out, out: &mut String) {
    match value {
        Out::Null => out.push_str("null"),
        Out::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Out::Bare(text) => out.push_str(text),
        Out::Text(text) => scalar_text(&escaped(text), out),
        Out::List(_) => out.push_str("[]"),
        Out::Map(_) => out.push_str("{}"),
    }
}

/// Whether a key needs a `?` in front: YAML takes 1024 characters without one, as they are written.
fn is_long(key: &str) -> bool {
    let mut written = String::new();
    key_text(key, &mut written);
    written.chars().count() > 1000
}

/// A key. `on` and `no` are names to every reader of YAML 1.2, and `on` is one of ours.
fn key_text(key: &str, out: &mut String) {
    if key == "on" { out.push_str(key) } else { scalar_text(key, out) }
}

/// A text without quotes where no reader could take it for something else.
fn scalar_text(text: &str, out: &mut String) {
    if is_plain(text) { out.push_str(text) } else { quoted(text, out) }
}

/// Words of letters, digits and a few marks, with single spaces between them.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let begins_path = text.starts_with("./") && text.len() > 2;
    let all = text.bytes().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b' ' | b'(' | b')' | b'<' | b'>' | b'=')
            // Also no comment, since one needs a space before it.
            || matches!(b, b'#' | b'@' | b'^' | b'+')
    });
    let word = text.to_ascii_lowercase();
    (begins || begins_path)
        && all
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text.contains(" #")
        && !matches!(word.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off")
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => {
                let code = u32::from(c);
                // Writing to a string does not fail.
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Characters that do not show: no reader of ours takes them, unless they are escaped.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text is easier to read as lines.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && body.lines().all(|line| !line.ends_with([' ', '\t']) && !line.starts_with('\t'))
        && !body.chars().any(|c| c != '\n' && is_hidden(c))
}

fn literal(text: &str, indent: usize, out: &mut String) {
    out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in escaped(text).lines() {
        if !line.is_empty() {
            pad(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn comments(piece: &Piece, indent: usize, out: &mut String) {
    for comment in &piece.comments {
        pad(indent, out);
        out.push_str("# ");
        // A sentence of ours with their text in it, so it is escaped and cut.
        out.push_str(&coldframe_lang::shown::sentence(comment));
        out.push('\n');
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: Out, expected: &str) {
        assert_eq!(write(&Map::default().with("k", value)), expected);
    }

    #[test]
    fn quotes_whatever_could_be_something_else() {
        for text in [
            "yes", "NULL", "1", "-", "a: b", "a #b", "", " a", "a ", "{{ x }}", "1s", "é", "@a",
            "~", "a:",
        ] {
            check(Out::text(text), &format!("k: \"{text}\"\n"));
        }
        for text in ["a", "a b", "std/text@^0.1#stats", "./a.yml", "a.b == c", "loop.state.n < 3"] {
            check(Out::text(text), &format!("k: {text}\n"));
        }
        check(Out::text("a\"\\\u{200b}\u{1}"), "k: \"a\\\"\\\\\\u200b\\u0001\"\n");
    }

    #[test]
    fn no_text_of_theirs_reads_the_environment() {
        check(Out::text("${HOME}"), "k: \"$${HOME}\"\n");
        check(Out::text("a ${B}\nc"), "k: |-\n  a $${B}\n  c\n");
        check(Out::texts(&["${B}".to_owned()]), "k: [\"$${B}\"]\n");
    }

    #[test]
    fn writes_lines_as_lines() {
        check(Out::text("a\n\n b"), "k: |-\n  a\n\n   b\n");
        check(Out::text("a\nb\n"), "k: |\n  a\n  b\n");
        check(Out::text("a\n"), "k: \"a\\n\"\n");
        check(Out::text(" a\nb"), "k: \" a\\nb\"\n");
        check(Out::text("a \nb"), "k: \"a \\nb\"\n");
    }

    #[test]
    fn small_collections_stand_on_one_line_and_steps_never() {
        check(Out::texts(&["a".to_owned(), "b".to_owned()]), "k: [a, b]\n");
        let map = Map::default().with("a", Out::Bare("1".to_owned())).with("b", Out::Null);
        check(map.clone().into(), "k: { a: 1, b: null }\n");
        check(Out::List(vec![map.into()]), "k:\n  - { a: 1, b: null }\n");
        let step = Map::default().with("id", "a").with("wait", Out::Bare("5m".to_owned()));
        check(
            Out::List(vec![Piece::from(step).comment("why")]),
            "k:\n  # why\n  - id: a\n    wait: 5m\n",
        );
        check(
            Out::List(vec![Out::List(vec![Out::List(Vec::new()).into()]).into()]),
            "k:\n  - [[]]\n",
        );
    }
}
