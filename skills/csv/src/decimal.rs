//! Decimal numbers that add up exactly, as people expect of a column of prices.

use std::cmp::Ordering;

/// Most digits behind the point.
const SCALE_MAX: u32 = 18;

/// `digits` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// Nothing at all.
    pub const ZERO: Self = Self { digits: 0, scale: 0 };

    /// Reads `-12.50`: a sign, digits, a point and digits. No exponent and no separators, because
    /// what they mean differs from country to country.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= SCALE_MAX)?;
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits || (unsigned.contains('.') && fraction.is_empty()) {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits: if negative { -digits } else { digits }, scale })
    }

    /// The exact sum; nothing if it has too many digits.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Self { digits: self.at(scale)?.checked_add(other.at(scale)?)?, scale })
    }

    /// Divided by a count and rounded, half away from zero, to `scale` digits behind the point or
    /// as many as there are already.
    pub fn divided(self, count: u64, scale: u32) -> Option<Self> {
        let scale = self.scale.max(scale);
        let (digits, count) = (self.at(scale)?, i128::from(count));
        let half = if digits < 0 { -count / 2 } else { count / 2 };
        Some(Self { digits: digits.checked_add(half)?.checked_div(count)?, scale })
    }

    /// The order of the values; nothing if one has too many digits to be compared.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.at(scale)?.cmp(&other.at(scale)?))
    }

    /// A JSON number: a whole one where the value is whole, otherwise the nearest float. This is
    /// the only rounding of a sum.
    pub fn to_json(self) -> serde_json::Value {
        let text = self.to_text();
        match text.parse::<i64>() {
            Ok(whole) => whole.into(),
            Err(_) => text.parse::<f64>().unwrap_or(f64::NAN).into(),
        }
    }

    /// Without zeros at the end.
    fn to_text(self) -> String {
        let sign = if self.digits < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0width$}", self.digits.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        match fraction.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }

    fn at(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn reads_plain_decimals_only() {
        for (text, expected) in
            [("0", "0"), ("-0.50", "-0.5"), ("+12", "12"), (" 007.10 ", "7.1"), ("-3", "-3")]
        {
            assert_eq!(decimal(text).to_text(), expected);
        }
        for text in ["", "-", ".5", "5.", "1e3", "1,000", "NaN", "0x1", "1.2.3", "٣"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn sums_are_exact() {
        let sum = (0..10).try_fold(Decimal::ZERO, |sum, _| sum.plus(decimal("0.1"))).unwrap();
        assert_eq!(sum.to_text(), "1");
        assert_eq!(decimal("1.05").plus(decimal("-2")).unwrap().to_json().to_string(), "-0.95");
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        for (sum, count, expected) in [
            ("2", 3, "0.666667"),
            ("-2", 3, "-0.666667"),
            ("0.0000005", 1, "0.0000005"),
            ("7", 2, "3.5"),
        ] {
            assert_eq!(decimal(sum).divided(count, 6).unwrap().to_text(), expected);
        }
    }

    #[test]
    fn too_many_digits_are_noticed() {
        let large = decimal(&"9".repeat(38));
        assert!(large.plus(large).is_none());
        assert!(large.compare(decimal("0.5")).is_none());
        assert_eq!(decimal("1.5").compare(decimal("1.25")), Some(Ordering::Greater));
    }
}
