//! What differs from run to run, or tells one machine from another.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::{Boundary, Case};
use crate::guest::{Guest, binary, core};
use crate::run;
use crate::world::World;

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::beside(
            "DET-1",
            "the bits of a NaN out of a division",
            nan("(f64.div (f64.const 0) (f64.const 0))"),
            &["works"],
        ),
        Case::beside(
            "DET-1b",
            "the bits of a NaN with a sign and a payload",
            nan("(f64.add (f64.const -nan:0x4000000000001) (f64.const 1))"),
            &["works"],
        ),
        Case::alone(
            "DET-2",
            "relaxed SIMD, which differs from machine to machine",
            Guest::bytes(relaxed),
            &["invalid.component"],
        ),
        Case::session(
            "DET-3",
            "environment, arguments and seed, read in every process there is",
            Boundary::Sandbox,
            same_world,
            &["works"],
        ),
        Case::session(
            "DET-3b",
            "the same with a clock and randomness, granted and not",
            Boundary::Capability,
            only_what_is_granted,
            &["capability-not-granted"],
        ),
        Case::session(
            "DET-4",
            "the fuel of one call, a hundred times over",
            Boundary::Sandbox,
            same_fuel,
            &["works"],
        ),
    ]
}

fn nan(body: &str) -> Guest {
    Guest::wat(format!(
        r#"(component (core module $m (func (export "f") (result i64) (i64.reinterpret_f64 {body})))
            (core instance $i (instantiate $m))
            (func (export "f") (result u64) (canon lift (core func $i "f"))))"#
    ))
    .gives(json!(0x7ff8_0000_0000_0000_u64.to_string()))
}

fn relaxed() -> Vec<u8> {
    binary(&core(
        r#"(func (export "f") (drop (i8x16.relaxed_swizzle (v128.const i64x2 1 2) (v128.const i64x2 3 4))))"#,
    ))
}

/// Reads the environment, the arguments and the seed of hash maps; with `more` also a clock, twice
/// with a pause between, and random bytes. All of it as numbers.
fn reading(more: bool) -> Guest {
    let (wit, imports, reads) = match more {
        false => (
            "package t:t; world w { import wasi:cli/environment@0.2.6;
                import wasi:random/insecure-seed@0.2.6; export f: func() -> list<u64>; }",
            "",
            "",
        ),
        true => (
            "package t:t; world w { import wasi:cli/environment@0.2.6;
                import wasi:random/insecure-seed@0.2.6; import wasi:random/random@0.2.6;
                import wasi:clocks/monotonic-clock@0.2.6; export f: func() -> list<u64>; }",
            r#"(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
            (import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))"#,
            "(drop (call $now))
            (loop $more (br_if $more (i64.eqz (local.tee $at (call $now)))))
            (i64.store (i32.const 1056) (local.get $at))
            (i64.store (i32.const 1064) (call $random))",
        ),
    };
    let count = if more { 6 } else { 4 };
    Guest::world(
        wit,
        format!(
            r#"(module {imports}
            (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
            (import "wasi:cli/environment@0.2.6" "get-arguments" (func $arguments (param i32)))
            (import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $seed (param i32)))
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "f") (result i32) (local $at i64)
                (call $environment (i32.const 16))
                (i64.store (i32.const 1024) (i64.extend_i32_u (i32.load (i32.const 20))))
                (call $arguments (i32.const 16))
                (i64.store (i32.const 1032) (i64.extend_i32_u (i32.load (i32.const 20))))
                (call $seed (i32.const 1040))
                {reads}
                (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const {count}))
                (i32.const 0)))"#
        ),
    )
}

/// Reads it as a file that nobody signed, and as a published skill in the host's own process and
/// in an executor, each with another environment of the host.
fn everywhere(world: &mut World, name: &str, guest: &Guest) -> anyhow::Result<Vec<Vec<Value>>> {
    let mut found = Vec::new();
    let numbers = |output: Value| output.as_array().cloned().context("no numbers");
    for n in 0..2 {
        world.env = vec![(format!("VARIABLE_{n}"), format!("value {n}"))];
        let (kind, output) = world.call(guest)?;
        found.push(numbers(output).context(kind)?);
    }
    world.publish(name, guest)?.map_err(anyhow::Error::msg)?;
    for isolation in ["auto", "process"] {
        world.flags = vec!["--isolation".to_owned(), isolation.to_owned()];
        let run = run::piped(world, &run::pipeline(name, guest))?;
        let output = run.output("attack");
        found.push(numbers(output.with_context(|| format!("{:?}", run.step("attack")))?)?);
    }
    world.flags.clear();
    Ok(found)
}

fn same_world(world: &mut World) -> anyhow::Result<String> {
    let found = everywhere(world, "det-3", &reading(false))?;
    let first = found.first().context("nothing was read")?;
    ensure!(found.iter().all(|each| each == first), "they were {found:?}");
    ensure!(first.iter().take(2).all(is_zero), "there are variables or arguments: {first:?}");
    Ok("works".to_owned())
}

/// 64-bit numbers are texts.
fn is_zero(number: &Value) -> bool {
    number == "0" || number == 0
}

fn only_what_is_granted(world: &mut World) -> anyhow::Result<String> {
    let guest = reading(true).cap("clock").cap("random");
    let found = everywhere(world, "det-3b", &guest)?;
    let fixed: Vec<&[Value]> = found.iter().map(|each| &each[..4]).collect();
    ensure!(fixed.iter().all(|each| *each == fixed[0]), "what is fixed was {fixed:?}");
    let mut random: Vec<String> = found.iter().map(|each| each[5].to_string()).collect();
    random.sort();
    random.dedup();
    ensure!(random.len() == found.len(), "what is random was {random:?}");
    // Whole milliseconds, whatever the machine's clock can do.
    for each in &found {
        let text = each[4].as_str().map_or_else(|| each[4].to_string(), str::to_owned);
        ensure!(text.ends_with("000000"), "the clock says {text}");
    }
    // The same skill without the rights does not begin.
    let kinds: Vec<String> = [&["clock"][..], &["random"], &[]]
        .into_iter()
        .map(|caps| {
            let caps = caps.iter().map(|cap| (*cap).to_owned()).collect();
            let guest = Guest { caps, ..guest.clone() };
            run::checked(world, &run::pipeline("det-3b", &guest))
        })
        .collect::<anyhow::Result<_>>()?;
    ensure!(kinds.iter().all(|kind| *kind == kinds[0]), "without the rights it came to {kinds:?}");
    Ok(kinds[0].clone())
}

/// Grows memory, calls itself and traps on the way; every receipt must say the same.
fn same_fuel(world: &mut World) -> anyhow::Result<String> {
    let guest = Guest::core(
        r#"(memory 1 100) (table 1 funcref)
            (func $g (param i32) (if (local.get 0) (then (call $g (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "f")
                (drop (memory.grow (i32.const 20)))
                (memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))
                (call $g (i32.const 500)))"#,
    );
    world.publish("det-4", &guest)?.map_err(anyhow::Error::msg)?;
    let over: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let text = format!(
        "{}  - id: attack\n    map:\n      over: [{}]\n      max_concurrent: 8\n      steps: [{{ id: one, uses: \"evil/det-4@1.0.0#f\" }}]\n{}",
        run::head(&[]),
        over.join(", "),
        run::canary()
    );
    let run = run::piped(world, &text)?;
    let mut fuel = Vec::new();
    for item in 0..100 {
        let step = run.step(&format!("attack[{item}].one")).context("a call is missing")?;
        let spent = step.pointer("/receipt/fuel").and_then(serde_json::Value::as_u64);
        fuel.push(spent.context("a receipt without fuel")?);
    }
    let first = fuel.first().copied().unwrap_or(0);
    ensure!(first > 1_000 && fuel.iter().all(|spent| *spent == first), "the fuel was {fuel:?}");
    Ok("works".to_owned())
}
