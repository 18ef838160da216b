//! Time: loops, sleeps and storms.

use crate::case::{Boundary, Case};
use crate::guest::{Guest, core};
use crate::world::World;
use crate::{run, world};

const LOOP: &str = r#"(func (export "f") (loop (br 0)))"#;

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::beside(
            "CPU-1",
            "an endless loop, ended by its fuel",
            Guest::core(LOOP).limits("fuel: 2e8"),
            &["limit.fuel"],
        ),
        Case::beside(
            "CPU-1b",
            "an endless loop, ended by its wall time",
            Guest::core(LOOP).limits("fuel: 9e11, wall: 500ms"),
            &["limit.deadline"],
        )
        .wall_ms(3_000),
        Case::beside(
            "CPU-2",
            "an endless loop in `start`, before the operation is called",
            Guest::core(r#"(func $s (loop (br 0))) (start $s) (func (export "f"))"#)
                .limits("fuel: 2e8"),
            &["limit.fuel"],
        ),
        Case::beside(
            "CPU-3",
            "an endless loop in `realloc`, which the host calls for an argument",
            Guest::wat(evil_realloc("(loop (br 0)) (unreachable)", ""))
                .with("{ text: x }")
                .limits("fuel: 2e8"),
            &["limit.fuel"],
        ),
        Case::beside(
            "CPU-3b",
            "an endless loop in `post-return`, after the result",
            Guest::wat(evil_realloc("(i32.const 64)", "(loop (br 0))"))
                .with("{ text: x }")
                .limits("fuel: 2e8"),
            &["limit.fuel"],
        ),
        Case::beside(
            "CPU-4",
            "filling all memory over and over: no clock ticks within an instruction",
            Guest::core(
                r#"(memory 1024) (func (export "f") (loop
                    (memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864)) (br 0)))"#,
            )
            .limits("fuel: 9e11, wall: 200ms"),
            &["limit.deadline", "limit.fuel"],
        )
        .wall_ms(3_000),
        Case::beside(
            "CPU-5",
            "sleeping for ever in the host",
            sleeper().limits("wall: 500ms"),
            &["limit.deadline"],
        )
        .wall_ms(3_000),
        Case::beside(
            "CPU-6",
            "64 endless loops at the same time",
            Guest::core(LOOP).times(64).limits("fuel: 9e9, wall: 200ms"),
            &["limit.deadline"],
        )
        .wall_ms(30_000),
        Case::session(
            "CPU-7",
            "a skill that fails at once, tried again for ever",
            Boundary::Pipeline,
            storm,
            &["limit.fuel"],
        )
        .wall_ms(15_000),
        Case::session(
            "CPU-7c",
            "tries that are cut off by their wall time, to be charged nothing",
            Boundary::Pipeline,
            cut_off,
            &["limit.fuel"],
        )
        .wall_ms(15_000),
        Case::session(
            "CPU-7b",
            "`retry` that asks for a thousand million tries",
            Boundary::Pipeline,
            |world| {
                run::checked(
                    world,
                    &(run::head(&[])
                        + "  - { id: a, set: { a: 1 }, retry: { max: 1000000000 } }\n"),
                )
            },
            &["bad-limit", "wrong-shape"],
        ),
        Case::alone(
            "CPU-8",
            "a chain of structures for a garbage collector",
            Guest::bytes(crate::bombs::gc_chain),
            &["invalid.component"],
        ),
    ]
}

/// A component whose allocator and clean-up do as they like.
fn evil_realloc(realloc: &str, post: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "f") (param i32 i32) (result i32) (i32.const 16))
                (func (export "post") (param i32) {post}))
            (core instance $i (instantiate $m))
            (func (export "f") (param "text" string) (result string)
                (canon lift (core func $i "f") (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc")) (post-return (core func $i "post")))))"#
    )
}

fn sleeper() -> Guest {
    Guest::world(
        "package t:t; world w { import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6; export f: func(); }",
        r#"(module
            (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $in (param i64) (result i32)))
            (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "f") (call $block (call $in (i64.const -1)))))"#,
    )
    .cap("clock")
}

/// Every try spends ten million; the run has a hundred million.
fn storm(world: &mut World) -> anyhow::Result<String> {
    tried_again(world, "1e8", "fuel: 1e7")
}

/// Every try would run for ever, and is cut off.
fn cut_off(world: &mut World) -> anyhow::Result<String> {
    tried_again(world, "1e9", "fuel: 4e8, call_wall: 100ms")
}

fn tried_again(world: &mut World, fuel: &str, limits: &str) -> anyhow::Result<String> {
    let guest = Guest::wat(core(LOOP));
    world.publish("cpu-7", &guest)?.map_err(anyhow::Error::msg)?;
    let text = run::head(&[]).replace("fuel: 1e12", &format!("fuel: {fuel}"))
        + &format!(
            "  - {{ id: attack, on_error: continue, uses: \"evil/cpu-7@1.0.0#f\", limits: {{ {limits} }}, \
             retry: {{ max: 100, delay: 1ms, on: [any] }} }}\n"
        )
        + &run::canary();
    let run = run::piped(world, &text)?;
    let step = run.step("attack").cloned().unwrap_or_default();
    Ok(world::kind(&step))
}
