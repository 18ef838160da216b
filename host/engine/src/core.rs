//! Decides what a run does next. No I/O, no clock: records in, commands out.
//!
//! Every record of a journal goes through [`Core::apply`], those of an earlier process as well, and
//! what the run is then follows from the records alone. [`Core::next`] says what to do about it.
//! That is how a run that was interrupted goes on: there is no other path.

mod decide;
mod ended;
mod fold;
mod frame;
mod gates;
mod halt;
mod open;
mod queue;
mod steps;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use coldframe_format::Caps;
use coldframe_journal::event::Broken;
use coldframe_journal::{ErrorKind, Event, Failure, Record, RunState, RunStatus, StepStatus};
use coldframe_lang::graph::{Graph, Price, Step};
use serde_json::Value;

use self::frame::{Frame, FrameId, Live, Timer};
use self::gates::Gates;
use self::queue::Job;
use crate::invoke::MemoryMeter;
use crate::layers::Layer;
use crate::ledger::{AccountId, Budget, Ledger};
use crate::limits::{Bounds, RunLimits};
use crate::memo::Memo;
use crate::plan::Plan;
use crate::scope::Scope;
use crate::work::{Rights, Task, TaskId};

pub use crate::plan::needs_evaluator;

/// What the driver must do.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it goes on at once")]
pub enum Command {
    /// Append this record: it follows from what is known.
    Record(Event),
    /// Append what the task says has started, then begin it. Its end goes to [`Core::ended`].
    Start(Box<Task>),
    /// End a task before its time. Its end goes to [`Core::ended`] all the same.
    Cancel(TaskId),
    /// Nothing to do before a task ends, an answer comes, or this time is there.
    Wait {
        /// Microseconds since 1970.
        until_us: Option<u64>,
    },
    /// Nothing to do before an answer comes.
    Suspend,
    /// Compute the outputs and end the run.
    Finish {
        /// How it ends.
        status: RunStatus,
        /// Why, unless it succeeded.
        failure: Option<Failure>,
        /// Where a person was asked: the outputs that count, and the rules that did not hold.
        released: Option<(Value, Vec<Broken>)>,
    },
    /// Nothing can happen any more, and the run has no end: a bug of ours.
    Stuck,
}

/// The state machine of one run.
#[derive(Debug)]
pub struct Core {
    graph: Arc<Graph>,
    limits: RunLimits,
    run_id: String,
    rights: Arc<Rights>,
    state: RunState,
    ledger: Ledger,
    /// What a million tokens cost at most, nano-USD.
    dearest_nano: u64,
    memo: Arc<Memo>,
    /// By the address of the graph, which the plan keeps alive.
    plans: HashMap<usize, Arc<Plan>>,
    /// What is under way, by number; the first one is the run's own.
    frames: BTreeMap<FrameId, Frame>,
    /// The same by what the places of its steps begin with.
    by_prefix: HashMap<String, FrameId>,
    next_frame: FrameId,
    /// What may start and consumes something, by the account that pays.
    ready: BTreeMap<AccountId, BTreeSet<Job>>,
    /// What may start and consumes nothing.
    free: BTreeSet<Job>,
    /// What changed, so that a record may follow from it.
    attention: BTreeSet<Job>,
    tasks: BTreeMap<TaskId, Live>,
    next_task: u64,
    cancels: VecDeque<TaskId>,
    timers: BTreeSet<Timer>,
    suspended: BTreeSet<(FrameId, usize)>,
    /// Signals that came before a step waited for them.
    signals: BTreeMap<String, VecDeque<Value>>,
    /// The latest time that is known, microseconds since 1970.
    now_us: u64,
    gates: Gates,
    /// What the run as a whole came to while a person is asked, and how that was answered.
    hold: Option<Hold>,
    /// Whether `Finish` was given out.
    is_finishing: bool,
    work: u64,
}

impl Core {
    /// A core for a run of `graph` of which nothing has happened yet.
    pub fn new(
        graph: Arc<Graph>,
        run_id: String,
        limits: RunLimits,
        operator_caps: Option<Caps>,
        nano_per_mfuel: u64,
    ) -> Self {
        let grants = std::iter::once(Layer::new("the pipeline's `caps`", graph.caps.clone()))
            .chain(operator_caps.map(|caps| Layer::new("what the operator allows", caps)))
            .collect();
        let memory = Arc::new(MemoryMeter::new(limits.whole.memory_bytes));
        let budget = Budget::of_run(&limits);
        let bounds = Bounds::of(&limits);
        let dearest_nano = Price::dearest(&graph.models, &graph.caps.llm);
        Self {
            graph,
            dearest_nano,
            limits,
            run_id,
            rights: Arc::new(Rights { grants, memory, bounds, depth: 0 }),
            state: RunState::default(),
            ledger: Ledger::new(budget, nano_per_mfuel),
            memo: Arc::default(),
            plans: HashMap::new(),
            frames: BTreeMap::new(),
            by_prefix: HashMap::new(),
            next_frame: 0,
            ready: BTreeMap::new(),
            free: BTreeSet::new(),
            attention: BTreeSet::new(),
            tasks: BTreeMap::new(),
            next_task: 0,
            cancels: VecDeque::new(),
            timers: BTreeSet::new(),
            suspended: BTreeSet::new(),
            signals: BTreeMap::new(),
            now_us: 0,
            gates: Gates::default(),
            hold: None,
            is_finishing: false,
            work: 0,
        }
    }

    /// Takes one record. On an error nothing has changed.
    pub fn apply(&mut self, record: &Record) -> Result<(), coldframe_journal::JournalError> {
        let place = self.locate(&record.event)?;
        self.state.apply(record)?;
        self.now_us = self.now_us.max(record.at_us);
        self.work += 1;
        self.fold(&record.event, place);
        Ok(())
    }

    /// What is run.
    pub(crate) fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The state so far.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Ends the core and gives the state.
    pub fn into_state(self) -> RunState {
        self.state
    }

    /// How many records and decisions there were: what a run costs the core, without a clock.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Whether nothing but what was just given out can happen.
    pub(crate) fn is_idle(&self) -> bool {
        self.cancels.is_empty()
            && self.attention.is_empty()
            && self.free.is_empty()
            && self.ready.is_empty()
            && self.timers.is_empty()
            && self.suspended.is_empty()
            && self.gates.due_us().is_none()
    }

    pub(crate) fn memo(&self) -> &Arc<Memo> {
        &self.memo
    }

    /// The values of the run's own steps.
    pub(crate) fn root_scope(&self) -> Option<Arc<Scope>> {
        self.frames.get(&frame::ROOT).map(|frame| Arc::clone(&frame.scope))
    }
}

/// What a run came to while a person is asked whether that counts.
#[derive(Debug)]
struct Hold {
    policy: String,
    outputs: Value,
    broken: Vec<Broken>,
    /// Yes or no, who said so, and why.
    answer: Option<(bool, String, Option<String>)>,
}

/// How a run ends whose first failure is of this kind.
fn status_of(kind: ErrorKind) -> RunStatus {
    if kind == ErrorKind::PipelineCancelled {
        RunStatus::Cancelled
    } else if kind.is_stop() {
        RunStatus::Stopped
    } else {
        RunStatus::Failed
    }
}

/// Statuses of the pipeline's own steps in its order, for reports. What they hold is in
/// `RunState::steps` by its place, see [`crate::place`].
pub fn statuses<'g>(
    graph: &'g Graph,
    state: &'g RunState,
) -> impl Iterator<Item = (&'g Step, StepStatus)> {
    graph.root().iter().map(|step| (step, state.status(&step.id)))
}
