//! What a scalar without quotes is to PyYAML, which both systems read with (YAML 1.1).

use super::node::NodeKind;

/// What the text is, and whether another reader would take it for something else.
pub(super) fn classify(text: &str) -> (NodeKind, bool) {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return (NodeKind::Null, false),
        "true" | "True" | "TRUE" => return (NodeKind::Bool(true), false),
        "false" | "False" | "FALSE" => return (NodeKind::Bool(false), false),
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return (NodeKind::Bool(true), true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return (NodeKind::Bool(false), true),
        _ => {}
    }
    if is_json_number(text) {
        let fits = if text.contains(['.', 'e', 'E']) {
            text.parse::<f64>().is_ok_and(f64::is_finite)
        } else {
            text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
        };
        if fits {
            return (NodeKind::Number(text.to_owned()), false);
        }
        return (NodeKind::Text(text.to_owned()), true);
    }
    (NodeKind::Text(text.to_owned()), looks_like_number(text))
}

/// RFC 8259, section 6.
pub(crate) fn is_json_number(text: &str) -> bool {
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

/// `010`, `0x1F`, `1_000`, `+5`, `.5`, `.inf`: a number there, a text here.
fn looks_like_number(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = rest.strip_prefix("0x").is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|b| b == b'_' || b.is_ascii_hexdigit())
    });
    let decimal = rest.bytes().any(|b| b.is_ascii_digit())
        && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.'))
        && rest.bytes().filter(|b| *b == b'.').count() <= 1
        && !rest.starts_with('_');
    radix || decimal || matches!(rest.to_ascii_lowercase().as_str(), ".inf" | ".nan")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (kind, doubtful) = classify(text);
        let mark = if doubtful { "?" } else { "" };
        assert_eq!(format!("{kind:?}{mark}"), expected, "{text}");
    }

    #[test]
    fn reads_what_pyyaml_would() {
        check("~", "Null");
        check("True", "Bool(true)");
        check("on", "Bool(true)?");
        check("-1.5e3", "Number(\"-1.5e3\")");
        check("010", "Text(\"010\")?");
        check("0x1F", "Text(\"0x1F\")?");
        check("1_000", "Text(\"1_000\")?");
        check("99999999999999999999", "Text(\"99999999999999999999\")?");
        check("1.4.0", "Text(\"1.4.0\")");
        check("12:30", "Text(\"12:30\")");
    }
}
