//! Loading a guest written in text form and calling it.

use std::sync::{Arc, LazyLock};

use coldframe_engine::{Call, CallLimits, CallReport, Invoke as _, Layer, Layers, MemoryMeter};
use coldframe_format::{Caps, Digest, Interface};
use serde_json::{Value, json};

pub(super) use coldframe_guests::{binary, encode};

use crate::loader::Admitted;
use crate::{Compiler, LoadError, Loaded, Sandbox, SandboxConfig};

/// One engine for all tests, as in the real thing.
pub(super) static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap());

/// Every right there is, so that a test shows a limit and not a denial.
pub(super) fn all_caps() -> Caps {
    serde_json::from_value(json!({
        "fs": ["write *"], "kv": ["write *"], "llm": ["*"], "sql": ["write *"], "tools": ["*"], "log": true, "clock": true, "random": true
    }))
    .unwrap()
}

/// Layers of these grants.
pub(super) fn layers(caps: impl IntoIterator<Item = Caps>) -> Layers {
    caps.into_iter().map(|caps| Layer::new("a layer", caps)).collect()
}

/// Loads component bytes with the ceiling their own imports need.
pub(super) fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<Digest, LoadError> {
    let interface = Interface::read(bytes).unwrap_or_default();
    let digest = Digest::of(bytes);
    admit(sandbox, bytes, &interface, &all_caps())?;
    Ok(digest)
}

/// Admits component bytes as a signed skill.
pub(super) fn admit(
    sandbox: &Sandbox,
    bytes: &[u8],
    interface: &Interface,
    ceiling: &Caps,
) -> Result<Loaded, LoadError> {
    let digest = Digest::of(bytes);
    sandbox.admit(Admitted { digest, interface, ceiling, asked_by: "the test", bytes }, true)
}

/// A call of `f` with every right and the usual limits.
pub(super) fn call_of(component: Digest, input: Value) -> Call {
    Call {
        component,
        operation: "f".to_owned(),
        input,
        grants: layers([all_caps()]),
        limits: CallLimits::default(),
        memory: Arc::new(MemoryMeter::new(1 << 30)),
        cancel: coldframe_engine::Cancel::default(),
        tape: None,
        tools: Arc::default(),
    }
}

/// Runs a call on a runtime of its own.
pub(super) fn run(sandbox: &Sandbox, call: Call) -> CallReport {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(sandbox.invoke(call))
}

/// Loads a guest and calls its `f` under limits.
pub(super) fn call(wat: &str, input: Value, limits: CallLimits) -> CallReport {
    let digest = load(&SANDBOX, &binary(wat)).unwrap_or_else(|error| panic!("{error:?}"));
    run(&SANDBOX, Call { limits, ..call_of(digest, input) })
}

/// What a report says in one line: the output, or the kind.
pub(super) fn summary(report: &CallReport) -> String {
    match &report.result {
        Ok(output) => output.to_string(),
        Err(error) => error.kind.to_string(),
    }
}

/// A skill that always works, to be called after every attack.
pub(super) fn assert_canary_sings() {
    let report = call(
        r#"(component
            (core module $m (func (export "f") (param i32) (result i32)
                (i32.add (local.get 0) (i32.const 1))))
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#,
        json!({"n": 41}),
        CallLimits::default(),
    );
    assert_eq!(summary(&report), "42", "{report:?}");
}
