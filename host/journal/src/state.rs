//! The state of a run: a fold over its journal.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::event::{Broken, Event, FORMAT_VERSION, Failure, Next, Record, RunStatus, Waiting};
use crate::receipt::{Receipt, Totals};
use crate::transition::{StepMove, StepStatus, next};

/// What a journal amounts to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunState {
    /// Set by the first record.
    pub started: Option<Started>,
    /// Every step anything happened to, by its place in the run, in the order of first mention.
    pub steps: IndexMap<String, StepState>,
    /// What all attempts consumed.
    pub totals: Totals,
    /// Why nothing new starts any more, where that was decided.
    pub halted: Option<Failure>,
    /// What the run as a whole waits for, by the rule that wants it.
    pub held: Option<Waiting>,
    /// Set by the last record.
    pub finished: Option<Finished>,
    /// How many records there are: the `seq` of the next one.
    pub next_seq: u64,
}

/// What the first record says.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The pipeline's name.
    pub pipeline: String,
    /// Digest of the pipeline's text.
    pub spec_sha256: String,
    /// The bound inputs.
    pub inputs: Value,
    /// When, microseconds since 1970.
    pub at_us: u64,
}

/// What the last record says.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How the run ended.
    pub status: RunStatus,
    /// The named outputs.
    pub outputs: Value,
    /// Why, unless it succeeded.
    pub failure: Option<Failure>,
    /// Rules over the result that did not hold.
    pub broken: Vec<Broken>,
    /// When, microseconds since 1970.
    pub at_us: u64,
}

/// Where a step stands and what it left.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// Tries begun so far.
    pub attempts: u32,
    /// The output, once it succeeded.
    pub output: Option<Arc<Value>>,
    /// Why it, or its last try, failed.
    pub failure: Option<Failure>,
    /// The account of the last ended attempt; without that of the steps it holds.
    pub receipt: Option<Receipt>,
    /// What all its attempts and blocks consumed, without the steps it holds, see
    /// [`RunState::within`]. Its `attempts` are not counted here.
    pub spent: Totals,
    /// When its first attempt began, microseconds since 1970.
    pub began_us: Option<u64>,
    /// When the last thing happened to it, microseconds since 1970.
    pub moved_us: u64,
    /// Whether its fallback took its place.
    pub fell_back: bool,
    /// What it waits for, until that has come.
    pub waiting: Option<Waiting>,
    /// How many of the blocks it holds have ended, all tries together.
    pub blocks_ended: u64,
}

/// Why a record does not continue a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// A gap or a repetition.
    #[error("record {found} stands where record {expected} should")]
    Sequence {
        /// The next position.
        expected: u64,
        /// The record's.
        found: u64,
    },
    /// The run was written by a newer version.
    #[error("the journal has format {0}, this version reads up to {FORMAT_VERSION}")]
    Version(u32),
    /// Something happened to the run that cannot happen now.
    #[error("`{event}` cannot follow: the run {state}")]
    Run {
        /// The event's name.
        event: &'static str,
        /// Where the run stands.
        state: &'static str,
    },
    /// Something happened to a step that cannot happen now.
    #[error("`{event}` cannot happen to step `{step}`, which is {status}")]
    Step {
        /// The event's name.
        event: &'static str,
        /// The step.
        step: String,
        /// Where it stands.
        status: StepStatus,
    },
    /// An answer for a step that does not ask.
    #[error("step `{step}` does not ask for a decision")]
    NotAsked {
        /// The step.
        step: String,
    },
    /// A record about a step that the pipeline has not.
    #[error("`{event}` names `{step}`, and there is no such step in the run now")]
    NoSuchStep {
        /// The event's name.
        event: &'static str,
        /// What was named.
        step: String,
    },
}

impl RunState {
    /// The state after all of `records`.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Self, JournalError> {
        let mut state = Self::default();
        for record in records {
            state.apply(record)?;
        }
        Ok(state)
    }

    /// Adds one record. On an error nothing has changed.
    pub fn apply(&mut self, record: &Record) -> Result<(), JournalError> {
        if record.seq != self.next_seq {
            return Err(JournalError::Sequence { expected: self.next_seq, found: record.seq });
        }
        self.check(&record.event)?;
        let event = &record.event;
        match event {
            Event::RunStarted { pipeline, spec_sha256, inputs, version: _ } => {
                self.started = Some(Started {
                    pipeline: pipeline.clone(),
                    spec_sha256: spec_sha256.clone(),
                    inputs: inputs.clone(),
                    at_us: record.at_us,
                });
            }
            Event::RunResumed => {
                for step in self.steps.values_mut() {
                    step.status = next(step.status, StepMove::Interrupt).unwrap_or(step.status);
                }
            }
            Event::SignalReceived { name, .. } => self.signalled(name),
            Event::RunHalted { failure } => {
                self.halted.get_or_insert_with(|| failure.clone());
                self.held = None;
            }
            Event::RunHeld { waiting, .. } => self.held = Some(waiting.clone()),
            Event::RunReleased { .. } => self.held = None,
            Event::RunFinished { status, outputs, failure, broken } => {
                self.finished = Some(Finished {
                    broken: broken.clone(),
                    status: *status,
                    outputs: outputs.clone(),
                    failure: failure.clone(),
                    at_us: record.at_us,
                });
            }
            Event::StepStarted { .. }
            | Event::StepEntered { .. }
            | Event::BlockEnded { .. }
            | Event::StepSuspended { .. }
            | Event::StepTimedOut { .. }
            | Event::DecisionMade { .. }
            | Event::AttemptFailed { .. }
            | Event::StepSucceeded { .. }
            | Event::StepFailed { .. }
            | Event::StepSkipped { .. }
            | Event::StepCancelled { .. } => self.move_step(event, record.at_us),
        }
        if let Some(receipt) = event.receipt() {
            self.totals.add(receipt);
            self.totals.attempts += u64::from(ends_attempt(event));
        }
        self.next_seq += 1;
        Ok(())
    }

    /// Whether `event` can happen now.
    pub fn check(&self, event: &Event) -> Result<(), JournalError> {
        self.check_run(event)?;
        if let Event::RunStarted { version, .. } = event
            && *version > FORMAT_VERSION
        {
            return Err(JournalError::Version(*version));
        }
        let (Some(step), Some(step_move)) = (event.step(), step_move(event)) else {
            return Ok(());
        };
        let status = self.status(step);
        if next(status, step_move).is_none() {
            let step = step.to_owned();
            return Err(JournalError::Step { event: event.name(), step, status });
        }
        if matches!(event, Event::DecisionMade { .. }) {
            let waiting = self.steps.get(step).and_then(|step| step.waiting.as_ref());
            if waiting.and_then(Waiting::question).is_none() {
                return Err(JournalError::NotAsked { step: step.to_owned() });
            }
        }
        Ok(())
    }

    /// The steps that wait for something outside of the run, by their place in it; for the run as a
    /// whole, the rule that wants a person. Nothing but a decision, a signal or time moves them.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, &Waiting)> {
        let steps = self.steps.iter();
        let held = self.held.as_ref().and_then(|waiting| match waiting {
            Waiting::Release { policy, .. } => Some((policy.as_str(), waiting)),
            _ => None,
        });
        steps.filter_map(|(step, state)| Some((step.as_str(), state.waiting.as_ref()?))).chain(held)
    }

    /// Whether the run has begun, has not ended, and only waits.
    pub fn is_suspended(&self) -> bool {
        self.started.is_some()
            && self.finished.is_none()
            && self.waiting().next().is_some()
            && !self
                .steps
                .values()
                .any(|step| matches!(step.status, StepStatus::Running | StepStatus::Interrupted))
    }

    /// What the step called `step` and all it holds consumed, in all tries.
    pub fn within(&self, step: &str) -> Totals {
        let mut totals = Totals::default();
        for (path, state) in &self.steps {
            let inside = path
                .strip_prefix(step)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.', '/', '#']));
            if inside {
                totals.merge(&state.spent);
                totals.attempts += u64::from(state.attempts);
            }
        }
        totals
    }

    /// Where a step stands; a step nothing happened to is waiting.
    pub fn status(&self, step: &str) -> StepStatus {
        self.steps.get(step).map_or(StepStatus::Waiting, |step| step.status)
    }

    fn check_run(&self, event: &Event) -> Result<(), JournalError> {
        let first = matches!(event, Event::RunStarted { .. });
        // A takeover and a wish to stop can come at any time.
        let always = matches!(event, Event::RunResumed | Event::RunHalted { .. });
        let released = matches!(event, Event::RunReleased { .. });
        let state = match (&self.started, &self.finished) {
            (_, Some(_)) => "has ended",
            (Some(_), None) if first => "has begun already",
            (None, None) if !first => "has not begun",
            (Some(_), None) if !always && self.held.is_some() != released => match released {
                true => "is not held",
                false => "is held",
            },
            (Some(_) | None, None) => return Ok(()),
        };
        Err(JournalError::Run { event: event.name(), state })
    }

    /// Moves the step that `event` is about. The event was checked.
    fn move_step(&mut self, event: &Event, at_us: u64) {
        let (Some(path), Some(step_move)) = (event.step(), step_move(event)) else { return };
        if !self.steps.contains_key(path) {
            self.steps.insert(path.to_owned(), StepState::new());
        }
        let Some(step) = self.steps.get_mut(path) else { return };
        step.status = next(step.status, step_move).unwrap_or(step.status);
        step.moved_us = at_us;
        if let Some(receipt) = event.receipt() {
            step.spent.add(receipt);
            if !matches!(event, Event::BlockEnded { .. }) {
                step.receipt = Some(receipt.clone());
            }
        }
        match event {
            Event::StepStarted { attempt, .. } => {
                step.attempts = *attempt;
                step.began_us.get_or_insert(at_us);
            }
            Event::StepSucceeded { output, .. } => {
                step.output = Some(Arc::new(output.clone()));
                step.failure = None;
            }
            Event::StepFailed { failure, .. } => step.failure = Some(failure.clone()),
            Event::AttemptFailed { failure, next, .. } => {
                step.failure = Some(failure.clone());
                step.fell_back = *next == Next::Fallback;
            }
            Event::BlockEnded { .. } => step.blocks_ended += 1,
            Event::StepSuspended { waiting, .. } => {
                step.waiting = Some(waiting.clone());
                return;
            }
            Event::StepEntered { .. }
            | Event::StepTimedOut { .. }
            | Event::DecisionMade { .. }
            | Event::StepSkipped { .. }
            | Event::StepCancelled { .. }
            | Event::RunStarted { .. }
            | Event::RunResumed
            | Event::SignalReceived { .. }
            | Event::RunHalted { .. }
            | Event::RunHeld { .. }
            | Event::RunReleased { .. }
            | Event::RunFinished { .. } => {}
        }
        step.waiting = None;
    }

    fn signalled(&mut self, signal: &str) {
        for step in self.steps.values_mut() {
            if matches!(&step.waiting, Some(Waiting::Signal { name }) if name == signal) {
                step.waiting = None;
            }
        }
    }
}

impl StepState {
    fn new() -> Self {
        Self {
            status: StepStatus::Waiting,
            attempts: 0,
            output: None,
            failure: None,
            receipt: None,
            spent: Totals::default(),
            began_us: None,
            moved_us: 0,
            fell_back: false,
            waiting: None,
            blocks_ended: 0,
        }
    }
}

/// What an event does to the step it is about.
fn step_move(event: &Event) -> Option<StepMove> {
    Some(match event {
        Event::StepStarted { .. } => StepMove::Start,
        Event::StepEntered { .. } => StepMove::Enter,
        Event::BlockEnded { .. } => StepMove::EndBlock,
        Event::StepSuspended { .. } => StepMove::Suspend,
        Event::DecisionMade { .. } => StepMove::Answer,
        Event::StepTimedOut { .. } => StepMove::TimeOut,
        Event::AttemptFailed { .. } => StepMove::TryAgain,
        Event::StepSucceeded { .. } => StepMove::Succeed,
        Event::StepFailed { .. } => StepMove::Fail,
        Event::StepSkipped { .. } => StepMove::Skip,
        Event::StepCancelled { .. } => StepMove::Cancel,
        Event::RunStarted { .. }
        | Event::RunResumed
        | Event::SignalReceived { .. }
        | Event::RunHalted { .. }
        | Event::RunHeld { .. }
        | Event::RunReleased { .. }
        | Event::RunFinished { .. } => return None,
    })
}

/// Whether an attempt is over with this event, so that it counts.
fn ends_attempt(event: &Event) -> bool {
    !matches!(
        event,
        Event::StepEntered { .. } | Event::BlockEnded { .. } | Event::StepSuspended { .. }
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn started() -> Event {
        Event::RunStarted {
            version: FORMAT_VERSION,
            pipeline: "p".into(),
            spec_sha256: String::new(),
            inputs: json!({}),
        }
    }

    fn begin(step: &str, attempt: u32) -> Event {
        Event::StepStarted { step: step.into(), attempt }
    }

    fn done(step: &str) -> Event {
        let receipt = Receipt { attempt: 1, fuel: 7, ..Receipt::default() };
        Event::StepSucceeded { step: step.into(), output: json!(1), receipt }
    }

    fn finished() -> Event {
        Event::RunFinished {
            status: RunStatus::Succeeded,
            outputs: json!({}),
            failure: None,
            broken: Vec::new(),
        }
    }

    #[track_caller]
    fn check(events: Vec<Event>, expected: Result<&str, &str>) {
        let records: Vec<Record> = events
            .into_iter()
            .enumerate()
            .map(|(seq, event)| Record { seq: seq as u64, at_us: 0, event })
            .collect();
        let found = RunState::fold(&records).map(|state| {
            let steps: Vec<String> =
                state.steps.iter().map(|(id, step)| format!("{id} {}", step.status)).collect();
            format!("{} / {} fuel", steps.join(", "), state.totals.fuel)
        });
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found.map_err(|e| e.to_string()), expected);
    }

    #[test]
    fn folds_a_run() {
        check(vec![started(), begin("a", 1), done("a"), finished()], Ok("a succeeded / 7 fuel"));
    }

    /// A step that was tried again has consumed what all its tries have.
    #[test]
    fn all_tries_count() {
        let receipt = Receipt { attempt: 1, fuel: 5, ..Receipt::default() };
        let failure = Failure::new(crate::ErrorKind::GuestError, "no", Some("m[0].a"));
        let failed =
            Event::AttemptFailed { step: "m[0].a".into(), failure, next: Next::Fallback, receipt };
        let head = crate::event::Head::Branches;
        let entered = Event::StepEntered { step: "m".into(), head, receipt: Receipt::default() };
        let events = vec![
            started(),
            begin("m", 1),
            entered,
            begin("m[0].a", 1),
            failed,
            begin("m[0].a", 2),
            done("m[0].a"),
        ];
        let records: Vec<Record> =
            (0..).zip(events).map(|(seq, event)| Record { seq, at_us: seq * 10, event }).collect();
        let state = RunState::fold(&records).unwrap();
        assert_eq!(state.within("m").fuel, 12);
        assert_eq!(state.within("m").attempts, 3);
        let step = &state.steps["m[0].a"];
        assert_eq!((step.began_us, step.moved_us, step.fell_back), (Some(30), 60, true));
    }

    #[test]
    fn a_takeover_interrupts_what_was_running() {
        check(
            vec![started(), begin("a", 1), done("a"), begin("b", 1), Event::RunResumed],
            Ok("a succeeded, b interrupted / 7 fuel"),
        );
        check(
            vec![started(), begin("b", 1), Event::RunResumed, begin("b", 2), done("b")],
            Ok("b succeeded / 7 fuel"),
        );
    }

    #[test]
    fn refuses_what_cannot_happen() {
        check(vec![begin("a", 1)], Err("`step_started` cannot follow: the run has not begun"));
        check(
            vec![started(), started()],
            Err("`run_started` cannot follow: the run has begun already"),
        );
        check(
            vec![started(), finished(), begin("a", 1)],
            Err("`step_started` cannot follow: the run has ended"),
        );
        check(
            vec![started(), done("a")],
            Err("`step_succeeded` cannot happen to step `a`, which is waiting"),
        );
        check(
            vec![started(), begin("a", 1), done("a"), begin("a", 2)],
            Err("`step_started` cannot happen to step `a`, which is succeeded"),
        );
    }

    #[test]
    fn refuses_gaps_and_newer_formats() {
        let gap = Record { seq: 1, at_us: 0, event: started() };
        let text = RunState::fold([&gap]).unwrap_err().to_string();
        assert_eq!(text, "record 1 stands where record 0 should");
        let Event::RunStarted { pipeline, spec_sha256, inputs, .. } = started() else {
            unreachable!()
        };
        let newer = Event::RunStarted { version: 4, pipeline, spec_sha256, inputs };
        let newer = Record { seq: 0, at_us: 0, event: newer };
        assert_eq!(RunState::fold([&newer]), Err(JournalError::Version(4)));
    }
}
