//! Loading a guest written in text form and calling it.

use std::sync::{Arc, LazyLock};

use coldframe_engine::{Call, CallLimits, CallReport, Invoke as _, Layer, Layers, MemoryMeter};
use coldframe_format::{Caps, Digest, Interface};
use serde_json::{Value, json};

use crate::loader::Admitted;
use crate::{Compiler, LoadError, Sandbox, SandboxConfig};

/// One engine for all tests, as in the real thing.
pub(super) static SANDBOX: LazyLock<Arc<Sandbox>> =
    LazyLock::new(|| Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap());

/// Every right there is, so that a test shows a limit and not a denial.
pub(super) fn all_caps() -> Caps {
    serde_json::from_value(json!({
        "fs": ["write *"], "kv": ["write *"], "log": true, "clock": true, "random": true
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
    let skill = Admitted {
        digest,
        interface: &interface,
        ceiling: &all_caps(),
        asked_by: "the test",
        bytes,
    };
    sandbox.admit(skill, true)?;
    Ok(digest)
}

/// The binary form of a guest.
pub(super) fn binary(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}"))
}

/// A component of the world `w` that `wit` describes, around a core module. The packages of this
/// project may be used in it.
pub(super) fn encode(wit: &str, core: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_str("types.wit", include_str!("../../../../wit/skill/types.wit")).unwrap();
    let host = [
        include_str!("../../../../wit/host/log.wit"),
        include_str!("../../../../wit/host/fs.wit"),
        include_str!("../../../../wit/host/secrets.wit"),
    ];
    resolve.push_str("host.wit", &host.concat()).unwrap();
    resolve.push_str("drafts.wit", include_str!("../../../../tests/data/drafts.wit")).unwrap();
    resolve.push_str("wasi.wit", include_str!("data/wasi.wit")).unwrap();
    let package = resolve.push_str("t.wit", wit).unwrap_or_else(|error| panic!("{error:#}\n{wit}"));
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = binary(core);
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(&module);
    encoder.as_mut().unwrap().encode().unwrap_or_else(|error| panic!("{error:#}\n{wit}"))
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
