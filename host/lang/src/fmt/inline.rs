//! Keys, scalars, and lists and maps in brackets, on one line.

use super::scalar::{is_plain, quoted};
use super::tree::{Scalar, Written};

/// The longest line with a list or map in brackets, in characters.
const COLUMNS: usize = 100;

/// A key, with quotes only where they say something.
pub(super) fn key(raw: &str, name: &str) -> String {
    if is_plain(name, true) {
        name.to_owned()
    } else if raw.contains('\n') {
        quoted(name)
    } else {
        raw.to_owned()
    }
}

/// A scalar on one line, with quotes only where they say something.
pub(super) fn one_line(lines: &[String], text: Option<&String>, in_flow: bool) -> Option<String> {
    let [line] = lines else { return None };
    Some(match text {
        Some(text) if is_plain(text, in_flow) => text.clone(),
        _ => line.clone(),
    })
}

/// A list or map in brackets behind `column`, if it was written so and fits; an empty one always.
pub(super) fn inline(value: &Written, column: usize) -> Option<String> {
    let Written::Collection(found) = value else { return None };
    if found.has_comments() || !found.flow {
        return None;
    }
    let mut out = String::new();
    let empty = found.items.is_empty();
    let room = if empty { usize::MAX } else { COLUMNS.checked_sub(column)? };
    write_inline(value, room, &mut out)?;
    (empty || out.chars().count() <= room).then_some(out)
}

/// `None` as soon as it is clear that it does not fit.
fn write_inline(value: &Written, room: usize, out: &mut String) -> Option<()> {
    match value {
        Written::Nothing => out.push_str("null"),
        Written::Scalar(Scalar::Raw { lines, text }) => {
            out.push_str(&one_line(lines, text.as_ref(), true)?);
        }
        Written::Scalar(Scalar::Block { .. }) => return None,
        Written::Collection(found) => {
            let (open, close) = match (found.is_map, found.items.is_empty()) {
                (false, _) => ("[", "]"),
                (true, true) => ("{", "}"),
                (true, false) => ("{ ", " }"),
            };
            out.push_str(open);
            for (index, item) in found.items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                if let Some((raw, name)) = &item.key {
                    out.push_str(&key(raw, name));
                    out.push_str(": ");
                }
                // A character has at most four bytes.
                if out.len() / 4 > room {
                    return None;
                }
                write_inline(&item.value, room, out)?;
            }
            out.push_str(close);
        }
    }
    Some(())
}
