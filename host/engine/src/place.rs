//! The place of a step in a run, as text: `shops[3].count`, `gather.a.x`, `triage/x`.
//!
//! A place is built while a run goes on and read back for reports. In the pipeline's own block it is
//! the step's id. A step that holds others puts its own place before theirs: `[3].` for an item, an
//! iteration or a case, `.a.` for a branch, `/` for a sub-pipeline, each behind `#2` in its second
//! try. Ids and names of branches have none of these characters, so that a place has one meaning.

use std::fmt::Write as _;

use coldframe_lang::graph::{Graph, Step, StepKind};

/// A step of a graph that a place leads to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'g> {
    /// The pipeline or sub-pipeline.
    pub graph: &'g Graph,
    /// Index in `Graph::steps`.
    pub index: usize,
    /// The step itself.
    pub step: &'g Step,
    /// How many steps stand around it.
    pub depth: usize,
}

/// The step that `place` leads to from the outermost pipeline; none where it leads nowhere.
pub fn find<'g>(graph: &'g Graph, place: &str) -> Option<Place<'g>> {
    let (mut graph, mut block, mut rest, mut depth) = (graph, 0, place, 0);
    loop {
        let end = rest.find(['[', '.', '/', '#']).unwrap_or(rest.len());
        let (id, tail) = rest.split_at(end);
        let range = graph.blocks.get(block)?.steps.clone();
        let steps = graph.steps.get(range.clone())?;
        let index = range.start + steps.iter().position(|step| step.id == id)?;
        let step = graph.steps.get(index)?;
        if tail.is_empty() {
            return Some(Place { graph, index, step, depth });
        }
        let tail = match tail.strip_prefix('#') {
            Some(tail) => tail.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => tail,
        };
        match &step.kind {
            StepKind::Map(map) => (block, rest) = (map.block, in_brackets(tail)?.1),
            StepKind::Loop(looped) => (block, rest) = (looped.block, in_brackets(tail)?.1),
            StepKind::Switch(switch) => {
                let (slot, inner) = in_brackets(tail)?;
                let case = switch.cases.get(slot).map(|case| case.block);
                block = case.or(switch.default.filter(|_| slot == switch.cases.len()))?;
                rest = inner;
            }
            StepKind::Parallel(parallel) => {
                let (name, inner) = tail.strip_prefix('.')?.split_once('.')?;
                block = parallel.branches.iter().find(|branch| branch.name == name)?.block;
                rest = inner;
            }
            StepKind::Pipeline(child) => {
                (graph, block, rest) = (&child.graph, 0, tail.strip_prefix('/')?);
            }
            StepKind::Uses(_) | StepKind::Set(_) | StepKind::Approve(_) | StepKind::Wait(_) => {
                return None;
            }
        }
        depth += 1;
    }
}

/// The number in `[3].count`, and what stands behind.
fn in_brackets(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.strip_prefix('[')?.split_once("].")?;
    Some((number.parse().ok()?, rest))
}

/// The block a place stands in, as the beginning of all places in it, and the id.
pub fn split(place: &str) -> (&str, &str) {
    place.split_at(place.rfind(['.', '/']).map_or(0, |at| at + 1))
}

/// What all places in a block of `step` begin with. `holder` is the place of `step`, `attempt` its
/// try from 1 and `slot` the item, iteration, case or branch.
pub(crate) fn inside(step: &Step, holder: &str, attempt: u32, slot: usize) -> String {
    let mut text = holder.to_owned();
    if attempt > 1 {
        let _ = write!(text, "#{attempt}");
    }
    match &step.kind {
        StepKind::Pipeline(_) => text.push('/'),
        StepKind::Parallel(parallel) => {
            let name = parallel.branches.get(slot).map_or("", |branch| &branch.name);
            let _ = write!(text, ".{name}.");
        }
        StepKind::Map(_)
        | StepKind::Loop(_)
        | StepKind::Switch(_)
        | StepKind::Uses(_)
        | StepKind::Set(_)
        | StepKind::Approve(_)
        | StepKind::Wait(_) => {
            let _ = write!(text, "[{slot}].");
        }
    }
    text
}
