//! What can be left out of a graph without changing what a run comes to.
//!
//! | pass | does |
//! |---|---|
//! | [`fold`] | puts the values of `set` steps that compute nothing where they are used |
//! | [`dead`] | removes `set` steps that nothing uses and that cannot fail |
//! | [`independence`] | removes waits that other waits imply |
//!
//! A step that calls something is never removed: its failure is part of what a run comes to.

pub mod dead;
pub mod fold;
pub mod independence;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::graph::Graph;

/// What a pass did, for `--verbose`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// `fold`, `dead`, `independence`.
    pub pass: &'static str,
    /// The step it was done to.
    pub step: String,
    /// What was done.
    pub what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` {}", self.pass, self.step, self.what)
    }
}

/// A pass.
type Pass = fn(&mut Graph) -> Vec<Note>;

/// All passes in the order in which each makes work for the next.
const PASSES: &[Pass] = &[fold::fold, dead::remove_dead, independence::drop_implied];

/// Runs every pass over a graph. Sub-pipelines are left as they are.
pub fn simplify(graph: &mut Graph) -> Vec<Note> {
    PASSES.iter().flat_map(|pass| pass(graph)).collect()
}
