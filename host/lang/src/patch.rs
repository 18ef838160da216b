//! JSON Patch (RFC 6902) on the text of a pipeline. Comments stay, and so does every line that the
//! patch does not change.
//!
//! The patch is applied twice, to the plain value and to the written document. The new text is read
//! again and has to say exactly what the patched value says; else there is no new text.

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
use crate::yaml::read::{self, TEXT_BYTES_MAX};

use operation::Operation;

/// The most operations of a patch.
pub const OPERATIONS_MAX: usize = 100;
/// The longest patch, in bytes.
pub const PATCH_BYTES_MAX: usize = 64 * 1024;

/// The text with the patch applied: all of it, or nothing.
///
/// # Errors
/// Names the operation that could not be applied, by its index and pointer.
pub fn apply(text: &str, patch: &str) -> Result<String, PatchError> {
    if patch.len() > PATCH_BYTES_MAX {
        let message =
            format!("the patch has {} bytes, expected at most {PATCH_BYTES_MAX}", patch.len());
        return Err(PatchError::of_patch(message).help("apply it in several parts"));
    }
    let patch: Value = serde_json::from_str(patch)
        .map_err(|error| PatchError::of_patch(format!("the patch is not JSON: {error}")))?;
    let operations = operation::read(&patch)?;
    let root = read::read(text).map_err(|problem| {
        PatchError::of_patch(format!("the file is not read: {}", problem.message))
            .maybe_help(problem.help)
    })?;
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
    if !changed {
        return Ok(text.to_owned());
    }
    let out = print::print_edited(&document, text);
    if out.len() > TEXT_BYTES_MAX {
        let message =
            format!("the file would have {} bytes, expected at most {TEXT_BYTES_MAX}", out.len());
        return Err(
            PatchError::of_patch(message).help("put data into files and hand them in as inputs")
        );
    }
    let again = read::read(&out).map_err(|problem| {
        PatchError::of_patch(format!("the result is not read: {}", problem.message))
            .maybe_help(problem.help)
    })?;
    if again.to_value() != value {
        return Err(differs());
    }
    Ok(out)
}

fn differs() -> PatchError {
    PatchError::of_patch(
        "the patched text would not say what the patch says, so it was left as it is",
    )
    .help("edit this part by hand, and please report it")
}
