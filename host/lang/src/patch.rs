//! JSON Patch (RFC 6902) on the text of a pipeline. Comments stay, and so does every line that the
//! patch does not change.
//!
//! The patch is applied twice, to the plain value and to the written document. The new text is read
//! again and has to say exactly what the patched value says; else there is no new text.

mod choose;
mod edit;
mod error;
mod operation;
mod pointer;
#[cfg(test)]
mod tests;
mod value;
pub(crate) mod written;

pub use error::PatchError;

use serde_json::Value;

use crate::fmt::{parse, print};
use crate::yaml::parts::{is_marker, read_parts};
use crate::yaml::read::{self, TEXT_BYTES_MAX};

use operation::Operation;

/// The most operations of a patch.
pub const OPERATIONS_MAX: usize = 100;
/// The longest patch, in bytes.
pub const PATCH_BYTES_MAX: usize = 64 * 1024;

/// The text with the patch applied: all of it, or nothing. Of several documents the only pipeline
/// is patched, and no byte of the others changes.
///
/// # Errors
/// Names the operation that could not be applied, by its index and pointer.
pub fn apply(text: &str, patch: &str) -> Result<String, PatchError> {
    apply_to(text, None, patch)
}

/// The same for the document of this name, or of this kind and name: `Policy/patient`.
///
/// # Errors
/// Where there is no such document, or several; else those of [`apply`].
pub fn apply_to(text: &str, document: Option<&str>, patch: &str) -> Result<String, PatchError> {
    if patch.len() > PATCH_BYTES_MAX {
        let message =
            format!("the patch has {} bytes, expected at most {PATCH_BYTES_MAX}", patch.len());
        return Err(PatchError::of_patch(message).help("apply it in several parts"));
    }
    let patch: Value = serde_json::from_str(patch)
        .map_err(|error| PatchError::of_patch(format!("the patch is not JSON: {error}")))?;
    let operations = operation::read(&patch)?;
    let parts = read_parts(text).map_err(|problem| {
        PatchError::of_patch(format!("the file is not read: {}", problem.message))
            .maybe_help(problem.help)
    })?;
    let chosen = choose::choose(&parts, document)?;
    let Some(part) = parts.get(chosen) else { return Err(differs()) };
    let own = text.get(part.range.clone()).unwrap_or_default();
    let (patched, value) = one(own, &operations)?;
    let Some(patched) = patched else { return Ok(text.to_owned()) };
    let before = text.get(..part.range.start).unwrap_or_default();
    let after = text.get(part.range.end..).unwrap_or_default();
    let out = together(before, own, patched, after);
    if out.len() > TEXT_BYTES_MAX {
        let message =
            format!("the file would have {} bytes, expected at most {TEXT_BYTES_MAX}", out.len());
        return Err(
            PatchError::of_patch(message).help("put data into files and hand them in as inputs")
        );
    }
    let again = read_parts(&out).map_err(|problem| {
        PatchError::of_patch(format!("the result is not read: {}", problem.message))
            .maybe_help(problem.help)
    })?;
    let kept = parts.len() == again.len()
        && parts.iter().zip(&again).enumerate().all(|(index, (before, after))| {
            let found = after.root.to_value();
            if index == chosen { found == value } else { found == before.root.to_value() }
        });
    if kept { Ok(out) } else { Err(differs()) }
}

/// A patched document among the others. What is printed anew has lost the line `---` before it.
fn together(before: &str, own: &str, patched: String, after: &str) -> String {
    let mut out = before.to_owned();
    if !before.is_empty() && is_marker(own, "---") && !is_marker(&patched, "---") {
        out.push_str("---\n");
    }
    out.push_str(&patched);
    if !after.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out + after
}

/// The patched text of a document, if it changed, and what it has to say.
fn one(text: &str, operations: &[Operation]) -> Result<(Option<String>, Value), PatchError> {
    let root = read::read(text).map_err(|_| differs())?;
    let mut document = parse::parse(text, &root).map_err(|_| differs())?;
    let mut value = root.to_value();
    let mut changed = false;
    for (index, operation) in operations.iter().enumerate() {
        let named =
            |error: PatchError| error.in_operation(index, operation.name(), operation.pointer());
        value::apply(&mut value, operation).map_err(named)?;
        changed |= !matches!(operation, Operation::Test { .. });
        edit::apply(&mut document.root, operation).ok_or_else(differs).map_err(named)?;
    }
    let patched = changed.then(|| print::print_edited(&document, text));
    Ok((patched, value))
}

fn differs() -> PatchError {
    PatchError::of_patch(
        "the patched text would not say what the patch says, so it was left as it is",
    )
    .help("edit this part by hand, and please report it")
}
