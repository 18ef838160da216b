//! The errors of wasmtime that are only texts: one component for each, so that an upgrade that
//! changes a text fails here. Those that end a call are in `limits` and `attacks`.

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
    let module = |n: usize| {
        let functions: String = (0..n).map(|index| format!("(func $f{index})")).collect();
        let names: String = (0..n).map(|index| format!(" $f{index}")).collect();
        format!("{functions} (elem declare func {names})")
    };
    check(&instances(&module(100), 1), "ok");
    check(&instances(&module(33_000), 1), "limit.structure");
}
