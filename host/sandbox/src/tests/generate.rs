//! Random WIT types and values of them, out of one number.

use std::fmt::Write as _;

use coldframe_format::types::json_name;
use coldframe_format::{Field, Type};
use serde_json::{Value, json};

/// A small generator of numbers; the same seed gives the same numbers for ever.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// A type with at most `depth` levels.
pub(super) fn random_type(dice: &mut Dice, depth: usize) -> Type {
    let kinds = if depth == 0 { 14 } else { 22 };
    let inner = |dice: &mut Dice| Box::new(random_type(dice, depth - 1));
    match dice.below(kinds) {
        0 => Type::Bool,
        1 => Type::U8,
        2 => Type::U16,
        3 => Type::U32,
        4 => Type::U64,
        5 => Type::S8,
        6 => Type::S16,
        7 => Type::S32,
        8 => Type::S64,
        9 => Type::F32,
        10 => Type::F64,
        11 => Type::Char,
        12 => Type::String,
        13 => Type::Json,
        14 => Type::List(inner(dice)),
        15 => Type::Record(
            names(dice, 4)
                .into_iter()
                .map(|name| Field { name, ty: *inner(dice), doc: String::new() })
                .collect(),
        ),
        16 => Type::Tuple((0..1 + dice.below(4)).map(|_| *inner(dice)).collect()),
        17 => Type::Variant(
            names(dice, 4)
                .into_iter()
                .map(|name| (name, dice.pick(&[true, false]).then(|| *inner(dice))))
                .collect(),
        ),
        18 => Type::Enum(names(dice, 9)),
        19 => Type::Flags(names(dice, 32)),
        20 => Type::Option(inner(dice)),
        _ => {
            let side = |dice: &mut Dice| dice.pick(&[true, true, false]).then(|| inner(dice));
            Type::Result(side(dice), side(dice))
        }
    }
}

fn names(dice: &mut Dice, max: usize) -> Vec<String> {
    // No word of a WIT name starts with a digit.
    (0..1 + dice.below(max)).map(|index| format!("part-n{index}")).collect()
}

/// A value of the type, written as the conversion itself would write it.
pub(super) fn random_value(dice: &mut Dice, ty: &Type) -> Value {
    const BIG: i64 = (1 << 53) - 1;
    match ty {
        Type::Bool => dice.pick(&[true, false]).into(),
        Type::U8 => dice.pick(&[0, 1, u8::MAX]).into(),
        Type::U16 => dice.pick(&[0, 1, u16::MAX]).into(),
        Type::U32 => dice.pick(&[0, 1, u32::MAX]).into(),
        Type::U64 => dice.pick(&[
            json!(0),
            json!(BIG),
            json!("9007199254740992"),
            json!(u64::MAX.to_string()),
        ]),
        Type::S8 => dice.pick(&[0, -1, i8::MAX, i8::MIN]).into(),
        Type::S16 => dice.pick(&[0, -1, i16::MAX, i16::MIN]).into(),
        Type::S32 => dice.pick(&[0, -1, i32::MAX, i32::MIN]).into(),
        Type::S64 => dice.pick(&[
            json!(0),
            json!(-BIG),
            json!("-9007199254740992"),
            json!(i64::MIN.to_string()),
        ]),
        Type::F32 => dice.pick(&[
            json!(0.1),
            json!(-0.0),
            json!(3.4028235e38),
            json!(1e-45),
            json!("NaN"),
            json!("-Infinity"),
        ]),
        Type::F64 => dice.pick(&[
            json!(0.1),
            json!(-0.0),
            json!(f64::MAX),
            json!(5e-324),
            json!("NaN"),
            json!("Infinity"),
        ]),
        Type::Char => dice.pick(&["a", "\u{0}", "ß", "🦀", "\u{10ffff}"]).into(),
        Type::String => dice.pick(&["", "text", "grüße 🦀\n\u{202e}\0", "{\"a\": 1}"]).into(),
        Type::Json => dice.pick(&[
            json!(null),
            json!(1.5),
            json!("x"),
            json!({"a-b": [1, {"c": null}]}),
            json!([]),
        ]),
        Type::List(_) if ty.is_bytes() => dice.pick(&["", "AA==", "/////w==", "aGVsbG8="]).into(),
        Type::List(item) => (0..dice.below(4)).map(|_| random_value(dice, item)).collect(),
        Type::Tuple(items) => items.iter().map(|item| random_value(dice, item)).collect(),
        Type::Record(fields) => Value::Object(
            fields.iter().map(|f| (json_name(&f.name), random_value(dice, &f.ty))).collect(),
        ),
        Type::Variant(cases) => {
            let (name, payload) = dice.pick(cases);
            match payload {
                None => json_name(&name).into(),
                Some(ty) => json!({ json_name(&name): random_value(dice, &ty) }),
            }
        }
        Type::Enum(names) => json_name(&dice.pick(names)).into(),
        Type::Flags(names) => {
            let mut set = names.clone();
            set.retain(|_| dice.pick(&[true, false]));
            set.iter().map(|name| json_name(name)).collect()
        }
        Type::Option(inner) => match (dice.pick(&[true, false]), inner.admits_null()) {
            (false, _) => Value::Null,
            (true, true) => json!({"some": random_value(dice, inner)}),
            (true, false) => random_value(dice, inner),
        },
        Type::Result(ok, err) => {
            let (key, ty) = dice.pick(&[("ok", ok), ("error", err)]);
            json!({ key: ty.as_ref().map_or(Value::Null, |ty| random_value(dice, ty)) })
        }
    }
}

/// The WIT of a type: declarations go to `declared`, what is returned names the type.
pub(super) fn wit(ty: &Type, declared: &mut Vec<String>) -> String {
    let declare = |declared: &mut Vec<String>, keyword: &str, body: String| {
        let name = format!("t{}", declared.len());
        declared.push(format!("{keyword} {name} {{ {body} }}"));
        name
    };
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::Json => "json".to_owned(),
        Type::List(item) => format!("list<{}>", wit(item, declared)),
        Type::Tuple(items) => {
            let items: Vec<String> = items.iter().map(|item| wit(item, declared)).collect();
            format!("tuple<{}>", items.join(", "))
        }
        Type::Option(inner) => format!("option<{}>", wit(inner, declared)),
        Type::Result(None, None) => "result".to_owned(),
        Type::Result(Some(ok), None) => format!("result<{}>", wit(ok, declared)),
        Type::Result(ok, Some(err)) => {
            let ok = ok.as_ref().map_or("_".to_owned(), |ok| wit(ok, declared));
            format!("result<{ok}, {}>", wit(err, declared))
        }
        Type::Record(fields) => {
            let mut body = String::new();
            for field in fields {
                write!(body, "{}: {}, ", field.name, wit(&field.ty, declared)).unwrap();
            }
            declare(declared, "record", body)
        }
        Type::Variant(cases) => {
            let mut body = String::new();
            for (name, payload) in cases {
                match payload {
                    None => write!(body, "{name}, ").unwrap(),
                    Some(ty) => write!(body, "{name}({}), ", wit(ty, declared)).unwrap(),
                }
            }
            declare(declared, "variant", body)
        }
        Type::Enum(names) => declare(declared, "enum", names.join(", ")),
        Type::Flags(names) => declare(declared, "flags", names.join(", ")),
    }
}
