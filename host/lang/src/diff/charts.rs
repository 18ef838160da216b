//! Both graphs as charts, with what changed in colours.

use std::fmt::Write as _;

use crate::graph::Graph;
use crate::mermaid::mermaid;

/// Steps by their index.
#[derive(Debug, Default)]
pub(super) struct Colours {
    /// Of the new graph.
    pub(super) added: Vec<usize>,
    /// Of the old graph.
    pub(super) removed: Vec<usize>,
    /// Changed ones, in the old graph.
    pub(super) before: Vec<usize>,
    /// Changed ones, in the new graph.
    pub(super) after: Vec<usize>,
}

impl Colours {
    pub(super) fn charts(&self, before: &Graph, after: &Graph) -> (String, String) {
        let changed = ("changed", "fill:#fff3cd,stroke:#b8860b");
        let removed = ("removed", "fill:#f8d7da,stroke:#b02a37");
        let added = ("added", "fill:#d1e7dd,stroke:#146c43");
        (
            chart(before, &[(removed, &self.removed), (changed, &self.before)]),
            chart(after, &[(added, &self.added), (changed, &self.after)]),
        )
    }
}

fn chart(graph: &Graph, classes: &[((&str, &str), &Vec<usize>)]) -> String {
    let mut out = mermaid(graph);
    for ((name, style), steps) in classes {
        if steps.is_empty() {
            continue;
        }
        let steps: Vec<String> = steps.iter().map(|step| format!("s{step}")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  classDef {name} {style}\n  class {} {name}", steps.join(","));
    }
    out
}
