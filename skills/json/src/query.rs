//! Parts of a value, selected by a JSONPath (RFC 9535).

use serde_json::Value;
use serde_json_path::JsonPath;

/// Longest path, bytes. Its parser recurses.
const PATH_BYTES_MAX: usize = 4096;

/// Every part of `value` that `path` selects.
pub fn query(value: &Value, path: &str) -> Result<Vec<Value>, String> {
    if path.len() > PATH_BYTES_MAX {
        return Err(format!(
            "the path has {} bytes, expected at most {PATH_BYTES_MAX}",
            path.len()
        ));
    }
    let parsed =
        JsonPath::parse(path).map_err(|error| format!("`{path}` is not a JSONPath: {error}"))?;
    Ok(parsed.query(value).all().into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let value = serde_json::json!({
            "items": [{ "name": "a", "price": 5 }, { "name": "b", "price": 15 }],
            "total": 20,
        });
        let found = query(&value, path).map(Value::from).unwrap();
        assert_eq!(found.to_string(), expected);
    }

    #[test]
    fn selects_parts() {
        check("$.total", "[20]");
        check("$.items[*].name", r#"["a","b"]"#);
        check("$.items[?@.price > 10].name", r#"["b"]"#);
        check("$.items[-1].price", "[15]");
        check("$..price", "[5,15]");
        check("$.items[?length(@.name) == 1].price", "[5,15]");
        check("$[?count(@.*) == 2]", r#"[[{"name":"a","price":5},{"name":"b","price":15}]]"#);
        check("$.nothing", "[]");
    }

    #[test]
    fn says_what_is_no_path() {
        let error = query(&Value::Null, "items").unwrap_err();
        assert!(error.starts_with("`items` is not a JSONPath: "), "{error}");
        assert!(query(&Value::Null, &"$.a".repeat(2000)).unwrap_err().contains("at most"));
    }
}
