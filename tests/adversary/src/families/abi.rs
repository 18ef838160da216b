//! The canonical ABI: values, allocators and handles that lie.

use crate::case::{Boundary, Case};
use crate::guest::{Guest, core};
use crate::run;
use crate::world::World;

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let trap: &[&str] = &["guest.trap"];
    let lies: &[&str] = &["guest.trap", "invalid.result"];
    vec![
        Case::beside("ABI-1", "a log line that is not UTF-8", log(0, 2), trap),
        Case::beside("ABI-1b", "a log line beyond the end of memory", log(0x7fff_0000, 8), trap),
        Case::beside(
            "ABI-1c",
            "a UTF-16 text at an odd address",
            Guest::wat(text("string-encoding=utf16", 1, 4)),
            lies,
        ),
        Case::beside(
            "ABI-1d",
            "a UTF-16 text with half a surrogate pair",
            Guest::wat(text("string-encoding=utf16", 8, 1)),
            lies,
        ),
        Case::beside(
            "ABI-1e",
            "a text of either encoding, tagged as both",
            Guest::wat(text("string-encoding=latin1+utf16", 8, 0xffff_fff0_u32 as i32)),
            lies,
        ),
        Case::beside(
            "ABI-2",
            "a log line of 4 GiB - 1",
            log(0, -1),
            &["guest.trap", "limit.hostcall-bytes"],
        ),
        Case::beside(
            "ABI-2b",
            "a list of 4 Gi - 1 records",
            Guest::wat(returning(
                "(list (tuple u64 u64))",
                "(i32.store (i32.const 4) (i32.const -1))",
            )),
            &["guest.trap", "invalid.result", "limit.hostcall-bytes"],
        ),
        Case::beside(
            "ABI-3",
            "an allocator that gives an address beyond memory",
            Guest::wat(allocator(0x7fff_fff0)).with("{ text: x }"),
            trap,
        ),
        Case::beside(
            "ABI-3b",
            "an allocator that gives an address that is not aligned",
            Guest::wat(allocator(3)).with("{ text: [1, 2] }"),
            trap,
        ),
        Case::beside(
            "ABI-3c",
            "an allocator that gives the end of memory",
            Guest::wat(allocator(65_536)).with("{ text: [1, 2] }"),
            trap,
        ),
        Case::beside(
            "ABI-4",
            "using a handle that is none",
            handles("(call $block (i32.const 7))"),
            trap,
        ),
        Case::beside(
            "ABI-4b",
            "dropping a handle twice",
            handles(
                "(local.set 0 (call $in (i64.const 1))) (call $drop (local.get 0)) (call $drop (local.get 0))",
            ),
            trap,
        ),
        Case::beside(
            "ABI-4c",
            "using a handle that was dropped",
            handles(
                "(local.set 0 (call $in (i64.const 1))) (call $drop (local.get 0)) (call $block (local.get 0))",
            ),
            trap,
        ),
        Case::beside("ABI-4d", "using a handle of one type as another's", Guest::wat(FORGED), trap),
        Case::beside("ABI-5", "calling the host out of `realloc`", calling_back(), trap),
        Case::beside(
            "ABI-6",
            "a variant of no case",
            Guest::wat(returning(
                "(variant (case \"a\") (case \"b\" string))",
                "(i32.store (i32.const 0) (i32.const -1))",
            )),
            lies,
        ),
        Case::beside(
            "ABI-6b",
            "flags that are not there",
            Guest::wat(flags()),
            &["works", "guest.trap", "invalid.result"],
        ),
        Case::beside(
            "ABI-6c",
            "half a surrogate pair as a character",
            Guest::wat(scalar("char", "(i32.const 0xd800)")),
            lies,
        ),
        Case::session(
            "ABI-7",
            "60 calls that are cut off in the middle, one after the other",
            Boundary::Sandbox,
            cut_off,
            &["limit.timeout"],
        )
        .wall_ms(15_000),
        Case::session(
            "ABI-7b",
            "a run that is interrupted, then gone on with",
            Boundary::Sandbox,
            interrupted,
            &["pipeline.cancelled"],
        )
        .wall_ms(10_000),
        Case::beside("ABI-8", "a million timers", timers(), &["limit.handles"]),
    ]
}

fn log(pointer: i32, length: i32) -> Guest {
    Guest::world(
        "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(); }",
        format!(
            r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
                (memory (export "memory") 1) (data (i32.const 0) "\ff\fe")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "f") (call $log (i32.const 0) (i32.const {pointer}) (i32.const {length}))))"#
        ),
    )
    .cap("log")
}

/// A text as result, in an encoding, with what the guest says of its place.
fn text(encoding: &str, pointer: i32, length: i32) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1) (data (i32.const 8) "\00\d8")
                (func (export "f") (result i32)
                    (i32.store (i32.const 0) (i32.const {pointer})) (i32.store (i32.const 4) (i32.const {length}))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "f") (result string)
                (canon lift (core func $i "f") (memory (core memory $i "memory")) {encoding})))"#
    )
}

/// A compound result that lies at 0.
fn returning(ty: &str, body: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1)
                (func (export "f") (result i32) {body} (i32.const 0)))
            (core instance $i (instantiate $m))
            (type $t {ty}) (export $e "t" (type $t))
            (func (export "f") (result $e)
                (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
    )
}

fn flags() -> String {
    r#"(component
        (core module $m (func (export "f") (result i32) (i32.const -1)))
        (core instance $i (instantiate $m))
        (type $t (flags "a" "b")) (export $e "t" (type $t))
        (func (export "f") (result $e) (canon lift (core func $i "f"))))"#
        .to_owned()
}

fn scalar(ty: &str, body: &str) -> String {
    format!(
        r#"(component (core module $m (func (export "f") (result i32) {body}))
            (core instance $i (instantiate $m))
            (func (export "f") (result {ty}) (canon lift (core func $i "f"))))"#
    )
}

fn allocator(answer: i32) -> String {
    let ty = if answer == 0x7fff_fff0 { "string" } else { "(list u32)" };
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const {answer}))
                (func (export "f") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "f") (param "text" {ty})
                (canon lift (core func $i "f") (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc")))))"#
    )
}

fn handles(body: &str) -> Guest {
    Guest::world(
        "package t:t; world w { import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6; export f: func(); }",
        format!(
            r#"(module
                (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $in (param i64) (result i32)))
                (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
                (import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
                (func (export "f") (local i32) {body}))"#
        ),
    )
    .cap("clock")
}

fn timers() -> Guest {
    handles(
        "(loop (drop (call $in (i64.const 1000000000000))) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000000))))",
    )
}

/// Two resources of its own; a handle of the one is used as the other's.
const FORGED: &str = r#"(component
    (type $a (resource (rep i32))) (type $b (resource (rep i32)))
    (core func $new (canon resource.new $a)) (core func $rep (canon resource.rep $b))
    (core module $m
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (func (export "f") (drop (call $rep (call $new (i32.const 1))))))
    (core instance $i (instantiate $m (with "" (instance
        (export "new" (func $new)) (export "rep" (func $rep))))))
    (func (export "f") (canon lift (core func $i "f"))))"#;

/// An allocator that logs.
fn calling_back() -> Guest {
    Guest::world(
        "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(text: string); }",
        r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (call $log (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 64))
            (func (export "f") (param i32 i32)))"#,
    )
    .cap("log")
    .with("{ text: x }")
}

const LOOP: &str = r#"(memory 100) (func (export "f") (loop (br 0)))"#;

/// Each item is given 20 ms by the step, and would loop for longer than the run.
fn cut_off(world: &mut World) -> anyhow::Result<String> {
    world.publish("abi-7", &Guest::wat(core(LOOP)))?.map_err(anyhow::Error::msg)?;
    let over: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let text = format!(
        "{}  - id: attack\n    map:\n      over: [{}]\n      max_concurrent: 8\n      on_error: collect\n      \
         steps: [{{ id: one, uses: \"evil/abi-7@1.0.0#f\", timeout: 20ms, limits: {{ fuel: 9e9 }} }}]\n{}",
        run::head(&[]),
        over.join(", "),
        run::canary()
    );
    let run = run::piped(world, &text)?;
    let output = run.output("attack").unwrap_or_default();
    let mut kinds: Vec<String> =
        output.as_array().into_iter().flatten().map(crate::world::kind).collect();
    kinds.sort();
    kinds.dedup();
    Ok(kinds.join(", "))
}

fn interrupted(world: &mut World) -> anyhow::Result<String> {
    world.publish("abi-7b", &Guest::wat(core(LOOP)))?.map_err(anyhow::Error::msg)?;
    let text = run::head(&[])
        + "  - { id: attack, uses: \"evil/abi-7b@1.0.0#f\", limits: { fuel: 9e11, wall: 60s } }\n";
    let file = world.file("attack.yml", text)?;
    let registry = world.registry().display().to_string();
    let after = std::time::Duration::from_millis(400);
    let arguments = ["run", &file, "--registry", &registry, "--format", "json"];
    let found = world.host_signalled(&arguments, Some(after));
    anyhow::ensure!(found.code == Some(130), "ended with {:?}", found.code);
    let found = crate::world::answer(&found)?;
    Ok(match found["status"].as_str() {
        Some("cancelled") => "pipeline.cancelled".to_owned(),
        _ => crate::world::kind(&found),
    })
}
