//! The parts of a pipeline that are no steps, and the maps and lists all of it is made of.

use std::time::Duration;

use coldframe_format::Caps;
use serde_json::Value;

use crate::fmt::scalar;
use crate::fmt::tree::{Collection, Item, Written};
use crate::graph::{
    Adapters, ClientTimes, Decision, Exchange, HttpAdapter, Limits, Policy, Subject, Test,
};
use crate::limits::{Limit, Unit};
use crate::patch::written;

use super::values::{condition, value};

/// A line of a map.
pub(crate) type Line = (&'static str, Written);

pub(super) fn text(text: &str) -> Written {
    written::text(text)
}

pub(super) fn number(number: impl Into<serde_json::Number>) -> Written {
    value(&Value::Number(number.into()))
}

/// A map on one line where it fits.
pub(super) fn flow<K: AsRef<str>>(lines: impl IntoIterator<Item = (K, Written)>) -> Written {
    Written::Collection(Collection::flow(true, items(lines), Vec::new()))
}

/// A map with a line for each key.
pub(super) fn opened<K: AsRef<str>>(lines: impl IntoIterator<Item = (K, Written)>) -> Written {
    let items = items(lines);
    let flow = items.is_empty();
    Written::Collection(Collection { flow, ..Collection::flow(true, items, Vec::new()) })
}

fn items<K: AsRef<str>>(lines: impl IntoIterator<Item = (K, Written)>) -> Vec<Item> {
    let lines = lines.into_iter();
    lines
        .map(|(key, value)| {
            let key = key.as_ref();
            Item::new(Some((scalar::text(key, true), key.to_owned())), value)
        })
        .collect()
}

/// A list on one line where it fits.
pub(super) fn list(values: impl IntoIterator<Item = Written>) -> Written {
    let items = values.into_iter().map(|value| Item::new(None, value)).collect();
    Written::Collection(Collection::flow(false, items, Vec::new()))
}

/// A list with a line for each item.
pub(super) fn opened_list(values: impl IntoIterator<Item = Written>) -> Written {
    let items: Vec<Item> = values.into_iter().map(|value| Item::new(None, value)).collect();
    let flow = items.is_empty();
    Written::Collection(Collection { flow, ..Collection::flow(false, items, Vec::new()) })
}

/// `limits: { … }`, if there are any.
pub(crate) fn limits(limits: &Limits) -> Option<Line> {
    let lines: Vec<Line> =
        limits.written().map(|(limit, raw)| (limit.row().name, amount(limit, raw))).collect();
    (!lines.is_empty()).then(|| ("limits", flow(lines)))
}

fn amount(limit: Limit, raw: u64) -> Written {
    let unit = limit.row().unit;
    match unit {
        Unit::Fuel | Unit::Count | Unit::PerSecond => number(raw),
        Unit::Time | Unit::Money => written::raw(unit.shown(raw)),
        Unit::Bytes => match bytes_text(raw) {
            Some(text) => written::raw(text),
            None => number(raw),
        },
    }
}

/// `caps: { … }`
pub(super) fn caps(caps: Option<&Caps>) -> Option<Line> {
    let caps = caps?;
    let lines = caps.set_of().iter().map(|cap| {
        let granted = match cap.line() {
            Some(_) => list(caps.lines(cap).iter().map(|line| text(line))),
            None => value(&Value::Bool(true)),
        };
        (cap.name(), granted)
    });
    Some(("caps", flow(lines)))
}

/// `90s`, `5m`, `250ms`, `0.5ms`: exact, down to a microsecond.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        return "0s".to_owned();
    }
    for (unit, size) in [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)] {
        if micros.is_multiple_of(size) {
            return format!("{}{unit}", micros / size);
        }
    }
    format!("{}.{:03}ms", micros / 1_000, micros % 1_000)
}

/// Nano-USD as USD, all digits that count.
pub(crate) fn dollars(nano: u64) -> String {
    let (whole, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// `64MiB`, where it is a whole number of them.
pub(crate) fn bytes_text(bytes: u64) -> Option<String> {
    [("GiB", 30), ("MiB", 20), ("KiB", 10)].into_iter().find_map(|(unit, shift)| {
        let whole = bytes >> shift;
        (whole > 0 && whole << shift == bytes).then(|| format!("{whole}{unit}"))
    })
}

/// `adapters: { … }`, if there are any.
pub(crate) fn adapters(adapters: &Adapters) -> Option<Line> {
    let http = match adapters.http.as_ref()? {
        HttpAdapter::Client(times) => {
            let ClientTimes { connect, first_byte, between_bytes, total } = times;
            let times = [
                ("connect", connect),
                ("first_byte", first_byte),
                ("between_bytes", between_bytes),
                ("total", total),
            ];
            let mut lines = vec![("adapter", text("client"))];
            let written = |time: &Duration| written::raw(duration(*time));
            lines
                .extend(times.iter().filter_map(|(key, t)| Some((*key, t.as_ref().map(written)?))));
            flow(lines)
        }
        HttpAdapter::Recorded(exchanges) => flow([
            ("adapter", text("recorded")),
            ("exchanges", list(exchanges.iter().map(exchange))),
        ]),
    };
    Some(("adapters", flow([("http", http)])))
}

/// A rule.
pub(super) fn policy(policy: &Policy) -> Written {
    let mut lines = vec![("id", text(&policy.id))];
    match &policy.subject {
        Subject::Run => {}
        Subject::EveryStep => lines.push(("on", text("steps"))),
        Subject::Step(id) => lines.push(("on", text(id))),
    }
    lines.extend(policy.when.iter().map(|when| ("when", condition(when))));
    lines.push(("assert", condition(&policy.assert)));
    lines.push(("action", text(policy.action.as_str())));
    lines.extend(policy.message.iter().map(|message| ("message", text(message))));
    flow(lines)
}

/// A test.
pub(super) fn test(test: &Test) -> Written {
    let mut lines = vec![("name", text(&test.name))];
    if !test.input.is_empty() {
        lines.push(("input", value(&Value::Object(test.input.clone()))));
    }
    if !test.stubs.is_empty() {
        lines.push(("stub", flow(test.stubs.iter().map(|(name, stub)| (name, value(stub))))));
    }
    if !test.http.is_empty() {
        lines.push(("http", list(test.http.iter().map(exchange))));
    }
    if !test.decisions.is_empty() {
        let decisions = test.decisions.iter().map(|(id, decision)| {
            let decision = match decision {
                Decision::Approve => text("approve"),
                Decision::Reject => text("reject"),
                Decision::Signal(data) => flow([("signal", value(data))]),
            };
            (id, decision)
        });
        lines.push(("decisions", flow(decisions)));
    }
    lines.push(("assert", list(test.assert.iter().map(condition))));
    lines.extend(test.timeout.map(|timeout| ("timeout", written::raw(duration(timeout)))));
    flow(lines)
}

fn exchange(one: &Exchange) -> Written {
    let mut lines = vec![
        ("method", text(&one.method)),
        ("url", text(&one.url)),
        ("status", written::raw(one.status.to_string())),
    ];
    if !one.headers.is_empty() {
        lines.push(("headers", flow(one.headers.iter().map(|(name, value)| (name, text(value))))));
    }
    if !one.body.is_empty() {
        lines.push(("body", text(&one.body)));
    }
    flow(lines)
}
