//! What a scalar without quotes is: the core schema of YAML 1.2, section 10.3.2.
//!
//! YAML 1.1 reads `010`, `1_000` or `NO` otherwise; the linter warns there (W201, W202, W213).

use serde_json::Value;

/// A scalar without quotes.
#[derive(Debug, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    /// As JSON writes it.
    Number(String),
    String,
    /// `.inf` or `.nan`, which JSON has not.
    NotFinite,
    /// A number that fits no type we have.
    OutOfRange,
}

/// Which of these a text is.
pub(crate) fn classify(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Plain::NotFinite,
        _ => {}
    }
    let (sign, rest) = signed(text);
    if matches!(rest, ".inf" | ".Inf" | ".INF") {
        return Plain::NotFinite;
    }
    let json = match radix(text) {
        Some((digits, radix)) => match u64::from_str_radix(digits, radix) {
            Ok(value) => value.to_string(),
            Err(_) => return Plain::OutOfRange,
        },
        None => match decimal(rest) {
            Some(json) => format!("{sign}{json}"),
            None => return Plain::String,
        },
    };
    if number(&json).is_some() { Plain::Number(json) } else { Plain::OutOfRange }
}

/// The sign as JSON writes it, and the rest.
pub(crate) fn signed(text: &str) -> (&'static str, &str) {
    match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => ("-", rest),
        (_, Some(rest)) => ("", rest),
        _ => ("", text),
    }
}

/// `0o17` and `0x1F`, which have no sign: their digits and what they count in.
fn radix(text: &str) -> Option<(&str, u32)> {
    let prefixed = [("0o", 8), ("0x", 16)];
    let (digits, radix) = prefixed
        .into_iter()
        .find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, radix)))?;
    (!digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))).then_some((digits, radix))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?` as JSON writes it.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    if let Some(exponent) = exponent.get(1..).filter(|_| !exponent.is_empty()) {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !is_digits(digits) {
            return None;
        }
    }
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let fits = match fraction {
        None => is_digits(whole),
        Some(fraction) => {
            (is_digits(whole) || whole.is_empty() && !fraction.is_empty())
                && (is_digits(fraction) || fraction.is_empty())
        }
    };
    if !fits {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    Some(match fraction {
        None => format!("{whole}{exponent}"),
        Some("") => format!("{whole}.0{exponent}"),
        Some(fraction) => format!("{whole}.{fraction}{exponent}"),
    })
}

/// Whether these are digits, and at least one.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
    is_digits(digits)
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

    #[track_caller]
    fn numbers(cases: &[(&str, &str)]) {
        for (text, json) in cases {
            assert_eq!(classify(text), Plain::Number((*json).to_owned()), "{text}");
            assert!(serde_json::from_str::<Value>(json).unwrap().is_number(), "{text}");
        }
    }

    #[test]
    fn takes_what_the_core_schema_takes() {
        check(&Plain::Null, &["", "~", "null", "Null", "NULL"]);
        check(&Plain::Bool(true), &["true", "True", "TRUE"]);
        check(&Plain::Bool(false), &["false", "False", "FALSE"]);
        for json in ["0", "-0", "12", "-3.5", "0.05", "2e9", "1E-3", "18446744073709551615"] {
            numbers(&[(json, json)]);
        }
    }

    #[test]
    fn writes_numbers_as_json_does() {
        numbers(&[
            ("010", "10"),
            ("-010", "-10"),
            ("00", "0"),
            ("+5", "5"),
            ("0x1F", "31"),
            ("0o17", "15"),
            (".5", "0.5"),
            ("+.5", "0.5"),
            ("5.", "5.0"),
            ("-007.50", "-7.50"),
            ("5.e+3", "5.0e+3"),
            ("0xffffffffffffffff", "18446744073709551615"),
        ]);
    }

    #[test]
    fn leaves_words_alone() {
        let texts = [
            "yes",
            "NO",
            "on",
            "off",
            "nULL",
            "tRUE",
            "1.4.0",
            "12:30",
            "2026-01-02",
            "e5",
            "1e",
            "1e+",
            "0xzz",
            "0x",
            "0X1F",
            "-0x1F",
            "+0o7",
            "0b1",
            "1_000",
            "1_0e3",
            "_1",
            "-",
            "+",
            ".",
            "..5",
            "+-5",
            ".e3",
            "1.5.",
            "１",
        ];
        check(&Plain::String, &texts);
    }

    #[test]
    fn refuses_numbers_that_would_change() {
        check(&Plain::NotFinite, &[".inf", "-.INF", "+.Inf", ".NaN", ".nan"]);
        check(
            &Plain::OutOfRange,
            &[
                "18446744073709551616",
                "-9223372036854775809",
                "1e999",
                "0x10000000000000000",
                "0o7777777777777777777777",
            ],
        );
    }
}
