//! What ended a call, as one of the stable kinds.
//!
//! Most of wasmtime's errors have a type. Four limits and a few mistakes of a guest are only texts;
//! each of those texts has a test below that fails on the upgrade that changes it.

use coldframe_engine::CallError;
use coldframe_journal::ErrorKind;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};
use wasmtime_wasi_http::FieldMapError;

use crate::capabilities::services::Refused;
use crate::limiter::LimitHit;
use crate::sanitize;

/// Bytes of a guest's text in a message.
const GUEST_TEXT_MAX: usize = 200;

/// Where the error came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before the operation was called: start functions, initial memories.
    Instantiate,
    /// The operation itself, from lowering its arguments to lifting its result.
    Call,
}

/// The text of each error that has no type of its own, with its kind.
const TEXTS: &[(&str, ErrorKind)] = &[
    ("resource limit exceeded: ", ErrorKind::LimitInstances),
    ("store handle limit exceeded", ErrorKind::LimitHandles),
    ("fuel allocated for hostcalls has been exhausted", ErrorKind::LimitHostcallBytes),
    // What a guest's own `realloc` gave us as the place for an argument.
    ("realloc return: ", ErrorKind::GuestTrap),
    // From the pools, when a component is loaded.
    ("core module instances, which exceeds the configured maximum", ErrorKind::LimitInstances),
    ("Wasm linear memories, which exceeds the configured maximum", ErrorKind::LimitInstances),
    ("tables, which exceeds the configured maximum", ErrorKind::LimitInstances),
    ("exceeds the per-instance limit of", ErrorKind::LimitInstances),
    ("memory has a minimum byte size of", ErrorKind::LimitMemory),
    ("has a minimum element size of", ErrorKind::LimitTable),
    ("instance allocation for this", ErrorKind::LimitStructure),
];

/// The kind and message of an error.
pub(crate) fn classify(error: &wasmtime::Error, phase: Phase) -> CallError {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return CallError::new(limit_kind(*hit), hit.to_string());
    }
    if let Some(Refused(refused)) = error.downcast_ref::<Refused>() {
        return refused.clone();
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trapped(*trap, error);
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        let message = format!("the component called `exit` with status {status}");
        return CallError::new(ErrorKind::GuestTrap, message);
    }
    if let Some(FieldMapError::TotalSizeTooBig) = error.downcast_ref::<FieldMapError>() {
        return CallError::new(ErrorKind::LimitNetBytes, "the headers of a request are too large");
    }
    if let Some(table) = error.downcast_ref::<ResourceTableError>() {
        return match table {
            ResourceTableError::Full => {
                CallError::new(ErrorKind::LimitHandles, "the call holds too many host resources")
            }
            _ => {
                CallError::new(ErrorKind::GuestTrap, at(error, "a wrong resource handle was used"))
            }
        };
    }
    by_text(error, phase)
}

/// The kind an untyped error stands for, if its text is a known one.
pub(crate) fn known_text(error: &wasmtime::Error) -> Option<ErrorKind> {
    let text = format!("{error:#}");
    TEXTS.iter().find(|(known, _)| text.contains(known)).map(|(_, kind)| *kind)
}

fn by_text(error: &wasmtime::Error, phase: Phase) -> CallError {
    let cause = sanitize::line(&error.root_cause().to_string(), GUEST_TEXT_MAX);
    if let Some(kind) = known_text(error) {
        return CallError::new(kind, describe(kind, &cause));
    }
    // With a backtrace the guest was running: it handed a host function what its type forbids.
    if error.downcast_ref::<WasmBacktrace>().is_some() {
        return CallError::new(ErrorKind::GuestTrap, at(error, &cause));
    }
    match phase {
        Phase::Call => {
            let message = format!("the component returned an invalid value: {cause}");
            CallError::new(ErrorKind::InvalidResult, message)
        }
        Phase::Instantiate => CallError::new(ErrorKind::HostBug, cause),
    }
}

fn describe(kind: ErrorKind, cause: &str) -> String {
    match kind {
        ErrorKind::LimitHandles => "the component holds too many resource handles".to_owned(),
        ErrorKind::LimitHostcallBytes => {
            "the component handed over too much data at once".to_owned()
        }
        _ => cause.to_owned(),
    }
}

fn limit_kind(hit: LimitHit) -> ErrorKind {
    match hit {
        LimitHit::Memory { .. } | LimitHit::RunMemory { .. } => ErrorKind::LimitMemory,
        LimitHit::Table { .. } => ErrorKind::LimitTable,
        LimitHit::Log { .. } | LimitHit::LogRate { .. } => ErrorKind::LimitLog,
        LimitHit::Random { .. } => ErrorKind::LimitRandom,
    }
}

fn trapped(trap: Trap, error: &wasmtime::Error) -> CallError {
    let kind = match trap {
        Trap::OutOfFuel => ErrorKind::LimitFuel,
        Trap::Interrupt => ErrorKind::LimitDeadline,
        Trap::StackOverflow => ErrorKind::LimitStack,
        _ => ErrorKind::GuestTrap,
    };
    let message = match kind {
        ErrorKind::LimitFuel => "the call's fuel is spent".to_owned(),
        ErrorKind::LimitDeadline => "the call took longer than its wall time".to_owned(),
        ErrorKind::LimitStack => at(error, "the component's stack is full"),
        _ => {
            let text = trap.to_string();
            at(error, text.strip_prefix("wasm trap: ").unwrap_or(&text))
        }
    };
    CallError::new(kind, message)
}

/// `text`, and the guest function it happened in if that has a name.
fn at(error: &wasmtime::Error, text: &str) -> String {
    let name = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|trace| trace.frames().iter().find_map(wasmtime::FrameInfo::func_name));
    match name {
        Some(name) => format!("{text}, in `{}`", sanitize::line(name, GUEST_TEXT_MAX)),
        None => text.to_owned(),
    }
}
