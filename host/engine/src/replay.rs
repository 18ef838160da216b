//! Runs a journal again, offline, and says where it comes to something else.
//!
//! The records stand in their order. What the core would do next is asked between them, and every
//! record that follows from the run itself is made again and compared: decisions of the core, and
//! pieces of work, whose calls hear the recordings of theirs. What came from outside (an answer, a
//! signal, the wish to stop) is taken as it stands, and so are ends that only time made.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Caps, Digest};
use coldframe_journal::event::{FORMAT_VERSION, Next};
use coldframe_journal::{ErrorKind, Event, Receipt, Record, Waiting};
use coldframe_lang::graph::Graph;
use serde_json::Value;

use crate::cancel::Cancel;
use crate::core::{Command, Core};
use crate::earlier::Earlier;
use crate::finish;
use crate::host::EngineError;
use crate::invoke::Invoke;
use crate::limits::{RunClock, RunLimits};
use crate::step::Shared;
use crate::tape::Tape;
use crate::work::{Task, TaskId, What};

/// What is replayed with.
pub struct Replay<'r> {
    /// The graph the run was started with.
    pub graph: Arc<Graph>,
    /// All records of the run.
    pub records: &'r [Record],
    /// The run's id.
    pub run_id: String,
    /// The bounds it had.
    pub limits: RunLimits,
    /// What the operator allowed at most.
    pub operator_caps: Option<Caps>,
    /// The component that evaluates expressions.
    pub evaluator: Digest,
    /// The price it had, nano-USD for a million units of fuel.
    pub nano_per_mfuel: u64,
    /// Calls operations, with nothing outside.
    pub invoke: Arc<dyn Invoke>,
    /// Finds recordings by their digest.
    pub recordings: &'r (dyn Fn(&str) -> Option<Tape> + Sync),
}

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Records that were made again.
    pub compared: u64,
    /// Calls and other work among them that ran again.
    pub performed: u64,
    /// Calls that heard a recording.
    pub recorded: u64,
    /// Records that were taken as they stand, with the reason.
    pub taken: Vec<(u64, Taken)>,
    /// Where it came to something else. The replay ends with the first record the core would not
    /// have made; what a call came to is compared for all.
    pub differences: Vec<Difference>,
}

/// Why a record was not made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It came from outside.
    Outside,
    /// Time made it: a deadline, a cancelled call.
    Time,
    /// The call heard more than is recorded.
    TooLarge,
    /// It stands behind the wish to stop, which came at some moment.
    Stopping,
}

/// One thing that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The record.
    pub seq: u64,
    /// Its step, where it has one.
    pub step: Option<String>,
    /// What differs: `output`, `fuel`, `event`.
    pub what: String,
    /// What the journal says.
    pub recorded: String,
    /// What came out now.
    pub found: String,
}

/// Runs the records again.
pub async fn replay(replay: Replay<'_>) -> Result<Replayed, EngineError> {
    let mut player = Player {
        core: fresh(&replay),
        shared: Shared {
            invoke: Arc::clone(&replay.invoke),
            evaluator: replay.evaluator,
            clock: RunClock::patient(),
            limits: replay.limits.clone(),
            nano_per_mfuel: replay.nano_per_mfuel,
            memo: Arc::default(),
            earlier: Earlier::default(),
        },
        live: BTreeMap::new(),
        at_once: None,
        replay: &replay,
        result: Replayed::default(),
        at_us: 0,
    };
    player.run().await?;
    Ok(player.result)
}

fn fresh(replay: &Replay<'_>) -> Core {
    Core::new(
        Arc::clone(&replay.graph),
        replay.run_id.clone(),
        replay.limits.clone(),
        replay.operator_caps.clone(),
        replay.nano_per_mfuel,
    )
}

struct Player<'r> {
    core: Core,
    shared: Shared,
    /// What was started and has no end yet.
    live: BTreeMap<TaskId, Task>,
    /// What was started, takes no time and has no end yet.
    at_once: Option<TaskId>,
    replay: &'r Replay<'r>,
    result: Replayed,
    at_us: u64,
}

/// What the core says before a record.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it goes on at once")]
enum Said {
    /// It makes this one.
    Event(Event),
    /// It makes the one of this task's end, and nothing else before that.
    Work(TaskId),
    /// It waits for something outside of it.
    Nothing,
}

impl<'r> Player<'r> {
    async fn run(&mut self) -> Result<(), EngineError> {
        let replay = self.replay;
        for (index, record) in replay.records.iter().enumerate() {
            if index == 0 {
                self.opening(record)?;
                continue;
            }
            if self.comes_from_outside(&record.event) {
                let is_stop = matches!(record.event, Event::RunHalted { .. });
                self.take(record, Taken::Outside)?;
                if matches!(record.event, Event::RunResumed) {
                    self.start_over(replay.records.get(..=index).unwrap_or_default())?;
                }
                if is_stop {
                    // From here on it depends on how far each call was when it was told.
                    for rest in replay.records.get(index + 1..).unwrap_or_default() {
                        self.take(rest, Taken::Stopping)?;
                    }
                    return Ok(());
                }
                continue;
            }
            if !self.make(record).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The first record: the run is of this graph and of this format.
    fn opening(&mut self, record: &Record) -> Result<(), EngineError> {
        let graph = &self.replay.graph;
        if let Event::RunStarted { pipeline, spec_sha256, inputs, .. } = &record.event {
            let event = Event::RunStarted {
                version: FORMAT_VERSION,
                pipeline: graph.name.clone(),
                spec_sha256: graph.spec_sha256.to_string(),
                inputs: inputs.clone(),
            };
            let same = *pipeline == graph.name && *spec_sha256 == graph.spec_sha256.to_string();
            if same {
                self.result.compared += 1;
            } else {
                self.differ(record, "event", &record.event, &event);
            }
        }
        self.apply(record)
    }

    /// Whether nothing the run did leads to this record.
    fn comes_from_outside(&self, event: &Event) -> bool {
        match event {
            Event::RunResumed
            | Event::DecisionMade { .. }
            | Event::SignalReceived { .. }
            | Event::RunReleased { .. } => true,
            Event::RunHalted { failure } => {
                failure.kind == ErrorKind::PipelineCancelled && failure.step.is_none()
            }
            _ => false,
        }
    }

    /// Another process took over: it knew nothing but the records.
    fn start_over(&mut self, past: &[Record]) -> Result<(), EngineError> {
        self.core = fresh(self.replay);
        self.live.clear();
        self.at_once = None;
        for record in past {
            self.core.apply(record)?;
        }
        Ok(())
    }

    /// Makes a record again; `false` where the run would have gone another way.
    async fn make(&mut self, record: &Record) -> Result<bool, EngineError> {
        // At the time of the record before first: what was due in between may have come later.
        let mut said = self.ask(self.at_us).await;
        if matches!(said, Said::Nothing) {
            said = match self.working_on(&record.event) {
                Some(task) => Said::Work(task),
                None => self.ask(record.at_us).await,
            };
        }
        match said {
            Said::Work(task) => self.finish_task(task, record).await,
            Said::Event(event) => {
                let goes_on = self.compare(record, event);
                if goes_on {
                    self.apply(record)?;
                }
                Ok(goes_on)
            }
            Said::Nothing => {
                let text = format!("nothing: {} tasks are under way", self.live.len());
                self.push(record, "event", record.event.name().to_owned(), text);
                Ok(false)
            }
        }
    }

    /// What the core does next of its own, up to the next record.
    async fn ask(&mut self, now_us: u64) -> Said {
        loop {
            if let Some(task) = self.at_once.take() {
                return Said::Work(task);
            }
            match self.core.next(now_us) {
                Command::Record(event) => return Said::Event(event),
                Command::Start(task) => {
                    if let Some(event) = self.start(*task) {
                        return Said::Event(event);
                    }
                }
                // What came of it is in the journal.
                Command::Cancel(_) => {}
                Command::Wait { .. } | Command::Suspend | Command::Stuck => return Said::Nothing,
                Command::Finish { status, failure, released } => {
                    let (core, shared) = (&self.core, &self.shared);
                    let event = finish::event(core, shared, status, failure, released).await;
                    return Said::Event(event);
                }
            }
        }
    }

    /// Remembers a task; gives the record it begins with.
    fn start(&mut self, mut task: Task) -> Option<Event> {
        let started = task.started.take();
        self.at_once = (!task.spends()).then_some(task.id);
        self.live.insert(task.id, task);
        started
    }

    /// The task whose end the record is.
    fn working_on(&self, event: &Event) -> Option<TaskId> {
        let path = event.step()?;
        let fits = |task: &Task| match (event, &task.what) {
            (Event::BlockEnded { slot, .. }, What::Close { slot: own, .. }) => slot == own,
            (Event::BlockEnded { .. }, _) | (_, What::Close { .. }) => false,
            (
                Event::StepSucceeded { .. }
                | Event::StepFailed { .. }
                | Event::StepSkipped { .. }
                | Event::StepEntered { .. }
                | Event::AttemptFailed { .. }
                | Event::StepSuspended { .. }
                | Event::StepCancelled { .. },
                _,
            ) => true,
            _ => false,
        };
        self.live.values().find(|task| *task.path == *path && fits(task)).map(|task| task.id)
    }

    /// Does a piece of work again and compares the record of its end.
    async fn finish_task(&mut self, id: TaskId, record: &Record) -> Result<bool, EngineError> {
        let Some(mut task) = self.live.remove(&id) else { return Ok(true) };
        let receipt = record.event.receipt();
        if let Some(taken) = as_it_stands(&record.event, receipt) {
            self.take(record, taken)?;
            return Ok(true);
        }
        if let Some(digest) = receipt.and_then(|receipt| receipt.recording.as_ref()) {
            let Some(tape) = (self.replay.recordings)(digest) else {
                let text = "it is not in the journal, or is not what it was".to_owned();
                self.push(record, "recording", digest.clone(), text);
                self.apply(record)?;
                return Ok(true);
            };
            task.tape = Some(Arc::new(tape));
            self.result.recorded += 1;
        } else if receipt.is_some_and(|receipt| receipt.component.is_some()) {
            // It heard nothing, and must not now.
            task.tape = Some(Arc::new(Tape::empty()));
        }
        self.shared.memo = Arc::clone(self.core.memo());
        let done = self.shared.perform(task, Cancel::default()).await;
        self.result.performed += 1;
        let event = self.core.ended(done, record.at_us);
        let goes_on = match event {
            Some(event) => self.compare(record, event),
            None => true,
        };
        if goes_on {
            self.apply(record)?;
        }
        Ok(goes_on)
    }

    /// Compares; `false` where the records are not about the same, so that the run would have gone
    /// another way.
    fn compare(&mut self, record: &Record, found: Event) -> bool {
        let (expected, found) =
            (timeless(&record.event, &record.event), timeless(&found, &record.event));
        self.result.compared += 1;
        if expected == found {
            return true;
        }
        let same_kind = expected.name() == found.name() && expected.step() == found.step();
        let json = |event: &Event| serde_json::to_value(event).unwrap_or_default();
        let before = self.result.differences.len();
        if same_kind {
            let (expected, found) = (json(&expected), json(&found));
            let inner = |value: &Value| value.as_object().and_then(|o| o.values().next()).cloned();
            let (expected, found) = (inner(&expected), inner(&found));
            if let (Some(Value::Object(expected)), Some(Value::Object(found))) = (expected, found) {
                self.parts(record, "", &expected, &found);
            }
        }
        if self.result.differences.len() == before {
            self.differ(record, "event", &expected, &found);
        }
        same_kind
    }

    /// What of two objects differs, key by key.
    fn parts(
        &mut self,
        record: &Record,
        around: &str,
        expected: &serde_json::Map<String, Value>,
        found: &serde_json::Map<String, Value>,
    ) {
        let mut keys: Vec<&String> = expected.keys().chain(found.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let (a, b) = (expected.get(key), found.get(key));
            if a == b {
                continue;
            }
            if let ("receipt" | "failure", Some(Value::Object(a)), Some(Value::Object(b))) =
                (key.as_str(), a, b)
            {
                let (a, b) = (a.clone(), b.clone());
                self.parts(record, &format!("{key}."), &a, &b);
                continue;
            }
            let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            self.push(record, &format!("{around}{key}"), text(a), text(b));
        }
    }

    fn differ(&mut self, record: &Record, what: &str, expected: &Event, found: &Event) {
        let text = |event: &Event| serde_json::to_string(event).unwrap_or_default();
        self.push(record, what, text(expected), text(found));
    }

    fn push(&mut self, record: &Record, what: &str, recorded: String, found: String) {
        self.result.differences.push(Difference {
            seq: record.seq,
            step: record.event.step().map(str::to_owned),
            what: what.to_owned(),
            recorded,
            found,
        });
    }

    fn take(&mut self, record: &Record, taken: Taken) -> Result<(), EngineError> {
        self.result.taken.push((record.seq, taken));
        self.apply(record)
    }

    fn apply(&mut self, record: &Record) -> Result<(), EngineError> {
        self.at_us = self.at_us.max(record.at_us);
        self.core.apply(record)?;
        Ok(())
    }
}

/// Why the end of a piece of work is not made again, where it is not.
fn as_it_stands(event: &Event, receipt: Option<&Receipt>) -> Option<Taken> {
    if receipt.is_some_and(|receipt| receipt.unrecorded) {
        return Some(Taken::TooLarge);
    }
    let kind = match event {
        Event::StepFailed { failure, .. } | Event::AttemptFailed { failure, .. } => failure.kind,
        Event::StepCancelled { .. } => return Some(Taken::Time),
        _ => return None,
    };
    let by_time = matches!(
        kind,
        ErrorKind::LimitDeadline
            | ErrorKind::LimitTimeout
            | ErrorKind::PipelineCancelled
            | ErrorKind::HostExecutor
    );
    by_time.then_some(Taken::Time)
}

/// The event without what is different every time. What an equal call of another run came to is
/// not consumed again.
fn timeless(event: &Event, recorded: &Event) -> Event {
    let mut event = event.clone();
    let was_cached = recorded.receipt().is_some_and(|receipt| receipt.cached);
    if let Some(receipt) = event.receipt_mut() {
        receipt.wall_us = 0;
        // It was charged what the call costs, so only that it was not made is different.
        receipt.remembered = false;
        receipt.recording = None;
        if was_cached {
            *receipt = Receipt {
                attempt: receipt.attempt,
                output_sha256: receipt.output_sha256.take(),
                ..Receipt::default()
            };
        }
    }
    match &mut event {
        Event::StepSuspended { waiting: Waiting::Until { at_us }, .. }
        | Event::AttemptFailed { next: Next::Retry { at_us }, .. } => *at_us = 0,
        _ => {}
    }
    event
}
