//! What the compiler knows of a value: types of skills, of inputs and of computed values in one shape.

mod join;

use std::fmt;
use std::sync::Arc;

use coldframe_format::types::{Type, json_name};
use indexmap::IndexMap;
use serde_json::Value;

use crate::shown::shown;

/// The type of a value in JSON.
///
/// Parts are shared, so that a type costs the same wherever it is used: steps that each hold the
/// one before them twice would else double it every time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    /// Not known, or any JSON value. Checked when the step starts.
    Any,
    Null,
    Bool,
    /// An integer; a bound is there where it is known.
    Int {
        min: Option<i128>,
        max: Option<i128>,
    },
    F32,
    F64,
    /// A text; with the values it can have, where they are known.
    Text(Option<Arc<[String]>>),
    Char,
    /// A base64 text.
    Bytes,
    List(Arc<Ty>),
    Tuple(Arc<[Ty]>),
    Object(Arc<Object>),
    /// `null` or the value.
    Option(Arc<Ty>),
    /// `"case"` or `{"case": payload}`.
    Variant(Arc<IndexMap<String, Option<Ty>>>),
    Flags(Arc<[String]>),
    /// `{"ok": …}` or `{"error": …}`.
    Result(Arc<Ty>, Arc<Ty>),
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

/// How deeply computed types are nested. Below that, values are checked at run time.
const DEPTH_MAX: usize = 64;

/// The most parts of a computed type. Of what is beyond, the type is not followed; it is checked
/// at run time.
const PARTS_MAX: usize = 2_000;

/// How deeply a type is written out in a message.
const SHOWN_DEPTH_MAX: usize = 3;

impl Ty {
    pub(crate) fn int<T: Into<i128>>(min: T, max: T) -> Self {
        Self::Int { min: Some(min.into()), max: Some(max.into()) }
    }

    pub(crate) fn text() -> Self {
        Self::Text(None)
    }

    /// A text that has one of these values.
    pub(crate) fn one_of(values: impl IntoIterator<Item = String>) -> Self {
        Self::Text(Some(values.into_iter().collect()))
    }

    pub(crate) fn object(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Object(Arc::new(Object { fields: fields.into_iter().collect(), open: false }))
    }

    /// `null` or this; an option of an option is one.
    pub(crate) fn optional(self) -> Self {
        match self {
            already @ (Self::Option(_) | Self::Any | Self::Null) => already,
            other => Self::Option(Arc::new(other)),
        }
    }

    /// `null` or this, even where the value could be anything.
    pub(crate) fn optional_even_if_any(self) -> Self {
        match self {
            already @ Self::Option(_) => already,
            other => Self::Option(Arc::new(other)),
        }
    }

    /// The same without what a literal says more than its type: `0` is an integer, `a` a string.
    pub(crate) fn widened(&self) -> Self {
        match self {
            Self::Int { min: Some(min), max: Some(max) } if min == max => {
                Self::Int { min: None, max: None }
            }
            Self::Text(Some(values)) if values.len() == 1 => Self::text(),
            Self::List(item) => Self::List(Arc::new(item.widened())),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::widened).collect()),
            Self::Option(inner) => Self::Option(Arc::new(inner.widened())),
            Self::Object(object) => {
                let fields = object.fields.iter().map(|(name, ty)| (name.clone(), ty.widened()));
                Self::Object(Arc::new(Object { fields: fields.collect(), open: object.open }))
            }
            other => other.clone(),
        }
    }

    /// An object of fields, of which those are followed that there is room for.
    pub(crate) fn bounded_object(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        let mut left = PARTS_MAX;
        Self::object(fields.into_iter().map(|(name, ty)| {
            let mut rest = left;
            if !ty.weigh(&mut rest) {
                return (name, Self::Any);
            }
            left = rest;
            (name, ty)
        }))
    }

    /// The same, or `Any` where there is no room for it.
    pub(crate) fn bounded(self) -> Self {
        if self.weigh(&mut { PARTS_MAX }) { self } else { Self::Any }
    }

    /// Takes the number of the type's parts out of `left`; `false` if there are more, or if they
    /// are nested too deeply for those who walk types recursively.
    pub(crate) fn weigh(&self, left: &mut usize) -> bool {
        self.weigh_at(left, 0)
    }

    fn weigh_at(&self, left: &mut usize, depth: usize) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        if depth > DEPTH_MAX {
            return false;
        }
        let mut below = |ty: &Self| ty.weigh_at(left, depth + 1);
        match self {
            Self::List(item) | Self::Option(item) => below(item),
            Self::Tuple(items) => items.iter().all(below),
            Self::Object(object) => object.fields.values().all(below),
            Self::Variant(cases) => cases.values().flatten().all(below),
            Self::Result(ok, error) => below(ok) && below(error),
            _ => true,
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
            Type::List(item) => Self::List(Arc::new(Self::of_wit(item))),
            Type::Tuple(items) => Self::Tuple(items.iter().map(Self::of_wit).collect()),
            Type::Record(fields) => Self::object(
                fields.iter().map(|field| (json_name(&field.name), Self::of_wit(&field.ty))),
            ),
            Type::Enum(names) => {
                Self::Text(Some(names.iter().map(|name| json_name(name)).collect()))
            }
            Type::Flags(names) => Self::Flags(names.iter().map(|name| json_name(name)).collect()),
            // Where `null` is a value of the inner type too, `{"some": …}` tells the two apart.
            Type::Option(inner) if inner.admits_null() => {
                let some = Self::object([("some".to_owned(), Self::of_wit(inner))]);
                Self::Option(Arc::new(some))
            }
            Type::Option(inner) => Self::Option(Arc::new(Self::of_wit(inner))),
            Type::Variant(cases) => {
                let cases = cases.iter();
                let cases = cases
                    .map(|(name, payload)| (json_name(name), payload.as_ref().map(Self::of_wit)));
                Self::Variant(Arc::new(cases.collect()))
            }
            Type::Result(ok, error) => {
                let side = |side: &Option<Box<Type>>| {
                    Arc::new(side.as_deref().map_or(Self::Null, Self::of_wit))
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
                let item =
                    schema.get("items").map_or(Self::Any, |s| Self::of_schema_at(s, depth + 1));
                Self::List(Arc::new(item))
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
        let open =
            schema.get("additionalProperties").is_none_or(|more| *more != Value::Bool(false));
        Self::Object(Arc::new(Object { fields: fields.unwrap_or_default(), open }))
    }

    /// The texts of an `enum`; not known where there are other values among them.
    fn of_values(values: Option<&Value>) -> Self {
        let texts: Option<Arc<[String]>> = values
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
    named
        .iter()
        .find(|(_, low, high)| min == Some(*low) && max == Some(*high))
        .map(|(name, ..)| *name)
}

/// As WIT writes it where WIT has it; cut in breadth and depth, since this stands in messages.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(0))
    }
}

impl Ty {
    fn written(&self, depth: usize) -> String {
        if depth > SHOWN_DEPTH_MAX {
            return "…".to_owned();
        }
        let below = |ty: &Self| ty.written(depth + 1);
        match self {
            Self::Any => "any value".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Int { min, max } => integer(*min, *max),
            Self::F32 => "f32".to_owned(),
            Self::F64 => "f64".to_owned(),
            Self::Text(None) => "string".to_owned(),
            Self::Text(Some(values)) => {
                format!("enum {{ {} }}", cut(values.iter().map(|value| shown(value))))
            }
            Self::Char => "char".to_owned(),
            Self::Bytes => "list<u8>".to_owned(),
            Self::List(item) => format!("list<{}>", below(item)),
            Self::Tuple(items) => format!("tuple<{}>", cut(items.iter().map(below))),
            Self::Object(object) if object.fields.is_empty() => "object".to_owned(),
            Self::Object(object) => {
                format!("record {{ {} }}", cut(object.fields.keys().map(|key| shown(key))))
            }
            Self::Option(inner) => format!("option<{}>", below(inner)),
            Self::Variant(cases) => format!("variant {{ {} }}", cut(cases.keys().cloned())),
            Self::Flags(names) => format!("flags {{ {} }}", cut(names.iter().cloned())),
            Self::Result(ok, error) => format!("result<{}, {}>", below(ok), below(error)),
        }
    }
}

fn integer(min: Option<i128>, max: Option<i128>) -> String {
    match (integer_name(min, max), min, max) {
        (Some(name), ..) => name.to_owned(),
        (None, None, None) => "integer".to_owned(),
        (None, Some(min), None) => format!("integer from {min}"),
        (None, None, Some(max)) => format!("integer to {max}"),
        (None, Some(min), Some(max)) if min == max => format!("integer {min}"),
        (None, Some(min), Some(max)) => format!("integer from {min} to {max}"),
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
