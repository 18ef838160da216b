//! Where data goes that was read outside of the run (over the network, from files and stores): the
//! ways to steps that can send it on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::rights::StepRights;
use crate::graph::{Graph, StepKind};
use crate::template::Root;

/// The most ways that are told; the rest is more of the same.
const PATHS_MAX: usize = 100;

/// A way from a step that reads outside of the run to one that can write over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataPath {
    /// Ids of the steps on the way, the reader first, the writer last.
    pub steps: Vec<String>,
    /// What the reader can reach.
    pub from: Vec<String>,
    /// Where the writer can send.
    pub to: Vec<String>,
}

/// The shortest way for every pair of reader and writer that one leads between.
pub fn of(graph: &Graph, rights: &[StepRights]) -> Vec<DataPath> {
    let edges = edges(graph);
    let mut found = Vec::new();
    for reader in rights.iter().filter(|rights| !rights.sources().is_empty()) {
        let came_from = reachable(&edges, reader.step);
        for writer in rights.iter().filter(|rights| rights.writes()) {
            let inside = reader.step == writer.step && reader.yaml_path != writer.yaml_path;
            // Of what goes on inside a sub-pipeline, the step that runs it is told.
            let inside = inside.then(|| vec![reader.step]);
            let Some(way) = inside.or_else(|| way(&came_from, reader.step, writer.step)) else {
                continue;
            };
            if found.len() == PATHS_MAX {
                return found;
            }
            let id = |step: &usize| graph.steps.get(*step).map(|step| step.id.clone());
            found.push(DataPath {
                steps: way.iter().filter_map(id).collect(),
                from: reader.sources(),
                to: grants(writer),
            });
        }
    }
    found
}

fn grants(rights: &StepRights) -> Vec<String> {
    let http = rights.caps.http.iter().map(ToString::to_string);
    http.chain(rights.caps.llm.iter().map(|grant| format!("llm {grant}"))).collect()
}

/// For each step, the steps that its output can reach directly: by name, and through the step
/// that holds it.
fn edges(graph: &Graph) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut edges: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let holder = |index: usize| {
        let block = graph.steps.get(index).map(|step| step.block);
        block.and_then(|block| graph.blocks.get(block)).and_then(|block| block.holder)
    };
    for (index, step) in graph.steps.iter().enumerate() {
        for root in step.roots() {
            if let Root::Step(from, _) = root {
                edges.entry(*from).or_default().insert(index);
            }
        }
        if let Some(holder) = holder(index) {
            // What a step comes to is part of what the step around it comes to; and what that one
            // was given (an item, a state) is there for all it holds.
            edges.entry(index).or_default().insert(holder);
            if matches!(
                graph.steps.get(holder).map(|step| &step.kind),
                Some(StepKind::Map(_) | StepKind::Loop(_))
            ) && step
                .roots()
                .iter()
                .any(|root| matches!(root, Root::Item(at, _) | Root::Loop(at) if *at == holder))
            {
                edges.entry(holder).or_default().insert(index);
            }
        }
    }
    edges
}

/// Every step that can be reached, with the one before it.
fn reachable(edges: &BTreeMap<usize, BTreeSet<usize>>, from: usize) -> BTreeMap<usize, usize> {
    let mut came_from = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(at) = next.pop_front() {
        for to in edges.get(&at).into_iter().flatten() {
            if let std::collections::btree_map::Entry::Vacant(slot) = came_from.entry(*to) {
                slot.insert(at);
                next.push_back(*to);
            }
        }
    }
    came_from
}

fn way(came_from: &BTreeMap<usize, usize>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut way = vec![to];
    let mut at = *came_from.get(&to)?;
    while at != from {
        way.push(at);
        at = *came_from.get(&at)?;
    }
    way.push(from);
    way.reverse();
    Some(way)
}
