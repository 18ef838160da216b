//! Values against JSON Schemas.

use jsonschema::options;
use serde_json::Value;

/// Most problems that are listed. A long list of rows with the same fault helps nobody.
const PROBLEMS_MAX: usize = 100;

/// One place where a value is not as its schema wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A JSON Pointer.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// The problems of `value`, none if it is as `schema` wants it, or what is wrong with the schema.
pub fn validate(value: &Value, schema: &Value) -> Result<Vec<Problem>, String> {
    let validator = options().build(schema).map_err(|error| {
        format!("the schema is not valid: {error} (at `{}`)", error.instance_path())
    })?;
    let problem = |error: jsonschema::ValidationError<'_>| Problem {
        path: error.instance_path().to_string(),
        message: error.to_string(),
    };
    let mut found: Vec<_> = validator.iter_errors(value).take(PROBLEMS_MAX).map(problem).collect();
    // The validator goes through the keywords of a schema in no order that it promises.
    found.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_good_value_has_no_problems() {
        let schema = json!({ "type": "object", "required": ["a"] });
        assert_eq!(validate(&json!({ "a": 1 }), &schema), Ok(vec![]));
    }

    #[test]
    fn each_problem_has_a_place() {
        let schema = json!({
            "properties": { "items": { "items": { "properties": { "n": { "minimum": 3 } } } } },
            "required": ["name"],
        });
        let found = validate(&json!({ "items": [{ "n": 5 }, { "n": 1 }] }), &schema).unwrap();
        let found: Vec<_> = found.iter().map(|p| (p.path.as_str(), p.message.as_str())).collect();
        assert_eq!(
            found,
            [
                ("", "\"name\" is a required property"),
                ("/items/1/n", "1 is less than the minimum of 3"),
            ]
        );
    }

    #[test]
    fn the_list_of_problems_ends() {
        let found = validate(&json!(vec!["x"; 1000]), &json!({ "items": { "type": "number" } }));
        assert_eq!(found.unwrap().len(), PROBLEMS_MAX);
    }

    #[test]
    fn a_wrong_schema_is_an_error() {
        let error = validate(&json!(1), &json!({ "type": "nmuber" })).unwrap_err();
        assert!(error.starts_with("the schema is not valid: "), "{error}");
        // Nothing is ever fetched.
        let error = validate(&json!(1), &json!({ "$ref": "https://example.com/schema" }));
        assert!(error.is_err());
    }
}
