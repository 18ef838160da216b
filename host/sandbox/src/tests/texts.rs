//! The errors of wasmtime that are only texts: one component for each, so that an upgrade that
//! changes a text fails here. The four that end a call are rows of `bites`: "resource limit exceeded" in
//! `instances`, `memories` and `tables`, "store handle limit exceeded" in `handles`, "fuel allocated for
//! hostcalls" in `hostcall_bytes`; the full table of host resources, which has a type, is in
//! `wasi`, and what a `realloc` returns in `attacks`.

use super::guest::{SANDBOX, binary, load};

#[track_caller]
fn check(inner: &str, expected: &str) {
    let result = load(&SANDBOX, &binary(&format!("(component {inner})")));
    let found = result.as_ref().map_or_else(|error| error.kind.as_str(), |_| "ok");
    assert_eq!(found, expected, "{result:?}");
}

fn instances(module: &str, n: usize) -> String {
    format!("(core module $m {module}) {}", "(core instance (instantiate $m))".repeat(n))
}

#[test]
fn instances_per_component() {
    check(&instances("", 200), "ok");
    check(&instances("", 201), "limit.instances");
}

#[test]
fn memories_per_component() {
    check(&instances("(memory 0)", 16), "ok");
    check(&instances("(memory 0)", 17), "limit.instances");
}

#[test]
fn tables_per_component() {
    check(&instances("(table 0 funcref)", 32), "ok");
    check(&instances("(table 0 funcref)", 33), "limit.instances");
}

#[test]
fn tables_per_module() {
    check(&instances(&"(table 0 funcref)".repeat(32), 1), "ok");
    check(&instances(&"(table 0 funcref)".repeat(33), 1), "limit.instances");
}

#[test]
fn memory_size() {
    check(&instances("(memory 16384)", 1), "ok");
    check(&instances("(memory 16385)", 1), "limit.memory");
}

#[test]
fn table_size() {
    check(&instances("(table 1000000 funcref)", 1), "ok");
    check(&instances("(table 1000001 funcref)", 1), "limit.table");
}

#[test]
fn instance_size() {
    // Imported functions take place in an instance and no time to compile.
    let module = |n: usize| {
        let list = |item: fn(usize) -> String| (0..n).map(item).collect::<String>();
        let imports = list(|index| format!("(import \"\" \"{index}\" (func))"));
        let exports = list(|index| format!("(export \"{index}\" (func $f))"));
        format!(
            r#"(core module $a (func (export "f"))) (core instance $a (instantiate $a))
            (alias core export $a "f" (core func $f)) (core module $m {imports})
            (core instance (instantiate $m (with "" (instance {exports}))))"#
        )
    };
    check(&module(100), "ok");
    check(&module(45_000), "limit.structure");
}
