//! Steps whose output nothing uses and that can have no other effect.

use std::collections::BTreeSet;

use super::Note;
use crate::graph::{Graph, Step, StepKind};
use crate::template::{Root, Template};

/// Removes `set` steps of the pipeline's own block that nothing uses and that cannot fail, and
/// those that only they used.
pub fn remove_dead(graph: &mut Graph) -> Vec<Note> {
    // Policies and tests look at steps by name: what they see has to stay.
    if !graph.policies.is_empty() || !graph.tests.is_empty() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let used = used(graph);
    let first = graph.blocks.first().map_or(0..0, |block| block.steps.clone());
    let dead: BTreeSet<usize> = first
        .filter(|index| !used.contains(index))
        .filter(|index| graph.steps.get(*index).is_some_and(cannot_fail))
        .collect();
    for index in &dead {
        if let Some(step) = graph.steps.get(*index) {
            let what = "is not used by anything, and is left out".to_owned();
            notes.push(Note { pass: "dead", step: step.id.clone(), what });
        }
    }
    remove(graph, &dead);
    notes
}

/// Steps that something names which is not dead itself. From the back, so that what only dead
/// steps use is dead too.
fn used(graph: &Graph) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    let named = |root: &Root| match root {
        Root::Step(step, _) => Some(*step),
        _ => None,
    };
    let blocks = graph.blocks.iter().filter_map(|block| block.output.as_ref());
    let outputs = graph.outputs.values().chain(blocks).flat_map(Template::roots);
    used.extend(outputs.filter_map(named));
    for (index, step) in graph.steps.iter().enumerate().rev() {
        if step.block != 0 || !cannot_fail(step) || used.contains(&index) {
            used.extend(step.roots().into_iter().filter_map(named));
        }
    }
    used
}

/// Whether a step always comes to something: it runs without a condition and computes nothing.
fn cannot_fail(step: &Step) -> bool {
    let StepKind::Set(set) = &step.kind else { return false };
    let plain = set.values.values().all(|template| matches!(template, Template::Literal(_)));
    plain && step.when.is_none()
}

/// Takes steps of the first block out, and moves every index.
fn remove(graph: &mut Graph, dead: &BTreeSet<usize>) {
    if dead.is_empty() {
        return;
    }
    inherit_waits(graph, dead);
    let mut gone = 0;
    let places: Vec<usize> = (0..=graph.steps.len())
        .map(|index| {
            let place = index - gone;
            gone += usize::from(dead.contains(&index));
            place
        })
        .collect();
    let moved = |index: usize| places.get(index).copied().unwrap_or(index);
    let mut index = 0;
    graph.steps.retain(|_| {
        index += 1;
        !dead.contains(&(index - 1))
    });
    for step in &mut graph.steps {
        step.needs.retain(|need| !dead.contains(need));
        step.needs.iter_mut().for_each(|need| *need = moved(*need));
        step.each_root(&mut |root| move_root(root, &moved));
    }
    for block in &mut graph.blocks {
        block.holder = block.holder.map(moved);
        block.steps = moved(block.steps.start)..moved(block.steps.end);
        if let Some(output) = &mut block.output {
            output.each_root(&mut |root| move_root(root, &moved));
        }
    }
    for output in graph.outputs.values_mut() {
        output.each_root(&mut |root| move_root(root, &moved));
    }
}

/// What waited for a dead step waits for what that one waited for.
fn inherit_waits(graph: &mut Graph, dead: &BTreeSet<usize>) {
    for index in 0..graph.steps.len() {
        let Some(step) = graph.steps.get(index) else { continue };
        if !step.needs.iter().any(|need| dead.contains(need)) {
            continue;
        }
        let of = |need: &usize| graph.steps.get(*need).map(|step| step.needs.clone());
        let inherited: Vec<usize> =
            step.needs.iter().filter(|need| dead.contains(need)).filter_map(of).flatten().collect();
        if let Some(step) = graph.steps.get_mut(index) {
            step.needs.extend(inherited);
            step.needs.sort_unstable();
            step.needs.dedup();
        }
    }
}

fn move_root(root: &mut Root, moved: &impl Fn(usize) -> usize) {
    match root {
        Root::Step(index, _)
        | Root::Item(index, _)
        | Root::Index(index)
        | Root::Loop(index)
        | Root::Branches(index) => *index = moved(*index),
        Root::Inputs
        | Root::Run
        | Root::Subject
        | Root::Result
        | Root::Steps
        | Root::Totals
        | Root::Events => {}
    }
}
