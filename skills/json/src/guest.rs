//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use serde_json::Value;

use crate::{merge, query};

wit_bindgen::generate!({ world: "json", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn query(value: Json, path: String) -> Result<Json, Error> {
        let found = query::query(&read(&value)?, &path).map_err(Error::Permanent)?;
        Ok(Value::Array(found).to_string())
    }

    fn merge(base: Json, patch: Json) -> Result<Json, Error> {
        Ok(merge::merge(read(&base)?, read(&patch)?).to_string())
    }
}

/// The host hands over valid JSON; only its nesting may be too deep.
fn read(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Permanent(format!("not JSON: {error}")))
}

export!(Skill);
