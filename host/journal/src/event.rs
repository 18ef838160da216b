//! What can happen in a run. Events are past tense and never change once written.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::ErrorKind;
use crate::receipt::Receipt;

pub use crate::parts::{Broken, EndedBy, Head, Next, Outcome, Turn, Waiting};

/// The version of the record format. A reader refuses a newer one and reads all older ones:
/// version 1 had no steps that hold others, version 2 no rules.
pub const FORMAT_VERSION: u32 = 3;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Position in the run, from 0, without gaps.
    pub seq: u64,
    /// When it was written, microseconds since 1970. Times that are due later count from it.
    pub at_us: u64,
    /// What happened.
    pub event: Event,
}

/// Something that happened. Steps are named by their place in the run: `count`, `shops[3].count`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Always the first record.
    RunStarted {
        /// Format of the records of this run.
        version: u32,
        /// The pipeline's name.
        pipeline: String,
        /// Digest of the pipeline's text.
        spec_sha256: String,
        /// The bound inputs, defaults filled in.
        inputs: Value,
    },
    /// A process took the run over after the one before it was gone. Steps that were running are
    /// interrupted: they have no result and start again.
    RunResumed,
    /// A step began to execute.
    StepStarted {
        /// The step.
        step: String,
        /// Which try this is, from 1.
        attempt: u32,
    },
    /// A step ended well.
    StepSucceeded {
        /// The step.
        step: String,
        /// Its output.
        output: Value,
        /// What the attempt consumed and produced.
        receipt: Receipt,
    },
    /// A step ended badly.
    StepFailed {
        /// The step.
        step: String,
        /// Why.
        failure: Failure,
        /// What the attempt consumed.
        receipt: Receipt,
    },
    /// A step's `when` was not true.
    StepSkipped {
        /// The step.
        step: String,
        /// What finding that out consumed.
        receipt: Receipt,
    },
    /// The condition of a step that holds others was true, and what it needs to begin is known.
    StepEntered {
        /// The step.
        step: String,
        /// What its blocks begin with.
        head: Head,
        /// What finding that out consumed.
        receipt: Receipt,
    },
    /// A block of a step ended: an iteration, a branch, the chosen case, the sub-pipeline.
    BlockEnded {
        /// The step that holds the block.
        step: String,
        /// Which one: the item, the iteration, the branch or the case, from 0.
        slot: usize,
        /// What it came to.
        outcome: Outcome,
        /// What follows from an iteration of a `loop`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        turn: Option<Turn>,
        /// What computing that consumed, without the steps of the block.
        receipt: Receipt,
    },
    /// A try of a step failed, and something else is tried.
    AttemptFailed {
        /// The step.
        step: String,
        /// Why.
        failure: Failure,
        /// What is tried.
        next: Next,
        /// What the attempt consumed.
        receipt: Receipt,
    },
    /// A step took longer than it may. What runs of it is cancelled; its end is another record.
    StepTimedOut {
        /// The step.
        step: String,
        /// What it fails with.
        failure: Failure,
    },
    /// A step waits for something outside of the run.
    StepSuspended {
        /// The step.
        step: String,
        /// For what.
        waiting: Waiting,
        /// What asking consumed.
        receipt: Receipt,
    },
    /// A step was ended because nobody needs its output any more.
    StepCancelled {
        /// The step.
        step: String,
        /// What it consumed until then.
        receipt: Receipt,
    },
    /// Somebody answered a step that asks.
    DecisionMade {
        /// The step.
        step: String,
        /// The answer.
        approved: bool,
        /// Who.
        by: String,
        /// Why, for people.
        note: Option<String>,
    },
    /// A signal came from outside. It goes to every step that waits for it; where none does, to the
    /// next one.
    SignalReceived {
        /// The signal.
        name: String,
        /// What came with it.
        value: Value,
    },
    /// Nothing new starts any more: somebody asked for the end, or a bound of the whole run was hit
    /// before a step could start.
    RunHalted {
        /// Why.
        failure: Failure,
    },
    /// Every step has ended, and a rule wants a person's word before what the run comes to counts.
    RunHeld {
        /// What is waited for: a release.
        waiting: Waiting,
        /// Rules that did not hold.
        broken: Vec<Broken>,
    },
    /// Somebody answered for a run that was held.
    RunReleased {
        /// The answer.
        approved: bool,
        /// Who.
        by: String,
        /// Why, for people.
        note: Option<String>,
    },
    /// Always the last record.
    RunFinished {
        /// How.
        status: RunStatus,
        /// The named outputs; those that could not be computed are left out.
        outputs: Value,
        /// Why, unless it succeeded.
        failure: Option<Failure>,
        /// Rules over the result that did not hold.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        broken: Vec<Broken>,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every step that should have run did.
    Succeeded,
    /// A step failed.
    Failed,
    /// A limit or a refused right stopped it.
    Stopped,
    /// Somebody asked it to stop.
    Cancelled,
}

impl RunStatus {
    /// The stable text, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why something has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable kind.
    pub kind: ErrorKind,
    /// One line for people, safe to print.
    pub message: String,
    /// The step it happened in, where there is one.
    pub step: Option<String>,
    /// Whether trying again may help.
    pub transient: bool,
    /// Whether nothing can catch it: a bound of the whole run was hit.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ends_run: bool,
}

impl Failure {
    /// A failure of a step that trying again will not cure.
    pub fn new(kind: ErrorKind, message: impl Into<String>, step: Option<&str>) -> Self {
        Self {
            kind,
            message: message.into(),
            step: step.map(str::to_owned),
            transient: false,
            ends_run: false,
        }
    }
}

/// The account of an event, borrowed as the event is.
macro_rules! account {
    ($event:expr) => {
        match $event {
            Event::StepSucceeded { receipt, .. }
            | Event::StepFailed { receipt, .. }
            | Event::StepSkipped { receipt, .. }
            | Event::StepEntered { receipt, .. }
            | Event::BlockEnded { receipt, .. }
            | Event::AttemptFailed { receipt, .. }
            | Event::StepSuspended { receipt, .. }
            | Event::StepCancelled { receipt, .. } => Some(receipt),
            Event::RunStarted { .. }
            | Event::RunResumed
            | Event::StepStarted { .. }
            | Event::StepTimedOut { .. }
            | Event::DecisionMade { .. }
            | Event::SignalReceived { .. }
            | Event::RunHalted { .. }
            | Event::RunHeld { .. }
            | Event::RunReleased { .. }
            | Event::RunFinished { .. } => None,
        }
    };
}

impl Event {
    /// The name of the event, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::RunResumed => "run_resumed",
            Self::StepStarted { .. } => "step_started",
            Self::StepSucceeded { .. } => "step_succeeded",
            Self::StepFailed { .. } => "step_failed",
            Self::StepSkipped { .. } => "step_skipped",
            Self::StepEntered { .. } => "step_entered",
            Self::BlockEnded { .. } => "block_ended",
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::StepTimedOut { .. } => "step_timed_out",
            Self::StepSuspended { .. } => "step_suspended",
            Self::StepCancelled { .. } => "step_cancelled",
            Self::DecisionMade { .. } => "decision_made",
            Self::SignalReceived { .. } => "signal_received",
            Self::RunHalted { .. } => "run_halted",
            Self::RunHeld { .. } => "run_held",
            Self::RunReleased { .. } => "run_released",
            Self::RunFinished { .. } => "run_finished",
        }
    }

    /// Whether losing this event in a crash loses nothing but a repeated attempt. Such an event
    /// needs no sync of its own; it rides with the next one.
    pub fn is_hint(&self) -> bool {
        match self {
            Self::StepStarted { .. } => true,
            // What a block came to follows from its steps, which are in the journal already.
            Self::BlockEnded { receipt, .. } => receipt.fuel == 0,
            _ => false,
        }
    }

    /// The step it is about, by its place in the run.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::StepFailed { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepEntered { step, .. }
            | Self::BlockEnded { step, .. }
            | Self::AttemptFailed { step, .. }
            | Self::StepTimedOut { step, .. }
            | Self::StepSuspended { step, .. }
            | Self::StepCancelled { step, .. }
            | Self::DecisionMade { step, .. } => Some(step),
            Self::RunStarted { .. }
            | Self::RunResumed
            | Self::SignalReceived { .. }
            | Self::RunHalted { .. }
            | Self::RunHeld { .. }
            | Self::RunReleased { .. }
            | Self::RunFinished { .. } => None,
        }
    }

    /// The account it carries.
    pub fn receipt(&self) -> Option<&Receipt> {
        account!(self)
    }

    /// The account it carries, to be changed.
    pub fn receipt_mut(&mut self) -> Option<&mut Receipt> {
        account!(self)
    }
}
