//! Tables and instances.

use crate::bombs;
use crate::case::Case;
use crate::guest::{Guest, core};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let table = |size: &str| core(&format!(r#"(table {size} funcref) (func (export "f"))"#));
    vec![
        Case::beside(
            "TAB-1",
            "ten tables of ten million elements, filled",
            Guest::wat(filled()),
            &["limit.table"],
        ),
        Case::beside(
            "TAB-2",
            "a table that grows without end",
            Guest::core(
                r#"(table $t 1 funcref) (func (export "f") (loop
                    (drop (table.grow $t (ref.null func) (i32.const 10000))) (br 0)))"#,
            ),
            &["limit.table"],
        ),
        Case::alone(
            "TAB-3",
            "a thousand instances out of a few bytes",
            Guest::wat(bombs::instances(3, 10)),
            &["limit.structure"],
        ),
        Case::beside(
            "TAB-3b",
            "150 instances, each with a table",
            Guest::wat(instances(150)),
            &["limit.instances"],
        ),
        Case::beside(
            "TAB-4",
            "a table of 2^32 - 1 elements",
            Guest::wat(table("0xffffffff")),
            &["limit.table", "invalid.component"],
        ),
        Case::alone(
            "TAB-4b",
            "a table of 64-bit indices",
            Guest::wat(table("i64 1")),
            &["invalid.component"],
        ),
    ]
}

fn filled() -> String {
    let tables: String = (0..10).map(|n| format!("(table $t{n} 10000000 funcref) ")).collect();
    let fills: String = (0..10)
        .map(|n| format!("(table.fill $t{n} (i32.const 0) (ref.func $f) (i32.const 10000000)) "))
        .collect();
    core(&format!(r#"{tables} (elem declare func $f) (func $f (export "f") {fills})"#))
}

fn instances(count: usize) -> String {
    format!(
        r#"(component (core module $a (table 1 funcref)) {}
            (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#,
        "(core instance (instantiate $a))".repeat(count)
    )
}
