//! Waits that other waits imply.

use super::Note;
use crate::graph::Graph;

/// A block larger than this is left as it is: the pass looks at every pair of steps.
const STEPS_MAX: usize = 2_000;

/// Removes every need that a longer way leads to as well. What a step uses it still comes after.
pub fn drop_implied(graph: &mut Graph) -> Vec<Note> {
    let mut notes = Vec::new();
    let blocks: Vec<_> = graph.blocks.iter().map(|block| block.steps.clone()).collect();
    for steps in blocks.into_iter().filter(|steps| steps.len() <= STEPS_MAX) {
        let first = steps.start;
        let words = steps.len().div_ceil(64);
        // For each step of the block, everything it comes after, a bit for each.
        let mut after: Vec<Vec<u64>> = Vec::with_capacity(steps.len());
        for index in steps {
            let Some(step) = graph.steps.get_mut(index) else { continue };
            let mut own = vec![0_u64; words];
            for need in &step.needs {
                let above = after.get(need.wrapping_sub(first)).into_iter().flatten();
                own.iter_mut().zip(above).for_each(|(own, above)| *own |= above);
            }
            let implied: Vec<usize> =
                step.needs.iter().filter(|need| has(&own, **need - first)).copied().collect();
            step.needs.iter().for_each(|need| set(&mut own, need - first));
            if !implied.is_empty() {
                step.needs.retain(|need| !implied.contains(need));
                let what = match implied.len() {
                    1 => "has one wait less, which others imply".to_owned(),
                    n => format!("has {n} waits less, which others imply"),
                };
                notes.push(Note { pass: "independence", step: step.id.clone(), what });
            }
            after.push(own);
        }
    }
    notes
}

fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
}

fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}
