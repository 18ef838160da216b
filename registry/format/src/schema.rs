//! JSON Schemas (2020-12) of what goes into an operation and what comes out.
//!
//! They describe the JSON spelling of WIT values, the table in [`crate::types`].

use serde_json::{Map, Value, json};

use crate::interface::Operation;
use crate::types::{Field, Type, json_name};

/// The dialect, so that a reader needn't guess.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Beyond this a number is written as a string: 2^53 - 1.
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// The schema of an operation's input: an object with one property per parameter.
pub fn input_schema(operation: &Operation) -> Value {
    let mut schema = object(&operation.params);
    head(&mut schema, operation);
    Value::Object(schema)
}

/// The schema of an operation's output: the `ok` side where it returns a `result`.
pub fn output_schema(operation: &Operation) -> Value {
    let mut schema = match operation.output() {
        Some(ty) => of_type(ty),
        None => object_of([("type", json!("null"))]),
    };
    head(&mut schema, operation);
    Value::Object(schema)
}

fn head(schema: &mut Map<String, Value>, operation: &Operation) {
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("title".to_owned(), json!(operation.name));
    if !operation.doc.is_empty() {
        schema.insert("description".to_owned(), json!(operation.doc));
    }
}

fn object_of<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn of_type(ty: &Type) -> Map<String, Value> {
    match ty {
        Type::Bool => object_of([("type", json!("boolean"))]),
        Type::U8 => integer(0, i64::from(u8::MAX)),
        Type::U16 => integer(0, i64::from(u16::MAX)),
        Type::U32 => integer(0, i64::from(u32::MAX)),
        Type::S8 => integer(i64::from(i8::MIN), i64::from(i8::MAX)),
        Type::S16 => integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::S32 => integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::U64 => big_integer(0, "^(0|[1-9][0-9]*)$"),
        Type::S64 => big_integer(-SAFE_INTEGER, "^(0|-?[1-9][0-9]*)$"),
        Type::F32 | Type::F64 => one_of([
            Value::Object(object_of([("type", json!("number"))])),
            json!({ "enum": ["NaN", "Infinity", "-Infinity"] }),
        ]),
        Type::Char => {
            object_of([("type", json!("string")), ("minLength", json!(1)), ("maxLength", json!(1))])
        }
        Type::String => object_of([("type", json!("string"))]),
        Type::Json => Map::new(),
        Type::List(_) if ty.is_bytes() => {
            object_of([("type", json!("string")), ("contentEncoding", json!("base64"))])
        }
        Type::List(item) => {
            object_of([("type", json!("array")), ("items", Value::Object(of_type(item)))])
        }
        Type::Record(fields) => object(fields),
        Type::Tuple(items) => tuple(items),
        Type::Variant(cases) => variant(cases),
        Type::Enum(cases) => object_of([("enum", names(cases))]),
        Type::Flags(flags) => object_of([
            ("type", json!("array")),
            ("items", json!({ "enum": names(flags) })),
            ("uniqueItems", json!(true)),
        ]),
        Type::Option(inner) => option(inner),
        Type::Result(ok, error) => {
            one_of([case("ok", ok.as_deref()), case("error", error.as_deref())])
        }
    }
}

fn integer(min: i64, max: i64) -> Map<String, Value> {
    object_of([("type", json!("integer")), ("minimum", json!(min)), ("maximum", json!(max))])
}

/// A number as far as every reader of JSON keeps it exact, a decimal string beyond.
fn big_integer(min: i64, pattern: &str) -> Map<String, Value> {
    one_of([
        Value::Object(integer(min, SAFE_INTEGER)),
        json!({ "type": "string", "pattern": pattern }),
    ])
}

/// `anyOf`, since the alternatives exclude each other by their types and it costs less to check.
fn one_of<const N: usize>(alternatives: [Value; N]) -> Map<String, Value> {
    object_of([("anyOf", Value::Array(alternatives.into()))])
}

fn names(wit: &[String]) -> Value {
    wit.iter().map(|name| Value::String(json_name(name))).collect()
}

fn object(fields: &[Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of_type(&field.ty);
        if !field.doc.is_empty() {
            schema.insert("description".to_owned(), json!(field.doc));
        }
        properties.insert(json_name(&field.name), Value::Object(schema));
    }
    let required: Vec<String> = fields
        .iter()
        .filter(|field| !matches!(field.ty, Type::Option(_)))
        .map(|field| json_name(&field.name))
        .collect();
    object_of([
        ("type", json!("object")),
        ("properties", Value::Object(properties)),
        ("required", json!(required)),
        ("additionalProperties", json!(false)),
    ])
}

fn tuple(items: &[Type]) -> Map<String, Value> {
    let schemas: Vec<Value> = items.iter().map(|item| Value::Object(of_type(item))).collect();
    object_of([
        ("type", json!("array")),
        ("prefixItems", Value::Array(schemas)),
        ("items", json!(false)),
        ("minItems", json!(items.len())),
    ])
}

/// Names alone for cases without a payload, one object per case with one.
fn variant(cases: &[(String, Option<Type>)]) -> Map<String, Value> {
    let bare: Vec<String> = cases
        .iter()
        .filter(|(_, payload)| payload.is_none())
        .map(|(name, _)| json_name(name))
        .collect();
    let mut alternatives = Vec::new();
    if !bare.is_empty() {
        alternatives.push(json!({ "enum": bare }));
    }
    for (name, payload) in cases {
        if let Some(payload) = payload {
            alternatives.push(case(&json_name(name), Some(payload)));
        }
    }
    object_of([("anyOf", Value::Array(alternatives))])
}

/// `{name: payload}`, with `null` where there is no payload.
fn case(name: &str, payload: Option<&Type>) -> Value {
    let payload = payload.map_or_else(|| object_of([("type", json!("null"))]), of_type);
    json!({
        "type": "object",
        "properties": { name: payload },
        "required": [name],
        "additionalProperties": false,
    })
}

/// `null` or the value; the value in `{"some": …}` where it may be `null` itself.
fn option(inner: &Type) -> Map<String, Value> {
    let value =
        if inner.admits_null() { case("some", Some(inner)) } else { Value::Object(of_type(inner)) };
    one_of([json!({ "type": "null" }), value])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: &Type, expected: Value) {
        assert_eq!(Value::Object(of_type(ty)), expected, "{ty:?}");
    }

    fn boxed(ty: Type) -> Box<Type> {
        Box::new(ty)
    }

    #[test]
    fn types() {
        let nothing = json!({"type": "null"});
        let flag = json!({"type": "boolean"});
        check(&Type::Bool, flag.clone());
        check(&Type::U8, json!({"type": "integer", "minimum": 0, "maximum": 255}));
        check(&Type::S16, json!({"type": "integer", "minimum": -32768, "maximum": 32767}));
        check(&Type::Json, json!({}));
        check(&Type::List(boxed(Type::U8)), json!({"type": "string", "contentEncoding": "base64"}));
        check(&Type::List(boxed(Type::Bool)), json!({"type": "array", "items": flag}));
        check(&Type::Option(boxed(Type::Bool)), json!({"anyOf": [nothing, flag]}));
        check(
            &Type::Option(boxed(Type::Json)),
            json!({"anyOf": [nothing, {
                "type": "object", "properties": {"some": {}}, "required": ["some"],
                "additionalProperties": false,
            }]}),
        );
        check(
            &Type::Variant(vec![
                ("too-long".to_owned(), Some(Type::Bool)),
                ("no".to_owned(), None),
            ]),
            json!({"anyOf": [{"enum": ["no"]}, {
                "type": "object", "properties": {"too_long": flag}, "required": ["too_long"],
                "additionalProperties": false,
            }]}),
        );
        check(
            &Type::Tuple(vec![Type::Bool]),
            json!({"type": "array", "prefixItems": [flag], "items": false, "minItems": 1}),
        );
        check(
            &Type::Flags(vec!["a-b".to_owned()]),
            json!({"type": "array", "items": {"enum": ["a_b"]}, "uniqueItems": true}),
        );
    }

    #[test]
    fn operations() {
        let field =
            |name: &str, ty| Field { name: name.to_owned(), ty, doc: format!("The {name}.") };
        let operation = Operation {
            name: "stats".to_owned(),
            interface: None,
            function: "stats".to_owned(),
            doc: "Counts.".to_owned(),
            params: vec![
                field("the-text", Type::String),
                field("limit", Type::Option(Box::new(Type::Bool))),
            ],
            result: Some(Type::Result(None, Some(Box::new(Type::String)))),
        };
        assert_eq!(
            input_schema(&operation),
            json!({
                "$schema": DIALECT, "title": "stats", "description": "Counts.",
                "type": "object",
                "properties": {
                    "the_text": {"type": "string", "description": "The the-text."},
                    "limit": {"anyOf": [{"type": "null"}, {"type": "boolean"}], "description": "The limit."},
                },
                "required": ["the_text"],
                "additionalProperties": false,
            })
        );
        assert_eq!(
            output_schema(&operation),
            json!({"$schema": DIALECT, "title": "stats", "description": "Counts.", "type": "null"})
        );
    }
}
