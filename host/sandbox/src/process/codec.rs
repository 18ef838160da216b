//! A JSON value as bytes, to the bit: the text of a number would not always give the same number.

use serde_json::{Map, Number, Value};

/// Nesting beyond this is no value of ours.
const DEPTH_MAX: u32 = 200;

/// Appends a value; `None` for one that is nested too deeply to be read again.
pub(super) fn write(out: &mut Vec<u8>, value: &Value) -> Option<()> {
    append(out, value, DEPTH_MAX)
}

fn append(out: &mut Vec<u8>, value: &Value, depth: u32) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(false) => out.push(b'f'),
        Value::Bool(true) => out.push(b't'),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => {
            out.push(b's');
            write_text(out, text);
        }
        Value::Array(items) => {
            out.push(b'a');
            out.extend((items.len() as u64).to_le_bytes());
            items.iter().try_for_each(|item| append(out, item, depth))?;
        }
        Value::Object(fields) => {
            out.push(b'o');
            out.extend((fields.len() as u64).to_le_bytes());
            for (name, value) in fields {
                write_text(out, name);
                append(out, value, depth)?;
            }
        }
    }
    Some(())
}

fn write_number(out: &mut Vec<u8>, number: &Number) {
    let (letter, bits) = match (number.as_u64(), number.as_i64()) {
        (Some(natural), _) => (b'u', natural),
        (None, Some(integer)) => (b'i', integer.cast_unsigned()),
        (None, None) => (b'd', number.as_f64().unwrap_or_default().to_bits()),
    };
    out.push(letter);
    out.extend(bits.to_le_bytes());
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// The value that `bytes` are; `None` for anything that is not exactly one.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = value(&mut rest, DEPTH_MAX)?;
    rest.is_empty().then_some(value)
}

fn value(rest: &mut &[u8], depth: u32) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match take(rest, 1)? {
        b"n" => Value::Null,
        b"f" => Value::Bool(false),
        b"t" => Value::Bool(true),
        b"u" => number(rest)?.into(),
        b"i" => number(rest)?.cast_signed().into(),
        b"d" => Number::from_f64(f64::from_bits(number(rest)?))?.into(),
        b"s" => Value::String(text(rest)?),
        b"a" => {
            // No room is made for what is only announced.
            let mut items = Vec::new();
            for _ in 0..number(rest)? {
                items.push(value(rest, depth)?);
            }
            Value::Array(items)
        }
        b"o" => {
            let mut fields = Map::new();
            for _ in 0..number(rest)? {
                let name = text(rest)?;
                fields.insert(name, value(rest, depth)?);
            }
            Value::Object(fields)
        }
        _ => return None,
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take(rest, 8)?.try_into().ok()?))
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest)?).ok()?;
    Some(std::str::from_utf8(take(rest, length)?).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value) {
        let mut bytes = Vec::new();
        write(&mut bytes, &value).unwrap();
        let found = read(&bytes).unwrap();
        assert_eq!(found, value);
        assert_eq!(found.to_string(), value.to_string());
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
        bytes.push(b'n');
        assert_eq!(read(&bytes), None);
    }

    #[test]
    fn values_come_back_to_the_bit() {
        check(json!(null));
        check(json!([true, false, [], {}, "", "grüße\u{0}"]));
        check(json!([0, -1, u64::MAX, i64::MIN, 1.0, -0.0, 0.1, 5e-324, f64::MAX]));
        check(json!({"a": {"b": [1, {"c": "d"}]}, "": null}));
    }

    #[test]
    fn what_is_too_deep_is_neither_written_nor_read() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |value, _| json!([value]));
        check(nested(199));
        assert_eq!(write(&mut Vec::new(), &nested(200)), None);
    }

    #[test]
    fn what_is_announced_and_not_there_costs_nothing() {
        let mut bytes = vec![b'a'];
        bytes.extend(u64::MAX.to_le_bytes());
        assert_eq!(read(&bytes), None);
        assert_eq!(read(&b"a\x01\0\0\0\0\0\0\0".repeat(300)), None);
    }
}
