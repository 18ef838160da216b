//! From verified bytes to a component that is ready to be instantiated.

use std::time::Instant;

use coldframe_engine::{CallError, Layer};
use coldframe_format::{CapSet, Caps, Digest, Field, Interface, Operation, Type};
use coldframe_journal::ErrorKind;
use wasmtime::Engine;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::cache::Cache;
use crate::classify;
use crate::compile;
use crate::config::SandboxConfig;
use crate::link::{self, UnknownImport};
use crate::sanitize;
use crate::state::CallState;
use crate::turns::Share;

/// What the loader needs to know of a skill. Made only from a verified one.
#[derive(Clone, Copy)]
pub(crate) struct Admitted<'a> {
    pub(crate) digest: Digest,
    pub(crate) interface: &'a Interface,
    pub(crate) ceiling: &'a Caps,
    /// Who wrote the ceiling.
    pub(crate) asked_by: &'a str,
    pub(crate) bytes: &'a [u8],
}

/// How a component came to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Whether its native code was there already, in this process or in the cache.
    pub from_cache: bool,
    /// Time spent compiling, microseconds.
    pub compile_us: u64,
}

/// Why a component cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadError {
    /// The stable kind.
    pub kind: ErrorKind,
    /// One line for people; text from the component is escaped.
    pub message: String,
}

impl LoadError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<LoadError> for CallError {
    fn from(error: LoadError) -> Self {
        Self::new(error.kind, error.message)
    }
}

/// A component, compiled, linked and looked up: what a call needs and nothing else.
pub(crate) struct Prepared {
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) needs: CapSet,
    pub(crate) ceiling: Layer,
    operations: Vec<PreparedOperation>,
    pub(crate) share: Share,
}

/// One operation of it.
pub(crate) struct PreparedOperation {
    name: String,
    pub(crate) params: Vec<Field>,
    pub(crate) result: Option<Type>,
    pub(crate) export: ComponentExportIndex,
}

impl Prepared {
    /// The operation `name`.
    pub(crate) fn operation(&self, name: &str) -> Option<&PreparedOperation> {
        self.operations.iter().find(|operation| operation.name == name)
    }
}

/// Links and looks up a component of which there is native code.
pub(crate) fn prepare(
    engine: &Engine,
    code: &[u8],
    skill: Admitted<'_>,
) -> Result<Prepared, LoadError> {
    let needs = required(skill)?;
    let component = load(engine, code)?;
    let linker = link::linker(engine, &component).map_err(|error| refused(&error))?;
    let pre = linker.instantiate_pre(&component).map_err(|error| refused(&error))?;
    let operations = skill
        .interface
        .operations
        .iter()
        .map(|operation| lookup(&component, operation))
        .collect::<Result<_, _>>()?;
    let ceiling = Layer::new(skill.asked_by, skill.ceiling.clone());
    Ok(Prepared { pre, needs, ceiling, operations, share: Share::default() })
}

/// The rights the imports need, all of them within the ceiling.
pub(crate) fn required(skill: Admitted<'_>) -> Result<CapSet, LoadError> {
    let needs = skill.interface.required_caps().map_err(|error| {
        LoadError::new(ErrorKind::DeniedImport, sanitize::line(&error.to_string(), 400))
    })?;
    match needs.missing_from(skill.ceiling).next() {
        None => Ok(needs),
        Some(missing) => {
            let message = format!(
                "the component imports what needs `{missing}`, which {} does not have",
                skill.asked_by
            );
            Err(LoadError::new(ErrorKind::DeniedImport, message))
        }
    }
}

/// The native code of a component, from the cache or the compiler.
pub(crate) fn native(
    engine: &Engine,
    cache: Option<&Cache>,
    config: &SandboxConfig,
    skill: Admitted<'_>,
) -> Result<(Vec<u8>, Loaded), LoadError> {
    if let Some(code) = cache.and_then(|cache| cache.get(engine, &skill.digest)) {
        return Ok((code, Loaded { from_cache: true, compile_us: 0 }));
    }
    let started = Instant::now();
    let code = compile::compile(&config.compiler, engine, skill.bytes, config.compile_time_max)?;
    let compile_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if let Some(cache) = cache {
        cache.put(engine, &skill.digest, &code);
    }
    Ok((code, Loaded { from_cache: false, compile_us }))
}

/// Makes native code executable.
fn load(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    #[expect(unsafe_code, reason = "loading what our own compiler wrote")]
    // SAFETY: `deserialize` needs bytes that the same version of wasmtime made. These come from our
    // own program: compiled a moment ago, here or behind a pipe that nobody else holds, or out of
    // the cache, where the MAC over exactly these bytes shows that a process with our key wrote
    // them. Whoever takes over the compiler behind its walls decides what is in them; decision 12
    // says what that means.
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| refused(&error))
}

fn lookup(component: &Component, operation: &Operation) -> Result<PreparedOperation, LoadError> {
    let instance = match &operation.interface {
        Some(name) => Some(component.get_export_index(None, name).ok_or_else(|| gone(operation))?),
        None => None,
    };
    let export = component
        .get_export_index(instance.as_ref(), &operation.function)
        .ok_or_else(|| gone(operation))?;
    Ok(PreparedOperation {
        name: operation.name.clone(),
        params: operation.params.clone(),
        result: operation.result.clone(),
        export,
    })
}

/// The interface was read out of the same bytes, so this is ours.
fn gone(operation: &Operation) -> LoadError {
    let message = format!("operation `{}` is not exported by its component", operation.name);
    LoadError::new(ErrorKind::HostBug, message)
}

/// An error of wasmtime on the way to a linked component.
pub(crate) fn refused(error: &wasmtime::Error) -> LoadError {
    if let Some(unknown) = error.downcast_ref::<UnknownImport>() {
        return LoadError::new(ErrorKind::DeniedImport, unknown.to_string());
    }
    let message = sanitize::line(&format!("{error:#}"), 400);
    let kind = classify::known_text(error).unwrap_or_else(|| {
        // The linker's own words for an import it has no, or another, definition of.
        if message.contains("matching implementation was not found") {
            ErrorKind::DeniedImport
        } else {
            ErrorKind::InvalidComponent
        }
    });
    LoadError::new(kind, message)
}
