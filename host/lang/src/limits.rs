//! Limits as people write them: `5e6`, `250ms`, `64MiB`, `0.01`. Exact, without floats.

use std::time::Duration;

use crate::graph::Limits;
use crate::suggest;

/// The names of the limits, as they stand in YAML and behind `--limit`.
pub const NAMES: &[&str] = &["fuel", "wall", "cost_usd", "memory"];

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
            | Self::TooFine { name, .. } => {
                Some(format!("for example `{name}: {}`", example(name)))
            }
        }
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "fuel" => "2e9",
        "cost_usd" => "0.05",
        "memory" => "64MiB",
        _ => "30s",
    }
}

impl Limits {
    /// Sets one limit by its name, from text.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), LimitError> {
        match name {
            "fuel" => self.fuel = Some(fuel(text)?),
            "wall" => self.wall = Some(wall(text)?),
            "cost_usd" => self.cost_nano = Some(cost_nano(text)?),
            "memory" => self.memory_bytes = Some(memory_bytes(text)?),
            _ => {
                let help = suggest::help(name, "the limits are", NAMES.iter().copied());
                return Err(LimitError::Unknown { name: crate::shown::shown(name), help });
            }
        }
        Ok(())
    }

    /// Whether the limit of a name is more than the other's; not where one of them has none.
    pub(crate) fn exceeds(&self, other: &Self, name: &str) -> bool {
        fn more<T: PartialOrd>(a: Option<T>, b: Option<T>) -> bool {
            matches!((a, b), (Some(a), Some(b)) if a > b)
        }
        match name {
            "fuel" => more(self.fuel, other.fuel),
            "wall" => more(self.wall, other.wall),
            "cost_usd" => more(self.cost_nano, other.cost_nano),
            _ => more(self.memory_bytes, other.memory_bytes),
        }
    }

    /// The tighter of both, limit by limit.
    pub fn min(&self, other: &Self) -> Self {
        Self {
            fuel: tighter(self.fuel, other.fuel),
            wall: tighter(self.wall, other.wall),
            cost_nano: tighter(self.cost_nano, other.cost_nano),
            memory_bytes: tighter(self.memory_bytes, other.memory_bytes),
        }
    }
}

fn tighter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Fuel units: `5000000`, `5e6`, `2.5e9`.
pub fn fuel(text: &str) -> Result<u64, LimitError> {
    let expected = "a whole number such as `5000000` or `5e6`";
    let amount = Amount::of("fuel", text, expected, "one unit of fuel");
    amount.positive(amount.scaled(text, 0, 1)?)
}

/// Wall time: `250ms`, `3s`, `1.5m`, `1h`.
pub fn wall(text: &str) -> Result<Duration, LimitError> {
    let expected = "a number with a unit: `ms`, `s`, `m` or `h`";
    let amount = Amount::of("wall", text, expected, "a microsecond");
    let units: [(&str, u32, u64); 4] = [("ms", 3, 1), ("s", 6, 1), ("m", 6, 60), ("h", 6, 3600)];
    let (number, decimals, factor) = amount.unit(&units)?;
    let micros = amount.scaled(number, decimals, factor)?;
    Ok(Duration::from_micros(amount.positive(micros)?))
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
    let expected = "an amount in USD such as `0.05`";
    Amount::of("cost_usd", text, expected, "a nano-dollar").scaled(text, 9, 1)
}

/// Bytes: `1048576`, `64MiB`, `500KB`, `1GiB`.
pub fn memory_bytes(text: &str) -> Result<u64, LimitError> {
    let expected = "a number of bytes, or one with `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`";
    let amount = Amount::of("memory", text, expected, "a byte");
    let units: [(&str, u32, u64); 8] = [
        ("KiB", 0, 1 << 10),
        ("MiB", 0, 1 << 20),
        ("GiB", 0, 1 << 30),
        ("KB", 3, 1),
        ("MB", 6, 1),
        ("GB", 9, 1),
        ("B", 0, 1),
        ("", 0, 1),
    ];
    let (number, decimals, factor) = amount.unit(&units)?;
    amount.positive(amount.scaled(number, decimals, factor)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of `name=text` and what it comes to.
    #[track_caller]
    fn check(cases: &[(&str, &str, &str)]) {
        for (name, text, expected) in cases {
            let mut limits = Limits::default();
            let found = match limits.set(name, text) {
                Ok(()) => {
                    let values = [limits.fuel, limits.cost_nano, limits.memory_bytes];
                    let wall = limits.wall.map(|wall| format!("{wall:?}"));
                    values.iter().flatten().map(u64::to_string).chain(wall).collect()
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, *expected, "{name}={text}");
        }
    }

    #[test]
    fn reads_what_people_write() {
        check(&[
            ("fuel", "5000000", "5000000"),
            ("fuel", "5e6", "5000000"),
            ("fuel", "2.5E9", "2500000000"),
            ("fuel", "50e-1", "5"),
            ("fuel", "18446744073709551615", "18446744073709551615"),
            ("wall", "250ms", "250ms"),
            ("wall", "3s", "3s"),
            ("wall", "1.5m", "90s"),
            ("wall", "1h", "3600s"),
            ("wall", "0.000001s", "1µs"),
            ("cost_usd", "0.05", "50000000"),
            ("cost_usd", "0.000000001", "1"),
            ("cost_usd", "0", "0"),
            ("cost_usd", "12", "12000000000"),
            ("memory", "1048576", "1048576"),
            ("memory", "64MiB", "67108864"),
            ("memory", "1GiB", "1073741824"),
            ("memory", "500KB", "500000"),
            ("memory", "1.5MB", "1500000"),
            ("memory", "1.5KiB", "1536"),
            ("memory", "7 B", "7"),
        ]);
    }

    #[test]
    fn durations_have_days() {
        let read = |text| {
            duration("timeout", text).map(|d| d.as_secs()).map_err(|error| error.to_string())
        };
        assert_eq!(read("24h"), Ok(86_400));
        assert_eq!(read("7d"), Ok(604_800));
        assert_eq!(read("0s"), Err("`timeout` is `0s`, expected more than zero".to_owned()));
        assert_eq!(read("3661d"), Err("`timeout` is `3661d`, which is too large".to_owned()));
        let expected = "expected a number with a unit: `ms`, `s`, `m`, `h` or `d`";
        for text in ["300", "-5s", "d", "1w"] {
            let message = format!("`{text}` is not a value of `timeout`, {expected}");
            assert_eq!(read(text), Err(message));
        }
    }

    #[test]
    fn refuses_everything_else() {
        let fuel = "expected a whole number such as `5000000` or `5e6`";
        let wall = "expected a number with a unit: `ms`, `s`, `m` or `h`";
        let memory =
            "expected a number of bytes, or one with `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`";
        check(&[
            ("fuel", "2_000", &format!("`2_000` is not a value of `fuel`, {fuel}")),
            ("fuel", "-1", &format!("`-1` is not a value of `fuel`, {fuel}")),
            ("fuel", "", &format!("`` is not a value of `fuel`, {fuel}")),
            ("fuel", "e6", &format!("`e6` is not a value of `fuel`, {fuel}")),
            ("fuel", "0", "`fuel` is `0`, expected more than zero"),
            ("fuel", "1e20", "`fuel` is `1e20`, which is too large"),
            (
                "fuel",
                "1e99999999999999999999",
                "`fuel` is `1e99999999999999999999`, which is too large",
            ),
            ("fuel", "1.5", "`fuel` is `1.5`, which is finer than one unit of fuel"),
            ("wall", "30", &format!("`30` is not a value of `wall`, {wall}")),
            ("wall", "3 days", &format!("`3 days` is not a value of `wall`, {wall}")),
            ("wall", "ms", &format!("`ms` is not a value of `wall`, {wall}")),
            ("wall", "0.0000001s", "`wall` is `0.0000001s`, which is finer than a microsecond"),
            (
                "wall",
                "99999999999999999999h",
                "`wall` is `99999999999999999999h`, which is too large",
            ),
            (
                "cost_usd",
                "0.0000000001",
                "`cost_usd` is `0.0000000001`, which is finer than a nano-dollar",
            ),
            (
                "cost_usd",
                "$1",
                "`$1` is not a value of `cost_usd`, expected an amount in USD such as `0.05`",
            ),
            ("memory", "64mib", &format!("`64mib` is not a value of `memory`, {memory}")),
            ("memory", "0MiB", "`memory` is `0MiB`, expected more than zero"),
            ("memory", "17179869184GiB", "`memory` is `17179869184GiB`, which is too large"),
            ("feul", "1", "there is no limit `feul`"),
        ]);
    }

    #[test]
    fn suggests_the_name_that_was_meant() {
        let error = Limits::default().set("cost", "1").unwrap_err();
        assert_eq!(error.help().unwrap(), "the limits are: `fuel`, `wall`, `cost_usd`, `memory`");
        let error = Limits::default().set("feul", "1").unwrap_err();
        assert_eq!(error.help().unwrap(), "did you mean `fuel`?");
    }

    #[test]
    fn min_is_the_tighter_of_both() {
        let a = Limits { fuel: Some(5), wall: None, cost_nano: Some(1), memory_bytes: None };
        let b = Limits {
            fuel: Some(3),
            wall: Some(Duration::from_secs(1)),
            cost_nano: Some(2),
            memory_bytes: None,
        };
        let tighter = Limits {
            fuel: Some(3),
            wall: Some(Duration::from_secs(1)),
            cost_nano: Some(1),
            memory_bytes: None,
        };
        assert_eq!(a.min(&b), tighter);
        assert_eq!(b.min(&a), tighter);
    }
}
