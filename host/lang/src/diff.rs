//! What changed between two graphs, in words and as two charts.
//!
//! Compares what the graphs say, not how they were written: neither the order of keys nor comments
//! nor the numbers of steps matter.

mod charts;
mod facts;
mod rights;
#[cfg(test)]
mod tests;
mod text;
mod top;

use std::collections::BTreeMap;

use crate::graph::Graph;

use facts::Facts;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The pipeline itself first, then its steps in the order of the new graph, removed ones last.
    pub changes: Vec<Change>,
    /// The old graph as a Mermaid chart; what is gone or changed is coloured.
    pub before: String,
    /// The new graph as a Mermaid chart; what is new or changed is coloured.
    pub after: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose: `shops.count` for a step by its place among steps, empty for the pipeline itself.
    pub step: String,
    /// What happened.
    pub kind: ChangeKind,
    /// What somebody who approves the change should look at.
    pub mark: Option<Mark>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// The step is new. What it does: `uses std/text@1.0.0#stats`.
    Added(String),
    /// The step is gone.
    Removed(String),
    /// The same step had this id before.
    Renamed(String),
    /// A part is another: `with.text`, `limits.fuel`, `needs`.
    Changed {
        /// Which part.
        part: String,
        /// As it was written; none where it is new.
        before: Option<String>,
        /// As it is written; none where it is gone.
        after: Option<String>,
    },
}

/// What somebody who approves a change should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// More is allowed than before: a right or a limit.
    Wider,
    /// Whoever runs the pipeline has to change something.
    Breaking,
}

/// What changed from one graph to another.
pub fn diff(before: &Graph, after: &Graph) -> Diff {
    let (old, new) = (facts::of(before), facts::of(after));
    let renamed = renamed(&old, &new);
    let mut changes = top::changes(before, after);
    let mut colours = charts::Colours::default();
    for (path, facts) in &new {
        let source = renamed
            .get(path.as_str())
            .copied()
            .or_else(|| old.get_key_value(path).map(|(p, _)| p.as_str()));
        let change = |kind, mark| Change { step: path.clone(), kind, mark };
        let Some((was, other)) = source.and_then(|was| Some((was, old.get(was)?))) else {
            colours.added.push(facts.index);
            changes.push(change(ChangeKind::Added(facts.what.clone()), facts.grants()));
            continue;
        };
        let from = changes.len();
        if was != path {
            changes.push(change(ChangeKind::Renamed(was.to_owned()), None));
        }
        for (part, before, after) in parts(&other.parts, &facts.parts) {
            changes.push(change(ChangeKind::Changed { part, before, after }, None));
        }
        changes.extend(rights::changes(path, other, facts));
        if changes.len() > from {
            colours.before.push(other.index);
            colours.after.push(facts.index);
        }
    }
    for (path, facts) in &old {
        if !new.contains_key(path) && !renamed.values().any(|was| was == path) {
            colours.removed.push(facts.index);
            let kind = ChangeKind::Removed(facts.what.clone());
            changes.push(Change { step: path.clone(), kind, mark: None });
        }
    }
    let (before, after) = colours.charts(before, after);
    Diff { changes, before, after }
}

/// From new paths to old ones: steps that do the same in the same block under another id. Each old
/// one is taken once.
fn renamed<'f>(
    old: &'f indexmap::IndexMap<String, Facts<'_>>,
    new: &'f indexmap::IndexMap<String, Facts<'_>>,
) -> BTreeMap<&'f str, &'f str> {
    let mut gone: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (path, facts) in old.iter().rev().filter(|(path, _)| !new.contains_key(*path)) {
        gone.entry((&facts.around, facts.content())).or_default().push(path);
    }
    let mut found = BTreeMap::new();
    for (path, facts) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
        let same = gone.get_mut(&(facts.around.as_str(), facts.content())).and_then(Vec::pop);
        if let Some(same) = same {
            found.insert(path.as_str(), same);
        }
    }
    found
}

/// Parts that differ, by name.
fn parts(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (name.clone(), old.get(name).cloned(), new.get(name).cloned()))
        .collect()
}

impl Diff {
    /// Whether both graphs say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes as people read them, a line each.
    pub fn to_text(&self) -> String {
        text::text(&self.changes)
    }
}
