//! What can happen in a run. Events are past tense and never change once written.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::ErrorKind;
use crate::receipt::Receipt;

/// The version of the record format. A reader refuses a newer one.
pub const FORMAT_VERSION: u32 = 1;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Position in the run, from 0, without gaps.
    pub seq: u64,
    /// When it was written, microseconds since 1970. For people; no decision depends on it.
    pub at_us: u64,
    /// What happened.
    pub event: Event,
}

/// Something that happened. Steps are named by id.
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
    /// Always the last record.
    RunFinished {
        /// How.
        status: RunStatus,
        /// The named outputs; those that could not be computed are left out.
        outputs: Value,
        /// Why, unless it succeeded.
        failure: Option<Failure>,
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
            Self::RunFinished { .. } => "run_finished",
        }
    }

    /// Whether losing this event in a crash loses nothing but a repeated attempt. Such an event
    /// needs no sync of its own; it rides with the next one.
    pub fn is_hint(&self) -> bool {
        matches!(self, Self::StepStarted { .. })
    }
}
