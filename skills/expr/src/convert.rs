//! Between JSON and minijinja's values, by hand: whole numbers stay exact, and what JSON has no
//! word for is an error rather than a `null`.

use minijinja::value::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

/// Deepest nesting of a result. JSON readers stop at 128, and a value can hold itself.
const DEPTH_MAX: usize = 100;

/// The value that `json` stands for.
pub fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => value.into(),
        Json::Number(number) => from_number(&number),
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(from_json).collect(),
        Json::Object(fields) => {
            Value::from_pairs(fields.into_iter().map(|(name, value)| (name, from_json(value))))
        }
    }
}

fn from_number(number: &Number) -> Value {
    if let Some(number) = number.as_i64() {
        number.into()
    } else if let Some(number) = number.as_u64() {
        number.into()
    } else {
        // Every other number of `serde_json` is a float.
        number.as_f64().unwrap_or(f64::NAN).into()
    }
}

/// The JSON of `value`, or what in it has none.
pub fn to_json(value: &Value) -> Result<Json, String> {
    nested(value, 0)
}

fn nested(value: &Value, depth: usize) -> Result<Json, String> {
    if depth > DEPTH_MAX {
        return Err(format!("the result is nested more than {DEPTH_MAX} deep"));
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err("the result, or a part of it, is undefined".to_owned()),
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => Json::Number(to_number(value)?),
        ValueKind::String => Json::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.to_string())?;
            Json::Array(items.map(|item| nested(&item, depth + 1)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => Json::Object(to_object(value, depth)?),
        other => return Err(format!("the result has a {other} in it, which JSON cannot hold")),
    })
}

fn to_object(value: &Value, depth: usize) -> Result<Map<String, Json>, String> {
    let keys = value.try_iter().map_err(|error| error.to_string())?;
    keys.map(|key| {
        let name = key
            .as_str()
            .ok_or_else(|| format!("`{key}` is a {} as a key, expected a text", key.kind()))?;
        let field = value.get_item(&key).map_err(|error| error.to_string())?;
        Ok((name.to_owned(), nested(&field, depth + 1)?))
    })
    .collect()
}

fn to_number(value: &Value) -> Result<Number, String> {
    let number = if value.is_integer() {
        i128::try_from(value.clone()).ok().and_then(Number::from_i128)
    } else {
        f64::try_from(value.clone()).ok().and_then(Number::from_f64)
    };
    number.ok_or_else(|| format!("the number {value} is too large, or none at all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_json_has_comes_back_as_it_was() {
        let text = r#"{"z":[1,-9223372036854775808,18446744073709551615,0.5,2.0],"a":{"b":null,"c":[true,"ä",""]}}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(to_json(&from_json(json)).unwrap().to_string(), text);
    }

    #[track_caller]
    fn check_refused(value: Value, expected: &str) {
        assert_eq!(to_json(&value).unwrap_err(), expected);
    }

    #[test]
    fn what_json_has_not_is_refused() {
        check_refused(Value::UNDEFINED, "the result, or a part of it, is undefined");
        check_refused(f64::NAN.into(), "the number NaN is too large, or none at all");
        check_refused(
            u128::MAX.into(),
            "the number 340282366920938463463374607431768211455 is too large, or none at all",
        );
        check_refused(Value::from_pairs([(1, 2)]), "`1` is a number as a key, expected a text");
        let deep = (0..200).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
        check_refused(deep, "the result is nested more than 100 deep");
    }
}
