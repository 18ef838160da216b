//! The only place that prints. Results go to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::exit::Fail;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Text in red, where the terminal shows colours.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Text in green.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Text in yellow.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// Text in cyan.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default().bold();
/// Text that steps back.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Prints a result. A reader that went away is not an error.
pub(crate) fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

/// Prints a result that holds texts of others. A terminal must not obey them; whatever else reads
/// them gets them as they are.
fn foreign(text: &str) {
    match std::io::stdout().is_terminal() {
        true => result(&coldframe_lang::shown::inert(text)),
        false => result(text),
    }
}

/// Prints a result for programs.
pub(crate) fn json(value: &Value) {
    foreign(&format!("{value:#}"));
}

/// Prints a value for people: text as it is, anything else as YAML.
pub(crate) fn value(value: &Value) {
    match value {
        Value::String(text) => foreign(text),
        other => yaml(other),
    }
}

/// Prints something as YAML.
pub(crate) fn yaml(value: &impl serde::Serialize) {
    match serde_saphyr::to_string(value) {
        Ok(text) => foreign(&text),
        Err(error) => warn(&format!("the result cannot be written as YAML: {error}")),
    }
}

/// Prints a line that is not a result.
pub(crate) fn note(text: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{text}");
}

/// Prints a warning.
pub(crate) fn warn(text: &str) {
    note(&format!("{YELLOW}warning:{YELLOW:#} {text}"));
}

/// Prints a failure: what happened, then the next step. For programs also as JSON, where it has a
/// stable kind.
pub(crate) fn fail(fail: &Fail, format: Format) {
    if let (Format::Json, Some(kind)) = (format, &fail.kind) {
        let error = json!({ "kind": kind, "message": fail.message, "help": fail.help });
        self::json(&json!({ "status": "refused", "error": error }));
    }
    if !fail.message.is_empty() {
        note(&format!("{RED}error:{RED:#} {}", fail.message));
    }
    if let Some(help) = &fail.help {
        note(&format!("{CYAN}help:{CYAN:#} {help}"));
    }
}

/// Whether stderr is a terminal that shows colours and movement.
pub(crate) fn is_live() -> bool {
    std::io::stderr().is_terminal() && shows_colour()
}

/// Whether stderr shows colours: a terminal, and nobody said no.
pub(crate) fn shows_colour() -> bool {
    !matches!(anstream::AutoStream::choice(&std::io::stderr()), anstream::ColorChoice::Never)
}

/// `1 step`, `2 steps`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// Microseconds for people.
pub(crate) fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        1_000_000..60_000_000 => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
        _ => format!("{} min {} s", us / 60_000_000, us / 1_000_000 % 60),
    }
}

/// A time ahead, for people: two digits are enough, and nobody counts microseconds.
pub(crate) fn roughly(us: u64) -> String {
    match us {
        0..1_000 => "1 ms".to_owned(),
        1_000..99_001 => format!("{} ms", us.div_ceil(1_000)),
        99_001..990_001 => format!("{} ms", us.div_ceil(10_000) * 10),
        990_001..9_950_000 => match us.div_ceil(100_000) {
            tenths if tenths % 10 == 0 => format!("{} s", tenths / 10),
            tenths => format!("{}.{} s", tenths / 10, tenths % 10),
        },
        _ => match us.div_ceil(1_000_000) {
            s if s < 60 => format!("{s} s"),
            s if s < 3_600 && s % 60 == 0 => format!("{} min", s / 60),
            s if s < 3_600 => format!("{} min {} s", s / 60, s % 60),
            s if s.div_ceil(60) % 60 == 0 => format!("{} h", s.div_ceil(3_600)),
            s => format!("{} h {} min", s / 3_600, s.div_ceil(60) % 60),
        },
    }
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn moment(us: u64) -> String {
    i64::try_from(us)
        .ok()
        .and_then(|us| jiff::Timestamp::from_microsecond(us).ok())
        .map_or_else(|| us.to_string(), |moment| format!("{moment:.0}"))
}

/// Somebody else's sentence, escaped and cut.
pub(crate) fn safe(text: &str) -> String {
    coldframe_lang::shown::sentence(text)
}

/// A value in one line, escaped, and cut where it is longer than people read.
pub(crate) fn cut(value: &str) -> String {
    const SHOWN_MAX: usize = 200;
    let text = safe(value);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A large number for people: `1.2M`.
pub(crate) fn large(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{}.{}k", n / 1_000, n % 1_000 / 100),
        1_000_000..1_000_000_000 => format!("{}.{}M", n / 1_000_000, n % 1_000_000 / 100_000),
        1_000_000_000..1_000_000_000_000 => {
            format!("{}.{}G", n / 1_000_000_000, n % 1_000_000_000 / 100_000_000)
        }
        _ => format!("{}.{}T", n / 1_000_000_000_000, n % 1_000_000_000_000 / 100_000_000_000),
    }
}

/// Nano-USD for people.
pub(crate) fn money(nano: u64) -> String {
    format!("${}", coldframe_engine::step::usd(nano))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ahead_are_round() {
        let times = [
            (300, "1 ms"),
            (4_200, "5 ms"),
            (10_300, "11 ms"),
            (141_000, "150 ms"),
            (990_001, "1 s"),
            (999_940, "1 s"),
            (1_999_930, "2 s"),
            (1_420_000, "1.5 s"),
            (9_960_000, "10 s"),
            (59_999_000, "1 min"),
            (61_000_000, "1 min 1 s"),
            (3_599_999_000, "1 h"),
            (5_401_000_000, "1 h 31 min"),
        ];
        for (us, expected) in times {
            assert_eq!(roughly(us), expected, "{us}");
        }
    }

    #[test]
    fn numbers_for_people() {
        let times = [0, 999, 1_500, 2_340_000, 61_000_000].map(time);
        assert_eq!(times, ["0 us", "999 us", "1.5 ms", "2.34 s", "1 min 1 s"]);
        let numbers = [9_999, 12_345, 1_250_000, 2_000_000_000, 20_002_000_000_000].map(large);
        assert_eq!(numbers, ["9999", "12.3k", "1.2M", "2.0G", "20.0T"]);
    }
}
