//! What is under way: an activation of a block, and where each of its steps stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_journal::Failure;
use coldframe_journal::event::Waiting;
use coldframe_lang::graph::Step;
use serde_json::Value;

use crate::facts::Spent;
use crate::kinds::{Halt, Holder};
use crate::ledger::{AccountId, Amounts};
use crate::plan::Plan;
use crate::scope::Scope;
use crate::work::{Rights, TaskId};

use super::queue::Job;

/// Numbers are never used twice in a process.
pub(super) type FrameId = u64;

/// The pipeline's own block.
pub(super) const ROOT: FrameId = 0;

/// One activation of a block: the pipeline's own, an iteration, a branch, a case, a sub-pipeline.
/// It is gone once it has ended.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) plan: Arc<Plan>,
    pub(super) block: usize,
    /// The first step of the block.
    pub(super) first: usize,
    /// What the places of its steps begin with.
    pub(super) prefix: String,
    pub(super) holder: Option<Held>,
    pub(super) scope: Arc<Scope>,
    pub(super) rights: Arc<Rights>,
    pub(super) account: AccountId,
    pub(super) nodes: Vec<Node>,
    /// Steps that have not ended.
    pub(super) open: usize,
    /// What the block will fail with.
    pub(super) failure: Option<Failure>,
    pub(super) halt: Option<Halt>,
    /// The work that finds what the block comes to.
    pub(super) task: Option<TaskId>,
}

/// Where a block is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) frame: FrameId,
    pub(super) step: usize,
    pub(super) slot: usize,
}

/// Where a step of a frame stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) phase: Phase,
    /// Steps it still waits for.
    pub(super) unmet: usize,
    /// Tries begun.
    pub(super) attempts: u32,
    /// Tries that failed.
    pub(super) failures: u32,
    /// Whether its fallback takes its place now.
    pub(super) falls_back: bool,
    /// What it fails with, because its time is over.
    pub(super) timed_out: Option<Failure>,
    /// What it fails with, because there was nothing left to start it with.
    pub(super) doomed: Option<(Failure, bool)>,
    /// Its own, where it has limits.
    pub(super) account: Option<AccountId>,
    pub(super) task: Option<TaskId>,
    pub(super) timers: Vec<Timer>,
    /// What it consumed so far, with what it held.
    pub(super) spent: Spent,
    /// The rule of a sub-pipeline that wants a person's word, and why.
    pub(super) asks: Option<(String, String)>,
}

/// The phases of a step.
#[derive(Debug)]
pub(super) enum Phase {
    /// Steps before it have not ended.
    Waiting,
    /// It may start.
    Ready,
    /// An attempt is under way, or was when the process died.
    Running,
    /// What it holds is under way.
    Entered(Box<Entered>),
    /// What it holds has ended.
    Ending(Ending),
    /// It may start again later.
    Delayed,
    Suspended(Waiting),
    /// What it waited for has come.
    Answered(Come),
    Ended,
}

/// The blocks of a step that are under way.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) holder: Box<dyn Holder>,
    pub(super) children: BTreeMap<usize, FrameId>,
    pub(super) rights: Arc<Rights>,
}

/// What follows from the ends of the blocks.
#[derive(Debug)]
pub(super) enum Ending {
    Output(Value),
    /// What work makes the output of: the results of branches, or what rules have to judge.
    Finish(Value),
    Failed(Failure),
    /// Nobody needs it.
    Dropped,
}

/// What a step waited for.
#[derive(Debug)]
pub(super) enum Come {
    Time,
    Signal(Value),
    Decision {
        approved: bool,
        by: String,
        note: Option<String>,
    },
    /// Whether the output that a rule held back counts.
    Released {
        policy: String,
        output: Value,
        approved: bool,
        by: String,
        note: Option<String>,
    },
}

/// Something that is due at a time. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) due_us: u64,
    pub(super) frame: FrameId,
    pub(super) step: usize,
    pub(super) what: Due,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// `timeout`
    Timeout,
    /// `limits.wall` of a step that holds others.
    Wall,
    /// The next try.
    Retry,
    /// The end of a `wait`.
    Pause,
}

/// A task that was given out and has not come back.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) job: Job,
    pub(super) account: AccountId,
    /// What is set aside; `None` where it consumes nothing.
    pub(super) reserved: Option<Amounts>,
}

impl Frame {
    pub(super) fn node(&self, step: usize) -> Option<&Node> {
        self.nodes.get(step.checked_sub(self.first)?)
    }

    pub(super) fn node_mut(&mut self, step: usize) -> Option<&mut Node> {
        self.nodes.get_mut(step.checked_sub(self.first)?)
    }

    pub(super) fn step(&self, step: usize) -> Option<&Step> {
        self.plan.step(step)
    }

    /// What its steps consumed so far.
    pub(super) fn spent(&self) -> Spent {
        let add = |sum: Spent, node: &Node| sum.plus(node.spent.fuel, node.spent.cost_nano);
        self.nodes.iter().fold(Spent::default(), add)
    }

    /// The place of a step in the run.
    pub(super) fn path(&self, step: usize) -> String {
        let id = self.step(step).map_or("", |step| &step.id);
        format!("{}{id}", self.prefix)
    }
}

impl Node {
    pub(super) fn new(unmet: usize) -> Self {
        Self {
            phase: Phase::Waiting,
            unmet,
            attempts: 0,
            failures: 0,
            falls_back: false,
            timed_out: None,
            doomed: None,
            account: None,
            task: None,
            timers: Vec::new(),
            spent: Spent::default(),
            asks: None,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }
}
