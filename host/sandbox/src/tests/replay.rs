//! Calls that run again with what they heard: the same to the bit, and nobody is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::tape::{Heard, Observed, Tape};
use coldframe_engine::{Call, CallLimits, CallReport, Recording};
use coldframe_format::Digest;
use serde_json::{Value, json};

use super::guest::{SANDBOX, call_of, encode, load, run, summary};
use crate::Sandbox;

/// What must not differ.
fn essence(report: &CallReport) -> (String, u64, u64, u64, u64, Vec<String>) {
    let result = format!("{:?}", report.result);
    let CallReport { fuel, memory_peak_bytes, host_calls, net_bytes, logs, .. } = report;
    (result, *fuel, *memory_peak_bytes, *host_calls, *net_bytes, logs.clone())
}

fn tape(report: &CallReport) -> Tape {
    match &report.recording {
        Recording::Whole(tape) => Tape::from_bytes(&tape.to_bytes()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Runs a call twice, the second time from the tape of the first, and compares.
#[track_caller]
fn check(sandbox: &Sandbox, call: &Call) -> (CallReport, Tape) {
    let first = run(sandbox, call.clone());
    let tape = tape(&first);
    let again = Call { tape: Some(Arc::new(tape.clone())), ..call.clone() };
    let second = run(sandbox, again);
    assert_eq!(essence(&second), essence(&first));
    assert_eq!(second.recording, Recording::Nothing);
    (first, tape)
}

/// Reads both clocks and random bytes, looks at a timer until it is over, and waits for two.
fn everything() -> Digest {
    let wit = "package t:t; world w {
        import wasi:clocks/monotonic-clock@0.2.6; import wasi:clocks/wall-clock@0.2.6;
        import wasi:random/random@0.2.6; import wasi:io/poll@0.2.6;
        export f: func(first: u64, second: u64, look: bool) -> u64; }";
    let core = r#"(module
        (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
        (import "wasi:clocks/wall-clock@0.2.6" "now" (func $wall (param i32)))
        (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration"
            (func $in (param i64) (result i32)))
        (import "wasi:io/poll@0.2.6" "[method]pollable.ready" (func $ready (param i32) (result i32)))
        (import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
        (import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export "f") (param i64 i64 i32) (result i64) (local i32 i32)
            (local.set 3 (call $in (local.get 0)))
            (local.set 4 (call $in (local.get 1)))
            (if (local.get 2) (then
                (loop (br_if 0 (i32.eqz (call $ready (local.get 4)))))))
            (i32.store (i32.const 128) (local.get 3))
            (i32.store (i32.const 132) (local.get 4))
            (call $poll (i32.const 128) (i32.const 2) (i32.const 140))
            (call $wall (i32.const 160))
            (i64.add (i64.add (call $random) (call $now))
                (i64.add (i64.load (i32.const 160)) (i64.load32_u (i32.const 144))))))"#;
    load(&SANDBOX, &encode(wit, core)).unwrap()
}

#[test]
fn clocks_randomness_and_waiting() {
    let component = everything();
    let input = json!({"first": 400_000_000, "second": 3_000_000, "look": true});
    let call = call_of(component, input);
    let (first, tape) = check(&SANDBOX, &call);
    assert!(first.result.is_ok(), "{first:?}");
    // Another run hears something else; and the same tape gives the same once more.
    assert_ne!(summary(&run(&SANDBOX, call.clone())), summary(&first));
    let again = Call { tape: Some(Arc::new(tape.clone())), ..call };
    assert_eq!(essence(&run(&SANDBOX, again)), essence(&first));
    // However often it looked, that is one entry for as long as nothing changed.
    let looks = |heard: &&Heard| matches!(heard, Heard::Number { of: Observed::Ready, .. });
    assert!(tape.heard.iter().filter(looks).count() <= 2, "{tape:?}");
}

#[test]
fn nobody_waits_again() {
    let long = json!({"first": 600_000_000, "second": 500_000_000, "look": false});
    let call = call_of(everything(), long);
    let tape = tape(&run(&SANDBOX, call.clone()));
    let begun = Instant::now();
    let limits = CallLimits { wall: Duration::from_millis(400), ..call.limits };
    let again = run(&SANDBOX, Call { tape: Some(Arc::new(tape)), limits, ..call });
    assert!(again.result.is_ok(), "{again:?} in {:?}", begun.elapsed());
}

#[test]
fn a_guest_that_asks_something_else_is_told_apart() {
    let call =
        call_of(everything(), json!({"first": 2_000_000, "second": 1_000_000, "look": true}));
    let whole = tape(&run(&SANDBOX, call.clone()));
    let played =
        |tape: Tape| summary(&run(&SANDBOX, Call { tape: Some(Arc::new(tape)), ..call.clone() }));
    assert_eq!(played(Tape::empty()), "replay.differs");
    let mut shorter = whole.clone();
    shorter.heard.pop();
    assert_eq!(played(shorter), "replay.differs");
    let mut longer = whole.clone();
    longer.heard.push(Heard::Polled(vec![0]));
    assert_eq!(played(longer), "replay.differs");
    let mut other = whole;
    other.heard.reverse();
    assert_eq!(played(other), "replay.differs");
}

#[test]
fn a_call_that_hears_nothing_has_no_recording() {
    let wat = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#;
    let component = load(&SANDBOX, &super::guest::binary(wat)).unwrap();
    let call = call_of(component, json!({"n": 7}));
    let first = run(&SANDBOX, call.clone());
    assert_eq!(first.recording, Recording::Nothing);
    let again = run(&SANDBOX, Call { tape: Some(Arc::new(Tape::empty())), ..call });
    assert_eq!(essence(&again), essence(&first));
}

#[test]
fn requests() {
    let (sandbox, component) = super::http::fetching();
    let grants = || super::guest::layers([super::http::everything()]);
    let input = |path: &str, times: u32, read: bool| json!({"https": true, "host": "example.org", "path": path, "times": times, "read": read});
    let call = |input: Value, limits: CallLimits| Call {
        grants: grants(),
        limits,
        ..call_of(component, input)
    };
    let usual = CallLimits::default();
    let short = CallLimits { net_first_byte: Duration::from_millis(1), ..usual };
    let few = CallLimits { net_bytes: 2500, ..usual };
    for (path, times, read, limits) in [
        ("/replay/none", 1, false, usual),
        ("/100000", 1, true, usual),
        ("/3000", 3, true, usual),
        ("/3000", 1, true, few),
        ("/down", 1, true, usual),
        ("/private", 1, true, usual),
        ("/slow/first-byte", 1, true, short),
        ("/header", 1, false, CallLimits { net_header_bytes: 50, ..usual }),
    ] {
        let before = super::http::count_sent();
        let call = call(input(path, times, read), limits);
        let first = run(&sandbox, call.clone());
        let asked = super::http::count_sent();
        assert!(asked > before);
        let again = Call { tape: Some(Arc::new(tape(&first))), ..call };
        assert_eq!(essence(&run(&sandbox, again)), essence(&first), "{path}");
        // Tests beside this one ask as well, but none for this.
        if path == "/replay/none" {
            assert_eq!(super::http::sent(path).len(), 1);
        }
    }
    // Another address is not on the tape.
    let of = tape(&run(&sandbox, call(input("/10", 1, true), usual)));
    let other = Call { tape: Some(Arc::new(of)), ..call(input("/11", 1, true), usual) };
    let limits = CallLimits { wall: Duration::from_millis(300), ..usual };
    let found = summary(&run(&sandbox, Call { limits, ..other }));
    assert_eq!(found, "replay.differs");
}

#[test]
fn what_is_too_large_is_not_kept() {
    let (sandbox, component) = super::http::fetching();
    let input = json!({"https": true, "host": "example.org", "path": "/20000000", "times": 1, "read": true});
    let limits = CallLimits { net_bytes: 1 << 30, ..CallLimits::default() };
    let grants = super::guest::layers([super::http::everything()]);
    let report = run(&sandbox, Call { grants, limits, ..call_of(component, input) });
    assert!(report.result.is_ok(), "{report:?}");
    assert_eq!(report.recording, Recording::TooLarge);
}
