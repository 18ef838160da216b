//! Guests that need an exact amount of something, by the digest they are loaded under.

use coldframe_engine::CallLimits;
use coldframe_format::Digest;
use serde_json::json;

use super::super::guest::{SANDBOX, binary, call_of, encode, load, run};
use super::super::limits::{core, logging as logs, returning, text as text_of};

fn loaded(wat: &str) -> Digest {
    load(&SANDBOX, &binary(wat)).unwrap()
}

/// Counts to a thousand.
pub(super) fn counting() -> Digest {
    loaded(&core(
        r#"(func (export "f") (local i32) (loop
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000)))))"#,
    ))
}

/// What [`counting`] takes.
pub(super) fn fuel_of_counting() -> u64 {
    let report = run(&SANDBOX, call_of(counting(), json!({})));
    assert!(report.result.is_ok(), "{report:?}");
    report.fuel
}

/// Counts for a few tenths of a second.
pub(super) fn busy() -> Digest {
    loaded(&core(
        r#"(func (export "f") (local i32) (loop
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 200000000)))))"#,
    ))
}

pub(super) fn pages(count: u32) -> Digest {
    loaded(&core(&format!(r#"(memory {count}) (func (export "f"))"#)))
}

pub(super) fn trapping() -> Digest {
    loaded(&core(r#"(func (export "f") unreachable)"#))
}

/// A hundred elements of a table.
pub(super) fn tables() -> Digest {
    loaded(&core(
        r#"(table $t 50 funcref) (func (export "f")
            (drop (table.grow $t (ref.null func) (i32.const 50))))"#,
    ))
}

/// Three core instances.
pub(super) fn instances() -> Digest {
    loaded(
        r#"(component
        (core module $a) (core instance (instantiate $a)) (core instance (instantiate $a))
        (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#,
    )
}

/// Two modules with something in each.
pub(super) fn two(thing: &str) -> Digest {
    loaded(&format!(
        r#"(component
        (core module $a ({thing})) (core instance (instantiate $a)) (core instance (instantiate $a))
        (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#
    ))
}

/// Fifty handles.
pub(super) fn handles() -> Digest {
    loaded(
        r#"(component
        (type $r (resource (rep i32))) (core func $new (canon resource.new $r))
        (core module $m (import "" "new" (func $new (param i32) (result i32)))
            (func (export "f") (local i32) (loop
                (drop (call $new (i32.const 1)))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 50))))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (func (export "f") (canon lift (core func $i "f"))))"#,
    )
}

/// Returns a text of so many bytes.
pub(super) fn text(bytes: u32) -> Digest {
    loaded(&text_of(bytes))
}

/// Returns a list in a list.
pub(super) fn nested() -> Digest {
    loaded(&returning(
        "(list (list u32))",
        r#"(func $fill (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 1)))
            (start $fill)"#,
    ))
}

/// Three lines of nine bytes, and one for each.
pub(super) fn logging() -> Digest {
    load(&SANDBOX, &logs(3)).unwrap()
}

/// Three random numbers of eight bytes.
pub(super) fn random() -> Digest {
    let wit = "package t:t; world w { import wasi:random/random@0.2.6; export f: func(); }";
    let module = r#"(module
        (import "wasi:random/random@0.2.6" "get-random-u64" (func $get (result i64)))
        (memory (export "memory") 1)
        (func (export "f") (drop (call $get)) (drop (call $get)) (drop (call $get)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#;
    load(&SANDBOX, &encode(wit, module)).unwrap()
}

/// Writes ten bytes into each of two files.
pub(super) fn writing() -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/fs@0.1.0; export f: func(); }";
    let module = r#"(module
        (import "coldframe:host/fs@0.1.0" "write" (func $write (param i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "ab0123456789")
        (func (export "f")
            (call $write (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 10) (i32.const 64))
            (call $write (i32.const 1) (i32.const 1) (i32.const 2) (i32.const 10) (i32.const 64)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#;
    encode(wit, module)
}

/// Asks a model what a text of twenty bytes means, which is up to a hundred tokens.
pub(super) fn modelling() -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/llm@0.1.0; export f: func(); }";
    let module = r#"(module
        (import "coldframe:host/llm@0.1.0" "embed" (func $embed (param i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "m")
        (data (i32.const 16) "\20\00\00\00\14\00\00\00")
        (data (i32.const 32) "01234567890123456789")
        (func (export "f")
            (call $embed (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 64)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"#;
    encode(wit, module)
}

/// Keeps nine bytes under each of two keys of an empty store.
pub(super) fn keeping() -> Vec<u8> {
    let wit = "package t:t; world w { import wasi:keyvalue/store@0.2.0-draft; export f: func(); }";
    let module = r#"(module
        (import "wasi:keyvalue/store@0.2.0-draft" "open" (func $open (param i32 i32 i32)))
        (import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.set"
            (func $set (param i32 i32 i32 i32 i32 i32)))
        (import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.delete"
            (func $delete (param i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "ab0123456789")
        (func (export "f") (local $s i32)
            (call $open (i32.const 0) (i32.const 1) (i32.const 64))
            (local.set $s (i32.load (i32.const 68)))
            (call $delete (local.get $s) (i32.const 0) (i32.const 1) (i32.const 64))
            (call $delete (local.get $s) (i32.const 1) (i32.const 1) (i32.const 64))
            (call $set (local.get $s) (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 9) (i32.const 64))
            (call $set (local.get $s) (i32.const 1) (i32.const 1) (i32.const 2) (i32.const 9) (i32.const 64)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#;
    encode(wit, module)
}

/// Finds three rows.
pub(super) const THREE_ROWS: &str =
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3) SELECT x FROM n";

/// Takes a few tenths of a second.
pub(super) const LONG_QUERY: &str =
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1000000)
    SELECT count(*) FROM n";

/// Asks a database once.
pub(super) fn querying(statement: &str) -> Vec<u8> {
    let wit = "package t:t; world w { import coldframe:host/sql@0.1.0; export f: func(); }";
    let (statement, length) = (statement.replace('\n', " "), statement.len());
    let module = format!(
        r#"(module
        (import "coldframe:host/sql@0.1.0" "query"
            (func $query (param i32 i32 i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "d") (data (i32.const 1024) "{statement}")
        (global $next (mut i32) (i32.const 4096))
        (func (export "f")
            (call $query (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const {length})
                (i32.const 0) (i32.const 0) (i32.const 64))
            (if (i32.load8_u (i32.const 64)) (then unreachable)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (global.get $next) (local.get 3)))
            (i32.sub (global.get $next) (local.get 3))))"#
    );
    encode(wit, &module)
}

/// The strict column is what a call gets by itself.
#[test]
fn strict_is_the_default() {
    assert_eq!(CallLimits::default(), CallLimits::STRICT);
}
