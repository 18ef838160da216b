//! `parallel`: named blocks side by side, and when they are enough.

use crate::template::Template;

/// Runs blocks side by side until the join is satisfied. What still runs then is cancelled.
///
/// Output without `output`: for `all` an object by branch; for `quorum` the same with `null` for
/// the branches that were not needed or failed; for `any` `{branch, value}`; for `vote`
/// `{value, votes, of}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parallel {
    /// In source order; at least two.
    pub branches: Vec<Branch>,
    /// When the branches are enough.
    pub join: Join,
    /// Sees `branches`: an object of the branches' results, `null` where there is none.
    pub output: Option<Template>,
}

/// One of the blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Unique in the step.
    pub name: String,
    /// By index in `Graph::blocks`.
    pub block: usize,
}

/// When the branches are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// Every branch succeeds. The first one that fails fails the step.
    #[default]
    All,
    /// The first branch that succeeds. The step fails when all have failed.
    Any,
    /// So many branches succeed. The step fails once they cannot any more.
    Quorum(u32),
    /// Every branch has ended; the value that most of them came to. The step fails with
    /// `join.failed` when none succeeded, or on a tie that nothing decides.
    Vote(Tie),
}

/// What decides between values with equally many votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tie {
    /// Nothing: the step fails with `join.failed`.
    #[default]
    Fail,
    /// The value of the branch that stands first in the file.
    First,
}
