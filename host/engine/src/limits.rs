//! The bounds of a run with every default filled in.

use std::time::Duration;

use coldframe_lang::graph::{Limits, Step};

use crate::invoke::CallLimits;

/// Fuel of a run that names none: five calls at the default of a call.
pub const RUN_FUEL: u64 = 10_000_000_000;
/// Wall time of a run that names none.
pub const RUN_WALL: Duration = Duration::from_secs(120);
/// Linear memory of all live calls of a run that names none.
pub const RUN_MEMORY_BYTES: u64 = 512 << 20;

/// The bounds of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Fuel units.
    pub fuel: u64,
    /// From start (or resume) to the last step's end.
    pub wall: Duration,
    /// Nano-USD; `None` where nobody bounds the money.
    pub cost_nano: Option<u64>,
    /// Bytes, all live calls together.
    pub memory_bytes: u64,
    /// Bounds of one call that no step changes.
    pub call: CallLimits,
}

impl RunLimits {
    /// The bounds written in the pipeline, tightened by the operator's; defaults where both are
    /// silent. `call` holds the bounds of a call that no pipeline can write.
    pub fn new(pipeline: &Limits, operator: &Limits, call: CallLimits) -> Self {
        let memory = tighter(pipeline.memory_bytes, operator.memory_bytes);
        Self {
            fuel: tighter(pipeline.fuel, operator.fuel).unwrap_or(RUN_FUEL),
            wall: tighter(pipeline.wall, operator.wall).unwrap_or(RUN_WALL),
            cost_nano: tighter(pipeline.cost_nano, operator.cost_nano),
            memory_bytes: memory.unwrap_or(RUN_MEMORY_BYTES),
            call: CallLimits {
                // A pipeline that names a memory bound means its steps to be able to use it.
                memory_bytes: memory.unwrap_or(call.memory_bytes),
                ..call
            },
        }
    }

    /// The fuel a step asks for before the ledger has its say.
    pub fn step_fuel(&self, step: &Step) -> u64 {
        step.limits.fuel.unwrap_or(self.call.fuel)
    }

    /// The linear memory one call of the step may have.
    pub fn step_memory(&self, step: &Step) -> u64 {
        step.limits.memory_bytes.unwrap_or(self.call.memory_bytes).min(self.memory_bytes)
    }
}

fn tighter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
