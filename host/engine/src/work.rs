//! A piece of work the core gives out, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use coldframe_journal::event::{Head, Turn, Waiting};
use coldframe_journal::{Event, Receipt};
use coldframe_lang::graph::Step;
use serde_json::Value;

use crate::invoke::{CallError, MemoryMeter};
use crate::journal::Blob;
use crate::layers::Layers;
use crate::ledger::Reservation;
use crate::limits::Bounds;
use crate::plan::Plan;
use crate::rules::Facts;
use crate::scope::Scope;
use crate::tape::Tape;

/// A piece of work. Numbers are never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId(pub(crate) u64);

/// Something that takes time or fuel.
#[derive(Debug)]
pub struct Task {
    pub(crate) id: TaskId,
    /// What has to be in the journal before the work begins.
    pub(crate) started: Option<Event>,
    pub(crate) what: What,
    pub(crate) plan: Arc<Plan>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) scope: Arc<Scope>,
    /// The step, or the holder of the block.
    pub(crate) step: usize,
    /// The step's place in the run.
    pub(crate) path: Arc<str>,
    /// From 1; 0 where it is no attempt.
    pub(crate) attempt: u32,
    /// What its rules may ask, where it has some.
    pub(crate) facts: Option<Facts>,
    /// `None` where nothing can be consumed.
    pub(crate) reservation: Option<Reservation>,
    /// What its call hears, where this is a replay.
    pub(crate) tape: Option<Arc<Tape>>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum What {
    /// An attempt of a step; of one that holds others, what they begin with.
    Attempt,
    /// The fallback of a step.
    Fallback,
    /// What a block comes to, and for a `loop` what follows.
    Close { block: usize, slot: usize },
    /// The output of a step from what it came to by itself: of a `parallel` with `output` from
    /// those of its branches, of others that value, for rules to judge it.
    Finish { value: Value },
}

/// What the steps of a block may do, beside what their own keys say.
#[derive(Debug)]
pub(crate) struct Rights {
    /// Every layer of grants around the block.
    pub(crate) grants: Layers,
    pub(crate) memory: Arc<MemoryMeter>,
    pub(crate) bounds: Bounds,
    /// How many pipelines are around that one of the run.
    pub(crate) depth: u64,
}

/// How a piece of work ended.
#[derive(Debug)]
pub struct Done {
    pub(crate) task: TaskId,
    pub(crate) path: Arc<str>,
    pub(crate) end: End,
    pub(crate) receipt: Receipt,
    pub(crate) logs: Vec<String>,
    /// What the call heard, named by the receipt.
    pub(crate) recording: Option<Blob>,
}

/// The ends there are.
#[derive(Debug)]
pub(crate) enum End {
    Output(Value),
    Skipped,
    /// A step that holds others may begin with them.
    Entered(Head),
    Suspended(Waiting),
    /// It waits for so long.
    Pause(Duration),
    /// What a block came to.
    Closed(Value, Option<Turn>),
    Failed(Fault),
}

/// Why a piece of work has no result.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: CallError,
    /// An account is empty: trying again is no use.
    pub(crate) is_spent: bool,
    /// The account, or the time, is the run's.
    pub(crate) ends_run: bool,
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self { error, is_spent: false, ends_run: false }
    }
}

impl Task {
    /// Whether it can consume anything. What cannot ends at once, without waiting for anything.
    pub(crate) fn spends(&self) -> bool {
        self.reservation.is_some()
    }

    pub(crate) fn step(&self) -> Option<&Step> {
        self.plan.step(self.step)
    }
}
