//! The JSON Schema of a kind of document, for editors.

use serde_json::{Map, Value, json};

use super::explain::objects;
use super::step::STEP;
use super::{DOCUMENTS, Object, Shape};

/// The JSON Schema (draft 2020-12) of the documents of a kind; of all kinds without one.
/// `None` for a kind that does not exist.
///
/// An editor's help, not the compiler: it knows the shape of a document and nothing of skills,
/// names and types.
pub fn schema(kind: Option<&str>) -> Option<Value> {
    let root = match kind {
        None => {
            let all: Vec<Value> = DOCUMENTS.iter().map(|(_, object)| reference(object)).collect();
            json!({ "oneOf": all })
        }
        Some(kind) => reference(DOCUMENTS.iter().find(|(name, _)| *name == kind)?.1),
    };
    let defs: Map<String, Value> =
        objects().into_iter().map(|object| (object.name.to_owned(), of_object(object))).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.map_or_else(|| "Coldframe document".to_owned(), |kind| format!("Coldframe {kind}")),
        "$defs": defs,
    });
    if let (Some(schema), Some(root)) = (schema.as_object_mut(), root.as_object()) {
        schema.extend(root.clone());
    }
    Some(schema)
}

fn reference(object: &Object) -> Value {
    json!({ "$ref": format!("#/$defs/{}", object.name) })
}

fn of_object(object: &Object) -> Value {
    let properties: Map<String, Value> = object
        .fields
        .iter()
        .map(|field| {
            let mut schema = of_shape(&field.shape);
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), json!(field.doc));
            }
            (field.key.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> =
        object.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut schema = json!({
        "type": "object",
        "description": object.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !object.one_of.is_empty()
        && let Some(schema) = schema.as_object_mut()
    {
        let each: Vec<Value> =
            object.one_of.iter().map(|key| json!({ "required": [key] })).collect();
        schema.insert("oneOf".to_owned(), json!(each));
    }
    schema
}

/// Depth is that of the table.
fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Expression => json!({ "type": "string" }),
        Shape::Name => json!({ "type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_-]*$" }),
        Shape::Value => json!({}),
        Shape::Integer { min } => json!({ "type": "integer", "minimum": min }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9.]+(us|ms|s|m|h|d)$" }),
        Shape::Fuel | Shape::Usd => json!({ "type": ["number", "string"] }),
        Shape::Bytes => json!({ "type": ["integer", "string"] }),
        Shape::OneOf(words) => json!({ "enum": words }),
        Shape::List(item) => json!({ "type": "array", "items": of_shape(item) }),
        Shape::OneOrMore(item) => {
            json!({ "anyOf": [of_shape(item), { "type": "array", "items": of_shape(item) }] })
        }
        Shape::Map(item) => json!({ "type": "object", "additionalProperties": of_shape(item) }),
        Shape::Object(object) => reference(object),
        Shape::Objects(object) => json!({ "type": "array", "items": reference(object) }),
        Shape::ObjectsOrNames(object) => json!({
            "type": "array",
            "items": { "anyOf": [of_shape(&Shape::Name), reference(object)] },
        }),
        Shape::NameOr(object) => {
            json!({ "anyOf": [of_shape(&Shape::Name), reference(object)] })
        }
        Shape::Steps => json!({ "type": "array", "items": reference(&STEP) }),
        Shape::ObjectMap(object) => {
            json!({ "type": "object", "additionalProperties": reference(object) })
        }
        Shape::WordOr(words, object) => json!({ "anyOf": [{ "enum": words }, reference(object)] }),
        Shape::DurationOr(object) => {
            json!({ "anyOf": [of_shape(&Shape::Duration), reference(object)] })
        }
        Shape::ExpressionOrValue => json!({ "type": ["string", "array", "object"] }),
        Shape::Schema => json!({ "type": ["object", "string"] }),
    }
}
