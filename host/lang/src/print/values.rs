//! Values with holes, and expressions, as they are written.

use std::fmt::Write as _;

use serde_json::Value;

use super::parts::{flow, list};
use crate::fmt::tree::Written;
use crate::patch::written;
use crate::template::{Expr, Part, Path, Segment, Template};

/// A plain value.
pub(crate) fn value(value: &Value) -> Written {
    written::value(value)
}

/// A value with holes. Depth is that of the text it came from.
pub(crate) fn template(template: &Template) -> Written {
    match template {
        Template::Literal(literal) => value(literal),
        Template::Path(path) => written::text(&hole(&self::path(path))),
        Template::Expr(expr) => written::text(&hole(&expr.source)),
        Template::Text(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Hole(expr) => hole(&expr.source),
            });
            written::text(&parts.collect::<String>())
        }
        Template::List(items) => list(items.iter().map(self::template)),
        Template::Map(entries) => {
            flow(entries.iter().map(|(key, item)| (key, self::template(item))))
        }
    }
}

/// A value that is an expression without braces, or data with holes: `over`, `on`.
pub(super) fn bare(template: &Template) -> Written {
    match template {
        Template::Path(path) => written::text(&self::path(path)),
        Template::Expr(expr) => written::text(&expr.source),
        Template::Literal(_) | Template::Text(_) | Template::List(_) | Template::Map(_) => {
            self::template(template)
        }
    }
}

/// A condition.
pub(super) fn condition(expr: &Expr) -> Written {
    written::text(&expr.source)
}

fn hole(expr: &str) -> String {
    format!("{{{{ {expr} }}}}")
}

/// `words.counts[0].word`
pub(crate) fn path(path: &Path) -> String {
    let mut out = path.root.name().to_owned();
    for segment in &path.segments {
        // Writing to a String cannot fail.
        let _ = match segment {
            Segment::Index(index) => write!(out, "[{index}]"),
            Segment::Key(key) if is_word(key) => write!(out, ".{key}"),
            Segment::Key(key) => write!(out, "[{}]", literal(key)),
        };
    }
    out
}

fn is_word(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A text of the expression language.
fn literal(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out + "'"
}
