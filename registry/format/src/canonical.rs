//! One spelling of a JSON value, so that equal values have equal digests.

use serde_json::Value;

use crate::digest::Digest;

/// The canonical text of `value`: no white space, object keys sorted by code point.
///
/// Numbers are printed as `serde_json` prints them, which is one spelling per value.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// The digest of the canonical text of `value`.
pub fn digest(value: &Value) -> Digest {
    Digest::of(to_string(value).as_bytes())
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            // Sorted here and not by the map, whose order depends on a feature of serde_json.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sorts_keys_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": "\n"}], "a": null});
        assert_eq!(to_string(&value), r#"{"a":null,"b":[{"a":"\n","z":1}]}"#);
    }
}
