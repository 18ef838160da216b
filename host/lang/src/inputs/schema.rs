//! JSON Schemas of inputs: compiled without references, with an expression engine that is linear.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// The types, which may stand alone for a schema: `text: string`.
pub(crate) const TYPES: &[&str] =
    &["string", "integer", "number", "boolean", "object", "array", "null"];

/// The keywords of JSON Schema 2020-12 that stay within one value. References are left out: they
/// can reach other files, or themselves without end.
pub(crate) const KEYWORDS: &[&str] = &[
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
];

/// Keywords that JSON Schema has and inputs have not.
pub(crate) const KEYWORDS_LATER: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "definitions",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is a schema.
pub(crate) const NESTED: &[&str] =
    &["additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"];

/// Keywords whose value is a map of schemas.
pub(crate) const NESTED_BY_NAME: &[&str] = &["patternProperties", "properties"];

/// Keywords whose value is a list of schemas.
pub(crate) const NESTED_LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// The largest compiled `pattern`, in bytes.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A validator for a schema, or why it is none.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    let patterns =
        PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .offline()
        .with_pattern_options(patterns)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| place(error.instance_path().as_str(), &error.to_string()))
}

/// What is wrong with a value, if anything is. The first problem only: the others often follow from it.
pub(crate) fn first_problem(validator: &Validator, value: &Value) -> Option<String> {
    let error = validator.iter_errors(value).next()?;
    // The value itself is left out: it can be long, and it can be a secret.
    Some(place(error.instance_path().as_str(), &error.masked_with("it").to_string()))
}

fn place(pointer: &str, message: &str) -> String {
    if pointer.is_empty() { message.to_owned() } else { format!("at `{pointer}`: {message}") }
}
