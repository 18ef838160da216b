//! What is never compiled, and how quickly that is known.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::guest::{SANDBOX, assert_canary_sings, binary, load};

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let result = load(&SANDBOX, bytes);
    let found = result.as_ref().map_or_else(|error| error.kind.as_str(), |_| "ok");
    assert_eq!(found, expected, "{result:?}");
}

/// `depth` levels of a component that instantiates the one before `fan` times.
fn instance_bomb(depth: usize, fan: usize) -> String {
    let mut wat = String::from(
        "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))",
    );
    for level in 1..=depth {
        let mut instances = String::new();
        for _ in 0..fan {
            write!(instances, "(instance (instantiate $c{}))", level - 1).unwrap();
        }
        wat = format!("(component $c{level} {wat} {instances})");
    }
    wat
}

/// `n` components, each within the next.
fn nested_components(n: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..n {
        let mut outer = b"\0asm\x0d\0\x01\0".to_vec();
        if !bytes.is_empty() {
            outer.push(4);
            leb(&mut outer, bytes.len());
            outer.append(&mut bytes);
        }
        bytes = outer;
    }
    bytes
}

/// `n` instance types, each within the next.
fn nested_types(n: usize) -> Vec<u8> {
    let mut section = vec![1];
    for _ in 0..n {
        section.extend([0x42, 1, 1]);
    }
    section.extend([0x42, 0]);
    let mut bytes = b"\0asm\x0d\0\x01\0\x07".to_vec();
    leb(&mut bytes, section.len());
    bytes.append(&mut section);
    bytes
}

fn leb(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[test]
fn other_kinds_of_files() {
    check(b"", "invalid.kind");
    check(b"\x7fELF\x02\x01\x01\0", "invalid.kind");
    check(b"PK\x03\x04", "invalid.kind");
    check(b"(component)", "invalid.kind");
    check(&binary("(module)"), "invalid.kind");
    check(&SANDBOX.engine.precompile_component(&binary("(component)")).unwrap(), "invalid.kind");
    check(b"\0asm\x0d\0\x01", "invalid.component");
    check(b"\0asm\x0d\0\x01\0garbage", "invalid.component");
    check(&binary("(component)"), "ok");
}

#[test]
fn every_prefix_of_a_component_is_refused_without_a_panic() {
    let whole = binary(
        r#"(component
            (core module $m (memory 1) (data (i32.const 0) "abc")
                (func (export "f") (param i32) (result i32) (local.get 0)))
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#,
    );
    for end in 0..whole.len() {
        let prefix = &whole[..end];
        // A cut between two sections leaves a smaller component that is in order.
        let kind = load(&SANDBOX, prefix).err().map(|error| error.kind.to_string());
        let expected = [None, Some("invalid.kind"), Some("invalid.component")];
        assert!(expected.contains(&kind.as_deref()), "{end}: {kind:?}");
    }
}

#[test]
fn a_bomb_of_instances_is_counted_and_not_built() {
    let bomb = binary(&instance_bomb(7, 10));
    let started = Instant::now();
    check(&bomb, "limit.structure");
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    check(&binary(&instance_bomb(1, 10)), "ok");
    // 221 instances pass the budget; their hundred memories find no place in the pool.
    check(&binary(&instance_bomb(2, 10)), "limit.instances");
    check(&binary(&instance_bomb(3, 10)), "limit.structure");
    assert_canary_sings();
}

#[test]
fn nested_definitions() {
    check(&nested_components(8), "ok");
    check(&nested_components(9), "limit.structure");
    check(&nested_components(2_000), "limit.structure");
}

#[test]
fn nested_types_do_not_overflow_anything() {
    check(&nested_types(8), "ok");
    check(&nested_types(31), "limit.structure");
    check(&nested_types(500_000), "limit.structure");
    assert_canary_sings();
}

#[test]
fn code() {
    let module = |inner: &str| binary(&format!("(component (core module {inner}))"));
    let functions = |n: usize| module(&"(func)".repeat(n));
    check(&functions(50_001), "limit.structure");
    let locals = |n: usize| module(&format!("(func (local {}))", "i32 ".repeat(n)));
    check(&locals(4_096), "ok");
    check(&locals(4_097), "limit.structure");
    let body = |n: usize| module(&format!("(func {})", "nop ".repeat(n)));
    check(&body((256 << 10) + 1), "limit.structure");
    let targets = |n: usize| {
        module(&format!("(func (param i32) (br_table {} (local.get 0)))", "0 ".repeat(n)))
    };
    check(&targets(200_002), "limit.structure");
    check(&module(&"(type (func (param i32 i32)))".repeat(20_001)), "limit.structure");
    check(&module("(memory 1) (memory 1)"), "invalid.component");
    check(&module("(memory i64 1)"), "invalid.component");
    check(&module("(memory 1 1 shared)"), "invalid.component");
}

#[test]
fn components_that_take_components() {
    check(
        &binary(
            r#"(component (component (import "x" (component $x)) (instance (instantiate $x))))"#,
        ),
        "invalid.component",
    );
}

#[test]
fn unknown_imports_are_named() {
    let wat = r#"(component (import "wasi:sockets/tcp@0.2.6" (instance
        (export "f" (func)))))"#;
    let error = load(&SANDBOX, &binary(wat)).unwrap_err();
    assert_eq!(error.kind.as_str(), "denied.import");
    assert!(error.message.contains("wasi:sockets/tcp@0.2.6"), "{}", error.message);
    for name in ["wasi:cli/stdout@0.2.99", "wasi:http/incoming-handler@0.2.0", "a:b/c@1.0.0", "x"] {
        let wat = format!(r#"(component (import "{name}" (instance (export "f" (func)))))"#);
        check(&binary(&wat), "denied.import");
    }
}
