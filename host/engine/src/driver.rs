//! The embedded driver: performs what the core decides, appends what happened.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use coldframe_format::{Caps, Digest};
use coldframe_journal::{
    ErrorKind, Event, Failure, JournalError, Record, RunState, RunStatus, event::FORMAT_VERSION,
};
use coldframe_lang::graph::Graph;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::core::{Command, Core};
use crate::invoke::{CallError, Invoke, MemoryMeter};
use crate::journal::{Journal, JournalFailure};
use crate::limits::RunLimits;
use crate::observe::Observer;
use crate::scope::Scope;
use crate::step::{Attempt, End, Shared};

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
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The state at its end.
    pub state: RunState,
    /// Wall time of this process's part of the run, microseconds.
    pub wall_us: u64,
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

/// Drives `graph` to its end.
///
/// `state` is the fold of what `journal` holds already: empty for a new run, and `inputs` are then
/// its bound inputs; for a resumed run the inputs come from the journal.
pub async fn drive(
    graph: Arc<Graph>,
    inputs: Value,
    state: RunState,
    journal: &mut dyn Journal,
    host: &Host,
    options: RunOptions,
) -> Result<RunReport, EngineError> {
    let begun = Instant::now();
    let opening = match &state.started {
        None => Event::RunStarted {
            version: FORMAT_VERSION,
            pipeline: graph.name.clone(),
            spec_sha256: graph.spec_sha256.to_string(),
            inputs: inputs.clone(),
        },
        Some(_) => Event::RunResumed,
    };
    let inputs = state.started.as_ref().map_or(inputs, |started| started.inputs.clone());
    let shared = Arc::new(Shared {
        scope: scope(&graph, &state, inputs, &options.run_id),
        invoke: Arc::clone(&host.invoke),
        limits: options.limits,
        operator_caps: options.operator_caps,
        evaluator: options.evaluator,
        memory: Arc::new(MemoryMeter::new(options.limits.memory_bytes)),
        deadline: begun + options.limits.wall,
        nano_per_mfuel: options.nano_per_mfuel,
        graph: Arc::clone(&graph),
    });
    let core = Core::new(graph, state, options.limits, options.nano_per_mfuel);
    let mut driver = Driver { core, journal, host, shared, tasks: JoinSet::new() };
    driver.run(opening).await?;
    let wall_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(RunReport { state: driver.core.into_state(), wall_us })
}

fn scope(graph: &Graph, state: &RunState, inputs: Value, run_id: &str) -> Scope {
    let output = |id: &str| state.steps.get(id).and_then(|step| step.output.clone());
    let outputs = graph.steps.iter().map(|step| match output(&step.id) {
        Some(value) => OnceLock::from(value),
        None => OnceLock::new(),
    });
    Scope { outputs: outputs.collect(), inputs, run: json!({ "id": run_id, "name": graph.name }) }
}

struct Driver<'d> {
    core: Core,
    journal: &'d mut dyn Journal,
    host: &'d Host,
    shared: Arc<Shared>,
    tasks: JoinSet<Attempt>,
}

impl Driver<'_> {
    async fn run(&mut self, opening: Event) -> Result<(), EngineError> {
        let mut commands: VecDeque<Command> = self.append(opening).await?.into();
        let mut cancel = self.host.cancel.clone();
        loop {
            while let Some(command) = commands.pop_front() {
                match command {
                    Command::Finish { status, failure } => {
                        return self.finish(status, failure).await;
                    }
                    Command::Start { step, attempt, reservation } => {
                        let id = self.step_id(step);
                        commands
                            .extend(self.append(Event::StepStarted { step: id, attempt }).await?);
                        let shared = Arc::clone(&self.shared);
                        let alone = self.tasks.is_empty() && commands.is_empty();
                        if alone {
                            // A lone step needs no task of its own: nothing else could run.
                            let work = shared.attempt(step, attempt, reservation);
                            let ended = until_cancelled(work, &mut cancel, step, attempt).await;
                            commands.extend(self.ended(ended).await?);
                        } else {
                            self.tasks.spawn(async move {
                                shared.attempt(step, attempt, reservation).await
                            });
                        }
                    }
                }
            }
            tokio::select! {
                Some(joined) = self.tasks.join_next() => match joined {
                    Ok(attempt) => commands.extend(self.ended(attempt).await?),
                    Err(error) => return self.lost(&error.to_string()).await,
                },
                () = cancelled(&mut cancel) => return self.cancelled().await,
                else => return self.lost("no step is running and none can start").await,
            }
        }
    }

    /// Journals how an attempt ended and asks the core what follows.
    async fn ended(&mut self, attempt: Attempt) -> Result<Vec<Command>, EngineError> {
        let step = self.step_id(attempt.step);
        if !attempt.logs.is_empty() {
            self.host.observer.logs(&step, &attempt.logs);
        }
        let receipt = attempt.receipt;
        let event = match attempt.end {
            End::Skipped => Event::StepSkipped { step, receipt },
            End::Failed(error) => {
                Event::StepFailed { failure: failure(error, Some(&step)), step, receipt }
            }
            End::Output(output) => {
                if let Some(slot) = self.shared.scope.outputs.get(attempt.step) {
                    // Set once: a step that succeeded never starts again.
                    let _ = slot.set(output.clone());
                }
                Event::StepSucceeded { step, output, receipt }
            }
        };
        self.append(event).await
    }

    async fn finish(
        &mut self,
        mut status: RunStatus,
        mut reason: Option<Failure>,
    ) -> Result<(), EngineError> {
        let mut outputs = Map::new();
        let shared = Arc::clone(&self.shared);
        for (name, template) in &shared.graph.outputs {
            // After a failure only what is there whole is given out.
            let whole = template.roots().into_iter().all(|root| shared.scope.root(root).is_some());
            if reason.is_some() && !whole {
                continue;
            }
            match shared.output(template).await {
                Ok(value) => {
                    outputs.insert(name.clone(), value);
                }
                Err(_) if reason.is_some() => {}
                Err(error) => {
                    let message = format!("output `{name}`: {}", error.message);
                    reason = Some(failure(CallError { message, ..error }, None));
                    status = RunStatus::Failed;
                }
            }
        }
        let outputs = Value::Object(outputs);
        self.append(Event::RunFinished { status, outputs, failure: reason }).await?;
        Ok(())
    }

    /// Stops what runs and ends the run. The steps that ran stay `running` in the journal: they
    /// have no result, and that is what the journal says.
    async fn cancelled(&mut self) -> Result<(), EngineError> {
        self.tasks.shutdown().await;
        let error = CallError::new(ErrorKind::PipelineCancelled, "the run was cancelled");
        self.finish(RunStatus::Cancelled, Some(failure(error, None))).await
    }

    async fn lost(&mut self, why: &str) -> Result<(), EngineError> {
        self.tasks.shutdown().await;
        let error = CallError::new(ErrorKind::HostBug, why);
        self.finish(RunStatus::Failed, Some(failure(error, None))).await
    }

    async fn append(&mut self, event: Event) -> Result<Vec<Command>, EngineError> {
        let seq = self.core.state().next_seq;
        let record = Record { seq, at_us: (self.host.now_us)(), event };
        self.journal.append(&record).await?;
        let commands = self.core.apply(&record)?;
        self.host.observer.record(&record);
        Ok(commands)
    }

    fn step_id(&self, index: usize) -> String {
        self.shared.graph.steps.get(index).map(|step| step.id.clone()).unwrap_or_default()
    }
}

async fn until_cancelled(
    work: impl Future<Output = Attempt>,
    cancel: &mut watch::Receiver<bool>,
    step: usize,
    attempt: u32,
) -> Attempt {
    tokio::select! {
        ended = work => ended,
        () = cancelled(cancel) => Attempt {
            step,
            end: End::Failed(CallError::new(ErrorKind::PipelineCancelled, "the run was cancelled")),
            receipt: coldframe_journal::Receipt { attempt, ..Default::default() },
            logs: Vec::new(),
        },
    }
}

/// Done once the receiver says so; never, when nobody can say so any more.
async fn cancelled(cancel: &mut watch::Receiver<bool>) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn failure(error: CallError, step: Option<&str>) -> Failure {
    Failure {
        kind: error.kind,
        message: error.message,
        step: step.map(str::to_owned),
        transient: error.transient,
    }
}
