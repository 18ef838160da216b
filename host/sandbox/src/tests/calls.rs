//! Calls that do what they should, and what their reports say.

use coldframe_engine::{CallError, CallLimits, CallReport};
use coldframe_journal::ErrorKind;
use serde_json::{Value, json};

use super::guest::{SANDBOX, call, call_of, encode, load, run, summary};

#[track_caller]
fn check(wat: &str, input: Value, expected: Value) {
    let report = call(wat, input, CallLimits::default());
    assert_eq!(summary(&report), expected.to_string(), "{report:?}");
}

/// A memory, a bump allocator, and one function.
fn component(lift: &str, body: &str) -> String {
    format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (global $top (mut i32) (i32.const 1024))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (global.set $top (i32.and
                        (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
                    (global.get $top)
                    (global.set $top (i32.add (global.get $top) (local.get 3))))
                {body})
            (core instance $i (instantiate $m))
            (func (export "f") {lift}
                (canon lift (core func $i "f") (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc")))))"#
    )
}

#[test]
fn adds() {
    check(
        r#"(component
            (core module $m (func (export "f") (param i32 i32) (result i32)
                (i32.add (local.get 0) (local.get 1))))
            (core instance $i (instantiate $m))
            (func (export "f") (param "a" u32) (param "b" u32) (result u32)
                (canon lift (core func $i "f"))))"#,
        json!({"a": 40, "b": 2}),
        json!(42),
    );
}

#[test]
fn echoes_a_string() {
    let wat = component(
        r#"(param "text" string) (result string)"#,
        r#"(func (export "f") (param i32 i32) (result i32)
            (i32.store (i32.const 0) (local.get 0))
            (i32.store (i32.const 4) (local.get 1))
            (i32.const 0))"#,
    );
    check(&wat, json!({"text": "grüße 🦀"}), json!("grüße 🦀"));
}

#[test]
fn reports_fuel_exactly_and_again() {
    let wat = component("(result u32)", r#"(func (export "f") (result i32) (i32.const 7))"#);
    let fuel: Vec<u64> =
        (0..10).map(|_| call(&wat, json!({}), CallLimits::default()).fuel).collect();
    assert!(fuel[0] > 0);
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
    let report = call(&wat, json!({}), CallLimits::default());
    assert_eq!(report.memory_peak_bytes, 65536);
    assert_eq!(report.host_calls, 0);
}

/// A component whose `f` returns a `result` whose bytes are given.
fn failing(result: &str, bytes: &str) -> CallReport {
    let wit = format!(
        "package t:t; world w {{
            use coldframe:skill/types@0.1.0.{{error}};
            export f: func() -> {result}; }}"
    );
    let core = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{bytes}")
            (data (i32.const 64) "busy\1b!")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "f") (result i32) (i32.const 0)))"#
    );
    let digest = load(&SANDBOX, &encode(&wit, &core)).unwrap();
    run(&SANDBOX, call_of(digest, json!({})))
}

#[test]
fn errors_of_a_skill_say_whether_to_try_again() {
    let text = r"\40\00\00\00\06\00\00\00";
    let zeros = |n: usize| r"\00".repeat(n);
    let case = |case: &str, payload: &str| format!(r"\01{}\{case}{}{payload}", zeros(7), zeros(7));
    // retry-after-ms: some(1500)
    let limited = format!(r"{text}\01{}\dc\05{}", zeros(7), zeros(6));
    for (bytes, transient, retry_after_us) in [
        (case("00", text), true, None),
        (case("01", text), false, None),
        (case("02", &limited), true, Some(1_500_000)),
        (case("02", text), true, None),
    ] {
        let report = failing("result<u32, error>", &bytes);
        let expected = CallError {
            kind: ErrorKind::GuestError,
            message: "busy\\u{1b}!".to_owned(),
            transient,
            retry_after_us,
        };
        assert_eq!(report.result, Err(expected));
    }
}

#[test]
fn other_errors_are_shown_as_they_are() {
    let message = |result: &str, bytes: &str| failing(result, bytes).result.unwrap_err().message;
    let text = r"\01\00\00\00\40\00\00\00\04\00\00\00";
    assert_eq!(message("result<_, string>", text), "busy");
    assert_eq!(message("result<_, tuple<u8, u8>>", r"\01\02\03"), "[2,3]");
    // A result whose sides are both empty is returned as the tag itself.
    assert_eq!(failing("result<u32>", r"\00\00\00\00\07").result, Ok(json!(7)));
    assert_eq!(message("result<u32>", r"\01"), "the operation failed without saying why");
}
