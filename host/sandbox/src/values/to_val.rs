//! JSON to component values: what the caller wrote, checked against the parameter types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldframe_format::{Field, Type};
use serde_json::{Map, Number, Value};
use wasmtime::component::Val;

use super::at::{At, ValueError, choices, same_name};
use super::{EXACT_INTEGER_MAX, JSON_DEPTH_MAX};

/// How much may still be handed to a component in this call.
///
/// Two bounds, because a list of a million `u8` is a megabyte for the guest and some forty for us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    bytes: usize,
    values: usize,
}

impl Default for Allowance {
    /// Texts of 16 MiB together, and four million values.
    fn default() -> Self {
        Self { bytes: 16 << 20, values: 4 << 20 }
    }
}

impl Allowance {
    fn take_bytes(&mut self, count: usize, at: At<'_>) -> Result<(), ValueError> {
        self.bytes = self
            .bytes
            .checked_sub(count)
            .ok_or_else(|| ValueError::too_big(at, "the input is larger than 16 MiB"))?;
        Ok(())
    }

    fn take_values(&mut self, count: usize, at: At<'_>) -> Result<(), ValueError> {
        self.values = self
            .values
            .checked_sub(count)
            .ok_or_else(|| ValueError::too_big(at, "the input has more than 4 million values"))?;
        Ok(())
    }
}

/// The arguments of a call out of an object of parameter name to value.
pub(crate) fn arguments(
    input: Value,
    params: &[Field],
    mut allowance: Allowance,
) -> Result<Vec<Val>, ValueError> {
    let at = At::Root("input");
    let mut input = match input {
        Value::Object(map) => map,
        Value::Null if params.is_empty() => Map::new(),
        other => return Err(ValueError::expected(at, "an object of parameters", &other)),
    };
    let values = fields(&mut input, params, at, &mut allowance)?;
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

fn to_val(value: Value, ty: &Type, at: At<'_>, left: &mut Allowance) -> Result<Val, ValueError> {
    left.take_values(1, at)?;
    match ty {
        Type::Bool => match value {
            Value::Bool(value) => Ok(Val::Bool(value)),
            other => Err(ValueError::expected(at, "true or false", &other)),
        },
        Type::U8 => Ok(Val::U8(integer(value, "u8", at)?)),
        Type::U16 => Ok(Val::U16(integer(value, "u16", at)?)),
        Type::U32 => Ok(Val::U32(integer(value, "u32", at)?)),
        Type::U64 => Ok(Val::U64(integer(value, "u64", at)?)),
        Type::S8 => Ok(Val::S8(integer(value, "s8", at)?)),
        Type::S16 => Ok(Val::S16(integer(value, "s16", at)?)),
        Type::S32 => Ok(Val::S32(integer(value, "s32", at)?)),
        Type::S64 => Ok(Val::S64(integer(value, "s64", at)?)),
        Type::F32 => float32(value, at),
        Type::F64 => Ok(Val::Float64(float(&value, at)?)),
        Type::Char => character(value, at),
        Type::String => match value {
            Value::String(text) => {
                left.take_bytes(text.len(), at)?;
                Ok(Val::String(text))
            }
            other => Err(ValueError::expected(at, "a string", &other)),
        },
        Type::Json => json_text(&value, at, left),
        Type::List(_) if ty.is_bytes() => bytes(value, at, left),
        Type::List(item) => list(value, item, at, left),
        Type::Tuple(items) => tuple(value, items, at, left),
        Type::Record(parts) => match value {
            Value::Object(mut map) => Ok(Val::Record(fields(&mut map, parts, at, left)?)),
            other => Err(ValueError::expected(at, "an object", &other)),
        },
        Type::Variant(cases) => variant(value, cases, at, left),
        Type::Enum(names) => match value {
            Value::String(text) => Ok(Val::Enum(find(names.iter(), &text, "case", at)?.clone())),
            other => Err(ValueError::expected(at, one_of(names.iter()), &other)),
        },
        Type::Flags(names) => flags(value, names, at),
        Type::Option(inner) => option(value, inner, at, left),
        Type::Result(ok, err) => result(value, ok.as_deref(), err.as_deref(), at, left),
    }
}

/// The parts of a record or the parameters of a function, in declaration order. Every key must be
/// known, and every part that is not an option must be there.
fn fields(
    map: &mut Map<String, Value>,
    parts: &[Field],
    at: At<'_>,
    left: &mut Allowance,
) -> Result<Vec<(String, Val)>, ValueError> {
    for key in map.keys() {
        if !parts.iter().any(|part| same_name(&part.name, key)) {
            let shown = crate::sanitize::line(key, 60);
            let known = choices(parts.iter().map(|part| part.name.as_str()));
            let known = if known.is_empty() { "nothing".to_owned() } else { known };
            return Err(ValueError::shape(at, format!("`{shown}` is unknown, expected {known}")));
        }
    }
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        let here = At::Name(&at, &part.name);
        let given = if part.name.contains('-') {
            map.remove(&coldframe_format::types::json_name(&part.name))
        } else {
            map.remove(&part.name)
        };
        let value = match (given, &part.ty) {
            (Some(value), ty) => to_val(value, ty, here, left)?,
            (None, Type::Option(_)) => Val::Option(None),
            (None, _) => return Err(ValueError::shape(here, "is missing")),
        };
        values.push((part.name.clone(), value));
    }
    Ok(values)
}

/// Anything an exact integer may be written as: a number, an integral float, and for the large
/// types decimal text.
fn integer<T>(value: Value, name: &str, at: At<'_>) -> Result<T, ValueError>
where
    T: TryFrom<i128>,
{
    let exact: Option<i128> = match &value {
        Value::Number(number) => exact_integer(number),
        Value::String(text) if name.ends_with("64") => decimal(text),
        _ => None,
    };
    exact
        .and_then(|exact| T::try_from(exact).ok())
        .ok_or_else(|| ValueError::expected(at, format_args!("an integer of type {name}"), &value))
}

fn exact_integer(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    let float = number.as_f64()?;
    #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 has an exact double")]
    let exact_max = EXACT_INTEGER_MAX as f64;
    // In this range the conversion is exact, so the cast loses nothing.
    #[expect(clippy::cast_possible_truncation, reason = "integral and within +-2^53")]
    (float.fract() == 0.0 && float.abs() <= exact_max).then_some(float as i128)
}

/// Plain decimal digits with an optional minus: no plus sign, no underscores, no spaces.
fn decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Twenty digits hold every u64.
    let plain = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn float(value: &Value, at: At<'_>) -> Result<f64, ValueError> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| ValueError::expected(at, "a number", value))
}

fn float32(value: Value, at: At<'_>) -> Result<Val, ValueError> {
    let wide = float(&value, at)?;
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what f32 means")]
    let narrow = wide as f32;
    if wide.is_finite() && !narrow.is_finite() {
        return Err(ValueError::expected(at, "a number within f32", &value));
    }
    Ok(Val::Float32(narrow))
}

fn character(value: Value, at: At<'_>) -> Result<Val, ValueError> {
    if let Value::String(text) = &value {
        let mut chars = text.chars();
        if let (Some(first), None) = (chars.next(), chars.next()) {
            return Ok(Val::Char(first));
        }
    }
    Err(ValueError::expected(at, "a string of one character", &value))
}

fn json_text(value: &Value, at: At<'_>, left: &mut Allowance) -> Result<Val, ValueError> {
    if !within_depth(value, JSON_DEPTH_MAX) {
        let problem = format_args!("is nested deeper than {JSON_DEPTH_MAX} levels");
        return Err(ValueError::too_big(at, problem));
    }
    let text = value.to_string();
    left.take_bytes(text.len(), at)?;
    Ok(Val::String(text))
}

/// Whether `value` has at most `levels` arrays and objects within one another.
pub(super) fn within_depth(value: &Value, levels: u32) -> bool {
    match value {
        Value::Array(items) => {
            levels > 0 && items.iter().all(|item| within_depth(item, levels - 1))
        }
        Value::Object(map) => levels > 0 && map.values().all(|item| within_depth(item, levels - 1)),
        _ => true,
    }
}

fn bytes(value: Value, at: At<'_>, left: &mut Allowance) -> Result<Val, ValueError> {
    let Value::String(text) = &value else {
        return Err(ValueError::expected(at, "a base64 string", &value));
    };
    left.take_values(text.len() / 4 * 3, at)?;
    let decoded = STANDARD
        .decode(text)
        .map_err(|error| ValueError::shape(at, format_args!("is not base64: {error}")))?;
    Ok(Val::List(decoded.into_iter().map(Val::U8).collect()))
}

fn list(value: Value, item: &Type, at: At<'_>, left: &mut Allowance) -> Result<Val, ValueError> {
    let Value::Array(items) = value else {
        return Err(ValueError::expected(at, "an array", &value));
    };
    let values = items
        .into_iter()
        .enumerate()
        .map(|(index, value)| to_val(value, item, At::Index(&at, index), left));
    Ok(Val::List(values.collect::<Result<_, _>>()?))
}

fn tuple(
    value: Value,
    types: &[Type],
    at: At<'_>,
    left: &mut Allowance,
) -> Result<Val, ValueError> {
    let items = match value {
        Value::Array(items) if items.len() == types.len() => items,
        Value::Array(items) => {
            let problem = format!("expected {} items, found {}", types.len(), items.len());
            return Err(ValueError::shape(at, problem));
        }
        other => return Err(ValueError::expected(at, "an array", &other)),
    };
    let values = items
        .into_iter()
        .zip(types)
        .enumerate()
        .map(|(index, (value, ty))| to_val(value, ty, At::Index(&at, index), left));
    Ok(Val::Tuple(values.collect::<Result<_, _>>()?))
}

fn variant(
    value: Value,
    cases: &[(String, Option<Type>)],
    at: At<'_>,
    left: &mut Allowance,
) -> Result<Val, ValueError> {
    let (case, payload) = match value {
        Value::String(case) => (case, None),
        Value::Object(map) if map.len() == 1 => match map.into_iter().next() {
            Some((case, payload)) => (case, Some(payload)),
            None => (String::new(), None),
        },
        other => {
            let names = one_of(cases.iter().map(|(name, _)| name));
            return Err(ValueError::expected(
                at,
                format_args!("{names}, or an object with one of them as its only key"),
                &other,
            ));
        }
    };
    let name = find(cases.iter().map(|(name, _)| name), &case, "case", at)?;
    let ty = cases.iter().find(|(known, _)| known == name).and_then(|(_, ty)| ty.as_ref());
    match (payload, ty) {
        (None, None) => Ok(Val::Variant(name.clone(), None)),
        (Some(payload), Some(ty)) => {
            let payload = to_val(payload, ty, At::Name(&at, name), left)?;
            Ok(Val::Variant(name.clone(), Some(Box::new(payload))))
        }
        (None, Some(_)) => Err(ValueError::shape(
            at,
            format_args!("case `{case}` needs a value: {{\"{case}\": …}}"),
        )),
        (Some(_), None) => {
            Err(ValueError::shape(at, format_args!("case `{case}` has no value, write \"{case}\"")))
        }
    }
}

fn flags(value: Value, names: &[String], at: At<'_>) -> Result<Val, ValueError> {
    let Value::Array(items) = value else {
        return Err(ValueError::expected(at, "an array of flag names", &value));
    };
    let mut set = vec![false; names.len()];
    for (index, item) in items.iter().enumerate() {
        let here = At::Index(&at, index);
        let Value::String(text) = item else {
            return Err(ValueError::expected(here, one_of(names.iter()), item));
        };
        let name = find(names.iter(), text, "flag", here)?;
        for (known, slot) in names.iter().zip(&mut set) {
            if known == name && std::mem::replace(slot, true) {
                return Err(ValueError::shape(here, format_args!("`{text}` is given twice")));
            }
        }
    }
    let set = names.iter().zip(set).filter(|(_, set)| *set).map(|(name, _)| name.clone());
    Ok(Val::Flags(set.collect()))
}

fn option(value: Value, inner: &Type, at: At<'_>, left: &mut Allowance) -> Result<Val, ValueError> {
    let some = match value {
        Value::Null => return Ok(Val::Option(None)),
        Value::Object(mut map) if inner.admits_null() => match map.remove("some") {
            Some(some) if map.is_empty() => some,
            _ => return Err(ValueError::shape(at, "expected null or {\"some\": …}")),
        },
        other if inner.admits_null() => {
            return Err(ValueError::expected(at, "null or {\"some\": …}", &other));
        }
        other => other,
    };
    Ok(Val::Option(Some(Box::new(to_val(some, inner, at, left)?))))
}

fn result(
    value: Value,
    ok: Option<&Type>,
    err: Option<&Type>,
    at: At<'_>,
    left: &mut Allowance,
) -> Result<Val, ValueError> {
    let (key, payload) = match value {
        Value::Object(map) if map.len() == 1 => map.into_iter().next(),
        _ => None,
    }
    .ok_or_else(|| ValueError::shape(at, "expected {\"ok\": …} or {\"error\": …}"))?;
    let ty = match key.as_str() {
        "ok" => ok,
        "error" => err,
        _ => return Err(ValueError::shape(at, "expected {\"ok\": …} or {\"error\": …}")),
    };
    let payload = match (payload, ty) {
        (Value::Null, None) => None,
        (other, None) => return Err(ValueError::expected(At::Name(&at, &key), "null", &other)),
        (payload, Some(ty)) => Some(Box::new(to_val(payload, ty, At::Name(&at, &key), left)?)),
    };
    Ok(Val::Result(if key == "ok" { Ok(payload) } else { Err(payload) }))
}

fn find<'a>(
    mut names: impl Iterator<Item = &'a String> + Clone,
    wanted: &str,
    what: &str,
    at: At<'_>,
) -> Result<&'a String, ValueError> {
    let known = names.clone();
    names.find(|name| same_name(name, wanted)).ok_or_else(|| {
        let wanted = crate::sanitize::line(wanted, 60);
        let known = choices(known.map(String::as_str));
        ValueError::shape(at, format_args!("unknown {what} `{wanted}`, expected one of {known}"))
    })
}

fn one_of<'a>(names: impl Iterator<Item = &'a String>) -> String {
    format!("one of {}", choices(names.map(String::as_str)))
}
