//! Values as the formatter would write them.

use serde_json::Value;

use crate::fmt::scalar;
use crate::fmt::tree::{Collection, Item, Scalar, Written};

/// A value as the formatter would write it: on one line where it fits, long texts line by line.
pub(crate) fn value(value: &Value) -> Written {
    match value {
        Value::Null => raw("null".to_owned()),
        Value::Bool(value) => raw(value.to_string()),
        Value::Number(number) => raw(number.to_string()),
        Value::String(text) => self::text(text),
        Value::Array(items) => {
            let items = items.iter().map(|item| Item::new(None, self::value(item))).collect();
            Written::Collection(Collection::flow(false, items, Vec::new()))
        }
        Value::Object(fields) => {
            let items = fields
                .iter()
                .map(|(key, item)| {
                    Item::new(Some((scalar::text(key, true), key.clone())), self::value(item))
                })
                .collect();
            Written::Collection(Collection::flow(true, items, Vec::new()))
        }
    }
}

/// A scalar that stands as it is.
pub(crate) fn raw(line: String) -> Written {
    Written::Scalar(Scalar::Raw { lines: vec![line], text: None })
}

/// A text, behind `|` where that is nearer to what it says.
pub(crate) fn text(text: &str) -> Written {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let readable = text.contains('\n')
        && !body.is_empty()
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && body.chars().all(|c| c == '\n' || scalar::is_visible(c))
        && !body.split('\n').any(|line| !line.is_empty() && line.trim().is_empty());
    if !readable {
        return Written::Scalar(Scalar::Raw {
            lines: vec![scalar::quoted(text)],
            text: Some(text.to_owned()),
        });
    }
    Written::Scalar(Scalar::Block {
        folded: false,
        chomp: (body.len() == text.len()).then_some('-'),
        told: false,
        lines: body.split('\n').map(str::to_owned).collect(),
    })
}
