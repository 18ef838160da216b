//! What stands in a receipt's file.

use std::time::Duration;

use coldframe_engine::{CallLimits, CallReport, Tape};
use coldframe_format::{Caps, SkillId};
use coldframe_journal::{ErrorKind, Receipt};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of [`Document`].
pub(super) const VERSION: u32 = 1;
/// A call may take no longer than this to be verified: the file says how much fuel it has.
pub(super) const WALL_MAX: Duration = Duration::from_secs(60);

/// A call that was made, with all it takes to make it again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: u32,
    /// Where it comes from; of no weight when it is verified.
    pub(super) run_id: String,
    pub(super) step: String,
    /// As the journal has it.
    pub(super) receipt: Receipt,
    pub(super) skill: SkillId,
    pub(super) skill_version: Version,
    pub(super) operation: String,
    pub(super) grants: Vec<Grant>,
    pub(super) limits: CallLimits,
    pub(super) input: Value,
    /// The output, or why there is none.
    pub(super) result: Outcome,
    pub(super) fuel: u64,
    pub(super) memory_peak_bytes: u64,
    pub(super) host_calls: u64,
    pub(super) net_bytes: u64,
    pub(super) logs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) tape: Option<Tape>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) who: String,
    pub(super) caps: Caps,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Outcome {
    Output(Value),
    Failed { kind: ErrorKind, message: String },
}

impl Outcome {
    pub(super) fn of(report: &CallReport) -> Self {
        match &report.result {
            Ok(output) => Self::Output(output.clone()),
            Err(error) => Self::Failed { kind: error.kind, message: error.message.clone() },
        }
    }
}
