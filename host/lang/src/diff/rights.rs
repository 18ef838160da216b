//! Limits and capabilities: what is other, and whether more is allowed than before.

use coldframe_format::{Cap, Caps};

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
    let change = |cap: Cap, before, after, mark| Change {
        step: path.to_owned(),
        kind: ChangeKind::Changed { part: format!("caps.{cap}"), before, after },
        mark,
    };
    let mut found = Vec::new();
    for cap in Cap::ALL.iter().copied() {
        let (old, new) = (before.lines(cap), after.lines(cap));
        let gone = old.iter().filter(|line| !new.contains(line));
        found.extend(gone.map(|line| change(cap, Some(line.clone()), None, None)));
        let wider = after.beyond(before, cap);
        for line in new.iter().filter(|line| !old.contains(line)) {
            let mark = wider.contains(line).then_some(Mark::Wider);
            found.push(change(cap, None, Some(line.clone()), mark));
        }
    }
    found
}
