//! How long a server asks to be left alone.

/// The milliseconds behind a `retry-after` header in seconds.
///
/// A date means nothing here: a skill that reads no clock cannot tell how far off it is.
pub fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim_ascii();
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    value.parse::<u64>().ok().filter(|_| digits)?.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<u64>) {
        assert_eq!(milliseconds(value), expected, "{value}");
    }

    #[test]
    fn seconds_become_milliseconds() {
        check("0", Some(0));
        check(" 120 ", Some(120_000));
    }

    #[test]
    fn everything_else_says_nothing() {
        for value in
            ["", "-1", "+1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999"]
        {
            check(value, None);
        }
        check("18446744073709551615", None);
    }
}
