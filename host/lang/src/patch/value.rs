//! The patch on the plain value, within the reader's bounds. Says what is wrong with an operation.

use serde_json::{Map, Value};

use super::operation::Operation;
use super::pointer::{Pointer, index};
use super::{PatchError, edit};
use crate::shown::shown;
use crate::suggest;
use crate::yaml::read::{DEPTH_MAX, NODES_MAX, TEXT_BYTES_MAX};

/// Applies one operation.
pub(super) fn apply(root: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    match operation {
        Operation::Add { path, value } => add(root, path, value.clone()),
        Operation::Remove { path } => remove(root, path).map(|_| ()),
        Operation::Replace { path, value } => {
            fits(root, path, value)?;
            *find_mut(root, &path.tokens)? = value.clone();
            Ok(())
        }
        Operation::Move { from, path } => {
            if path.is_inside(from) {
                return Err(PatchError::of_patch(format!(
                    "`{}` cannot be moved into itself",
                    shown(&from.written)
                ))
                .help("copy it instead, or move it to a place outside"));
            }
            let value = remove(root, from)?;
            add(root, path, value)
        }
        Operation::Copy { from, path } => {
            let value = find(root, &from.tokens)?;
            fits(root, path, value)?;
            let value = value.clone();
            add(root, path, value)
        }
        Operation::Test { path, value } => {
            let found = find(root, &path.tokens)?;
            if equal(found, value) {
                return Ok(());
            }
            Err(PatchError::of_patch(format!(
                "the value is `{}`, expected `{}`",
                shown(&found.to_string()),
                shown(&value.to_string())
            ))
            .help("the file has changed since the patch was made; make it anew"))
        }
    }
}

/// Refuses values that would make the document larger or deeper than the reader takes, before they
/// are copied.
fn fits(root: &Value, path: &Pointer, value: &Value) -> Result<(), PatchError> {
    let depth = path.tokens.len() + depth(value, DEPTH_MAX + 1);
    if depth > DEPTH_MAX {
        let message = format!("lists and maps would be nested more than {DEPTH_MAX} deep");
        return Err(PatchError::of_patch(message).help("hand deep data in as an input"));
    }
    let (mut nodes, mut bytes) = (0, 0);
    weigh(root, &mut nodes, &mut bytes);
    weigh(value, &mut nodes, &mut bytes);
    if nodes > NODES_MAX || bytes > TEXT_BYTES_MAX {
        return Err(PatchError::of_patch("the file would be larger than a pipeline may be")
            .help("put data into files and hand them in as inputs"));
    }
    Ok(())
}

fn depth(value: &Value, left: usize) -> usize {
    if left == 0 {
        return 0;
    }
    let below = match value {
        Value::Array(items) => items.iter().map(|item| depth(item, left - 1)).max(),
        Value::Object(fields) => fields.values().map(|item| depth(item, left - 1)).max(),
        _ => return 0,
    };
    1 + below.unwrap_or_default()
}

/// How many values and bytes of text there are. Depth is bounded by the reader and by `fits`.
fn weigh(value: &Value, nodes: &mut usize, bytes: &mut usize) {
    *nodes += 1;
    match value {
        Value::String(text) => *bytes += text.len(),
        Value::Array(items) => items.iter().for_each(|item| weigh(item, nodes, bytes)),
        Value::Object(fields) => fields.iter().for_each(|(key, item)| {
            *bytes += key.len();
            weigh(item, nodes, bytes);
        }),
        _ => {}
    }
}

fn find<'v>(root: &'v Value, tokens: &[String]) -> Result<&'v Value, PatchError> {
    let mut at = root;
    for token in tokens {
        at = match at {
            Value::Object(fields) => fields.get(token),
            Value::Array(items) => index(token).and_then(|index| items.get(index)),
            _ => None,
        }
        .ok_or_else(|| missing(at, token))?;
    }
    Ok(at)
}

fn find_mut<'v>(root: &'v mut Value, tokens: &[String]) -> Result<&'v mut Value, PatchError> {
    find(root, tokens)?;
    let mut at = root;
    for token in tokens {
        let below = match at {
            Value::Object(fields) => fields.get_mut(token),
            Value::Array(items) => index(token).and_then(|index| items.get_mut(index)),
            _ => None,
        };
        at = below.ok_or_else(|| PatchError::of_patch("there is nothing"))?;
    }
    Ok(at)
}

/// What is not there, and what is.
fn missing(at: &Value, token: &str) -> PatchError {
    match at {
        Value::Object(fields) => PatchError::of_patch(format!("there is no `{}`", shown(token)))
            .maybe_help(suggest::help(token, "there are", fields.keys().map(String::as_str)))
            .or_help("the map is empty"),
        Value::Array(items) => {
            let problem = PatchError::of_patch(format!("there is no item `{}`", shown(token)));
            match items.len() {
                0 => problem.help("the list is empty"),
                1 => problem.help("the list has the item `0` alone"),
                count => problem.help(format!("the items are `0` to `{}`", count - 1)),
            }
        }
        _ => PatchError::of_patch(format!(
            "there is no `{}` in a text, number or boolean",
            shown(token)
        ))
        .help("point at a list or a map, or replace the value with one"),
    }
}

fn parent(path: &Pointer) -> Option<(&String, &[String])> {
    path.tokens.split_last()
}

fn add(root: &mut Value, path: &Pointer, value: Value) -> Result<(), PatchError> {
    fits(root, path, &value)?;
    let Some((last, parents)) = parent(path) else {
        *root = value;
        return Ok(());
    };
    match find_mut(root, parents)? {
        Value::Object(fields) => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) => {
            let at = edit::place(last, items.len()).ok_or_else(|| {
                PatchError::of_patch(format!("`{}` is not a place in the list", shown(last)))
                    .help(format!("from `0` to `{}`, or `-` for the end", items.len()))
            })?;
            items.insert(at, value);
            Ok(())
        }
        other => Err(missing(other, last)),
    }
}

fn remove(root: &mut Value, path: &Pointer) -> Result<Value, PatchError> {
    let Some((last, parents)) = parent(path) else {
        return Ok(std::mem::take(root));
    };
    let at = find_mut(root, parents)?;
    let found = match &mut *at {
        Value::Object(fields) => fields.remove(last),
        Value::Array(items) => {
            index(last).filter(|index| *index < items.len()).map(|index| items.remove(index))
        }
        _ => None,
    };
    found.ok_or_else(|| missing(at, last))
}

/// Equal as RFC 6902 means it: numbers by their value.
fn equal(a: &Value, b: &Value) -> bool {
    let fields = |a: &Map<String, Value>, b: &Map<String, Value>| {
        a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => fields(a, b),
        (a, b) => a == b,
    }
}
