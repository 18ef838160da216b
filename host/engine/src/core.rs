//! Decides what a run does next. No I/O, no clock: records in, commands out.

use std::collections::BTreeSet;
use std::sync::Arc;

use coldframe_journal::{
    ErrorKind, Event, Failure, JournalError, Record, RunState, RunStatus, StepStatus,
};
use coldframe_lang::graph::{Graph, Step, StepKind};
use indexmap::IndexMap;

use crate::ledger::{Ledger, Reservation, Wish};
use crate::limits::RunLimits;

/// What the driver must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin an attempt of a step.
    Start {
        /// Index in `Graph::steps`.
        step: usize,
        /// From 1.
        attempt: u32,
        /// What the attempt may spend.
        reservation: Reservation,
    },
    /// Compute the outputs and end the run.
    Finish {
        /// How it ends.
        status: RunStatus,
        /// Why, unless it succeeded.
        failure: Option<Failure>,
    },
}

/// The state machine of one run.
#[derive(Debug)]
pub struct Core {
    graph: Arc<Graph>,
    limits: RunLimits,
    state: RunState,
    ledger: Ledger,
    index: IndexMap<String, usize>,
    /// For each step, the steps that need it.
    dependents: Vec<Vec<usize>>,
    /// For each step, how many steps it still waits for.
    unmet: Vec<usize>,
    ready: BTreeSet<usize>,
    running: BTreeSet<usize>,
    /// Set once nothing new may start.
    stopping: Option<(RunStatus, Failure)>,
    /// Whether `Finish` was given out.
    finishing: bool,
}

impl Core {
    /// A core for `graph` that goes on from `state`, which is empty for a new run.
    pub fn new(graph: Arc<Graph>, state: RunState, limits: RunLimits, nano_per_mfuel: u64) -> Self {
        let mut dependents = vec![Vec::new(); graph.steps.len()];
        let mut unmet = vec![0; graph.steps.len()];
        let mut ready = BTreeSet::new();
        let is_final = |index: &usize| {
            graph.steps.get(*index).is_some_and(|step| state.status(&step.id).is_final())
        };
        for (index, step) in graph.steps.iter().enumerate() {
            let open: Vec<usize> = step.needs.iter().copied().filter(|n| !is_final(n)).collect();
            if open.is_empty() && !is_final(&index) {
                ready.insert(index);
            }
            if let Some(slot) = unmet.get_mut(index) {
                *slot = open.len();
            }
            for need in open {
                if let Some(list) = dependents.get_mut(need) {
                    list.push(index);
                }
            }
        }
        let mut ledger = Ledger::new(limits.fuel, limits.cost_nano, nano_per_mfuel);
        ledger.spend(state.totals.fuel, state.totals.cost_nano);
        let failed = state.steps.values().find_map(|step| step.failure.clone());
        let index = graph.steps.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
        Self {
            stopping: failed.map(|failure| (status_of(failure.kind), failure)),
            finishing: false,
            running: BTreeSet::new(),
            graph,
            limits,
            state,
            ledger,
            index,
            dependents,
            unmet,
            ready,
        }
    }

    /// Takes one record and answers with what to do. On an error nothing has changed.
    pub fn apply(&mut self, record: &Record) -> Result<Vec<Command>, JournalError> {
        self.state.apply(record)?;
        match &record.event {
            Event::StepStarted { .. } => return Ok(Vec::new()),
            Event::StepSucceeded { step, receipt, .. } | Event::StepSkipped { step, receipt } => {
                self.settle(step, receipt.fuel);
            }
            Event::StepFailed { step, failure, receipt } => {
                self.settle(step, receipt.fuel);
                self.stop(status_of(failure.kind), failure.clone());
            }
            Event::RunFinished { .. } => return Ok(Vec::new()),
            Event::RunStarted { .. } | Event::RunResumed => {}
        }
        Ok(self.decide())
    }

    /// Starts nothing any more. The first reason given stands.
    pub fn stop(&mut self, status: RunStatus, failure: Failure) {
        self.stopping.get_or_insert((status, failure));
    }

    /// What to do after a `stop` from outside.
    pub fn decide(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.finishing {
            return commands;
        }
        while self.stopping.is_none() {
            let Some(index) = self.ready.first().copied() else { break };
            let graph = Arc::clone(&self.graph);
            let Some(step) = graph.steps.get(index) else { break };
            let wish = self.wish(step);
            let Some(reservation) = self.ledger.reserve(index, wish) else {
                if self.running.is_empty() {
                    self.stop_for_budget(step);
                }
                break;
            };
            self.ready.remove(&index);
            self.running.insert(index);
            let attempt = self.state.steps.get(&step.id).map_or(0, |s| s.attempts) + 1;
            commands.push(Command::Start { step: index, attempt, reservation });
        }
        if self.running.is_empty() {
            self.finishing = true;
            let (status, failure) = match self.stopping.clone() {
                Some((status, failure)) => (status, Some(failure)),
                None => (RunStatus::Succeeded, None),
            };
            commands.push(Command::Finish { status, failure });
        }
        commands
    }

    /// The state so far.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Ends the core and gives the state.
    pub fn into_state(self) -> RunState {
        self.state
    }

    fn wish(&self, step: &Step) -> Wish {
        let fuel = if spends(step) { self.limits.step_fuel(step) } else { 0 };
        Wish { fuel, cost_nano: step.limits.cost_nano }
    }

    fn stop_for_budget(&mut self, step: &Step) {
        let (kind, what) = if self.ledger.is_out_of_fuel() {
            (ErrorKind::LimitFuel, format!("fuel limit of {}", self.limits.fuel))
        } else {
            let nano = self.limits.cost_nano.unwrap_or(u64::MAX);
            (ErrorKind::LimitCost, format!("cost limit of {nano} nano-USD"))
        };
        let message = format!("the run's {what} was spent before step `{}` could start", step.id);
        let failure = Failure { kind, message, step: Some(step.id.clone()), transient: false };
        self.stop(RunStatus::Stopped, failure);
    }

    fn settle(&mut self, step: &str, fuel: u64) {
        let Some(index) = self.index.get(step).copied() else { return };
        self.ledger.settle(index, fuel);
        self.running.remove(&index);
        // A step can only be waited for until it ends once.
        let dependents = self.dependents.get_mut(index).map(std::mem::take).unwrap_or_default();
        for dependent in dependents {
            if let Some(count) = self.unmet.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
    }
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

/// Whether an attempt of the step can consume fuel at all.
fn spends(step: &Step) -> bool {
    let condition = step.when.as_ref().is_some_and(|when| when.path.is_none());
    let body = match &step.kind {
        StepKind::Uses(_) => true,
        _ => step.templates().into_iter().any(crate::scope::has_expressions),
    };
    condition || body
}

/// Whether a run of `graph` can need the evaluator of expressions.
pub fn needs_evaluator(graph: &Graph) -> bool {
    let in_step = |step: &Step| step.templates().into_iter().any(crate::scope::has_expressions);
    graph
        .steps
        .iter()
        .any(|step| in_step(step) || step.when.as_ref().is_some_and(|when| when.path.is_none()))
        || graph.outputs.values().any(crate::scope::has_expressions)
}

/// Statuses of all steps of `graph` in its order, for reports.
pub fn statuses<'g>(
    graph: &'g Graph,
    state: &'g RunState,
) -> impl Iterator<Item = (&'g Step, StepStatus)> {
    graph.steps.iter().map(|step| (step, state.status(&step.id)))
}
