//! Limits and capabilities: what is other, and whether more is allowed than before.

use coldframe_format::Caps;

use super::facts::Facts;
use super::{Change, ChangeKind, Mark};
use crate::fmt::tree::{Collection, Written};
use crate::graph::Limits;
use crate::limits::Limit;
use crate::print::{alone, parts_of_limits};

/// Those of a step.
pub(super) fn changes(path: &str, before: &Facts<'_>, after: &Facts<'_>) -> Vec<Change> {
    let mut found = limits(path, before.limits, after.limits);
    // Where neither narrows anything, the change is that of what is around.
    if before.narrows || after.narrows {
        found.extend(caps(path, before.caps, after.caps));
    }
    found
}

/// Limits by name. None is wider than any.
pub(super) fn limits(path: &str, before: &Limits, after: &Limits) -> Vec<Change> {
    let wider = |limit: Limit| match (before.get(limit), after.get(limit)) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let (old, new) = (written(before), written(after));
    let all = Limit::ALL.iter().map(|limit| (limit.row().name, wider(*limit)));
    all.filter_map(|(name, wider)| {
        let of = |all: &[(String, String)]| {
            all.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
        };
        let (before, after) = (of(&old), of(&new));
        let part = format!("limits.{name}");
        (before != after).then(|| Change {
            step: path.to_owned(),
            kind: ChangeKind::Changed { part, before, after },
            mark: wider.then_some(Mark::Wider),
        })
    })
    .collect()
}

fn written(limits: &Limits) -> Vec<(String, String)> {
    let Some(Written::Collection(Collection { items, .. })) = parts_of_limits(limits) else {
        return Vec::new();
    };
    let name = |key: Option<(String, String)>| key.map(|(_, name)| name).unwrap_or_default();
    items.into_iter().map(|item| (name(item.key), alone(item.value))).collect()
}

/// Capabilities, one change each.
pub(super) fn caps(path: &str, before: &Caps, after: &Caps) -> Vec<Change> {
    let (old, new) = (lines(before), lines(after));
    let change = |part: &str, before, after, mark| Change {
        step: path.to_owned(),
        kind: ChangeKind::Changed { part: part.to_owned(), before, after },
        mark,
    };
    let gone = old.iter().filter(|line| !new.contains(line));
    let mut found: Vec<Change> =
        gone.map(|(part, line)| change(part, Some(line.clone()), None, None)).collect();
    for (part, line) in new.iter().filter(|line| !old.contains(line)) {
        let one = after.http.iter().find(|grant| grant.to_string() == *line);
        let covered =
            one.is_some_and(|grant| before.http.iter().any(|other| grant.is_within(other)));
        let mark = (!covered).then_some(Mark::Wider);
        found.push(change(part, None, Some(line.clone()), mark));
    }
    found
}

fn lines(caps: &Caps) -> Vec<(&'static str, String)> {
    let flags = [("caps.log", caps.log), ("caps.clock", caps.clock), ("caps.random", caps.random)];
    let http = caps.http.iter().map(|grant| ("caps.http", grant.to_string()));
    let flags = flags.into_iter().filter(|(_, granted)| *granted);
    http.chain(flags.map(|(name, _)| (name, "true".to_owned()))).collect()
}
