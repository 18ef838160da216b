//! What a driver needs of the world, and what it gives back.

use std::sync::Arc;
use std::time::Duration;

use coldframe_format::{Caps, Digest};
use coldframe_journal::{JournalError, RunState};
use tokio::sync::watch;

use crate::answers::Answers;
use crate::earlier::EarlierCalls;
use crate::invoke::Invoke;
use crate::journal::JournalFailure;
use crate::limits::RunLimits;
use crate::observe::Observer;

/// How long a run waits for a time of its own, where `RunOptions::linger` is not set.
pub const LINGER: Duration = Duration::from_secs(60);

/// What a driver needs of the world.
#[derive(Clone)]
pub struct Host {
    /// Calls operations. Every component of the graph, and the evaluator, is loaded in it.
    pub invoke: Arc<dyn Invoke>,
    /// Told of every record.
    pub observer: Arc<dyn Observer>,
    /// The time, microseconds since 1970.
    pub now_us: fn() -> u64,
    /// Turns true when somebody wants the run to stop.
    pub cancel: watch::Receiver<bool>,
    /// Decisions and signals that come while the run goes on.
    pub answers: Arc<dyn Answers>,
    /// What equal calls of earlier runs came to; `None` makes every call.
    pub earlier: Option<Arc<dyn EarlierCalls>>,
}

/// What is fixed for one run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The run's id, for `run.id` in expressions.
    pub run_id: String,
    /// The bounds of the run.
    pub limits: RunLimits,
    /// What the operator allows at most; `None` does not narrow.
    pub operator_caps: Option<Caps>,
    /// The component that evaluates expressions.
    pub evaluator: Digest,
    /// Price of a million units of fuel, nano-USD.
    pub nano_per_mfuel: u64,
    /// A run that only waits for a time is suspended where that is further away than this.
    pub linger: Duration,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The state at its end. Without `finished` the run is suspended: it goes on with the records
    /// so far, an answer behind them or some time later.
    pub state: RunState,
    /// Wall time of this process's part of the run, microseconds.
    pub wall_us: u64,
    /// What the run cost the core, in records and decisions.
    pub work: u64,
}

/// Why a run could not be driven to an end. Everything journalled so far stays.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A record could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalFailure),
    /// The journal does not fit: it was damaged, or this is a bug.
    #[error("the journal is not consistent: {0}")]
    Inconsistent(#[from] JournalError),
}
