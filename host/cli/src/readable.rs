//! A value for people to read before they decide: texts as texts, everything else by name and
//! indented. It is somebody else's, so what a terminal would obey is escaped, and it is cut.

use serde_json::Value;

use crate::output;

/// The most lines that are shown.
const LINES_MAX: usize = 100;

/// The lines of a value, without line breaks.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    below(value, 0, &mut lines);
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    if more > 0 {
        lines.push(format!("… and {}", output::count(more, "more line")));
    }
    lines
}

/// The lines of a value that stands below something. Depth is bounded by what a value can have.
fn below(value: &Value, indent: usize, lines: &mut Vec<String>) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                entry(&format!("{pad}{}:", output::safe(name)), value, indent, lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let first = lines.len();
                match item {
                    // The first line of what has names stands behind the mark.
                    Value::Object(fields) if !fields.is_empty() => {
                        below(item, indent + 2, lines);
                        if let Some(line) = lines.get_mut(first) {
                            *line = format!("{pad}- {}", line.trim_start());
                        }
                    }
                    _ => entry(&format!("{pad}-"), item, indent, lines),
                }
            }
        }
        Value::String(text) => {
            lines.extend(text.lines().map(|line| format!("{pad}{}", output::safe(line))));
        }
        other => lines.push(format!("{pad}{other}")),
    }
}

/// A value behind its name or `-`: in the same line where it is one.
fn entry(head: &str, value: &Value, indent: usize, lines: &mut Vec<String>) {
    match value {
        Value::String(text) if text.lines().count() > 1 => {
            lines.push(head.to_owned());
            below(value, indent + 2, lines);
        }
        Value::String(text) => {
            let text = text.strip_suffix('\n').unwrap_or(text);
            lines.push(format!("{head} {}", output::safe(text)).trim_end().to_owned());
        }
        Value::Object(fields) if !fields.is_empty() => {
            lines.push(head.to_owned());
            below(value, indent + 2, lines);
        }
        Value::Array(items) if !items.is_empty() => {
            lines.push(head.to_owned());
            below(value, indent + 2, lines);
        }
        other => lines.push(format!("{head} {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expected: &str) {
        assert_eq!(lines(&value).join("\n"), expected);
    }

    #[test]
    fn texts_are_texts_and_the_rest_is_indented() {
        check(json!("a\n\nb"), "a\n\nb");
        check(
            json!({ "n": 3, "text": "one line\n", "none": null }),
            "n: 3\nnone: null\ntext: one line",
        );
        check(
            json!({ "draft": "first\n  second", "tags": ["x", { "y": 1 }], "empty": [] }),
            "draft:\n  first\n    second\nempty: []\ntags:\n  - x\n  - y: 1",
        );
        check(json!([]), "[]");
    }

    #[test]
    fn nothing_moves_the_cursor_or_fills_the_screen() {
        check(json!({ "a\u{1b}[2J": "b\r\u{202e}c" }), "a\\u{1b}[2J: b\\r\\u{202e}c");
        let many = lines(&json!("x\n".repeat(300)));
        assert_eq!(
            (many.len(), many.last().map(String::as_str)),
            (101, Some("… and 200 more lines"))
        );
        assert!(lines(&json!("x".repeat(5000))).iter().all(|line| line.chars().count() < 500));
    }
}
