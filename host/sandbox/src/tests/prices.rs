//! Fuel follows time: what operators take on this machine, beside what they are charged.
//!
//! `cargo test -p coldframe-cli -p coldframe-sandbox --lib prices -- --nocapture` prints the table
//! by which the prices were set. How long something takes is printed and never asserted.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

use coldframe_engine::CallLimits;
use serde_json::json;
use wasmtime::{Config, Engine, Instance, Module, OperatorCost, Store};

use super::guest::{binary, call, summary};
use super::limits::core;
use crate::engine;

/// How often an operator stands in the loop, and how often the loop is run.
const UNROLLED: u64 = 32;
const ROUNDS: u64 = 50;

/// Fuel and nanoseconds of one time of `operators`, which turn the value of `$x` on the stack into
/// its next one. `$y` is as good as unknown to the compiler, and `$k` is a small number.
fn cost(ty: &str, operators: &str) -> (u64, f64) {
    let chain = |operators: &str| format!("local.get $x {operators} local.set $x\n");
    let (empty, whole) = (run(ty, &chain("")), run(ty, &chain(operators)));
    let times = UNROLLED * ROUNDS;
    // Without the taking and giving of `$x`, which is no code.
    ((whole.0 - empty.0) / times, (whole.1 - empty.1).max(0.0) / times as f64)
}

/// Fuel and the fewest nanoseconds of a loop.
fn run(ty: &str, chain: &str) -> (u64, f64) {
    let wat = format!(
        r#"(module
            (memory 33) (table $t 9000 funcref) (table $u 9000 funcref)
            (elem (table $t) (i32.const 0) func $id $id) (elem $e func $id $id $id $id $id $id $id $id)
            (data $d "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
            (type $id (func (param i64) (result i64)))
            (func $id (type $id) local.get 0)
            (func (export "f") (param $n i64) (param $y i64) (param $k i32) (param $z f64)
                (local $x {ty}) (local $v v128)
                (local.set $v (f64x2.splat (local.get $z)))
                (local.set $x {start})
                (loop $l
                    {chain}
                    (br_if $l (i32.wrap_i64 (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))"#,
        start = match ty {
            "i64" => "(local.get $y)",
            "f64" => "(local.get $z)",
            _ => "(local.get $v)",
        },
        chain = chain.repeat(UNROLLED as usize),
    );
    let engine = engine::compiler(None).unwrap();
    let module = Module::new(&engine, binary(&wat)).unwrap();
    let (mut fuel, mut least) = (0, f64::MAX);
    for _ in 0..3 {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        store.set_fuel(u64::MAX).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<(i64, i64, i32, f64), ()>(&mut store, "f").unwrap();
        let mut round = |rounds: u64| {
            let (before, start) = (store.get_fuel().unwrap(), Instant::now());
            f.call(&mut store, (rounds as i64, 0x7ead_beef_dead, 7, 1.0001)).unwrap();
            (before - store.get_fuel().unwrap(), start.elapsed().as_nanos() as f64)
        };
        let (once, _) = round(1);
        let whole = round(ROUNDS + 1);
        (fuel, least) = (whole.0 - once, least.min(whole.1));
    }
    (fuel, least)
}

/// Operators by class, with the fuel of one chain link: each operand before the last is one unit,
/// and two are for what `$id` does.
const LINKS: &[(&str, &str, u64)] = &[
    ("i64", "local.get $y i64.add", 2),
    ("i64", "local.get $y i64.mul", 2),
    ("i64", "i64.popcnt", 1),
    ("i64", "local.get $y i64.or local.get $y i64.div_s", 2 + 1 + 8),
    ("i64", "local.get $y i64.or local.get $y i64.rem_u", 2 + 1 + 8),
    ("i64", "i64.const -2 i64.mul local.get $y i64.div_s", 2 + 1 + 8),
    ("i64", "i32.wrap_i64 local.get $k i32.div_u i64.extend_i32_u", 1 + 1 + 8 + 1),
    ("i64", "call $id", 6 + 2),
    ("i64", "i32.const 1 call_indirect $t (type $id)", 1 + 8 + 2),
    ("i64", "block block block local.get $k br_table 0 1 2 end end end", 1 + 4),
    ("i64", "f64.convert_i64_s i64.trunc_sat_f64_s", 3 + 3),
    ("f64", "local.get $z f64.add", 1 + 3),
    ("f64", "local.get $z f64.mul", 1 + 3),
    ("f64", "local.get $z f64.min", 1 + 3),
    ("f64", "f64.nearest", 3),
    ("f64", "f32.demote_f64 f64.promote_f32", 3 + 3),
    ("f64", "local.get $z f64.div", 1 + 8),
    ("f64", "f64.sqrt", 10),
    ("v128", "local.get $v i32x4.add", 2),
    ("v128", "local.get $v i64x2.mul", 1 + 4),
    ("v128", "local.get $v i8x16.swizzle", 1 + 4),
    ("v128", "local.get $v i32x4.dot_i16x8_s", 1 + 4),
    ("v128", "local.get $v i64x2.gt_s", 1 + 4),
    ("v128", "local.get $k i8x16.shr_s", 1 + 4),
    ("v128", "local.get $k i64x2.shr_s", 1 + 4),
    ("v128", "i8x16.popcnt", 4),
    ("v128", "local.get $v f64x2.add", 1 + 3),
    ("v128", "local.get $v f64x2.min", 1 + 6),
    ("v128", "local.get $v f64x2.div", 1 + 8),
    ("v128", "f64x2.sqrt", 10),
    ("v128", "f32x4.nearest", 3),
    ("v128", "i32x4.trunc_sat_f32x4_s", 6),
    ("v128", "i32x4.trunc_sat_f32x4_u", 6),
    ("v128", "i32x4.trunc_sat_f64x2_u_zero", 6),
    ("v128", "f32x4.convert_i32x4_u", 6),
    ("v128", "f64x2.convert_low_i32x4_u", 6),
    ("i64", "drop i32.const 0 memory.grow i64.extend_i32_u", 1 + 100 + 1),
    ("i64", "drop ref.null func i32.const 0 table.grow $t i64.extend_i32_u", 2 + 100 + 1),
    ("i64", "drop ref.func $id ref.is_null i64.extend_i32_u", 50 + 1 + 1),
    ("i64", "i32.const 0 i32.const 7 i32.const 0 memory.fill", 3 + 50),
    ("i64", "i32.const 0 i32.const 7 i32.const 65536 memory.fill", 3 + 50 + 65_536),
    ("i64", "i32.const 0 i32.const 65536 i32.const 16 memory.copy", 3 + 4 + 16),
    ("i64", "i32.const 0 i32.const 65536 i32.const 65536 memory.copy", 3 + 4 + 65_536),
    ("i64", "i32.const 0 i32.const 0 i32.const 64 memory.init $d", 3 + 4 + 64),
    ("i64", "i32.const 0 ref.null func i32.const 8000 table.fill $t", 3 + 10 + 2 * 8_000),
    ("i64", "i32.const 0 i32.const 0 i32.const 8000 table.copy $u $t", 3 + 10 + 4 * 8_000),
    ("i64", "i32.const 0 i32.const 0 i32.const 8 table.init $t $e", 3 + 10 + 4 * 8),
    ("i64", "elem.drop $e", 10),
    ("i64", "data.drop $d", 10),
];

#[test]
fn every_class_costs_what_the_table_says() {
    let mut wrong = Vec::new();
    for (ty, operators, expected) in LINKS {
        let (fuel, ns) = cost(ty, operators);
        println!("{fuel:>6} units {ns:>9.2} ns {:>6.2} ns/unit  {operators}", ns / fuel as f64);
        if fuel != *expected {
            wrong.push(format!("{operators}: {fuel}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As many bytes as additions end a call: neither loop is a cheaper way to keep a core.
#[test]
fn filling_memory_is_not_cheaper_than_adding() {
    const MIB: u64 = 1 << 20;
    let fill = |rounds: u64| {
        core(&format!(
            r#"(memory 16) (func (export "f") (local $n i32) (loop
                (memory.fill (i32.const 0) (i32.const 7) (i32.const {MIB}))
                (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {rounds})))))"#,
        ))
    };
    // Eight operators a round, and nothing for `loop`.
    let add = core(&format!(
        r#"(func (export "f") (local $n i32) (loop
            (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {})))))"#,
        10 * MIB / 7
    ));
    let with = |fuel: u64| CallLimits { fuel, ..CallLimits::default() };
    let (filled, added) = (
        call(&fill(10), json!({}), with(u64::MAX)).fuel,
        call(&add, json!({}), with(u64::MAX)).fuel,
    );
    assert!(filled.abs_diff(added) < MIB / 100, "{filled} and {added}");
    // The same budget ends both, and with it one fill less can be done.
    assert_eq!(summary(&call(&fill(9), json!({}), with(added - MIB / 2))), "null");
    assert_eq!(summary(&call(&fill(11), json!({}), with(added - MIB / 2))), "limit.fuel");
}

/// Code that was compiled with other prices is another file in the cache, and loads nowhere.
#[test]
fn prices_are_part_of_the_fingerprint() {
    let fingerprint = |engine: &Engine| {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    let with = |change: fn(&mut OperatorCost)| {
        let mut cost = crate::prices::operator_cost();
        change(&mut cost);
        let mut config: Config = engine::config();
        Engine::new(config.operator_cost(cost)).unwrap()
    };
    let ours = engine::compiler(None).unwrap();
    let same = with(|_| {});
    assert_eq!(fingerprint(&ours), fingerprint(&same));
    let code = ours.precompile_module(&binary("(module (func (export \"f\")))")).unwrap();
    let changes: [fn(&mut OperatorCost); 2] =
        [|cost| cost.Call += 1, |cost| cost.variable.table_fill_per_element += 1];
    for change in changes {
        let other = with(change);
        assert_ne!(fingerprint(&ours), fingerprint(&other));
        assert!(!loads(&other, &code));
    }
    // What compiles and what runs agree.
    assert!(loads(&engine::new(1).unwrap(), &code));
    assert!(loads(&engine::executor(1).unwrap(), &code));
}

fn loads(engine: &Engine, code: &[u8]) -> bool {
    #[expect(unsafe_code, reason = "what is loaded was just compiled")]
    // SAFETY: nobody touched the code in between.
    let loaded = unsafe { Module::deserialize(engine, code) };
    loaded.is_ok()
}
