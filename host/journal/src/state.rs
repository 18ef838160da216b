//! The state of a run: a fold over its journal.

use indexmap::IndexMap;
use serde_json::Value;

use crate::event::{Event, FORMAT_VERSION, Failure, Record, RunStatus};
use crate::receipt::{Receipt, Totals};
use crate::transition::{StepMove, StepStatus, next};

/// What a journal amounts to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunState {
    /// Set by the first record.
    pub started: Option<Started>,
    /// Every step anything happened to, in the order of first mention.
    pub steps: IndexMap<String, StepState>,
    /// What all attempts consumed.
    pub totals: Totals,
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
    pub output: Option<Value>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The account of the last ended attempt.
    pub receipt: Option<Receipt>,
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
        self.check_run(&record.event)?;
        match &record.event {
            Event::RunStarted { version, pipeline, spec_sha256, inputs } => {
                if *version > FORMAT_VERSION {
                    return Err(JournalError::Version(*version));
                }
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
            Event::StepStarted { step, attempt } => {
                let entry = self.step(step, StepMove::Start, &record.event)?;
                entry.attempts = *attempt;
            }
            Event::StepSucceeded { step, output, receipt } => {
                let entry = self.step(step, StepMove::Succeed, &record.event)?;
                entry.output = Some(output.clone());
                entry.receipt = Some(receipt.clone());
                self.totals.add(receipt);
            }
            Event::StepFailed { step, failure, receipt } => {
                let entry = self.step(step, StepMove::Fail, &record.event)?;
                entry.failure = Some(failure.clone());
                entry.receipt = Some(receipt.clone());
                self.totals.add(receipt);
            }
            Event::StepSkipped { step, receipt } => {
                let entry = self.step(step, StepMove::Skip, &record.event)?;
                entry.receipt = Some(receipt.clone());
                self.totals.add(receipt);
            }
            Event::RunFinished { status, outputs, failure } => {
                self.finished = Some(Finished {
                    status: *status,
                    outputs: outputs.clone(),
                    failure: failure.clone(),
                    at_us: record.at_us,
                });
            }
        }
        self.next_seq += 1;
        Ok(())
    }

    /// Where a step stands; a step nothing happened to is waiting.
    pub fn status(&self, step: &str) -> StepStatus {
        self.steps.get(step).map_or(StepStatus::Waiting, |step| step.status)
    }

    fn check_run(&self, event: &Event) -> Result<(), JournalError> {
        let first = matches!(event, Event::RunStarted { .. });
        let state = match (&self.started, &self.finished) {
            (_, Some(_)) => "has ended",
            (Some(_), None) if first => "has begun already",
            (None, None) if !first => "has not begun",
            (Some(_) | None, None) => return Ok(()),
        };
        Err(JournalError::Run { event: event.name(), state })
    }

    fn step(
        &mut self,
        id: &str,
        step_move: StepMove,
        event: &Event,
    ) -> Result<&mut StepState, JournalError> {
        let status = self.status(id);
        let Some(after) = next(status, step_move) else {
            return Err(JournalError::Step { event: event.name(), step: id.to_owned(), status });
        };
        let entry = self.steps.entry(id.to_owned()).or_insert_with(|| StepState {
            status,
            attempts: 0,
            output: None,
            failure: None,
            receipt: None,
        });
        entry.status = after;
        Ok(entry)
    }
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
        Event::RunFinished { status: RunStatus::Succeeded, outputs: json!({}), failure: None }
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
        let newer = Event::RunStarted { version: 2, pipeline, spec_sha256, inputs };
        let newer = Record { seq: 0, at_us: 0, event: newer };
        assert_eq!(RunState::fold([&newer]), Err(JournalError::Version(2)));
    }
}
