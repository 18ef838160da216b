//! The bounds of a run with every default filled in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coldframe_lang::graph::{Limits, Step};
use coldframe_lang::limits::{CallLimits, Profile, ShapeLimits, WholeLimits};

/// The bounds of a whole run, and the defaults of what happens in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLimits {
    /// Those of the run, every default filled in.
    pub whole: WholeLimits,
    /// What pipeline and operator wrote, the tighter of both.
    pub written: Limits,
    /// What applies to a call where nothing is written.
    pub call: CallLimits,
    /// What applies to the form of a pipeline where nothing is written.
    pub shape: ShapeLimits,
}

impl RunLimits {
    /// The bounds written in the pipeline, tightened by the operator's; the column of `profile`
    /// where both are silent.
    pub fn new(pipeline: &Limits, operator: &Limits, profile: Profile) -> Self {
        let written = pipeline.min(operator);
        Self {
            whole: WholeLimits::of(profile).with(&written),
            call: CallLimits::of(profile),
            shape: ShapeLimits::of(profile),
            written,
        }
    }
}

/// What bounds the calls of a block: all that is written around it, and the defaults.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    written: Limits,
    defaults: CallLimits,
    memory_max: u64,
    /// Of a call of a step that writes nothing itself.
    call: CallLimits,
    shape: ShapeLimits,
    shape_defaults: ShapeLimits,
}

impl Bounds {
    /// Those of the pipeline's own block.
    pub(crate) fn of(run: &RunLimits) -> Self {
        let bounds = Self {
            written: run.written.clone(),
            defaults: run.call,
            memory_max: run.whole.memory_bytes,
            call: run.call,
            shape: run.shape,
            shape_defaults: run.shape,
        };
        bounds.filled()
    }

    /// Those of what a step holds that writes `own`.
    pub(crate) fn within(&self, own: &Limits) -> Self {
        Self { written: self.written.min(own), ..self.clone() }.filled()
    }

    fn filled(mut self) -> Self {
        self.call = self.filled_call(&self.written);
        self.shape = self.shape_defaults.with(&self.written);
        self
    }

    fn filled_call(&self, written: &Limits) -> CallLimits {
        let mut call = self.defaults.with(written);
        // Who bounds the whole and not the call means the call to be able to use it.
        if written.call_memory.is_none() {
            call.memory_bytes = written.memory_bytes.unwrap_or(call.memory_bytes);
        }
        if written.call_net_bytes.is_none() {
            call.net_bytes = written.net_bytes.unwrap_or(call.net_bytes);
        }
        if written.call_tokens.is_none() {
            call.tokens = written.tokens.unwrap_or(call.tokens);
        }
        call.memory_bytes = call.memory_bytes.min(self.memory_max);
        call
    }

    /// Those of one call of a step.
    pub(crate) fn call(&self, step: &Step) -> CallLimits {
        let own = &step.limits;
        if *own == Limits::default() {
            return self.call;
        }
        let written = self.written.min(own);
        let mut call = self.filled_call(&written);
        if step.kind.holds() {
            return call;
        }
        if written.call_fuel.is_none() {
            call.fuel = own.fuel.unwrap_or(call.fuel);
        }
        if written.call_wall.is_none() {
            call.wall = own.wall.unwrap_or(call.wall);
        }
        call
    }

    /// Those of the form of a step, and of what it holds.
    pub(crate) fn shape(&self, step: &Step) -> ShapeLimits {
        self.shape_defaults.with(&self.written.min(&step.limits))
    }
}

/// How much of the run's wall time is left. It stands still while the run only waits.
#[derive(Debug)]
pub(crate) struct RunClock {
    begun: Instant,
    wall: Duration,
    idle_us: AtomicU64,
    /// Whether this bounds nothing but what hangs for ever.
    is_patient: bool,
}

/// Longer than any run that somebody waits for.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

impl RunClock {
    pub(crate) fn new(begun: Instant, wall: Duration) -> Arc<Self> {
        Arc::new(Self { begun, wall, idle_us: AtomicU64::new(0), is_patient: false })
    }

    /// A clock for what ran once already: what time ended is not run again, and what it did not end
    /// then it must not end now.
    pub(crate) fn patient() -> Arc<Self> {
        let (begun, idle_us) = (Instant::now(), AtomicU64::new(0));
        Arc::new(Self { begun, wall: PATIENCE, idle_us, is_patient: true })
    }

    /// How long something may take that has `own` wall time.
    pub(crate) fn within(&self, own: Duration) -> Duration {
        if self.is_patient { self.left() } else { own.min(self.left()) }
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
