//! Whether a component may be compiled at all.
//!
//! The bytes were read before, when their interface was; this is the loader's own look at them,
//! down to the last instruction, so that nothing reaches the compiler that was not counted.

use coldframe_format::structure::{self, StructureError};
use coldframe_journal::ErrorKind;
use wasmparser::Parser;

use crate::loader::LoadError;

/// Whether `bytes` may be compiled.
pub(crate) fn admit(bytes: &[u8]) -> Result<(), LoadError> {
    if Parser::is_core_wasm(bytes) {
        let message = "not a WebAssembly component: found a core module";
        return Err(LoadError::new(ErrorKind::InvalidKind, message));
    }
    if !bytes.starts_with(b"\0asm") {
        let message = "not a WebAssembly component: found something else";
        return Err(LoadError::new(ErrorKind::InvalidKind, message));
    }
    structure::full(bytes).map_err(|error| {
        let kind = match error {
            StructureError::TooMuch(..) => ErrorKind::LimitStructure,
            _ => ErrorKind::InvalidComponent,
        };
        LoadError::new(kind, error.to_string())
    })
}
