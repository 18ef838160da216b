//! The parts of WASI that every guest may link, and what they lead to: nothing.

use std::time::{Duration, Instant};

use coldframe_engine::{Call, CallLimits, CallReport};
use serde_json::json;

use super::guest::{SANDBOX, call_of, encode, load, run, summary};

fn call(imports: &str, result: &str, core: &str, limits: CallLimits) -> CallReport {
    let wit = format!("package t:t; world w {{ {imports} export f: func(){result}; }}");
    let core = format!(
        r#"(module {core} (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))"#
    );
    let digest = load(&SANDBOX, &encode(&wit, &core)).unwrap();
    run(&SANDBOX, Call { limits, ..call_of(digest, json!({})) })
}

#[test]
fn exit_is_an_error_with_its_status() {
    let report = call(
        "import wasi:cli/exit@0.2.6;",
        "",
        r#"(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
            (func (export "f") (call $exit (i32.const 1)))"#,
        CallLimits::default(),
    );
    let error = report.result.unwrap_err();
    assert_eq!(error.kind.as_str(), "guest.trap");
    assert_eq!(error.message, "the component called `exit` with status 1");
}

#[test]
fn there_is_no_environment_and_no_directory() {
    for (interface, function) in [
        ("wasi:cli/environment@0.2.6", "get-environment"),
        ("wasi:filesystem/preopens@0.2.6", "get-directories"),
    ] {
        let core = format!(
            r#"(import "{interface}" "{function}" (func $get (param i32)))
                (func (export "f") (result i32) (call $get (i32.const 0)) (i32.load (i32.const 4)))"#
        );
        let imports = format!("import {interface};");
        let report = call(&imports, " -> u32", &core, CallLimits::default());
        assert_eq!(summary(&report), "0", "{report:?}");
        assert_eq!(report.host_calls, 1);
    }
}

#[test]
fn output_leads_nowhere() {
    let report = call(
        "import wasi:cli/stdout@0.2.6; import wasi:io/streams@0.2.6;",
        " -> u32",
        r#"(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $get (result i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
                (func $write (param i32 i32 i32 i32)))
            (func (export "f") (result i32)
                (call $write (call $get) (i32.const 0) (i32.const 4096) (i32.const 8))
                (i32.load8_u (i32.const 8)))"#,
        CallLimits::default(),
    );
    assert_eq!(summary(&report), "0", "{report:?}");
}

#[test]
fn hash_seeds_are_constant_and_randomness_is_not() {
    let seed = || {
        call(
            "import wasi:random/insecure-seed@0.2.6;",
            " -> u64",
            r#"(import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $get (param i32)))
                (func (export "f") (result i64) (call $get (i32.const 0)) (i64.load (i32.const 0)))"#,
            CallLimits::default(),
        )
    };
    assert_eq!(summary(&seed()), summary(&seed()));
    let random = || {
        call(
            "import wasi:random/random@0.2.6;",
            " -> u64",
            r#"(import "wasi:random/random@0.2.6" "get-random-u64" (func $get (result i64)))
                (func (export "f") (result i64) (call $get))"#,
            CallLimits::default(),
        )
    };
    assert_ne!(summary(&random()), summary(&random()));
}

const CLOCK: &str = "import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6;";

#[test]
fn sleeping_for_ever_ends_with_the_call() {
    let started = Instant::now();
    let report = call(
        CLOCK,
        "",
        r#"(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
                (func $in (param i64) (result i32)))
            (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
            (func (export "f") (call $block (call $in (i64.const -1))))"#,
        CallLimits { wall: Duration::from_millis(50), ..CallLimits::default() },
    );
    assert_eq!(summary(&report), "limit.deadline", "{report:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn timers_are_handles() {
    let with = |handles| {
        call(
            CLOCK,
            "",
            r#"(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
                    (func $in (param i64) (result i32)))
                (func (export "f") (local i32) (loop
                    (drop (call $in (i64.const 1)))
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const 20)))))"#,
            CallLimits { handles, ..CallLimits::default() },
        )
    };
    // Each one takes two places in our own table: the timer and what waits for it.
    assert_eq!(summary(&with(40)), "null");
    assert_eq!(summary(&with(30)), "limit.handles");
}
