//! Component values to JSON: what a guest returned, bounded before anyone else sees it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldframe_format::Type;
use coldframe_format::types::json_name;
use serde_json::{Map, Number, Value};
use wasmtime::component::Val;

use super::EXACT_INTEGER_MAX;
use super::at::{At, ValueError};
use super::to_val::within_depth;

/// The bounds of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutputLimits {
    /// Bytes of the JSON text.
    pub(crate) bytes: u64,
    /// Arrays and objects within one another.
    pub(crate) depth: u32,
}

/// The JSON of a value of type `ty`. Says which bound was passed, or where the value is not what
/// its type says (only the text of a `json` can be).
pub(crate) fn to_json(val: Val, ty: &Type, limits: OutputLimits) -> Result<Value, ValueError> {
    let at = At::Root("output");
    let value = convert(val, ty, at, limits.depth)?;
    let mut meter = Meter { left: limits.bytes };
    if serde_json::to_writer(&mut meter, &value).is_err() {
        let problem = format_args!("is larger than {} bytes as JSON", limits.bytes);
        return Err(ValueError::too_big(at, problem));
    }
    Ok(value)
}

/// A writer that only counts, and fails when the count is over.
struct Meter {
    left: u64,
}

impl std::io::Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(std::io::ErrorKind::FileTooLarge.into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// `levels` is how many more arrays and objects may be opened.
fn convert(val: Val, ty: &Type, at: At<'_>, levels: u32) -> Result<Value, ValueError> {
    Ok(match (val, ty) {
        (Val::Bool(value), Type::Bool) => Value::Bool(value),
        (Val::U8(value), Type::U8) => value.into(),
        (Val::U16(value), Type::U16) => value.into(),
        (Val::U32(value), Type::U32) => value.into(),
        (Val::S8(value), Type::S8) => value.into(),
        (Val::S16(value), Type::S16) => value.into(),
        (Val::S32(value), Type::S32) => value.into(),
        (Val::U64(value), Type::U64) if value <= EXACT_INTEGER_MAX => value.into(),
        (Val::U64(value), Type::U64) => value.to_string().into(),
        (Val::S64(value), Type::S64) if value.unsigned_abs() <= EXACT_INTEGER_MAX => value.into(),
        (Val::S64(value), Type::S64) => value.to_string().into(),
        (Val::Float64(value), Type::F64) => float(value),
        (Val::Float32(value), Type::F32) => float32(value),
        (Val::Char(value), Type::Char) => value.to_string().into(),
        (Val::String(text), Type::String) => text.into(),
        (Val::String(text), Type::Json) => json(&text, at, levels)?,
        (Val::List(items), Type::List(_)) if ty.is_bytes() => bytes(&items, at)?,
        (Val::List(items), Type::List(item)) => {
            let below = open(levels, at)?;
            array(items, std::iter::repeat(&**item), at, below)?
        }
        (Val::Tuple(items), Type::Tuple(types)) => {
            let below = open(levels, at)?;
            array(items, types.iter(), at, below)?
        }
        (Val::Record(values), Type::Record(parts)) => {
            let below = open(levels, at)?;
            let mut map = Map::with_capacity(parts.len());
            for ((name, value), part) in values.into_iter().zip(parts) {
                let value = convert(value, &part.ty, At::Name(&at, &name), below)?;
                map.insert(json_name(&name), value);
            }
            Value::Object(map)
        }
        (Val::Variant(name, payload), Type::Variant(cases)) => {
            let ty = cases.iter().find(|(case, _)| *case == name).and_then(|(_, ty)| ty.as_ref());
            match (payload, ty) {
                (Some(payload), Some(ty)) => tagged(&name, *payload, ty, at, levels)?,
                _ => json_name(&name).into(),
            }
        }
        (Val::Enum(name), Type::Enum(_)) => json_name(&name).into(),
        (Val::Flags(set), Type::Flags(names)) => {
            open(levels, at)?;
            let set = names.iter().filter(|name| set.contains(name));
            Value::Array(set.map(|name| json_name(name).into()).collect())
        }
        (Val::Option(None), Type::Option(_)) => Value::Null,
        (Val::Option(Some(value)), Type::Option(inner)) if inner.admits_null() => {
            tagged("some", *value, inner, at, levels)?
        }
        (Val::Option(Some(value)), Type::Option(inner)) => convert(*value, inner, at, levels)?,
        (Val::Result(value), Type::Result(ok, err)) => {
            let (key, payload, ty) = match value {
                Ok(payload) => ("ok", payload, ok),
                Err(payload) => ("error", payload, err),
            };
            match (payload, ty) {
                (Some(payload), Some(ty)) => tagged(key, *payload, ty, at, levels)?,
                _ => {
                    open(levels, at)?;
                    Value::Object(Map::from_iter([(key.to_owned(), Value::Null)]))
                }
            }
        }
        // The interface was read from the same bytes, so this is a bug of ours and no guest's.
        (_, _) => return Err(ValueError::shape(at, "is not of the type its interface says")),
    })
}

fn open(levels: u32, at: At<'_>) -> Result<u32, ValueError> {
    levels.checked_sub(1).ok_or_else(|| ValueError::too_big(at, "is nested too deeply"))
}

fn array<'a>(
    items: Vec<Val>,
    types: impl Iterator<Item = &'a Type>,
    at: At<'_>,
    levels: u32,
) -> Result<Value, ValueError> {
    let items = items
        .into_iter()
        .zip(types)
        .enumerate()
        .map(|(index, (item, ty))| convert(item, ty, At::Index(&at, index), levels));
    Ok(Value::Array(items.collect::<Result<_, _>>()?))
}

fn tagged(key: &str, val: Val, ty: &Type, at: At<'_>, levels: u32) -> Result<Value, ValueError> {
    let below = open(levels, at)?;
    let value = convert(val, ty, At::Name(&at, key), below)?;
    Ok(Value::Object(Map::from_iter([(json_name(key), value)])))
}

fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// The shortest decimal that reads back as the same `f32`: 0.1 and not 0.10000000149011612.
fn float32(value: f32) -> Value {
    float(value.to_string().parse().unwrap_or(f64::from(value)))
}

fn bytes(items: &[Val], at: At<'_>) -> Result<Value, ValueError> {
    let raw = items.iter().map(|item| match item {
        Val::U8(byte) => Ok(*byte),
        _ => Err(ValueError::shape(at, "is not of the type its interface says")),
    });
    Ok(STANDARD.encode(raw.collect::<Result<Vec<u8>, _>>()?).into())
}

fn json(text: &str, at: At<'_>, levels: u32) -> Result<Value, ValueError> {
    // The reader's own recursion limit (128) stays on; ours is checked after it.
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ValueError::shape(at, format_args!("is not JSON: {error}")))?;
    if within_depth(&value, levels) {
        Ok(value)
    } else {
        Err(ValueError::too_big(at, "is nested too deeply"))
    }
}
