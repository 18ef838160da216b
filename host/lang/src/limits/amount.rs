//! Amounts as people write them: `5e6`, `250ms`, `64MiB`, `0.01`. Exact, without floats.

use std::time::Duration;

use super::{Limit, Unit};

/// The most digits a limit is written with. With the largest unit they still fit 128 bits, and
/// every 64-bit number of any unit has fewer.
const DIGITS_MAX: usize = 26;

/// Why a limit is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// No limit has this name.
    #[error("there is no limit `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// What to do.
        help: Option<String>,
    },
    /// Not written the way this limit is written.
    #[error("`{text}` is not a value of `{name}`, expected {expected}")]
    Malformed {
        /// The limit.
        name: &'static str,
        /// What was written.
        text: String,
        /// How it is written.
        expected: &'static str,
    },
    /// Would stop everything before it starts.
    #[error("`{name}` is `{text}`, expected more than zero")]
    Zero {
        /// The limit.
        name: &'static str,
        /// What was written.
        text: String,
    },
    /// More than 64 bits hold.
    #[error("`{name}` is `{text}`, which is too large")]
    TooLarge {
        /// The limit.
        name: &'static str,
        /// What was written.
        text: String,
    },
    /// More than the host can give.
    #[error("`{name}` is `{text}`, and the most there can be is `{most}`")]
    AboveMost {
        /// The limit.
        name: &'static str,
        /// What was written.
        text: String,
        /// The most.
        most: String,
    },
    /// Finer than the unit that is counted in.
    #[error("`{name}` is `{text}`, which is finer than {unit}")]
    TooFine {
        /// The limit.
        name: &'static str,
        /// What was written.
        text: String,
        /// The unit that is counted in.
        unit: &'static str,
    },
}

impl LimitError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unknown { help, .. } => help.clone(),
            Self::Malformed { name, .. }
            | Self::Zero { name, .. }
            | Self::TooLarge { name, .. }
            | Self::AboveMost { name, .. }
            | Self::TooFine { name, .. } => {
                Some(format!("for example `{name}: {}`", example(name)))
            }
        }
    }
}

fn example(name: &str) -> &'static str {
    Limit::named(name).map_or("30s", |limit| limit.row().example)
}

/// The value of a limit as it is written, in its unit: fuel, microseconds, nano-USD, bytes.
pub(super) fn read(limit: Limit, text: &str) -> Result<u64, LimitError> {
    let row = limit.row();
    let amount = Amount::of(row.name, text, row.unit.expected(), row.unit.finest());
    let value = match row.unit {
        Unit::Fuel | Unit::Count | Unit::PerSecond => amount.scaled(text, 0, 1)?,
        Unit::Time => {
            let (number, decimals, factor) = amount.unit(TIMES)?;
            amount.scaled(number, decimals, factor)?
        }
        Unit::Money => amount.scaled(text, 9, 1)?,
        Unit::Bytes => {
            let (number, decimals, factor) = amount.unit(SIZES)?;
            amount.scaled(number, decimals, factor)?
        }
    };
    if value == 0 && !row.zero {
        return Err(LimitError::Zero { name: row.name, text: amount.shown() });
    }
    if value > row.most {
        let most = row.unit.shown(row.most);
        return Err(LimitError::AboveMost { name: row.name, text: amount.shown(), most });
    }
    Ok(value)
}

/// Units of time, with what a number is shifted and multiplied by for microseconds.
const TIMES: &[(&str, u32, u64)] = &[("ms", 3, 1), ("s", 6, 1), ("m", 6, 60), ("h", 6, 3_600)];

/// Units of sizes, in the same way for bytes.
const SIZES: &[(&str, u32, u64)] = &[
    ("KiB", 0, 1 << 10),
    ("MiB", 0, 1 << 20),
    ("GiB", 0, 1 << 30),
    ("KB", 3, 1),
    ("MB", 6, 1),
    ("GB", 9, 1),
    ("B", 0, 1),
    ("", 0, 1),
];

/// Wall time: `250ms`, `3s`, `1.5m`, `1h`.
pub fn wall(text: &str) -> Result<Duration, LimitError> {
    read(Limit::Wall, text).map(Duration::from_micros)
}

/// The longest duration: ten years.
const DURATION_MAX: Duration = Duration::from_secs(3_660 * 86_400);

/// What a step waits, called `name`: `250ms`, `3s`, `1.5m`, `24h`, `7d`. Up to ten years.
pub fn duration(name: &'static str, text: &str) -> Result<Duration, LimitError> {
    let expected = "a number with a unit: `ms`, `s`, `m`, `h` or `d`";
    let amount = Amount::of(name, text, expected, "a microsecond");
    let units: [(&str, u32, u64); 5] =
        [("ms", 3, 1), ("s", 6, 1), ("m", 6, 60), ("h", 6, 3_600), ("d", 6, 86_400)];
    let (number, decimals, factor) = amount.unit(&units)?;
    let micros = amount.scaled(number, decimals, factor)?;
    let found = Duration::from_micros(amount.positive(micros)?);
    if found > DURATION_MAX { Err(amount.too_large()) } else { Ok(found) }
}

/// Money in nano-USD: `0.05` is 50,000,000. Zero is allowed: nothing that costs may run.
pub fn cost_nano(text: &str) -> Result<u64, LimitError> {
    read(Limit::Cost, text)
}

/// A limit's text with all that its errors need.
struct Amount<'a> {
    name: &'static str,
    text: &'a str,
    expected: &'static str,
    finest: &'static str,
}

impl<'a> Amount<'a> {
    fn of(name: &'static str, text: &'a str, expected: &'static str, finest: &'static str) -> Self {
        Self { name, text, expected, finest }
    }

    fn shown(&self) -> String {
        crate::shown::shown(self.text)
    }

    fn malformed(&self) -> LimitError {
        LimitError::Malformed { name: self.name, text: self.shown(), expected: self.expected }
    }

    fn too_large(&self) -> LimitError {
        LimitError::TooLarge { name: self.name, text: self.shown() }
    }

    fn too_fine(&self) -> LimitError {
        LimitError::TooFine { name: self.name, text: self.shown(), unit: self.finest }
    }

    fn positive(&self, value: u64) -> Result<u64, LimitError> {
        match value {
            0 => Err(LimitError::Zero { name: self.name, text: self.shown() }),
            _ => Ok(value),
        }
    }

    /// The number in front of the first unit that the text ends in, with that unit's scale.
    fn unit(&self, units: &[(&str, u32, u64)]) -> Result<(&'a str, u32, u64), LimitError> {
        units
            .iter()
            .find_map(|(unit, decimals, factor)| {
                let number = self.text.strip_suffix(unit)?.trim_end_matches(' ');
                number
                    .ends_with(|c: char| c.is_ascii_digit())
                    .then_some((number, *decimals, *factor))
            })
            .ok_or_else(|| self.malformed())
    }

    /// The decimal `number` times `factor` times ten to the power of `decimals`, if that is whole.
    fn scaled(&self, number: &str, decimals: u32, factor: u64) -> Result<u64, LimitError> {
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !all_digits(whole) || !all_digits(fraction) || !all_digits(exponent_digits) {
            return Err(self.malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(0);
        }
        if digits.len() > DIGITS_MAX {
            return Err(if fraction.is_empty() { self.too_large() } else { self.too_fine() });
        }
        let digits: u128 = digits.parse().map_err(|_| self.malformed())?;
        let negative = exponent.starts_with('-');
        let Ok(exponent) = exponent.parse::<i32>() else {
            return Err(if negative { self.too_fine() } else { self.too_large() });
        };
        let fraction = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        let shift = i64::from(exponent) + i64::from(decimals) - i64::from(fraction);
        let power = 10_u128.checked_pow(u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX));
        let value = digits * u128::from(factor);
        let scaled = if shift < 0 {
            power
                .filter(|power| value.is_multiple_of(*power))
                .map(|power| value / power)
                .ok_or_else(|| self.too_fine())?
        } else {
            power.and_then(|power| value.checked_mul(power)).ok_or_else(|| self.too_large())?
        };
        u64::try_from(scaled).map_err(|_| self.too_large())
    }
}
