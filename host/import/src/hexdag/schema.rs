//! Types and schemas of theirs to JSON Schemas.

use std::collections::BTreeMap;

use coldframe_lang::shown::shown;

use super::dictionary::TYPE;
use crate::fields::Fields;
use crate::note::codes;
use crate::out::{Map, Out};
use crate::values::literal;
use crate::work::Work;
use crate::yaml::node::{Node, NodeKind};

/// `custom_types`, each as a schema.
pub(super) type Types = BTreeMap<String, Map>;

/// Reads `custom_types`.
pub(super) fn types(node: Option<&Node>, work: &Work) -> Types {
    let mut found = Types::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let Some(mut fields) = Fields::of(&entry.value, &TYPE, &work.notes) else { continue };
        let base = fields.take_text("base").map_or("str", |(base, _)| base);
        let mut schema = of_name(base, &Types::new()).unwrap_or_default();
        schema.put_some("pattern", fields.take("pattern").map(|node| literal(node, work)));
        schema.put_some("maxLength", fields.take("max_length").map(|node| literal(node, work)));
        schema.put_some("default", fields.take("default").map(|node| literal(node, work)));
        if let Some(clamp) = fields.take("clamp") {
            let message = "a value out of bounds is refused, and not moved to the bound";
            work.notes.warning(
                codes::DIFFERS,
                clamp.place,
                message,
                "compute it in a `set` step: `[a, [x, b] | min] | max`",
            );
            if let NodeKind::List(bounds) = &clamp.kind {
                schema.put_some("minimum", bounds.first().map(|node| literal(node, work)));
                schema.put_some("maximum", bounds.get(1).map(|node| literal(node, work)));
            }
        }
        found.insert(entry.key.text.clone(), schema);
    }
    found
}

/// The schema of a type's name; `?` behind it lets it be null.
fn of_name(name: &str, types: &Types) -> Option<Map> {
    let (plain, nullable) = match name.strip_suffix('?') {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let ty = match plain.split(['[', '<']).next().unwrap_or(plain) {
        "str" | "string" => "string",
        "int" | "integer" => "integer",
        "float" | "number" => "number",
        // Exact decimals travel as texts.
        "Decimal" | "decimal" => "string",
        "bool" | "boolean" => "boolean",
        "dict" | "object" | "map" => "object",
        "list" | "array" => "array",
        "any" | "Any" => return Some(Map::default()),
        _ => {
            let mut schema = types.get(plain).cloned()?;
            if let Some((_, ty)) = schema.0.iter_mut().find(|(key, _)| nullable && *key == "type") {
                let both = Out::List(vec![ty.clone(), "null".into()]);
                *ty = both.into();
            }
            return Some(schema);
        }
    };
    let both = Out::List(vec![ty.into(), "null".into()]);
    Some(Map::default().with("type", if nullable { both } else { Out::text(ty) }))
}

/// The schema at a node: the name of a type, or a JSON Schema.
pub(super) fn of(node: &Node, types: &Types, work: &Work) -> Map {
    match &node.kind {
        NodeKind::Text(name) => of_name(name, types).unwrap_or_else(|| {
            let names: Vec<&str> = types
                .keys()
                .map(String::as_str)
                .chain(["str", "int", "float", "bool", "dict", "list"])
                .collect();
            let help = work.notes.suggest(name, "the types are", names);
            let message = format!("there is no type `{}`, so anything is let in", shown(name));
            work.notes.error(codes::UNKNOWN_NAME, node.place, message, help);
            Map::default()
        }),
        NodeKind::Map(entries) => {
            let mut schema = Map::default();
            for entry in entries {
                if KEYWORDS.contains(&entry.key.text.as_str()) {
                    schema.put(entry.key.text.clone(), literal(&entry.value, work));
                } else {
                    let message = format!("the keyword `{}` is left away", shown(&entry.key.text));
                    work.notes.warning(
                        codes::UNSUPPORTED_KEY,
                        entry.key.place,
                        message,
                        "say it with another keyword of JSON Schema",
                    );
                }
            }
            if schema.has("required")
                && schema
                    .0
                    .iter()
                    .any(|(key, piece)| key == "required" && matches!(piece.value, Out::Bool(_)))
            {
                schema.0.retain(|key, _| key != "required");
            }
            schema
        }
        _ => Map::default(),
    }
}

/// The keywords that inputs have.
const KEYWORDS: &[&str] = &[
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// Declares what an `input_schema` says: types by name, or one JSON Schema of an object.
pub(super) fn inputs(node: &Node, types: &Types, work: &Work) {
    let is_schema = node.get("properties").is_some()
        || node.get("type").is_some_and(|ty| ty.text() == Some("object"));
    let entries = if is_schema {
        node.get("properties").map(Node::entries).unwrap_or_default()
    } else {
        node.entries()
    };
    if is_schema {
        for entry in node.entries() {
            match entry.key.text.as_str() {
                "type" | "properties" => {}
                "required" => {
                    let message = "an input is required if it has no default";
                    work.notes.info(
                        codes::DIFFERS,
                        entry.key.place,
                        message,
                        "give a default to those that may be left away",
                    );
                }
                key => {
                    let message =
                        format!("`{}` is left away: inputs have schemas one by one", shown(key));
                    work.notes.warning(
                        codes::UNSUPPORTED_KEY,
                        entry.key.place,
                        message,
                        "write it at the input it is about",
                    );
                }
            }
        }
    } else if !matches!(node.kind, NodeKind::Map(_)) {
        crate::fields::wrong_shape(node, "a map of inputs", &work.notes);
    }
    for entry in entries {
        let schema = of(&entry.value, types, work);
        work.input(&entry.key.text, || schema.into(), entry.key.place);
    }
}
