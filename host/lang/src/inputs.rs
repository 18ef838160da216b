//! The inputs of a run: what the caller gives against what the pipeline declares.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::graph::Input;
use crate::shown::{sentence, shown};
use crate::suggest;

pub(crate) mod schema;

/// What is wrong with a given input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputProblem {
    /// The input.
    pub input: String,
    /// Expected and found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// The object of all inputs, given values and defaults, every value checked against its schema.
/// Or everything that is wrong with them, by name.
pub fn bind(
    declared: &IndexMap<String, Input>,
    given: BTreeMap<String, Value>,
) -> Result<Value, Vec<InputProblem>> {
    let mut problems: Vec<InputProblem> = given
        .keys()
        .filter(|name| !declared.contains_key(*name))
        .map(|name| unknown(name, declared))
        .collect();
    let mut bound = Map::new();
    let mut given = given;
    for (name, input) in declared {
        match given.remove(name).or_else(|| input.default.clone()) {
            None => problems.push(missing(name)),
            Some(value) => {
                problems.extend(mismatch(name, input, &value));
                bound.insert(name.clone(), value);
            }
        }
    }
    problems.sort_by(|a, b| a.input.cmp(&b.input));
    if problems.is_empty() { Ok(Value::Object(bound)) } else { Err(problems) }
}

/// The value of `--input name=text`: a text stays one where the input takes texts, and is read as
/// JSON where it takes something else.
pub fn from_text(
    declared: &IndexMap<String, Input>,
    name: &str,
    text: &str,
) -> Result<Value, InputProblem> {
    let input = declared.get(name).ok_or_else(|| unknown(name, declared))?;
    let types: Vec<&str> = match input.schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if types == ["string"] {
        return Ok(Value::String(text.to_owned()));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // Anything goes, or at least texts do: then what is not JSON is a text.
        Err(_) if types.is_empty() || types.contains(&"string") => {
            Ok(Value::String(text.to_owned()))
        }
        Err(error) => Err(InputProblem {
            input: name.to_owned(),
            message: format!(
                "input `{}` takes {}, and `{}` is not JSON: {}",
                shown(name),
                types.join(" or "),
                shown(text),
                sentence(&error.to_string())
            ),
            help: Some(format!("for example `--input {}={}`", shown(name), example(&types))),
        }),
    }
}

fn example(types: &[&str]) -> &'static str {
    match types.first() {
        Some(&"integer") => "3",
        Some(&"number") => "0.5",
        Some(&"boolean") => "true",
        Some(&"array") => "'[1, 2]'",
        Some(&"object") => "'{\"key\": \"value\"}'",
        _ => "null",
    }
}

fn unknown(name: &str, declared: &IndexMap<String, Input>) -> InputProblem {
    let none = || "the pipeline has no inputs".to_owned();
    InputProblem {
        input: name.to_owned(),
        message: format!("there is no input `{}`", shown(name)),
        help: suggest::help(name, "the inputs are", declared.keys().map(String::as_str))
            .or_else(|| Some(none())),
    }
}

fn missing(name: &str) -> InputProblem {
    InputProblem {
        input: name.to_owned(),
        message: format!("input `{}` is missing", shown(name)),
        help: Some(format!(
            "give it with `--input {0}=…` or from a file with `--input {0}=@FILE`",
            shown(name)
        )),
    }
}

fn mismatch(name: &str, input: &Input, value: &Value) -> Option<InputProblem> {
    let problem = match schema::compile(&input.schema) {
        Ok(validator) => schema::first_problem(&validator, value)?,
        Err(why) => format!("its schema is not one: {why}"),
    };
    Some(InputProblem {
        input: name.to_owned(),
        message: format!(
            "input `{}` does not match its schema: {}",
            shown(name),
            sentence(&problem)
        ),
        help: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared() -> IndexMap<String, Input> {
        let input = |schema: Value| Input { default: schema.get("default").cloned(), schema };
        IndexMap::from([
            ("text".to_owned(), input(json!({"type": "string", "maxLength": 5}))),
            ("count".to_owned(), input(json!({"type": "integer", "default": 3, "minimum": 1}))),
            ("any".to_owned(), input(json!({"default": null}))),
        ])
    }

    #[track_caller]
    fn check(given: Value, expected: &str) {
        let given = given.as_object().unwrap().clone().into_iter().collect();
        let found = match bind(&declared(), given) {
            Ok(value) => value.to_string(),
            Err(problems) => problems
                .iter()
                .map(|p| format!("{} ({})", p.message, p.help.as_deref().unwrap_or("")))
                .collect::<Vec<_>>()
                .join("; "),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn binds_values_and_defaults() {
        check(json!({"text": "hi"}), r#"{"any":null,"count":3,"text":"hi"}"#);
        check(
            json!({"text": "hi", "count": 1, "any": [1]}),
            r#"{"any":[1],"count":1,"text":"hi"}"#,
        );
    }

    #[test]
    fn reports_everything_at_once() {
        check(
            json!({"txt": "hi", "count": 0}),
            "input `count` does not match its schema: it is less than the minimum of 1 (); \
             input `text` is missing (give it with `--input text=…` or from a file with `--input text=@FILE`); \
             there is no input `txt` (did you mean `text`?)",
        );
        check(
            json!({"text": "too long"}),
            "input `text` does not match its schema: it is longer than 5 characters ()",
        );
    }

    #[test]
    fn reads_texts_by_the_declared_type() {
        let read = |name: &str, text: &str| {
            from_text(&declared(), name, text).map_err(|problem| problem.message)
        };
        assert_eq!(read("text", "12"), Ok(json!("12")));
        assert_eq!(read("count", "12"), Ok(json!(12)));
        assert_eq!(read("any", "{\"a\": 1}"), Ok(json!({"a": 1})));
        assert_eq!(read("any", "plain"), Ok(json!("plain")));
        assert_eq!(
            read("count", "many"),
            Err("input `count` takes integer, and `many` is not JSON: expected value at line 1 column 1".to_owned())
        );
        assert_eq!(read("nope", "1"), Err("there is no input `nope`".to_owned()));
    }

    #[test]
    fn schemas_cannot_reach_out() {
        for schema in [
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"pattern": "((\\w{100}){100}){100}"}),
            json!({"pattern": "(a)\\1"}),
        ] {
            assert!(schema::compile(&schema).is_err(), "{schema}");
        }
    }
}
