//! The operations of a patch.

use serde_json::Value;

use super::pointer::Pointer;
use super::{OPERATIONS_MAX, PatchError};
use crate::shown::shown;
use crate::suggest;

const NAMES: &[&str] = &["add", "remove", "replace", "move", "copy", "test"];

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operation {
    Add { path: Pointer, value: Value },
    Remove { path: Pointer },
    Replace { path: Pointer, value: Value },
    Move { from: Pointer, path: Pointer },
    Copy { from: Pointer, path: Pointer },
    Test { path: Pointer, value: Value },
}

impl Operation {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Replace { .. } => "replace",
            Self::Move { .. } => "move",
            Self::Copy { .. } => "copy",
            Self::Test { .. } => "test",
        }
    }

    /// As it is written.
    pub(super) fn pointer(&self) -> &str {
        match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Move { path, .. }
            | Self::Copy { path, .. }
            | Self::Test { path, .. } => &path.written,
        }
    }
}

/// The operations of a patch, all of them or the first that is none.
pub(super) fn read(patch: &Value) -> Result<Vec<Operation>, PatchError> {
    let Value::Array(items) = patch else {
        return Err(PatchError::of_patch("the patch is not a list of operations")
            .help("for example `[{\"op\": \"remove\", \"path\": \"/steps/0\"}]`"));
    };
    if items.len() > OPERATIONS_MAX {
        let message =
            format!("the patch has {} operations, expected at most {OPERATIONS_MAX}", items.len());
        return Err(PatchError::of_patch(message).help("apply it in several parts"));
    }
    let operations = items.iter().enumerate();
    operations
        .map(|(index, item)| {
            operation(item).map_err(|error| PatchError { operation: Some(index), ..error })
        })
        .collect()
}

fn operation(item: &Value) -> Result<Operation, PatchError> {
    let Value::Object(fields) = item else {
        return Err(PatchError::of_patch("an operation is a map, and this is none")
            .help("write `{\"op\": …, \"path\": …}`"));
    };
    let text =
        |name: &str| match fields.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(PatchError::of_patch(format!("`{name}` is not a text"))
                .help("put it between quotes")),
            None => Err(PatchError::of_patch(format!("`{name}` is missing"))
                .help(format!("add `\"{name}\": …`"))),
        };
    let name = text("op")?;
    if !NAMES.contains(&name) {
        return Err(PatchError::of_patch(format!("there is no operation `{}`", shown(name)))
            .maybe_help(suggest::help(name, "the operations are", NAMES.iter().copied())));
    }
    let path = Pointer::parse(text("path")?)?;
    let value = || {
        let value = fields.get("value").cloned();
        value.ok_or_else(|| PatchError::of_patch("`value` is missing").help("add `\"value\": …`"))
    };
    Ok(match name {
        "add" => Operation::Add { path, value: value()? },
        "remove" => Operation::Remove { path },
        "replace" => Operation::Replace { path, value: value()? },
        "move" => Operation::Move { from: Pointer::parse(text("from")?)?, path },
        "copy" => Operation::Copy { from: Pointer::parse(text("from")?)?, path },
        _ => Operation::Test { path, value: value()? },
    })
}
