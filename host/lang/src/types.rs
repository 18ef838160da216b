//! What the compiler knows of a value: types of skills, of inputs and of computed values in one shape.

use std::fmt;

use coldframe_format::types::{Type, json_name};
use indexmap::IndexMap;
use serde_json::Value;

/// The type of a value in JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    /// Not known, or any JSON value. Checked when the step starts.
    Any,
    Null,
    Bool,
    /// An integer; a bound is there where it is known.
    Int { min: Option<i128>, max: Option<i128> },
    F32,
    F64,
    /// A text; with the values it can have, where they are known.
    Text(Option<Vec<String>>),
    Char,
    /// A base64 text.
    Bytes,
    List(Box<Ty>),
    Tuple(Vec<Ty>),
    Object(Object),
    /// `null` or the value.
    Option(Box<Ty>),
    /// `"case"` or `{"case": payload}`.
    Variant(IndexMap<String, Option<Ty>>),
    Flags(Vec<String>),
    /// `{"ok": …}` or `{"error": …}`.
    Result(Box<Ty>, Box<Ty>),
}

/// An object with known fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object {
    pub(crate) fields: IndexMap<String, Ty>,
    /// There may be other fields.
    pub(crate) open: bool,
}

/// How deep the schema of an input is looked into. Below that, values are checked at run time.
const SCHEMA_DEPTH_MAX: usize = 32;

impl Ty {
    pub(crate) fn int<T: Into<i128>>(min: T, max: T) -> Self {
        Self::Int { min: Some(min.into()), max: Some(max.into()) }
    }

    pub(crate) fn text() -> Self {
        Self::Text(None)
    }

    pub(crate) fn object(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Object(Object { fields: fields.into_iter().collect(), open: false })
    }

    /// `null` or this; an option of an option is one.
    pub(crate) fn optional(self) -> Self {
        match self {
            already @ (Self::Option(_) | Self::Any | Self::Null) => already,
            other => Self::Option(Box::new(other)),
        }
    }

    /// `null` or this, even where the value could be anything.
    pub(crate) fn optional_even_if_any(self) -> Self {
        match self {
            already @ Self::Option(_) => already,
            other => Self::Option(Box::new(other)),
        }
    }

    /// The JSON shape of a WIT type.
    pub(crate) fn of_wit(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::U8 => Self::int(u8::MIN, u8::MAX),
            Type::U16 => Self::int(u16::MIN, u16::MAX),
            Type::U32 => Self::int(u32::MIN, u32::MAX),
            Type::U64 => Self::int(u64::MIN, u64::MAX),
            Type::S8 => Self::int(i8::MIN, i8::MAX),
            Type::S16 => Self::int(i16::MIN, i16::MAX),
            Type::S32 => Self::int(i32::MIN, i32::MAX),
            Type::S64 => Self::int(i64::MIN, i64::MAX),
            Type::F32 => Self::F32,
            Type::F64 => Self::F64,
            Type::Char => Self::Char,
            Type::String => Self::text(),
            Type::Json => Self::Any,
            Type::List(_) if ty.is_bytes() => Self::Bytes,
            Type::List(item) => Self::List(Box::new(Self::of_wit(item))),
            Type::Tuple(items) => Self::Tuple(items.iter().map(Self::of_wit).collect()),
            Type::Record(fields) => {
                Self::object(fields.iter().map(|field| (json_name(&field.name), Self::of_wit(&field.ty))))
            }
            Type::Enum(names) => Self::Text(Some(names.iter().map(|name| json_name(name)).collect())),
            Type::Flags(names) => Self::Flags(names.iter().map(|name| json_name(name)).collect()),
            // Where `null` is a value of the inner type too, `{"some": …}` tells the two apart.
            Type::Option(inner) if inner.admits_null() => {
                let some = Self::object([("some".to_owned(), Self::of_wit(inner))]);
                Self::Option(Box::new(some))
            }
            Type::Option(inner) => Self::Option(Box::new(Self::of_wit(inner))),
            Type::Variant(cases) => Self::Variant(
                cases
                    .iter()
                    .map(|(name, payload)| (json_name(name), payload.as_ref().map(Self::of_wit)))
                    .collect(),
            ),
            Type::Result(ok, error) => {
                let side = |side: &Option<Box<Type>>| {
                    Box::new(side.as_deref().map_or(Self::Null, Self::of_wit))
                };
                Self::Result(side(ok), side(error))
            }
        }
    }

    /// What a JSON Schema says of a value, as far as types go.
    pub(crate) fn of_schema(schema: &Value) -> Self {
        Self::of_schema_at(schema, 0)
    }

    fn of_schema_at(schema: &Value, depth: usize) -> Self {
        if depth > SCHEMA_DEPTH_MAX {
            return Self::Any;
        }
        let Some(kind) = schema.get("type").and_then(Value::as_str) else {
            return Self::of_values(schema.get("enum"));
        };
        let bound = |name: &str| schema.get(name).and_then(Value::as_i64).map(i128::from);
        match kind {
            "null" => Self::Null,
            "boolean" => Self::Bool,
            "integer" => Self::Int { min: bound("minimum"), max: bound("maximum") },
            "number" => Self::F64,
            "string" if schema.get("contentEncoding").is_some_and(|e| e == "base64") => Self::Bytes,
            "string" => match Self::of_values(schema.get("enum")) {
                Self::Any => Self::text(),
                known => known,
            },
            "array" => {
                let item = schema.get("items").map_or(Self::Any, |s| Self::of_schema_at(s, depth + 1));
                Self::List(Box::new(item))
            }
            "object" => Self::of_object_schema(schema, depth),
            _ => Self::Any,
        }
    }

    fn of_object_schema(schema: &Value, depth: usize) -> Self {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let fields = schema.get("properties").and_then(Value::as_object).map(|properties| {
            properties
                .iter()
                .map(|(name, schema)| {
                    let ty = Self::of_schema_at(schema, depth + 1);
                    let ty = if required.contains(&name.as_str()) { ty } else { ty.optional() };
                    (name.clone(), ty)
                })
                .collect()
        });
        let open = schema.get("additionalProperties").is_none_or(|more| *more != Value::Bool(false));
        Self::Object(Object { fields: fields.unwrap_or_default(), open })
    }

    /// The texts of an `enum`; not known where there are other values among them.
    fn of_values(values: Option<&Value>) -> Self {
        let texts: Option<Vec<String>> = values
            .and_then(Value::as_array)
            .and_then(|values| values.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        texts.map_or(Self::Any, |texts| Self::Text(Some(texts)))
    }
}

/// The WIT name of an integer's range.
fn integer_name(min: Option<i128>, max: Option<i128>) -> Option<&'static str> {
    let named = [
        ("u8", i128::from(u8::MIN), i128::from(u8::MAX)),
        ("u16", i128::from(u16::MIN), i128::from(u16::MAX)),
        ("u32", i128::from(u32::MIN), i128::from(u32::MAX)),
        ("u64", i128::from(u64::MIN), i128::from(u64::MAX)),
        ("s8", i128::from(i8::MIN), i128::from(i8::MAX)),
        ("s16", i128::from(i16::MIN), i128::from(i16::MAX)),
        ("s32", i128::from(i32::MIN), i128::from(i32::MAX)),
        ("s64", i128::from(i64::MIN), i128::from(i64::MAX)),
    ];
    named.iter().find(|(_, low, high)| min == Some(*low) && max == Some(*high)).map(|(name, ..)| *name)
}

/// As WIT writes it where WIT has it; long lists are cut, since this stands in messages.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any value"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int { min, max } => match (integer_name(*min, *max), min, max) {
                (Some(name), ..) => f.write_str(name),
                (None, None, None) => f.write_str("integer"),
                (None, Some(min), None) => write!(f, "integer from {min}"),
                (None, None, Some(max)) => write!(f, "integer to {max}"),
                (None, Some(min), Some(max)) if min == max => write!(f, "integer {min}"),
                (None, Some(min), Some(max)) => write!(f, "integer from {min} to {max}"),
            },
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Text(None) => f.write_str("string"),
            Self::Text(Some(values)) => {
                write!(f, "enum {{ {} }}", cut(values.iter().map(|v| crate::shown::shown(v))))
            }
            Self::Char => f.write_str("char"),
            Self::Bytes => f.write_str("list<u8>"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Tuple(items) => write!(f, "tuple<{}>", cut(items.iter().map(Self::to_string))),
            Self::Object(object) if object.fields.is_empty() => f.write_str("object"),
            Self::Object(object) => write!(f, "record {{ {} }}", cut(object.fields.keys().cloned())),
            Self::Option(inner) => write!(f, "option<{inner}>"),
            Self::Variant(cases) => write!(f, "variant {{ {} }}", cut(cases.keys().cloned())),
            Self::Flags(names) => write!(f, "flags {{ {} }}", cut(names.iter().cloned())),
            Self::Result(ok, error) => write!(f, "result<{ok}, {error}>"),
        }
    }
}

/// The first few, and `…`.
fn cut(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<String> = names.take(SHOWN + 1).collect();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("…".to_owned());
    }
    names.join(", ")
}
