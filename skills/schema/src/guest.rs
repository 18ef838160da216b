//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use serde_json::Value;

use crate::validate;

wit_bindgen::generate!({ world: "schema", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn validate(value: Json, schema: Json) -> Result<Verdict, Error> {
        let found =
            validate::validate(&read(&value)?, &read(&schema)?).map_err(Error::Permanent)?;
        let problem = |p: validate::Problem| Problem { path: p.path, message: p.message };
        Ok(Verdict { valid: found.is_empty(), problems: found.into_iter().map(problem).collect() })
    }
}

/// The host hands over valid JSON; only its nesting may be too deep.
fn read(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Permanent(format!("not JSON: {error}")))
}

export!(Skill);
