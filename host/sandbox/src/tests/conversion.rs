//! JSON to values and back: random types on our side alone, then through real components.

use coldframe_format::{Field, Interface, Type};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{Dice, random_type, random_value, wit};
use super::guest::{SANDBOX, call_of, encode, load, run, summary};
use crate::values::{Allowance, OutputLimits, arguments, to_json};

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.to_owned(), ty, doc: String::new() }
}

fn there_and_back(ty: &Type, value: Value) -> Result<Value, String> {
    let params = [field("x", ty.clone())];
    let mut values = arguments(json!({ "x": value }), &params, Allowance::default())
        .map_err(|error| error.message)?;
    let limits = OutputLimits { bytes: 1 << 20, depth: 64 };
    to_json(values.remove(0), ty, limits).map_err(|error| error.message)
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(seed: u64) {
        let mut dice = Dice::new(seed);
        let ty = random_type(&mut dice, 4);
        let value = random_value(&mut dice, &ty);
        prop_assert_eq!(there_and_back(&ty, value.clone()), Ok(value));
    }

    #[test]
    fn any_json_is_taken_or_refused(seed: u64, other: u64) {
        let ty = random_type(&mut Dice::new(seed), 3);
        let mut dice = Dice::new(other);
        let foreign = random_type(&mut dice, 3);
        let value = random_value(&mut dice, &foreign);
        if let Err(message) = there_and_back(&ty, value) {
            prop_assert!(message.starts_with("input.x"), "{}", message);
        }
    }
}

/// A component that returns its first argument. Enough parameters make the ABI pass all of them in
/// memory, and a tuple as the result is returned as a pointer: so the echo is that same pointer.
fn echo(ty: &Type) -> Vec<u8> {
    let mut declared = Vec::new();
    let named = wit(ty, &mut declared);
    let declared = declared.join("\n");
    let padding: String = (0..17).map(|index| format!(", p{index}x: u32")).collect();
    let wit = format!(
        "package t:t;
         interface api {{
             use coldframe:skill/types@0.1.0.{{json}};
             {declared}
             f: func(x: tuple<{named}, u32>{padding}) -> tuple<{named}, u32>;
         }}
         world w {{ export api; }}"
    );
    let core = r#"(module
        (memory (export "memory") 2)
        (global $top (mut i32) (i32.const 1024))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $top (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
            (global.get $top)
            (global.set $top (i32.add (global.get $top) (local.get 3))))
        (func (export "t:t/api#f") (param i32) (result i32) (local.get 0)))"#;
    encode(&wit, core)
}

#[test]
fn components_echo_every_type() {
    for seed in 0..60 {
        let mut dice = Dice::new(seed);
        let ty = random_type(&mut dice, 3);
        let bytes = echo(&ty);
        let interface = Interface::read(&bytes).unwrap();
        let Type::Tuple(items) = &interface.operations[0].params[0].ty else { panic!("{ty:?}") };
        assert_eq!(items[0], ty);
        let digest = load(&SANDBOX, &bytes).unwrap();
        for _ in 0..4 {
            let value = random_value(&mut dice, &ty);
            let mut input = json!({"x": [value, 7]});
            for index in 0..17 {
                input[format!("p{index}x")] = json!(index);
            }
            let report = run(&SANDBOX, call_of(digest, input));
            assert_eq!(summary(&report), json!([value, 7]).to_string(), "{ty:?} {report:?}");
        }
    }
}

#[track_caller]
fn check_error(ty: Type, value: Value, expected: &str) {
    assert_eq!(there_and_back(&ty, value).unwrap_err(), expected);
}

#[test]
fn errors_name_the_place_and_what_was_expected() {
    let row = Type::Record(vec![field("name", Type::String), field("word-count", Type::U8)]);
    let rows = Type::List(Box::new(row.clone()));
    let good = json!({"name": "a", "word_count": 1});
    check_error(
        rows.clone(),
        json!([good, good, good, {"name": 3, "word_count": 1}]),
        "input.x[3].name: expected a string, found number 3",
    );
    check_error(
        rows.clone(),
        json!([{"name": "a", "word_count": 256}]),
        "input.x[0].word_count: expected an integer of type u8, found number 256",
    );
    check_error(rows.clone(), json!([{"name": "a"}]), "input.x[0].word_count: is missing");
    check_error(
        rows,
        json!([{"name": "a", "word-count": 1}]),
        "input.x[0]: `word-count` is unknown, expected `name`, `word_count`",
    );
    check_error(
        Type::U64,
        json!("+1"),
        "input.x: expected an integer of type u64, found string `+1`",
    );
    check_error(
        Type::U64,
        json!(1.5),
        "input.x: expected an integer of type u64, found number 1.5",
    );
    check_error(
        Type::U32,
        json!("1"),
        "input.x: expected an integer of type u32, found string `1`",
    );
    check_error(
        Type::F32,
        json!(1e39),
        "input.x: expected a number within f32, found number 1e+39",
    );
    check_error(
        Type::Char,
        json!("ab"),
        "input.x: expected a string of one character, found string `ab`",
    );
    let bytes = Type::List(Box::new(Type::U8));
    assert!(
        there_and_back(&bytes, json!("a b")).unwrap_err().starts_with("input.x: is not base64")
    );
    let either = Type::Enum(vec!["on-top".to_owned(), "below".to_owned()]);
    check_error(
        either,
        json!("\u{1b}[31m"),
        "input.x: unknown case `\\u{1b}[31m`, expected one of `on_top`, `below`",
    );
    let maybe = Type::Option(Box::new(Type::Json));
    check_error(maybe, json!({"some": 1, "more": 2}), "input.x: expected null or {\"some\": …}");
}

#[test]
fn integers_may_be_written_as_exact_floats() {
    assert_eq!(there_and_back(&Type::U8, json!(3.0)), Ok(json!(3)));
    assert_eq!(
        there_and_back(&Type::S64, json!(-9007199254740991.0)),
        Ok(json!(-9007199254740991i64))
    );
    assert_eq!(there_and_back(&Type::U64, json!(u64::MAX)), Ok(json!(u64::MAX.to_string())));
    assert!(there_and_back(&Type::U64, json!(1e19)).is_err());
}

#[test]
fn options_may_be_left_out() {
    let ty = Type::Record(vec![field("a", Type::Option(Box::new(Type::U8)))]);
    assert_eq!(there_and_back(&ty, json!({})), Ok(json!({"a": null})));
}

#[test]
fn deep_json_is_refused_and_not_recursed_into() {
    let mut deep = json!(1);
    for _ in 0..128 {
        deep = json!([deep]);
    }
    let message = there_and_back(&Type::Json, deep).unwrap_err();
    assert_eq!(message, "input.x: is nested deeper than 127 levels");
}

#[test]
fn input_is_an_object_of_known_parameters() {
    let bytes = echo(&Type::U8);
    let digest = load(&SANDBOX, &bytes).unwrap();
    for input in [json!([]), json!({}), json!({"y": 1}), json!("x")] {
        let report = run(&SANDBOX, call_of(digest, input));
        assert_eq!(summary(&report), "invalid.input", "{report:?}");
    }
}
