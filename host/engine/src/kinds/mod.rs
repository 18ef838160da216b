//! What each kind of step does while a run goes on: one file per kind, and the lists that dispatch.
//!
//! A kind has two sides. What takes time or fuel is asked of a [`Worker`], away from the core. What
//! a step that holds others makes of the ends of its blocks is a [`Holder`], a fold like the core
//! that owns it.

mod approve;
mod call;
pub(crate) mod looped;
mod map;
mod parallel;
mod pipeline;
mod set;
mod switch;
pub(crate) mod wait;

use coldframe_journal::Failure;
use coldframe_journal::event::{Head, Outcome, Turn};
use coldframe_lang::graph::{Fallback, Step, StepKind};
use serde_json::Value;

use crate::invoke::CallError;
use crate::scope::Local;
use crate::step::Worker;
use crate::work::End;

pub(crate) use approve::decided;

/// Makes an attempt of `step`; for one that holds others, finds what they begin with.
pub(crate) async fn attempt(worker: &mut Worker<'_>, step: &Step) -> Result<End, CallError> {
    match &step.kind {
        StepKind::Uses(uses) => call::attempt(worker, step, uses).await,
        StepKind::Set(set) => set::attempt(worker, set).await,
        StepKind::Map(map) => map::head(worker, map).await,
        StepKind::Loop(looped) => looped::head(worker, looped).await,
        StepKind::Switch(switch) => switch::head(worker, switch).await,
        StepKind::Parallel(_) => Ok(End::Entered(Head::Branches)),
        StepKind::Pipeline(child) => pipeline::head(worker, child).await,
        StepKind::Approve(ask) => approve::attempt(worker, ask).await,
        StepKind::Wait(wait) => Ok(wait::attempt(wait)),
    }
}

/// Computes what takes the place of a step that failed.
pub(crate) async fn fallback(worker: &mut Worker<'_>, step: &Step) -> Result<End, CallError> {
    match &step.fallback {
        Some(Fallback::Value(value)) => worker.fill(value).await.map(End::Output),
        Some(Fallback::Uses(uses)) => call::attempt(worker, step, uses).await,
        None => Err(CallError::new(
            coldframe_journal::ErrorKind::HostBug,
            format!("step `{}` has no fallback", step.id),
        )),
    }
}

/// What a step makes of the blocks it holds.
pub(crate) trait Holder: Send + Sync + std::fmt::Debug {
    /// A block to begin now, where `live` are under way. Asked again until there is none.
    fn open(&mut self, live: usize) -> Option<(usize, Local)>;

    /// Takes how a block ended; says what that means for those under way.
    fn ended(&mut self, slot: usize, outcome: Outcome, turn: Option<Turn>) -> Option<Halt>;

    /// What the step comes to, once nothing is under way and nothing more is begun.
    fn end(&mut self) -> HolderEnd;
}

/// How something that is under way is brought to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Halt {
    /// Nothing new is begun; calls that run may end.
    Drain,
    /// Calls that run are cancelled as well.
    Cancel,
}

/// What a step that holds others comes to.
#[derive(Debug)]
pub(crate) enum HolderEnd {
    /// This output.
    Output(Value),
    /// What its `output` makes of the results of its branches.
    Finish(Value),
    /// No output.
    Failed(Failure),
}

/// The fold of a step that holds others, from what they begin with. `None` where that belongs to
/// another kind. `path` is the step's place in the run.
pub(crate) fn hold(step: &Step, head: Head, path: &str, run_id: &str) -> Option<Box<dyn Holder>> {
    Some(match (&step.kind, head) {
        (StepKind::Map(map), Head::Items(items)) => Box::new(map::Running::new(map, items)),
        (StepKind::Loop(looped), Head::State { state, goes_on }) => {
            Box::new(looped::Running::new(looped, state, goes_on, path))
        }
        (StepKind::Switch(_), Head::Case(case)) => Box::new(switch::Running::new(case)),
        (StepKind::Parallel(parallel), Head::Branches) => {
            Box::new(parallel::Running::new(parallel, path))
        }
        (StepKind::Pipeline(child), Head::Inputs(inputs)) => {
            Box::new(pipeline::Running::new(child, inputs, run_id))
        }
        _ => return None,
    })
}

/// Whether the blocks of `step` can begin with `head`: not so in a journal that was damaged.
pub(crate) fn fits(step: &Step, head: &Head) -> bool {
    match (&step.kind, head) {
        (StepKind::Map(_), Head::Items(items)) => items.is_array() || items.is_object(),
        (StepKind::Switch(switch), Head::Case(case)) => {
            *case < switch.cases.len() + usize::from(switch.default.is_some())
        }
        (StepKind::Loop(_), Head::State { .. })
        | (StepKind::Parallel(_), Head::Branches)
        | (StepKind::Pipeline(_), Head::Inputs(_)) => true,
        _ => false,
    }
}

/// A failure that a block's end should have given and did not: a bug of ours.
fn lost() -> Failure {
    Failure::new(coldframe_journal::ErrorKind::HostBug, "a block ended without a result", None)
}
