//! What a component says: too much of it, or in a way that others act on.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::{Boundary, Case};
use crate::guest::{Guest, core};
use crate::run;
use crate::world::{World, kind};

/// A name that would colour a terminal and forge a line of a log.
const FORGED: &str = r"\1b[31mEVIL\0a2026-01-01T00:00:00Z  INFO host: user admin logged in";
/// The same as a log line or a result, with what hides and turns text.
const HIDDEN: &str = r"\1b[31mEVIL\0d\0aINFO fine\00\e2\80\ae\e2\80\8b\1b]0;title\07";

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::session(
            "OUT-1",
            "writing to standard output and error without end",
            Boundary::Sandbox,
            |world| quiet(world, "OUT-1", &flood("stdout")),
            &["limit.fuel"],
        )
        .wall_ms(12_000),
        Case::session(
            "OUT-1b",
            "the same to standard error",
            Boundary::Sandbox,
            |world| quiet(world, "OUT-1b", &flood("stderr")),
            &["limit.fuel"],
        )
        .wall_ms(12_000),
        Case::beside(
            "OUT-2",
            "ten million log lines",
            logging("10000000", "harmless"),
            &["limit.log"],
        ),
        Case::beside(
            "OUT-3",
            "control characters in the name of a function that traps",
            Guest::wat(core(&format!(r#"(func $"{FORGED}" (export "f") unreachable)"#))),
            &["guest.trap"],
        ),
        Case::session(
            "OUT-3b",
            "control characters in log lines",
            Boundary::Sandbox,
            |world| harmless(world, &logging("1", HIDDEN)),
            &["works"],
        ),
        Case::session(
            "OUT-3c",
            "control characters in a result, on a person's terminal",
            Boundary::Sandbox,
            on_a_terminal,
            &["works"],
        ),
        Case::session(
            "OUT-3d",
            "control characters in an error",
            Boundary::Sandbox,
            |world| harmless(world, &Guest::wat(fails(HIDDEN))),
            &["guest.error"],
        ),
        Case::session(
            "OUT-4",
            "frames of a protocol on standard output",
            Boundary::Sandbox,
            frames,
            &["works"],
        ),
        Case::beside(
            "OUT-5",
            "a result of 60 MiB",
            Guest::wat(large(62_914_560)),
            &["limit.hostcall-bytes"],
        ),
        Case::beside(
            "OUT-5b",
            "a result of a million objects",
            objects(),
            &["limit.output", "limit.hostcall-bytes", "works"],
        ),
    ]
}

fn stream(name: &str, body: &str) -> Guest {
    let wit = if name == "stdout" {
        "package t:t; world w { import wasi:cli/stdout@0.2.6; import wasi:io/streams@0.2.6; export f: func(); }"
    } else {
        "package t:t; world w { import wasi:cli/stderr@0.2.6; import wasi:io/streams@0.2.6; export f: func(); }"
    };
    Guest::world(
        wit,
        format!(
            r#"(module
                (import "wasi:cli/{name}@0.2.6" "get-{name}" (func $get (result i32)))
                (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
                    (func $write (param i32 i32 i32 i32)))
                (memory (export "memory") 2)
                (data (i32.const 64) "{{\22jsonrpc\22:\222.0\22,\22id\22:1,\22result\22:{{\22evil\22:true}}}}\n")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
                (func (export "f") (local $out i32) (local.set $out (call $get)) {body}))"#
        ),
    )
}

fn flood(name: &str) -> Guest {
    stream(name, "(loop (call $write (local.get $out) (i32.const 64) (i32.const 4096) (i32.const 8)) (br 0))")
        .limits("fuel: 5e6")
}

/// Runs beside the canary; nothing that was written may be in what the host printed.
fn quiet(world: &mut World, id: &str, guest: &Guest) -> anyhow::Result<String> {
    let kind = run::beside(world, id, guest)?;
    let (direct, _) = world.call(guest)?;
    ensure!(kind == direct, "`{kind}` in a pipeline, `{direct}` alone");
    Ok(kind)
}

fn frames(world: &mut World) -> anyhow::Result<String> {
    let guest = stream(
        "stdout",
        "(call $write (local.get $out) (i32.const 64) (i32.const 48) (i32.const 8))",
    );
    let component = world.file("attack.wasm", (guest.bytes)())?;
    let found = world.host(&["call", &format!("{component}#f"), "--unsigned", "--format", "json"]);
    let text = [found.stdout.as_slice(), &found.stderr].concat();
    ensure!(
        !String::from_utf8_lossy(&text).contains("jsonrpc"),
        "a guest wrote to the host's output"
    );
    Ok(kind(&crate::world::answer(&found)?))
}

fn logging(times: &str, text: &str) -> Guest {
    Guest::world(
        "package t:t; world w { import coldframe:host/log@0.1.0; export f: func(); }",
        format!(
            r#"(module (import "coldframe:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
                (memory (export "memory") 1) (data (i32.const 64) "{text}")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "f") (local i32) (loop
                    (call $log (i32.const 2) (i32.const 64) (i32.const 40))
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const {times}))))))"#
        ),
    )
    .cap("log")
}

fn says(text: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\28\00\00\00{text}")
                (func (export "f") (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "f") (result string)
                (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
    )
}

fn fails(text: &str) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 1)
                (data (i32.const 0) "\01\00\00\00\0c\00\00\00\28\00\00\00{text}")
                (func (export "f") (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "f") (result (result (error string)))
                (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
    )
}

/// For people and for programs: the world sees to it that no control character comes through.
fn harmless(world: &mut World, guest: &Guest) -> anyhow::Result<String> {
    let component = world.file("attack.wasm", (guest.bytes)())?;
    let target = format!("{component}#f");
    let mut arguments = vec!["call", target.as_str(), "--unsigned"];
    guest.caps.iter().for_each(|cap| arguments.extend(["--grant", cap.as_str()]));
    let shown = world.host(&arguments);
    let text = [shown.stdout.as_slice(), &shown.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    for hidden in ['\u{202e}', '\u{200b}', '\u{1b}', '\r'] {
        ensure!(!text.contains(hidden), "{hidden:?} came through: {text:?}");
    }
    ensure!(!text.lines().any(|line| line.starts_with("INFO")), "a line was forged: {text:?}");
    Ok(world.call(guest)?.0)
}

/// As text, as JSON, and as one of several outputs.
fn on_a_terminal(world: &mut World) -> anyhow::Result<String> {
    let component = world.file("attack.wasm", (Guest::wat(says(HIDDEN)).bytes)())?;
    let target = format!("{component}#f");
    for format in ["text", "json"] {
        let shown = world.on_a_terminal(&["call", &target, "--unsigned", "--format", format])?;
        ensure!(shown.contains("EVIL"), "the result is not there: {shown:?}");
        for hidden in ['\u{202e}', '\u{200b}', '\u{1b}', '\r', '\0', '\u{7}'] {
            ensure!(!shown.contains(hidden), "{hidden:?} came through: {shown:?}");
        }
    }
    Ok("works".to_owned())
}

fn large(bytes: u32) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 960)
                (func (export "f") (result i32)
                    (i32.store (i32.const 4) (i32.const {bytes})) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "f") (result (list u8))
                (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#
    )
}

/// `[{},{},…]`, a million times, as a JSON result: 3 MB of text.
fn objects() -> Guest {
    Guest::world(
        "package t:t; world w { use coldframe:skill/types@0.1.0.{json}; export f: func() -> json; }",
        r#"(module (memory (export "memory") 64)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "f") (result i32) (local i32)
                (local.set 0 (i32.const 65))
                (i32.store8 (i32.const 64) (i32.const 91))
                (loop
                    (i32.store (local.get 0) (i32.const 0x2c7d7b))
                    (local.set 0 (i32.add (local.get 0) (i32.const 3)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const 3000065))))
                (i32.store8 (i32.const 3000064) (i32.const 93))
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3000001))
                (i32.const 0)))"#,
    )
    .look(|found: &Value| {
        let items = found.as_array().map(Vec::len);
        let first = found.get(0).context("no item").map_err(|error| error.to_string())?;
        match (items, first == &json!({})) {
            (Some(1_000_000), true) => Ok(()),
            _ => Err(format!("{items:?} items")),
        }
    })
}
