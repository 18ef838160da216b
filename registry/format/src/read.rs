//! From the bytes of a component to its [`Interface`].
//!
//! This walks wasmparser's validated types itself. `wit_parser::decoding` gives the same picture,
//! but it is written for bytes one trusts: it asserts where hostile input can reach.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, ValidPayload, Validator, WasmFeatures};

use crate::convert::Converter;
use crate::docs::{self, Docs};
use crate::interface::{Interface, Operation};
use crate::structure::{self, StructureError};

/// The largest component that is looked at, bytes.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// Deepest nesting of a type in an operation.
pub const TYPE_DEPTH_MAX: usize = 64;

/// Why bytes have no interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InterfaceError {
    /// Something else than WebAssembly.
    #[error("not a WebAssembly component: found {0}")]
    NotWasm(&'static str),
    /// A module that was never wrapped into a component.
    #[error("not a WebAssembly component: found a core module")]
    CoreModule,
    /// More bytes than [`COMPONENT_BYTES_MAX`].
    #[error("the component has {bytes} bytes, expected at most {}", COMPONENT_BYTES_MAX)]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Broken, cut off or against the rules of the component model.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// More of something than anyone reads, or a feature that cannot be bounded.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// An operation takes or gives a handle, which cannot be written in JSON.
    #[error("operation `{operation}` uses a resource, expected only plain values")]
    Resource {
        /// The operation.
        operation: String,
    },
    /// An operation is async, or uses a stream or future.
    #[error("operation `{operation}` uses {what}, expected a plain function of plain values")]
    Unsupported {
        /// The operation.
        operation: String,
        /// What it uses.
        what: &'static str,
    },
    /// A type is nested deeper than [`TYPE_DEPTH_MAX`].
    #[error("a type of operation `{operation}` is nested more than {TYPE_DEPTH_MAX} deep")]
    TooDeep {
        /// The operation.
        operation: String,
    },
    /// The types, written out, are too many.
    #[error("the operations have too many types, `{operation}` is the one too many")]
    TooManyTypes {
        /// Where the budget ran out.
        operation: String,
    },
    /// Two operations cannot be told apart.
    #[error("two operations are called `{0}`")]
    Duplicate(String),
}

impl InterfaceError {
    /// The stable kind, as in the table of error kinds.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotWasm(_) | Self::CoreModule => "invalid.kind",
            Self::TooLarge { .. } | Self::TooDeep { .. } | Self::TooManyTypes { .. } => {
                "limit.structure"
            }
            Self::Structure(error) => error.kind(),
            Self::Invalid(_)
            | Self::Resource { .. }
            | Self::Unsupported { .. }
            | Self::Duplicate(_) => "invalid.component",
        }
    }

    /// What to do about it, where something can be said.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::CoreModule => Some("build it as a component: `coldframe skill build`"),
            Self::NotWasm("WebAssembly text") => {
                Some("turn the text into a binary component first")
            }
            Self::Resource { .. } => Some(
                "what steps hand on is JSON, where a handle leads to nothing: give what is behind \
                 it, bytes as `list<u8>`, anything else as a record",
            ),
            Self::Unsupported { what: "a stream" | "a future", .. } => Some(
                "what steps hand on is JSON, which is whole before the next step begins: give all \
                 of it at once, bytes as `list<u8>`",
            ),
            _ => None,
        }
    }
}

/// See [`Interface::read`].
pub(crate) fn interface(bytes: &[u8]) -> Result<Interface, InterfaceError> {
    check_kind(bytes)?;
    // Before the validator, whose readers recurse over types within types.
    structure::outline(bytes)?;
    let outline = Outline::parse(bytes)?;
    let mut converter = Converter::new(&outline.types, &outline.docs);
    for (name, item) in outline.imports.iter().chain(&outline.exports) {
        converter.register(name, item);
    }
    let mut operations = Vec::new();
    for (name, item) in &outline.exports {
        match item.ty {
            ComponentEntityType::Func(id) => {
                operations.push(converter.operation(None, name, id)?);
            }
            ComponentEntityType::Instance(id) => {
                for (function, inner) in &outline.types[id].exports {
                    if let ComponentEntityType::Func(id) = inner.ty {
                        operations.push(converter.operation(Some(name), function, id)?);
                    }
                }
            }
            // Exported types and modules cannot be called.
            _ => {}
        }
    }
    name_apart(&mut operations)?;
    Ok(Interface { operations, imports: outline.rights() })
}

/// Whether the whole of a component is valid, function bodies too. For those who publish; a loader
/// finds out while it compiles.
pub fn validate(bytes: &[u8]) -> Result<(), InterfaceError> {
    check_kind(bytes)?;
    Validator::new_with_features(WasmFeatures::default())
        .validate_all(bytes)
        .map(|_| ())
        .map_err(|e| InterfaceError::Invalid(e.to_string()))
}

/// The size and the first bytes, before anything is parsed.
fn check_kind(bytes: &[u8]) -> Result<(), InterfaceError> {
    if Parser::is_core_wasm(bytes) {
        return Err(InterfaceError::CoreModule);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(InterfaceError::NotWasm(describe(bytes)));
    }
    if !Parser::is_component(bytes) {
        let header = if bytes.len() < 8 { "cut off in the header" } else { "unknown layer" };
        return Err(InterfaceError::Invalid(header.to_owned()));
    }
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(InterfaceError::TooLarge { bytes: bytes.len() });
    }
    Ok(())
}

/// What the bytes are, going by how they start.
fn describe(bytes: &[u8]) -> &'static str {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"\x7fELF", "an ELF file (an executable, or compiled native code)"),
        (b"MZ", "a Windows executable"),
        (b"\xcf\xfa\xed\xfe", "a Mach-O executable"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    ];
    if bytes.is_empty() {
        return "an empty file";
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return name;
    }
    let start = bytes.get(..bytes.len().min(4096)).unwrap_or(bytes).trim_ascii_start();
    if start.starts_with(b"(") || start.starts_with(b";;") {
        return "WebAssembly text";
    }
    let printable = |b: &u8| !b.is_ascii_control() || b.is_ascii_whitespace();
    if start.iter().all(printable) { "text" } else { "unknown bytes" }
}

/// Imports and exports of a component, with the types they refer to.
struct Outline {
    types: Types,
    imports: Vec<(String, ComponentItem)>,
    exports: Vec<(String, ComponentItem)>,
    docs: Docs,
}

impl Outline {
    fn parse(bytes: &[u8]) -> Result<Self, InterfaceError> {
        let invalid = |e: wasmparser::BinaryReaderError| InterfaceError::Invalid(e.to_string());
        let mut validator = Validator::new_with_features(WasmFeatures::default());
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        let mut docs = Docs::default();
        let mut depth = 0_usize;
        let mut types = None;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(invalid)?;
            match &payload {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(import.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section)
                    if depth == 1 && section.name() == docs::SECTION =>
                {
                    docs = Docs::parse(section.data());
                }
                _ => {}
            }
            if let ValidPayload::End(found) = validator.payload(&payload).map_err(invalid)? {
                types = Some(found);
            }
        }
        // The last end is that of the component itself.
        let types = types.ok_or_else(|| InterfaceError::Invalid("no end".to_owned()))?;
        let imports = with_items(imports, |name| types.component_item_for_import(name));
        let exports = with_items(exports, |name| types.component_item_for_export(name));
        Ok(Self { types, imports, exports, docs })
    }

    /// The imports that are rights: everything but types and instances of types only.
    fn rights(&self) -> BTreeSet<String> {
        let is_type = |item: &ComponentItem| match item.ty {
            // A resource brings a destructor and methods with it.
            ComponentEntityType::Type { referenced, .. } => {
                !matches!(referenced, wasmparser::component_types::ComponentAnyTypeId::Resource(_))
            }
            _ => false,
        };
        self.imports
            .iter()
            .filter(|(_, item)| match item.ty {
                ComponentEntityType::Instance(id) => !self.types[id].exports.values().all(is_type),
                _ => !is_type(item),
            })
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn with_items<'a>(
    names: Vec<String>,
    item: impl Fn(&str) -> Option<&'a ComponentItem>,
) -> Vec<(String, ComponentItem)> {
    names
        .into_iter()
        .filter_map(|name| {
            let item = item(&name)?.clone();
            Some((name, item))
        })
        .collect()
}

/// Gives operations of the same name their interface's name in front.
fn name_apart(operations: &mut [Operation]) -> Result<(), InterfaceError> {
    let mut uses = BTreeMap::<String, usize>::new();
    for operation in operations.iter() {
        *uses.entry(operation.function.clone()).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    for operation in operations.iter_mut() {
        if uses.get(&operation.function).is_some_and(|n| *n > 1) {
            operation.name = operation.qualified();
        }
        if !taken.insert(operation.name.clone()) {
            return Err(InterfaceError::Duplicate(operation.name.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
