//! Guests that break the rules, and what is said about them.

use std::time::Duration;

use coldframe_engine::{Call, CallLimits, Invoke as _};
use serde_json::json;

use super::guest::{
    SANDBOX, admit, all_caps, assert_canary_sings, binary, call, call_of, encode, load, run,
    summary,
};
use super::limits::logging;

#[track_caller]
fn check(wat: &str, expected: &str, message: &str) {
    let report = call(wat, json!({}), CallLimits::default());
    assert_eq!(summary(&report), expected, "{report:?}");
    assert_eq!(report.result.unwrap_err().message, message);
    assert_canary_sings();
}

#[test]
fn traps_name_the_function_and_nothing_acts_on_the_terminal() {
    check(
        r#"(component
            (core module $m (func $"\1b[31mEVIL\0a2026 INFO fine" (export "f") unreachable))
            (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#,
        "guest.trap",
        "wasm `unreachable` instruction executed, in `\\u{1b}[31mEVIL\\n2026 INFO fine`",
    );
}

#[test]
fn values_that_are_none() {
    let returning = |ty: &str, value: i64| {
        format!(
            r#"(component
                (core module $m (memory (export "memory") 1)
                    (func (export "f") (result i32) (i32.const {value})))
                (core instance $i (instantiate $m))
                (func (export "f") (result {ty})
                    (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
        )
    };
    for (ty, value) in
        [("char", 0xd800), ("(option u8)", 65536), ("string", 0x7fff_fffe), ("(list u64)", 1)]
    {
        let report = call(&returning(ty, value), json!({}), CallLimits::default());
        let kind = summary(&report);
        assert!(kind == "invalid.result" || kind == "guest.trap", "{ty}: {report:?}");
    }
    assert_canary_sings();
}

#[test]
fn allocators_that_lie() {
    for (answer, expected) in
        [(0x7fff_fff0_i64, "guest.trap"), (65536 * 16, "guest.trap"), (0, "null")]
    {
        let wat = format!(
            r#"(component
                (core module $m (memory (export "memory") 1)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const {answer}))
                    (func (export "f") (param i32 i32)))
                (core instance $i (instantiate $m))
                (func (export "f") (param "text" string)
                    (canon lift (core func $i "f") (memory (core memory $i "memory"))
                        (realloc (core func $i "realloc")))))"#
        );
        let report = call(&wat, json!({"text": "x"}), CallLimits::default());
        assert_eq!(summary(&report), expected, "{report:?}");
    }
    assert_canary_sings();
}

#[test]
fn strings_that_are_none_in_a_host_call() {
    let wit = "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(); }";
    for (pointer, length) in [(0x7fff_0000_i64, 8), (0, 0x7fff_ffff), (0, 2)] {
        let core = format!(
            r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
                (memory (export "memory") 1) (data (i32.const 0) "\ff\fe")
                (func (export "f") (call $log (i32.const 0) (i32.const {pointer}) (i32.const {length})))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#
        );
        let digest = load(&SANDBOX, &encode(wit, &core)).unwrap();
        let report = run(&SANDBOX, call_of(digest, json!({})));
        assert_eq!(summary(&report), "guest.trap", "{report:?}");
    }
}

#[test]
fn capabilities_are_denied_before_anything_runs() {
    let digest = load(&SANDBOX, &logging(1)).unwrap();
    for (layers, expected) in [
        (vec![all_caps(), all_caps()], "null"),
        (vec![], "null"),
        (vec![all_caps(), Default::default()], "denied.capability"),
        (vec![Default::default()], "denied.capability"),
    ] {
        let report = run(
            &SANDBOX,
            Call { grants: super::guest::layers(layers), ..call_of(digest, json!({})) },
        );
        assert_eq!(summary(&report), expected, "{report:?}");
        if expected != "null" {
            assert_eq!((report.fuel, report.logs.len()), (0, 0));
        }
    }
}

#[test]
fn cancelled_calls_leave_nothing_behind() {
    let wat = r#"(component
        (core module $m (memory 100) (func (export "f") (loop (br 0))))
        (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    let digest = load(&SANDBOX, &binary(wat)).unwrap();
    let limits = CallLimits { fuel: u64::MAX, ..CallLimits::default() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let call = Call { limits, ..call_of(digest, json!({})) };
        for _ in 0..100 {
            let invoked = SANDBOX.invoke(call.clone());
            assert!(tokio::time::timeout(Duration::from_millis(2), invoked).await.is_err());
        }
        assert!(call.memory.take(1 << 30), "all memory was given back");
    });
    assert_canary_sings();
}

#[test]
fn instances_see_nothing_of_each_other() {
    // Finds a byte that is not zero in its memory, then leaves some there.
    let wat = r#"(component
        (core module $m (memory 4) (func (export "f") (result i32) (local i32 i32)
            (loop
                (local.set 1 (i32.or (local.get 1) (i32.load (local.get 0))))
                (local.set 0 (i32.add (local.get 0) (i32.const 4)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 262144))))
            (memory.fill (i32.const 0) (i32.const 255) (i32.const 262144))
            (local.get 1)))
        (core instance $i (instantiate $m))
        (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;
    for _ in 0..50 {
        assert_eq!(summary(&call(wat, json!({}), CallLimits::default())), "0");
    }
}

#[test]
fn nan_has_one_face() {
    let wat = r#"(component
        (core module $m (func (export "f") (param f64) (result i64)
            (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 0)))))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" f64) (result u64) (canon lift (core func $i "f"))))"#;
    let report = call(wat, json!({"x": 0.0}), CallLimits::default());
    assert_eq!(summary(&report), format!("\"{}\"", 0x7ff8_0000_0000_0000_u64));
}

#[test]
fn what_is_not_loaded_cannot_be_called() {
    let digest = coldframe_format::Digest::of(b"nothing");
    assert_eq!(summary(&run(&SANDBOX, call_of(digest, json!({})))), "host.bug");
}

#[test]
fn a_panic_in_a_host_function_ends_one_call() {
    let wat = r#"(component
        (import "test:host/panic@0.1.0" (instance $host (export "now" (func))))
        (core func $now (canon lower (func $host "now")))
        (core module $m (import "" "now" (func $now)) (func (export "f") (call $now)))
        (core instance $i (instantiate $m (with "" (instance (export "now" (func $now))))))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    let bytes = binary(wat);
    // The table of imports does not know the interface, and never will.
    let mut interface = coldframe_format::Interface::read(&bytes).unwrap();
    interface.imports.clear();
    let digest = coldframe_format::Digest::of(&bytes);
    let ceiling = all_caps();
    admit(&SANDBOX, &bytes, &interface, &ceiling).unwrap();
    let report = run(&SANDBOX, call_of(digest, json!({})));
    assert_eq!(summary(&report), "host.bug", "{report:?}");
    assert!(report.fuel > 0);
    assert_canary_sings();
}
