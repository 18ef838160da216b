//! Answers questions of a run as its test says.

use std::collections::BTreeMap;

use coldframe_engine::{Answer, Observer, place};
use coldframe_journal::event::Waiting;
use coldframe_journal::{Event, Record};
use coldframe_lang::graph::Decision;
use tokio::sync::mpsc::UnboundedSender;

/// Watches for questions.
pub(super) struct Decider {
    /// By the id of the step that asks, wherever it stands.
    decisions: BTreeMap<String, Decision>,
    answers: UnboundedSender<Answer>,
}

impl Decider {
    pub(super) fn new(
        decisions: &BTreeMap<String, Decision>,
        answers: UnboundedSender<Answer>,
    ) -> Self {
        Self { decisions: decisions.clone(), answers }
    }
}

impl Observer for Decider {
    fn record(&self, record: &Record) {
        let (step, waiting) = match &record.event {
            Event::StepSuspended { step, waiting, .. } => (step.as_str(), waiting),
            Event::RunHeld { waiting, .. } => ("", waiting),
            _ => return,
        };
        // Where a rule asks, its id is what the test answers.
        let (id, step) = match waiting {
            Waiting::Release { policy, .. } if step.is_empty() => (&**policy, &**policy),
            Waiting::Release { policy, .. } => (&**policy, step),
            _ => (place::split(step).1, step),
        };
        let answer = match (waiting, self.decisions.get(id)) {
            (Waiting::Approval { .. } | Waiting::Release { .. }, Some(Decision::Approve)) => {
                decision(step, true)
            }
            (Waiting::Approval { .. } | Waiting::Release { .. }, Some(Decision::Reject)) => {
                decision(step, false)
            }
            (Waiting::Signal { name }, Some(Decision::Signal(value))) => {
                Answer::Signal { name: name.clone(), value: value.clone() }
            }
            // Not decided: the run is suspended, which a test may want to see.
            _ => return,
        };
        // The run is gone where nobody listens any more.
        let _ = self.answers.send(answer);
    }

    fn logs(&self, _step: &str, _lines: &[String]) {}
}

fn decision(step: &str, approved: bool) -> Answer {
    Answer::Decision { step: step.to_owned(), approved, by: "test".to_owned(), note: None }
}
