//! The embedded driver: performs what the core decides, appends what happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_journal::{
    Broken, ErrorKind, Event, Failure, Receipt, Record, RunStatus, Waiting, event::FORMAT_VERSION,
};
use coldframe_lang::graph::Graph;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::answers::Answer;
use crate::cancel::Cancel;
use crate::core::{Command, Core};
use crate::earlier::Earlier;
use crate::finish;
use crate::host::{EngineError, Host, RunOptions, RunReport};
use crate::journal::{Blob, Journal};
use crate::ledger::Amounts;
use crate::limits::RunClock;
use crate::step::{Shared, cancelled};
use crate::work::{Done, End, Fault, Task, TaskId};

/// How long a call that was cancelled may take to say what it consumed.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// After so many commands others get a turn, so that a run that waits for nothing starves nobody.
const COMMANDS_PER_TURN: u32 = 128;

/// Drives `graph` to its end, or until it only waits for something outside.
///
/// `past` is what `journal` holds already: nothing for a new run, and `inputs` are then its bound
/// inputs; for a resumed run the inputs come from the journal.
pub async fn drive(
    graph: Arc<Graph>,
    inputs: Value,
    past: &[Record],
    journal: &mut dyn Journal,
    host: &Host,
    options: RunOptions,
) -> Result<RunReport, EngineError> {
    let begun = Instant::now();
    let RunOptions { run_id, limits, operator_caps, evaluator, nano_per_mfuel, linger } = options;
    let mut core =
        Core::new(Arc::clone(&graph), run_id, limits.clone(), operator_caps, nano_per_mfuel);
    for record in past {
        core.apply(record)?;
    }
    let opening = match past.is_empty() {
        true => Event::RunStarted {
            version: FORMAT_VERSION,
            pipeline: graph.name.clone(),
            spec_sha256: graph.spec_sha256.to_string(),
            inputs,
        },
        false => Event::RunResumed,
    };
    let shared = Shared {
        invoke: Arc::clone(&host.invoke),
        evaluator,
        clock: RunClock::new(begun, limits.whole.wall),
        limits,
        nano_per_mfuel,
        memo: Arc::clone(core.memo()),
        earlier: Earlier::new(host.earlier.clone()),
    };
    let mut driver = Driver {
        core,
        journal,
        host,
        shared: Arc::new(shared),
        tasks: JoinSet::new(),
        live: BTreeMap::new(),
        numbers: BTreeMap::new(),
        cancel: host.cancel.clone(),
        is_halted: false,
        linger_us: micros(linger),
        clock_us: past.last().map_or(0, |record| record.at_us),
    };
    driver.run(opening).await?;
    let work = driver.core.work();
    Ok(RunReport { state: driver.core.into_state(), wall_us: micros(begun.elapsed()), work })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

struct Driver<'d> {
    core: Core,
    journal: &'d mut dyn Journal,
    host: &'d Host,
    shared: Arc<Shared>,
    tasks: JoinSet<Done>,
    live: BTreeMap<TaskId, Spawned>,
    /// Which task of ours a task of tokio's is.
    numbers: BTreeMap<Id, TaskId>,
    cancel: watch::Receiver<bool>,
    /// Whether the wish to stop is in the journal.
    is_halted: bool,
    linger_us: u64,
    /// Never goes back, and is never earlier than a time that was waited for.
    clock_us: u64,
}

/// A task that runs beside others.
struct Spawned {
    cancel: Cancel,
    abort: AbortHandle,
    /// When it is given up, once it was cancelled.
    deadline: Option<Instant>,
    path: Arc<str>,
    attempt: u32,
    reserved: Amounts,
}

impl Driver<'_> {
    async fn run(&mut self, opening: Event) -> Result<(), EngineError> {
        self.append(opening).await?;
        let mut turn = 0;
        loop {
            turn += 1;
            if turn % COMMANDS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
            if !self.is_halted && *self.cancel.borrow() {
                self.halt().await?;
            }
            let now_us = self.now();
            match self.core.next(now_us) {
                Command::Record(event) => self.append(event).await?,
                Command::Start(task) => self.start(*task).await?,
                Command::Cancel(task) => {
                    if let Some(spawned) = self.live.get_mut(&task) {
                        spawned.cancel.cancel();
                        spawned.deadline.get_or_insert(Instant::now() + CANCEL_GRACE);
                    }
                }
                Command::Wait { until_us } => {
                    let far = |until: u64| until.saturating_sub(now_us) > self.linger_us;
                    if self.live.is_empty() && until_us.is_some_and(far) {
                        if !self.answered_already().await? {
                            return Ok(());
                        }
                    } else if let Some(why) = self.wait(until_us).await? {
                        return self.lost(&why).await;
                    }
                }
                Command::Suspend => {
                    if !self.answered_already().await? {
                        return Ok(());
                    }
                }
                Command::Finish { status, failure, released } => {
                    if self.finish(status, failure, released).await? {
                        return Ok(());
                    }
                }
                Command::Stuck => {
                    return self.lost("no step is running and none can start").await;
                }
            }
        }
    }

    async fn start(&mut self, mut task: Task) -> Result<(), EngineError> {
        if let Some(started) = task.started.take() {
            self.append(started).await?;
        }
        let shared = Arc::clone(&self.shared);
        let cancel = Cancel::default();
        if !task.spends() {
            let done = shared.perform(task, cancel).await;
            return self.ended(done).await;
        }
        if self.live.is_empty() && self.core.is_idle() {
            return self.alone(task, cancel).await;
        }
        let id = task.id;
        let (path, attempt) = (Arc::clone(&task.path), task.attempt);
        let reserved = task
            .reservation
            .as_ref()
            .map_or_else(Amounts::default, |reservation| reservation.amounts);
        let token = cancel.clone();
        let abort = self.tasks.spawn(async move { shared.perform(task, token).await });
        self.numbers.insert(abort.id(), id);
        let deadline = None;
        let spawned = Spawned { cancel, abort, deadline, path, attempt, reserved };
        self.live.insert(id, spawned);
        Ok(())
    }

    /// A lone piece of work needs no task of its own: nothing else could happen meanwhile.
    async fn alone(&mut self, task: Task, cancel: Cancel) -> Result<(), EngineError> {
        let (id, path, attempt) = (task.id, Arc::clone(&task.path), task.attempt);
        let reserved = task
            .reservation
            .as_ref()
            .map_or_else(Amounts::default, |reservation| reservation.amounts);
        let shared = Arc::clone(&self.shared);
        let mut work = std::pin::pin!(shared.perform(task, cancel.clone()));
        let mut asked = self.cancel.clone();
        let mut given_up = None;
        loop {
            tokio::select! {
                done = &mut work => return self.ended(done).await,
                () = told(&mut asked), if !self.is_halted => {
                    self.halt().await?;
                    cancel.cancel();
                    given_up = Some(Instant::now() + CANCEL_GRACE);
                }
                () = at(given_up) => {
                    let done = self.given_up(id, path, attempt, reserved);
                    return self.ended(done).await;
                }
            }
        }
    }

    /// Waits for whatever comes first. Says so where a task is lost.
    async fn wait(&mut self, until_us: Option<u64>) -> Result<Option<String>, EngineError> {
        let now_us = self.now();
        let due = until_us.map(|until| Duration::from_micros(until.saturating_sub(now_us)));
        let over = self.live.values().filter_map(|spawned| spawned.deadline).min();
        let mut asked = self.cancel.clone();
        let host = self.host;
        // Time in which nothing runs is not the run's.
        let _idle = self.live.is_empty().then(|| self.shared.clock.idle());
        tokio::select! {
            Some(joined) = self.tasks.join_next_with_id() => return self.joined(joined).await,
            () = told(&mut asked), if !self.is_halted => self.halt().await?,
            answer = host.answers.next() => self.answer(answer).await?,
            () = after(due) => self.clock_us = self.clock_us.max(until_us.unwrap_or(0)),
            () = at(over) => {
                let now = Instant::now();
                for spawned in self.live.values() {
                    if spawned.deadline.is_some_and(|deadline| deadline <= now) {
                        spawned.abort.abort();
                    }
                }
            }
        }
        Ok(None)
    }

    async fn joined(
        &mut self,
        joined: Result<(Id, Done), JoinError>,
    ) -> Result<Option<String>, EngineError> {
        let done = match joined {
            Ok((number, done)) => {
                self.numbers.remove(&number);
                self.live.remove(&done.task);
                done
            }
            Err(error) => {
                let task = self.numbers.remove(&error.id());
                let Some((task, spawned)) =
                    task.and_then(|task| Some((task, self.live.remove(&task)?)))
                else {
                    return Ok(Some(error.to_string()));
                };
                if !error.is_cancelled() {
                    return Ok(Some(error.to_string()));
                }
                self.given_up(task, spawned.path, spawned.attempt, spawned.reserved)
            }
        };
        self.ended(done).await?;
        Ok(None)
    }

    /// The end of a call that was cancelled and never came back. Nobody knows what it consumed, so
    /// it counts as all it might have.
    fn given_up(&self, task: TaskId, path: Arc<str>, attempt: u32, took: Amounts) -> Done {
        let Amounts { fuel, net_bytes, tokens, services_nano } = took;
        let price = coldframe_journal::receipt::price_nano(fuel, self.shared.nano_per_mfuel);
        let cost_nano = price.saturating_add(services_nano);
        let receipt = Receipt {
            attempt,
            fuel,
            net_bytes,
            tokens,
            services_nano,
            cost_nano,
            ..Receipt::default()
        };
        let fault = Fault::from(cancelled());
        Done { task, path, end: End::Failed(fault), receipt, logs: Vec::new(), recording: None }
    }

    /// Journals how a piece of work ended.
    async fn ended(&mut self, mut done: Done) -> Result<(), EngineError> {
        let blob = done.recording.take();
        if !done.logs.is_empty() {
            self.host.observer.logs(&done.path, &done.logs);
        }
        let now_us = self.now();
        match self.core.ended(done, now_us) {
            Some(event) => self.append_with(event, blob).await,
            None => Ok(()),
        }
    }

    /// Takes an answer, unless nobody asked for it.
    async fn answer(&mut self, answer: Answer) -> Result<(), EngineError> {
        let event = self.said(answer.clone());
        match self.core.state().check(&event) {
            Ok(()) => self.append(event).await,
            Err(error) => {
                self.host.observer.refused(&answer, &error.to_string());
                Ok(())
            }
        }
    }

    /// The record of an answer: for a run that a rule holds, one to that rule.
    fn said(&self, answer: Answer) -> Event {
        match (answer, &self.core.state().held) {
            (
                Answer::Decision { step, approved, by, note },
                Some(Waiting::Release { policy, .. }),
            ) if step == *policy => Event::RunReleased { approved, by, note },
            (answer, _) => Event::from(answer),
        }
    }

    /// Takes an answer that is there already, if there is one.
    async fn answered_already(&mut self) -> Result<bool, EngineError> {
        let host = self.host;
        let answer = tokio::select! {
            biased;
            answer = host.answers.next() => answer,
            () = std::future::ready(()) => return Ok(false),
        };
        self.answer(answer).await?;
        Ok(true)
    }

    /// Journals that somebody wants the run to stop.
    async fn halt(&mut self) -> Result<(), EngineError> {
        self.is_halted = true;
        let failure = Failure::new(ErrorKind::PipelineCancelled, "the run was cancelled", None);
        self.append(Event::RunHalted { failure }).await
    }

    /// Ends the run; `false` where a rule wants a person's word first.
    async fn finish(
        &mut self,
        status: RunStatus,
        reason: Option<Failure>,
        released: Option<(Value, Vec<Broken>)>,
    ) -> Result<bool, EngineError> {
        let event = finish::event(&self.core, &self.shared, status, reason, released).await;
        let is_over = matches!(event, Event::RunFinished { .. });
        self.append(event).await.map(|()| is_over)
    }

    async fn lost(&mut self, why: &str) -> Result<(), EngineError> {
        self.tasks.shutdown().await;
        let failure = Failure::new(ErrorKind::HostBug, why, None);
        self.finish(RunStatus::Failed, Some(failure), None).await.map(|_| ())
    }

    async fn append(&mut self, event: Event) -> Result<(), EngineError> {
        self.append_with(event, None).await
    }

    async fn append_with(&mut self, event: Event, blob: Option<Blob>) -> Result<(), EngineError> {
        let seq = self.core.state().next_seq;
        let record = Record { seq, at_us: self.now(), event };
        self.journal.append(&record, blob).await?;
        self.core.apply(&record)?;
        self.host.observer.record(&record);
        Ok(())
    }

    fn now(&mut self) -> u64 {
        self.clock_us = self.clock_us.max((self.host.now_us)());
        self.clock_us
    }
}

/// Done once the receiver says so; never, when nobody can say so any more.
async fn told(cancel: &mut watch::Receiver<bool>) {
    if cancel.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Done after `time`; never, where there is none.
async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Done at `time`; never, where there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
