//! Whether a component may be compiled at all.
//!
//! The bytes were read before, when their interface was; this is the loader's own look at them,
//! down to the last instruction, so that nothing reaches the compiler that was not counted.

use coldframe_format::structure::{self, Bound, StructureError};
use coldframe_journal::ErrorKind;
use wasmparser::{Parser, Validator};

use crate::loader::LoadError;
use crate::sanitize;

/// Whether `bytes` are worth a look: not too many, and a component by their first eight.
pub(crate) fn kind(bytes: &[u8]) -> Result<(), LoadError> {
    if Parser::is_core_wasm(bytes) {
        let message = "not a WebAssembly component: found a core module";
        return Err(LoadError::new(ErrorKind::InvalidKind, message));
    }
    if !bytes.starts_with(b"\0asm") {
        let message = "not a WebAssembly component: found something else";
        return Err(LoadError::new(ErrorKind::InvalidKind, message));
    }
    if bytes.len() as u64 > Bound::FileBytes.max() {
        return Err(refused(&StructureError::TooMuch(Bound::FileBytes, bytes.len() as u64)));
    }
    Ok(())
}

/// Whether `bytes` may be compiled.
pub(crate) fn admit(bytes: &[u8]) -> Result<(), LoadError> {
    kind(bytes)?;
    structure::full(bytes).map_err(|error| refused(&error))?;
    // A second opinion: this reader is newer than the compiler's own, and its bounds are tighter.
    Validator::new().validate_all(bytes).map(drop).map_err(|error| {
        let message = sanitize::line(&error.to_string(), 400);
        LoadError::new(ErrorKind::InvalidComponent, format!("not a valid component: {message}"))
    })
}

fn refused(error: &StructureError) -> LoadError {
    let kind = match error {
        StructureError::TooMuch(..) => ErrorKind::LimitStructure,
        _ => ErrorKind::InvalidComponent,
    };
    LoadError::new(kind, error.to_string())
}
