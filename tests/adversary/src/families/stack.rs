//! Stacks: of the guest, of readers that recurse, and of the compiler.

use crate::bombs;
use crate::case::{Boundary, Case};
use crate::guest::{Guest, core, encode};
use crate::run;
use crate::world::World;

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::beside(
            "STK-1",
            "endless recursion",
            Guest::core(r#"(func $f (export "f") (call $f))"#),
            &["limit.stack"],
        ),
        Case::alone(
            "STK-2",
            "a function of 50,000 local variables that calls itself",
            Guest::bytes(|| frames(50_000)),
            &["limit.structure"],
        ),
        Case::beside(
            "STK-2b",
            "a function of 4,000 live variables that calls itself",
            Guest::bytes(|| frames(4_000)),
            &["limit.stack"],
        ),
        Case::session(
            "STK-3",
            "pipelines that run each other in a circle",
            Boundary::Pipeline,
            circle,
            &["child-pipeline"],
        ),
        Case::session(
            "STK-3b",
            "a chain of a thousand pipelines, each of which runs the next",
            Boundary::Pipeline,
            chain,
            &["child-pipeline"],
        ),
        Case::alone(
            "STK-3c",
            "a skill that imports a skill, to call itself through the host",
            Guest::wat(
                r#"(component (import "evil:canary/skill@1.0.0" (instance (export "f" (func))))
                (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#,
            ),
            &["denied.import"],
        ),
        Case::beside(
            "STK-4",
            "a JSON result nested 100,000 deep",
            Guest::bytes(deep_json),
            &["invalid.result", "limit.output"],
        ),
        Case::alone(
            "STK-5",
            "5,000 blocks in each other, for the compiler's stack",
            Guest::bytes(|| bombs::nested_ifs(5_000)).with("{\"n\": 1}"),
            &["works", "limit.structure"],
        )
        .wall_ms(30_000)
        .rss_mib(2_600),
        Case::alone(
            "STK-5c",
            "50,000 blocks in each other",
            Guest::bytes(|| bombs::nested_ifs(50_000)).with("{\"n\": 1}"),
            &["limit.structure"],
        )
        .wall_ms(2_000),
        Case::alone(
            "STK-5d",
            "10,000 blocks in each other, just within the budget",
            Guest::bytes(|| bombs::nested_ifs(10_000)).with("{\"n\": 1}"),
            &["works", "limit.compile-time", "limit.compile-memory"],
        )
        .wall_ms(60_000)
        .rss_mib(2_600)
        .full(),
        Case::alone(
            "STK-5b",
            "types nested 5,000 deep, for readers that recurse",
            Guest::bytes(nested_types),
            &["limit.structure", "invalid.component"],
        ),
    ]
}

/// All variables are alive over the call.
fn frames(count: usize) -> Vec<u8> {
    let sets: String = (0..count)
        .map(|n| format!("(local.set {n} (i64.add (local.get {n}) (i64.const {n})))"))
        .collect();
    let uses: String = (0..count)
        .map(|n| format!("(global.set 0 (i64.xor (global.get 0) (local.get {n})))"))
        .collect();
    let locals = "i64 ".repeat(count);
    crate::guest::binary(&core(&format!(
        r#"(global (mut i64) (i64.const 0)) (func $f (export "f") (local {locals}) {sets} (call $f) {uses})"#
    )))
}

/// The last of `count` pipelines runs the one that is `back`.
fn pipelines(world: &mut World, count: usize, back: Option<usize>) -> anyhow::Result<String> {
    let named = |n: usize| format!("p{n}.yml");
    for n in 0..count {
        let next = if n + 1 < count { Some(n + 1) } else { back };
        let step = match next {
            Some(next) => format!("  - {{ id: a, pipeline: ./{} }}\n", named(next)),
            None => "  - { id: a, set: { v: 1 } }\n".to_owned(),
        };
        world.file(&named(n), run::head(&[]) + &step)?;
    }
    let registry = world.registry().display().to_string();
    let found = world.json(&["run", &named(0), "--registry", &registry])?;
    anyhow::ensure!(found.get("run_id").is_none(), "it ran: {found}");
    run::checked(world, &(run::head(&[]) + "  - { id: a, pipeline: ./p0.yml }\n"))
}

fn circle(world: &mut World) -> anyhow::Result<String> {
    pipelines(world, 3, Some(0))
}

fn chain(world: &mut World) -> anyhow::Result<String> {
    pipelines(world, 1_000, None)
}

/// A text of brackets, said to be JSON.
fn deep_json() -> Vec<u8> {
    encode(
        "package t:t; world w { use coldframe:skill/types@0.1.0.{json}; export f: func() -> json; }",
        r#"(module (memory (export "memory") 8)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "f") (result i32)
                (memory.fill (i32.const 64) (i32.const 91) (i32.const 100000))
                (memory.fill (i32.const 100064) (i32.const 93) (i32.const 100000))
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 200000))
                (i32.const 0)))"#,
    )
}

/// `option<option<…>>` as types in types.
fn nested_types() -> Vec<u8> {
    use wasm_encoder::{Component, ComponentType, ComponentTypeSection};
    let mut inner = ComponentType::new();
    for _ in 0..5_000 {
        let mut outer = ComponentType::new();
        outer.ty().component(&inner);
        inner = outer;
    }
    let mut types = ComponentTypeSection::new();
    types.component(&inner);
    let mut component = Component::new();
    component.section(&types);
    component.finish()
}
