//! What differs from run to run, or tells one machine from another.

use anyhow::{Context as _, ensure};
use serde_json::json;

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
