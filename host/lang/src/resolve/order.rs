//! An order in which every step comes after those it needs. Where several can come next, the first
//! one in the source does, so that equal files give equal graphs.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::Step;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::Document;

/// How many steps of a cycle are written out.
const SHOWN_MAX: usize = 20;

/// The order of all steps, which holds within each block. Steps on a cycle, and those behind one, are left out; the cycles are reported.
pub(super) fn sort(document: &Document<'_>, steps: &[Step<'_>], report: &mut Report) -> Vec<usize> {
    let mut waits: Vec<usize> = steps.iter().map(|step| step.needs.len()).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for need in step.needs.keys() {
            if let Some(list) = dependents.get_mut(*need) {
                list.push(index);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = waits
        .iter()
        .enumerate()
        .filter(|(_, waits)| **waits == 0)
        .map(|(index, _)| Reverse(index))
        .collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for dependent in dependents.get(index).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(*dependent) {
                *waits -= 1;
                if *waits == 0 {
                    ready.push(Reverse(*dependent));
                }
            }
        }
    }
    if order.len() < steps.len() {
        let stuck =
            waits.iter().enumerate().filter(|(_, waits)| **waits > 0).map(|(index, _)| index);
        report_cycles(document, steps, &stuck.collect(), report);
    }
    order
}

/// Every step that is stuck needs one that is stuck too, so walking on ends in a cycle.
fn report_cycles(
    document: &Document<'_>,
    steps: &[Step<'_>],
    stuck: &BTreeSet<usize>,
    report: &mut Report,
) {
    let mut seen = BTreeSet::new();
    for start in stuck {
        let mut walk: Vec<usize> = Vec::new();
        let mut on_walk = BTreeSet::new();
        let mut at = *start;
        while seen.insert(at) {
            walk.push(at);
            on_walk.insert(at);
            let next =
                steps.get(at).and_then(|step| step.needs.keys().find(|need| stuck.contains(need)));
            match next {
                Some(next) => at = *next,
                None => break,
            }
        }
        // Otherwise the walk has run into one that led to a cycle which is reported already.
        if on_walk.contains(&at)
            && let Some(from) = walk.iter().position(|step| *step == at)
        {
            report_cycle(document, steps, walk.get(from..).unwrap_or_default(), report);
        }
    }
}

fn report_cycle(document: &Document<'_>, steps: &[Step<'_>], cycle: &[usize], report: &mut Report) {
    // Begin with the step that comes first in the source, wherever the walk came in.
    let first = cycle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(at, _)| at);
    let around: Vec<usize> =
        cycle.iter().cycle().skip(first).take(cycle.len() + 1).copied().collect();
    let id = |index: usize| document.id(index);
    let mut names: Vec<String> = around.iter().take(SHOWN_MAX).map(|step| id(*step)).collect();
    if around.len() > SHOWN_MAX {
        names.push(format!("… ({} steps)", cycle.len()));
    }
    let mut edges = around.windows(2).filter_map(|pair| match pair {
        [from, to] => Some((*from, *to, *steps.get(*from)?.needs.get(to)?)),
        _ => None,
    });
    let Some((from, _, span)) = edges.next() else { return };
    let message = format!("the steps wait for each other: `{}`", names.join(" -> "));
    let mut problem = Diagnostic::new(&codes::CYCLE, span, message)
        .help("remove one of the references; each step can only use what is done before it");
    for (from, to, span) in edges.take(SHOWN_MAX) {
        problem = problem.label(span, format!("`{}` waits for `{}`", id(from), id(to)));
    }
    if let Some(step) = document.steps.get(from) {
        problem = problem.at(&step.path);
    }
    report.push(problem);
}
