//! What a scalar without quotes is. JSON's spellings are taken, look-alikes are refused.
//!
//! YAML 1.1, YAML 1.2 and the many parsers between them disagree on `010`, `0x1F`, `1_000` or
//! `True`. A file that means one thing to its reviewer and another to us is not read at all.

use serde_json::Value;

/// A scalar without quotes.
#[derive(Debug, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Number,
    String,
    /// A number, boolean or null to some YAML parsers, and something else to others.
    Ambiguous,
    /// A number that fits no type we have.
    OutOfRange,
}

/// Which of these a text is.
pub(crate) fn classify(text: &str) -> Plain {
    match text {
        "" | "~" | "null" => return Plain::Null,
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        "Null" | "NULL" | "True" | "TRUE" | "False" | "FALSE" => return Plain::Ambiguous,
        _ => {}
    }
    if is_json_number(text) {
        return if number(text).is_some() { Plain::Number } else { Plain::OutOfRange };
    }
    if looks_like_number(text) { Plain::Ambiguous } else { Plain::String }
}

/// The value of a JSON number, if an integer fits 64 bits and anything else is finite.
pub(crate) fn number(text: &str) -> Option<Value> {
    if is_integer(text) {
        let small = text.parse::<i64>().map(Value::from);
        return small.or_else(|_| text.parse::<u64>().map(Value::from)).ok();
    }
    let float = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
    serde_json::Number::from_f64(float).map(Value::Number)
}

/// `-?digits`
pub(crate) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
        }
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

/// A number to YAML 1.1 or 1.2, though not to JSON.
fn looks_like_number(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    if matches!(rest, ".inf" | ".nan") {
        return true;
    }
    let radix = |prefix: &str, radix: u32| {
        rest.strip_prefix(prefix).is_some_and(|digits| {
            !digits.is_empty() && digits.chars().all(|c| c == '_' || c.is_digit(radix))
        })
    };
    if radix("0x", 16) || radix("0o", 8) || radix("0b", 2) {
        return true;
    }
    let mantissa = match rest.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if exponent.is_empty() || !exponent.bytes().all(|b| b.is_ascii_digit()) {
                return false;
            }
            mantissa
        }
        None => rest,
    };
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && !mantissa.starts_with('_')
        && mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'))
        && mantissa.bytes().filter(|b| *b == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &Plain, texts: &[&str]) {
        for text in texts {
            assert_eq!(classify(text), *expected, "{text}");
        }
    }

    #[test]
    fn takes_the_spellings_of_json() {
        check(&Plain::Null, &["", "~", "null"]);
        check(&Plain::Number, &["0", "-0", "12", "-3.5", "2e9", "1E-3", "18446744073709551615"]);
    }

    #[test]
    fn leaves_words_alone() {
        check(
            &Plain::String,
            &[
                "yes",
                "NO",
                "on",
                "off",
                "1.4.0",
                "12:30",
                "2026-01-02",
                "e5",
                "0xzz",
                "_1",
                "-",
                ".",
            ],
        );
    }

    #[test]
    fn refuses_what_parsers_disagree_on() {
        check(
            &Plain::Ambiguous,
            &[
                "010", "-010", "0x1F", "0o17", "0b1", "1_000", "+5", ".5", "5.", ".inf", "-.INF",
                ".NaN", "True", "NULL", "00", "1_0e3",
            ],
        );
    }

    #[test]
    fn refuses_numbers_that_would_change() {
        check(&Plain::OutOfRange, &["18446744073709551616", "-9223372036854775809", "1e999"]);
    }
}
