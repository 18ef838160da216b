//! The bounds of a run with every default filled in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
    /// From start (or resume) to the last step's end, without the time in which it only waits for a
    /// time or an answer.
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

/// How much of the run's wall time is left. It stands still while the run only waits.
#[derive(Debug)]
pub(crate) struct RunClock {
    begun: Instant,
    wall: Duration,
    idle_us: AtomicU64,
}

impl RunClock {
    pub(crate) fn new(begun: Instant, wall: Duration) -> Arc<Self> {
        Arc::new(Self { begun, wall, idle_us: AtomicU64::new(0) })
    }

    pub(crate) fn left(&self) -> Duration {
        let idle = Duration::from_micros(self.idle_us.load(Ordering::Relaxed));
        self.wall.saturating_sub(self.begun.elapsed().saturating_sub(idle))
    }

    /// Stands still until what is returned is dropped.
    pub(crate) fn idle(self: &Arc<Self>) -> Idle {
        Idle { clock: Arc::clone(self), since: Instant::now() }
    }
}

/// A time in which the run only waits.
pub(crate) struct Idle {
    clock: Arc<RunClock>,
    since: Instant,
}

impl Drop for Idle {
    fn drop(&mut self) {
        let us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.clock.idle_us.fetch_add(us, Ordering::Relaxed);
    }
}
