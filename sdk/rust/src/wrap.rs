//! From a core module to a component, through the wit-component library.

use std::path::Path;

use wasm_encoder::{Module, RawSection};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::docs;

/// What the bindings of a guest write their WIT into.
const WIT_SECTION: &str = "component-type";

/// Why a module does not become a component.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// The bytes are no core module.
    #[error("the compiler did not give a Wasm core module")]
    NoModule(#[source] wasmparser::BinaryReaderError),
    /// The bytes are a component already.
    #[error("the compiler gave a component where a core module was expected")]
    Component,
    /// No WIT in the module.
    #[error("the module does not say what it exports: it has no `component-type` section")]
    NoWit,
    /// The encoder refuses it. The text names the function or import.
    #[error("the module does not fit its WIT: {0}")]
    Encode(String),
    /// The documentation of the WIT cannot be read.
    #[error("cannot read the WIT of the source: {0}")]
    Docs(String),
}

/// Wraps `module`, with the documentation of the package in the folder `wit`.
pub(crate) fn component(module: &[u8], wit: &Path) -> Result<Vec<u8>, WrapError> {
    let module = without_remarks(module)?;
    // The whole chain of causes; the last one names the item.
    let encode = |error| WrapError::Encode(format!("{error:#}"));
    let component = ComponentEncoder::default()
        .module(&module)
        .map_err(encode)?
        .validate(true)
        .encode()
        .map_err(encode)?;
    docs::attach(component, wit).map_err(WrapError::Docs)
}

/// The module without the custom sections that tools leave behind: names, producers, features.
/// They are of no use to a host, and what is in them differs from tool to tool.
fn without_remarks(module: &[u8]) -> Result<Vec<u8>, WrapError> {
    let mut kept = Module::new();
    let mut has_wit = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(WrapError::NoModule)?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return Err(WrapError::Component);
            }
            Payload::CustomSection(section) if section.name().starts_with(WIT_SECTION) => {
                has_wit = true;
            }
            Payload::CustomSection(_) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let data = module.get(range).unwrap_or_default();
            kept.section(&RawSection { id, data });
        }
    }
    if has_wit { Ok(kept.finish()) } else { Err(WrapError::NoWit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let error = component(bytes, Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn says_what_is_wrong_with_the_module() {
        check(b"#!/bin/sh", "the compiler did not give a Wasm core module");
        check(
            b"\0asm\x0d\0\x01\0",
            "the compiler gave a component where a core module was expected",
        );
        check(
            &Module::new().finish(),
            "the module does not say what it exports: it has no `component-type` section",
        );
    }
}
