//! Memory: of the guest, and of the host on behalf of the guest.

use serde_json::json;

use crate::case::Case;
use crate::guest::{Guest, core};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::beside(
            "MEM-1",
            "growing to 4 GiB and touching every page",
            Guest::core(
                r#"(memory 1) (func (export "f") (local i32) (loop
                    (drop (memory.grow (i32.const 1)))
                    (i32.store (i32.shl (local.tee 0 (i32.sub (memory.size) (i32.const 1))) (i32.const 16)) (i32.const 1))
                    (br 0)))"#,
            ),
            &["limit.memory"],
        ),
        Case::beside(
            "MEM-2",
            "4 GiB from the start",
            Guest::core(r#"(memory 65536) (func (export "f"))"#),
            &["limit.memory"],
        ),
        Case::beside(
            "MEM-3",
            "40 memories of 32 MiB, each below the limit",
            Guest::bytes(many_memories),
            &["limit.memory", "limit.instances"],
        ),
        Case::beside(
            "MEM-3b",
            "ten memories of 32 MiB, each below the limit",
            Guest::wat(memories(10)),
            &["limit.memory"],
        ),
        Case::beside("MEM-4", "handles without end", Guest::wat(HANDLES), &["limit.handles"]),
        Case::beside("MEM-5", "a log line of 60 MiB", log_line(), &["limit.hostcall-bytes"]),
        Case::beside(
            "MEM-6",
            "a result of 100,000 texts, all the same MiB",
            Guest::wat(quadratic()),
            &["limit.hostcall-bytes"],
        ),
        Case::alone(
            "MEM-8",
            "a memory that threads share",
            Guest::wat(core(r#"(memory 1 1 shared) (func (export "f"))"#)),
            &["invalid.component"],
        ),
        Case::alone(
            "MEM-8b",
            "a memory of 64-bit addresses",
            Guest::wat(core(r#"(memory i64 1) (func (export "f"))"#)),
            &["invalid.component"],
        ),
        Case::alone(
            "MEM-8c",
            "a memory with pages of one byte",
            Guest::wat(core(r#"(memory 1 (pagesize 1)) (func (export "f"))"#)),
            &["invalid.component"],
        ),
        Case::beside(
            "MEM-9",
            "reading what the call before left in memory",
            scanner().times(100),
            &["works"],
        )
        .wall_ms(20_000),
    ]
}

const HANDLES: &str = r#"(component
    (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
        (func (export "f") (loop (drop (call $new (i32.const 1))) (br 0))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "f") (canon lift (core func $i "f"))))"#;

fn memories(count: usize) -> String {
    format!(
        r#"(component (core module $a (memory 512)) {}
            (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#,
        "(core instance (instantiate $a))".repeat(count)
    )
}

fn many_memories() -> Vec<u8> {
    crate::guest::binary(&memories(40))
}

fn log_line() -> Guest {
    Guest::world(
        "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(); }",
        r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 960)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "f") (call $log (i32.const 2) (i32.const 0) (i32.const 62914560))))"#,
    )
    .cap("log")
}

/// 100,000 pairs of pointer and length, all of them the same MiB.
fn quadratic() -> String {
    r#"(component
        (core module $m (memory (export "memory") 64)
            (func (export "f") (result i32) (local i32)
                (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 100000))
                (loop
                    (i32.store offset=8 (i32.mul (local.get 0) (i32.const 8)) (i32.const 1048576))
                    (i32.store offset=12 (i32.mul (local.get 0) (i32.const 8)) (i32.const 1048576))
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const 100000))))
                (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "f") (result (list string))
            (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
        .to_owned()
}

/// Finds bytes that are not zero in fresh memory, then leaves a mark over all of it.
fn scanner() -> Guest {
    Guest::wat(
        r#"(component
            (core module $m (memory 16) (func (export "f") (result i32) (local i32 i32)
                (loop
                    (local.set 1 (i32.or (local.get 1) (i32.load (local.get 0))))
                    (local.set 0 (i32.add (local.get 0) (i32.const 4)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const 1048576))))
                (memory.fill (i32.const 0) (i32.const 255) (i32.const 1048576))
                (local.get 1)))
            (core instance $i (instantiate $m))
            (func (export "f") (result u32) (canon lift (core func $i "f"))))"#,
    )
    .gives(json!(0))
}
