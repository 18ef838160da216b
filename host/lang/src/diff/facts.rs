//! What a step is, part by part, without numbers of steps and without the steps it holds.

use std::collections::BTreeMap;

use coldframe_format::Caps;
use indexmap::IndexMap;

use super::Mark;
use crate::fmt::tree::{Collection, Written};
use crate::graph::{Graph, Limits, Step, StepKind};
use crate::print::{alone, steps};

/// A step.
pub(super) struct Facts<'g> {
    /// In `Graph::steps`.
    pub(super) index: usize,
    /// The path of the block it stands in.
    pub(super) around: String,
    /// `uses std/text@1.0.0#stats`
    pub(super) what: String,
    /// `with.text` to how it is written. Rights and limits are told apart.
    pub(super) parts: BTreeMap<String, String>,
    pub(super) limits: &'g Limits,
    /// What it may, with what is around it.
    pub(super) caps: &'g Caps,
    /// Whether it narrows what is around it.
    pub(super) narrows: bool,
}

impl Facts<'_> {
    /// Everything but the name.
    pub(super) fn content(&self) -> String {
        format!("{:?} {:?} {:?}", self.parts, self.limits, self.caps)
    }

    /// A new step that may reach outside is worth a look.
    pub(super) fn grants(&self) -> Option<Mark> {
        (self.narrows && !self.caps.is_empty()).then_some(Mark::Wider)
    }
}

/// The steps of a graph by path, in order.
pub(super) fn of(graph: &Graph) -> IndexMap<String, Facts<'_>> {
    let mut paths: Vec<String> = Vec::new();
    let mut caps: Vec<&Caps> = Vec::new();
    let mut found = IndexMap::new();
    for (index, step) in graph.steps.iter().enumerate() {
        // A holder stands before what it holds.
        let holder = graph.blocks.get(step.block).and_then(|block| block.holder);
        let around = match holder.and_then(|at| Some((graph.steps.get(at)?, paths.get(at)?))) {
            Some((holder, path)) => format!("{path}{}.", place(holder, step.block)),
            None => String::new(),
        };
        let path = format!("{around}{}", step.id);
        let outer = holder.and_then(|at| caps.get(at).copied()).unwrap_or(&graph.caps);
        let own = step.caps.as_ref().unwrap_or(outer);
        paths.push(path.clone());
        caps.push(own);
        let facts = Facts {
            index,
            around,
            what: what(step),
            parts: parts(graph, step),
            limits: &step.limits,
            caps: own,
            narrows: step.caps.is_some(),
        };
        found.insert(path, facts);
    }
    found
}

/// Which of the blocks: `[1]` of a switch, `.a` of a parallel, nothing where there is one.
fn place(holder: &Step, block: usize) -> String {
    match &holder.kind {
        StepKind::Switch(_) => {
            let at = holder.kind.blocks().iter().position(|own| *own == block);
            format!("[{}]", at.unwrap_or_default())
        }
        StepKind::Parallel(parallel) => {
            let branch = parallel.branches.iter().find(|branch| branch.block == block);
            format!(".{}", branch.map_or("", |branch| branch.name.as_str()))
        }
        _ => String::new(),
    }
}

fn what(step: &Step) -> String {
    match &step.kind {
        StepKind::Uses(uses) => format!("uses {uses}"),
        StepKind::Pipeline(child) => format!("pipeline {}", child.source),
        kind => kind.key().to_owned(),
    }
}

fn parts(graph: &Graph, step: &Step) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (key, value) in steps::lines(graph, step) {
        match key {
            // The id is the path, the others are compared on their own.
            "id" | "needs" | "limits" | "caps" => {}
            "uses" => {
                if let StepKind::Uses(uses) = &step.kind {
                    out.insert("uses".to_owned(), uses.skill.to_string());
                    out.insert("version".to_owned(), uses.version.to_string());
                    out.insert("operation".to_owned(), uses.operation.clone());
                }
            }
            "pipeline" => {
                if let StepKind::Pipeline(child) = &step.kind {
                    let release = child.release.as_ref();
                    let name =
                        release.map_or_else(|| child.source.clone(), |found| found.id.to_string());
                    out.insert("pipeline".to_owned(), name);
                    out.extend(
                        release.map(|found| ("version".to_owned(), found.version.to_string())),
                    );
                }
            }
            "with" | "set" | "retry" | "rate_limit" | "circuit_breaker" | "fallback"
            | "approve" => entries(key, value, &mut out),
            "map" | "loop" | "switch" | "parallel" => holder(key, value, &mut out),
            _ => {
                out.insert(key.to_owned(), alone(value));
            }
        }
    }
    let needs = step.needs.iter().filter_map(|need| graph.steps.get(*need));
    let needs: Vec<&str> = needs.map(|step| step.id.as_str()).collect();
    if !needs.is_empty() {
        out.insert("needs".to_owned(), needs.join(", "));
    }
    out
}

/// Every line of a map on its own.
fn entries(path: &str, value: Written, out: &mut BTreeMap<String, String>) {
    let Written::Collection(Collection { is_map: true, items, .. }) = value else {
        out.insert(path.to_owned(), alone(value));
        return;
    };
    for item in items {
        let name = item.key.map(|(_, name)| name).unwrap_or_default();
        out.insert(format!("{path}.{name}"), alone(item.value));
    }
}

/// The lines of a step that holds others, without those others.
fn holder(path: &str, value: Written, out: &mut BTreeMap<String, String>) {
    let Written::Collection(found) = value else { return };
    for (index, item) in found.items.into_iter().enumerate() {
        let name = item.key.map_or_else(|| index.to_string(), |(_, name)| name);
        let below = format!("{path}.{name}");
        match (path, name.as_str()) {
            (_, "steps") => {}
            ("switch", "cases" | "default")
            | ("parallel", "branches")
            | ("switch.cases" | "parallel.branches", _) => {
                holder(&below, item.value, out);
            }
            _ => {
                out.insert(below, alone(item.value));
            }
        }
    }
}
