//! Every limit, just below and just above. The HTTP limits are in `http`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::{Call, CallLimits, MemoryMeter};
use serde_json::json;

use super::guest::{
    SANDBOX, assert_canary_sings, binary, call, call_of, encode, load, run, summary,
};

const PAGE: u64 = 65536;

#[track_caller]
fn check(wat: &str, limits: CallLimits, expected: &str) {
    let report = call(wat, json!({}), limits);
    assert_eq!(summary(&report), expected, "{report:?}");
    assert_canary_sings();
}

fn limits() -> CallLimits {
    CallLimits::default()
}

/// A component around a core module whose `f` is called.
pub(super) fn core(module: &str) -> String {
    format!(
        r#"(component (core module $m {module}) (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#
    )
}

/// A component whose `f` returns what stands at address 0, in a memory of 80 pages.
pub(super) fn returning(ty: &str, module: &str) -> String {
    format!(
        r#"(component (core module $m (memory (export "memory") 80)
                (func (export "f") (result i32) (i32.const 0)) {module})
            (core instance $i (instantiate $m))
            (func (export "f") (result {ty})
                (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
    )
}

/// A string of `n` times `a`.
pub(super) fn text(n: u32) -> String {
    let setup = format!(
        r#"(func $fill (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const {n}))
            (memory.fill (i32.const 8) (i32.const 97) (i32.const {n}))) (start $fill)"#
    );
    returning("string", &setup)
}

#[test]
fn fuel() {
    let wat = core(
        r#"(func (export "f") (local i32) (loop
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000)))))"#,
    );
    let used = call(&wat, json!({}), limits()).fuel;
    assert!((5_000..20_000).contains(&used), "{used}");
    check(&wat, CallLimits { fuel: used, ..limits() }, "null");
    // Fuel is looked at where a loop starts over, so the last round may still slip through.
    check(&wat, CallLimits { fuel: used - 20, ..limits() }, "limit.fuel");
    check(
        &core(r#"(func (export "f") (loop (br 0)))"#),
        CallLimits { fuel: 1_000_000, ..limits() },
        "limit.fuel",
    );
}

#[test]
fn fuel_of_growing_memory() {
    let wat = core(
        r#"(memory 0) (func (export "f") (loop
            (drop (memory.grow (i32.const 1))) (br 0)))"#,
    );
    let report = call(&wat, json!({}), CallLimits { fuel: 25_500, ..limits() });
    assert_eq!(summary(&report), "limit.fuel", "{report:?}");
    assert!(report.memory_peak_bytes <= 100 * PAGE, "{report:?}");
}

#[test]
fn wall() {
    let wat = core(r#"(func (export "f") (loop (br 0)))"#);
    let started = Instant::now();
    let limits = CallLimits { fuel: u64::MAX, wall: Duration::from_millis(60), ..limits() };
    check(&wat, limits, "limit.deadline");
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[test]
fn start_functions_are_armed() {
    let wat = core(r#"(func $s (loop (br 0))) (start $s) (func (export "f"))"#);
    check(&wat, CallLimits { fuel: 100_000, ..limits() }, "limit.fuel");
    let slow = CallLimits { fuel: u64::MAX, wall: Duration::from_millis(30), ..limits() };
    check(&wat, slow, "limit.deadline");
}

#[test]
fn allocation_functions_are_armed() {
    let wat = r#"(component
        (core module $m (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (loop (br 0)) unreachable)
            (func (export "f") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "text" string)
            (canon lift (core func $i "f") (memory (core memory $i "memory"))
                (realloc (core func $i "realloc")))))"#;
    let report = call(wat, json!({"text": "x"}), CallLimits { fuel: 100_000, ..limits() });
    assert_eq!(summary(&report), "limit.fuel", "{report:?}");
    assert_canary_sings();
}

#[test]
fn clean_up_functions_are_armed_and_a_result_before_them_is_nothing() {
    let wat = r#"(component
        (core module $m
            (func (export "after") (param i32) (loop (br 0)))
            (func (export "f") (result i32) (i32.const 7)))
        (core instance $i (instantiate $m))
        (func (export "f") (result u32)
            (canon lift (core func $i "f") (post-return (core func $i "after")))))"#;
    check(wat, CallLimits { fuel: 100_000, ..limits() }, "limit.fuel");
}

#[test]
fn memory() {
    let initial = core(r#"(memory 10) (func (export "f"))"#);
    check(&initial, CallLimits { memory_bytes: 10 * PAGE, ..limits() }, "null");
    check(&initial, CallLimits { memory_bytes: 10 * PAGE - 1, ..limits() }, "limit.memory");
    let grown = core(r#"(memory 1) (func (export "f") (drop (memory.grow (i32.const 9))))"#);
    check(&grown, CallLimits { memory_bytes: 10 * PAGE, ..limits() }, "null");
    check(&grown, CallLimits { memory_bytes: 9 * PAGE, ..limits() }, "limit.memory");
    check(&core(r#"(memory 16384) (func (export "f"))"#), limits(), "limit.memory");
}

#[test]
fn memory_is_the_sum_over_all_memories() {
    let wat = r#"(component
        (core module $a (memory 5)) (core instance (instantiate $a)) (core instance (instantiate $a))
        (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    check(wat, CallLimits { memory_bytes: 10 * PAGE, ..limits() }, "null");
    check(wat, CallLimits { memory_bytes: 10 * PAGE - 1, ..limits() }, "limit.memory");
}

#[test]
fn memory_of_the_run() {
    let digest = load(&SANDBOX, &binary(&core(r#"(memory 10) (func (export "f"))"#))).unwrap();
    for (max, expected) in [(10 * PAGE, "null"), (10 * PAGE - 1, "limit.memory")] {
        let memory = Arc::new(MemoryMeter::new(max));
        // Twice, because everything is given back in between.
        for _ in 0..2 {
            let memory = Arc::clone(&memory);
            let report = run(&SANDBOX, Call { memory, ..call_of(digest, json!({})) });
            assert_eq!(summary(&report), expected, "{report:?}");
        }
        assert!(memory.take(max), "all was given back");
    }
}

#[test]
fn a_module_that_bounds_itself_gets_its_answer() {
    let wat = r#"(component
        (core module $m (memory 1 2) (func (export "f") (result i32) (memory.grow (i32.const 5))))
        (core instance $i (instantiate $m))
        (func (export "f") (result s32) (canon lift (core func $i "f"))))"#;
    check(wat, limits(), "-1");
}

#[test]
fn filling_memory_ends_with_the_deadline() {
    let wat = core(
        r#"(memory 1024) (func (export "f") (loop
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864)) (br 0)))"#,
    );
    let started = Instant::now();
    let limits = CallLimits { fuel: u64::MAX, wall: Duration::from_millis(100), ..limits() };
    check(&wat, limits, "limit.deadline");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn what_was_cut_off_is_charged() {
    let wat = core(r#"(func (export "f") (loop (br 0)))"#);
    let limits = CallLimits { fuel: u64::MAX, wall: Duration::from_millis(500), ..limits() };
    let report = call(&wat, json!({}), limits);
    assert_eq!(summary(&report), "limit.deadline");
    assert!(report.fuel >= 10_000_000, "{report:?}");
}

#[test]
fn tables() {
    let wat = core(
        r#"(table $t 50 funcref) (func (export "f")
            (drop (table.grow $t (ref.null func) (i32.const 50))))"#,
    );
    check(&wat, CallLimits { table_elements: 100, ..limits() }, "null");
    check(&wat, CallLimits { table_elements: 99, ..limits() }, "limit.table");
    check(&wat, CallLimits { table_elements: 49, ..limits() }, "limit.table");
}

#[test]
fn instances() {
    let wat = r#"(component
        (core module $a) (core instance (instantiate $a)) (core instance (instantiate $a))
        (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    check(wat, CallLimits { instances: 3, ..limits() }, "null");
    check(wat, CallLimits { instances: 2, ..limits() }, "limit.instances");
}

#[test]
fn handles() {
    let wat = r#"(component
        (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
        (core module $m (import "" "new" (func $new (param i32) (result i32)))
            (func (export "f") (local i32) (loop
                (drop (call $new (i32.const 1)))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 50))))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    check(wat, CallLimits { handles: 50, ..limits() }, "null");
    check(wat, CallLimits { handles: 49, ..limits() }, "limit.handles");
}

#[test]
fn hostcall_bytes() {
    let result = |n: u32| {
        if n > 100 { "limit.hostcall-bytes".to_owned() } else { format!("\"{}\"", "a".repeat(100)) }
    };
    check(&text(100), CallLimits { hostcall_bytes: 100, ..limits() }, &result(100));
    check(&text(101), CallLimits { hostcall_bytes: 100, ..limits() }, &result(101));
}

#[test]
fn many_items_that_point_at_one_text_are_counted_each() {
    // 4096 strings of 64 KiB, all of them the same bytes.
    let wat = returning(
        "(list string)",
        r#"(func $fill (local i32)
            (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 4096))
            (loop
                (i32.store offset=8 (i32.mul (local.get 0) (i32.const 8)) (i32.const 65536))
                (i32.store offset=12 (i32.mul (local.get 0) (i32.const 8)) (i32.const 65536))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 4096))))) (start $fill)"#,
    );
    check(&wat, limits(), "limit.hostcall-bytes");
}

#[test]
fn a_megabyte_of_bytes_fits() {
    let wat = returning(
        "(list u8)",
        r#"(func $fill (i32.store (i32.const 4) (i32.const 500000))) (start $fill)"#,
    );
    let report = call(&wat, json!({}), limits());
    let output = report.result.unwrap();
    assert_eq!(output.as_str().unwrap().len(), 666_668);
}

#[test]
fn output_bytes() {
    let ok = format!("\"{}\"", "a".repeat(100));
    check(&text(100), CallLimits { output_bytes: 102, ..limits() }, &ok);
    check(&text(100), CallLimits { output_bytes: 101, ..limits() }, "limit.output");
}

#[test]
fn output_depth() {
    // A list that holds one empty list.
    let wat = returning(
        "(list (list u32))",
        r#"(func $fill (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 1)))
            (start $fill)"#,
    );
    check(&wat, CallLimits { output_depth: 2, ..limits() }, "[[]]");
    check(&wat, CallLimits { output_depth: 1, ..limits() }, "limit.output");
}

/// A component whose `f` returns this text as a `json`.
fn json_of(text: &str) -> Vec<u8> {
    let wit = "package t:t; world w {
        use coldframe:skill/types@0.1.0.{json}; export f: func() -> json; }";
    let data: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let length: String =
        (text.len() as u32).to_le_bytes().iter().map(|b| format!("\\{b:02x}")).collect();
    encode(
        wit,
        &format!(
            r#"(module (memory (export "memory") 4)
                (data (i32.const 0) "\08\00\00\00{length}{data}")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "f") (result i32) (i32.const 0)))"#
        ),
    )
}

#[test]
fn json_results() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    for (text, depth, expected) in [
        ("{\"a-b\": [1, null]}".to_owned(), 2, "{\"a-b\":[1,null]}"),
        ("{\"a-b\": [1, null]}".to_owned(), 1, "limit.output"),
        ("{\"a\": 1} x".to_owned(), 64, "invalid.result"),
        ("NaN".to_owned(), 64, "invalid.result"),
        (String::new(), 64, "invalid.result"),
        (deep(65), 64, "limit.output"),
        (deep(50_000), 64, "invalid.result"),
    ] {
        let digest = load(&SANDBOX, &json_of(&text)).unwrap();
        let limits = CallLimits { output_depth: depth, ..limits() };
        let report = run(&SANDBOX, Call { limits, ..call_of(digest, json!({})) });
        assert_eq!(summary(&report), expected, "{report:?}");
    }
}

/// A component that logs a line of ten bytes `n` times.
pub(super) fn logging(n: u32) -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(); }";
    encode(
        wit,
        &format!(
            r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
                (memory (export "memory") 1) (data (i32.const 0) "a\0ab\1b[31m8")
                (func (export "f") (local i32) (loop
                    (call $log (i32.const 2) (i32.const 0) (i32.const 9))
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const {n})))))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#
        ),
    )
}

#[test]
fn log() {
    let digest = load(&SANDBOX, &logging(3)).unwrap();
    let with = |log_bytes| {
        let limits = CallLimits { log_bytes, ..limits() };
        run(&SANDBOX, Call { limits, ..call_of(digest, json!({})) })
    };
    let report = with(30);
    assert_eq!(summary(&report), "null", "{report:?}");
    assert_eq!(report.logs, ["warn: a\\nb\\u{1b}[31m8"; 3]);
    assert_eq!(report.host_calls, 3);
    let report = with(29);
    assert_eq!(summary(&report), "limit.log", "{report:?}");
    assert_eq!(report.logs.len(), 2);
}

#[test]
fn stack() {
    let wat = core(r#"(func $f (export "f") (call $f))"#);
    check(&wat, limits(), "limit.stack");
}

#[test]
fn limits_hold_beside_each_other() {
    // Twice as many endless loops as there are slots: all end, and others are served between.
    let digest = load(&SANDBOX, &binary(&core(r#"(func (export "f") (loop (br 0)))"#))).unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let calls = (0..64).map(|_| {
            let limits = CallLimits { fuel: u64::MAX, wall: Duration::from_millis(50), ..limits() };
            let call = Call { limits, ..call_of(digest, json!({})) };
            tokio::spawn(async move {
                use coldframe_engine::Invoke as _;
                SANDBOX.invoke(call).await
            })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(summary(&call.await.unwrap()), "limit.deadline");
        }
    });
    assert_canary_sings();
}

/// A call that nobody needs any more ends soon and still says what it consumed.
#[test]
fn cancelling() {
    let digest = load(&SANDBOX, &binary(&core(r#"(func (export "f") (loop (br 0)))"#))).unwrap();
    let limits = CallLimits { fuel: u64::MAX, wall: Duration::from_secs(60), ..limits() };
    let call = Call { limits, ..call_of(digest, json!({})) };
    let cancel = call.cancel.clone();
    let asks = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        cancel.cancel();
    });
    let report = run(&SANDBOX, call);
    asks.join().unwrap();
    assert_eq!(summary(&report), "pipeline.cancelled");
    assert!(report.wall_us < 10_000_000, "{report:?}");
    assert_canary_sings();
}
