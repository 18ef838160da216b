//! Which record the end of a piece of work becomes.

use coldframe_journal::event::{Next, Outcome, Waiting};
use coldframe_journal::{ErrorKind, Event, Failure, Receipt};
use coldframe_lang::graph::RetryOn;
use serde_json::Value;

use super::Core;
use super::frame::FrameId;
use super::queue::{Job, Part};
use crate::blame::no_more_tries;
use crate::kinds::Halt;
use crate::rules::{self, Verdict};
use crate::work::{Done, End, Fault};

impl Core {
    /// The record of how a task ended; none for a task that nobody remembers. `now_us` is the time,
    /// microseconds since 1970.
    pub fn ended(&mut self, done: Done, now_us: u64) -> Option<Event> {
        self.now_us = self.now_us.max(now_us);
        let Done { task, end, receipt, .. } = done;
        let job = self.tasks.get(&task)?.job;
        match job.part {
            Part::Step(step) | Part::Finish(step) => {
                Some(self.step_ended(job.frame, step, end, receipt))
            }
            Part::Close => self.close_ended(job.frame, end, receipt),
        }
    }

    fn step_ended(&mut self, id: FrameId, index: usize, end: End, receipt: Receipt) -> Event {
        let frame = self.frames.get(&id);
        let halt = frame.and_then(|frame| frame.halt);
        let step = frame.map(|frame| frame.path(index)).unwrap_or_default();
        let timed_out =
            frame.and_then(|frame| frame.node(index)).and_then(|node| node.timed_out.clone());
        if let Some(failure) = timed_out {
            return self.failure_event(id, index, Failing::plain(failure), receipt);
        }
        match end {
            End::Output(output) => self.output_event(id, index, output, receipt),
            End::Skipped => Event::StepSkipped { step, receipt },
            End::Entered(_) | End::Suspended(_) | End::Pause(_) if halt.is_some() => {
                Event::StepCancelled { step, receipt }
            }
            End::Entered(head) => Event::StepEntered { step, head, receipt },
            End::Suspended(waiting) => Event::StepSuspended { step, waiting, receipt },
            End::Pause(time) => {
                let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                let waiting = Waiting::Until { at_us: self.now_us.saturating_add(us) };
                Event::StepSuspended { step, waiting, receipt }
            }
            End::Failed(fault)
                if halt == Some(Halt::Cancel)
                    && fault.error.kind == ErrorKind::PipelineCancelled =>
            {
                Event::StepCancelled { step, receipt }
            }
            End::Failed(fault) => {
                let failing = Failing::new(fault, &step);
                self.failure_event(id, index, failing, receipt)
            }
            End::Closed(..) => {
                let failure = Failure::new(ErrorKind::HostBug, "a step is not a block", None);
                self.failure_event(id, index, Failing::plain(failure), receipt)
            }
        }
    }

    /// What an output leads to: with rules that do not hold, not always to success.
    pub(super) fn output_event(
        &self,
        id: FrameId,
        index: usize,
        output: Value,
        receipt: Receipt,
    ) -> Event {
        let frame = self.frames.get(&id);
        let step = frame.map(|frame| frame.path(index)).unwrap_or_default();
        let asks = frame.and_then(|frame| frame.node(index)).and_then(|node| node.asks.clone());
        match rules::verdict(&receipt.broken, Some(&step)) {
            Verdict::Counts => match asks {
                None => Event::StepSucceeded { step, output, receipt },
                // A rule of the sub-pipeline wants a person's word.
                Some((policy, message)) => {
                    let waiting = Waiting::Release { policy, message, output };
                    Event::StepSuspended { step, waiting, receipt }
                }
            },
            Verdict::Fails(failure) => {
                self.failure_event(id, index, Failing::plain(failure), receipt)
            }
            Verdict::Asks { .. } if frame.is_some_and(|frame| frame.halt.is_some()) => {
                Event::StepCancelled { step, receipt }
            }
            Verdict::Asks { policy, message } => {
                let waiting = Waiting::Release { policy, message, output };
                Event::StepSuspended { step, waiting, receipt }
            }
        }
    }

    fn close_ended(&self, id: FrameId, end: End, receipt: Receipt) -> Option<Event> {
        let frame = self.frames.get(&id)?;
        let held = frame.holder?;
        let step = self.frames.get(&held.frame)?.path(held.step);
        let (outcome, turn) = match end {
            _ if frame.halt.is_some() => (Outcome::Cancelled, None),
            End::Closed(value, turn) => match rules::verdict(&receipt.broken, Some(&step)) {
                Verdict::Fails(failure) => {
                    // The run that fails is the sub-pipeline's.
                    (Outcome::Failed(Failure { ends_run: false, ..failure }), None)
                }
                Verdict::Counts | Verdict::Asks { .. } => (Outcome::Done(value), turn),
            },
            End::Failed(fault) => (Outcome::Failed(Failing::new(fault, &step).failure), None),
            End::Output(_) | End::Skipped | End::Entered(_) | End::Suspended(_) | End::Pause(_) => {
                let failure = Failure::new(ErrorKind::HostBug, "a block is not a step", None);
                (Outcome::Failed(failure), None)
            }
        };
        Some(Event::BlockEnded { step, slot: held.slot, outcome, turn, receipt })
    }

    /// What a failure of a step leads to: another try, its fallback, or its end.
    pub(super) fn failure_event(
        &self,
        id: FrameId,
        index: usize,
        failing: Failing,
        receipt: Receipt,
    ) -> Event {
        let Failing { failure, is_spent, retry_after_us } = failing;
        let frame = self.frames.get(&id);
        let step = frame.map(|frame| frame.path(index)).unwrap_or_default();
        let ended = |failure, receipt| Event::StepFailed { step: step.clone(), failure, receipt };
        let Some((found, node)) = frame
            .filter(|frame| frame.halt.is_none() && !failure.ends_run)
            .and_then(|frame| Some((frame.step(index)?, frame.node(index)?)))
        else {
            return ended(failure, receipt);
        };
        if node.falls_back {
            return ended(failure, receipt);
        }
        let retry = found.retry.as_ref().filter(|retry| {
            let worth = retry.on.iter().any(|on| match on {
                RetryOn::Transient => failure.transient,
                RetryOn::Any => true,
                RetryOn::Kind(kind) => kind == failure.kind.as_str(),
            });
            worth && !is_spent && node.timed_out.is_none() && node.failures < retry.max
        });
        let account = self.account(Job { frame: id, part: Part::Step(index) });
        let over = retry.and_then(|_| self.ledger.tries_are_over(account));
        let failure = match &over {
            Some(bound) => no_more_tries(&step, bound, &failure),
            None => failure,
        };
        if let Some(retry) = retry.filter(|_| over.is_none()) {
            let micros = |time: std::time::Duration| u64::try_from(time.as_micros());
            let own = micros(retry.delay_before(node.failures + 2)).unwrap_or(u64::MAX);
            let asked = retry_after_us.unwrap_or(0);
            let most = micros(retry.delay_max).unwrap_or(u64::MAX);
            let at_us = self.now_us.saturating_add(own.max(asked.min(most)));
            return Event::AttemptFailed { step, failure, next: Next::Retry { at_us }, receipt };
        }
        if found.fallback.is_some() {
            return Event::AttemptFailed { step, failure, next: Next::Fallback, receipt };
        }
        ended(failure, receipt)
    }
}

/// A failure on its way to a record.
pub(super) struct Failing {
    failure: Failure,
    /// Whether trying again is no use, whatever the step says.
    is_spent: bool,
    retry_after_us: Option<u64>,
}

impl Failing {
    pub(super) fn plain(failure: Failure) -> Self {
        Self { failure, is_spent: false, retry_after_us: None }
    }

    pub(super) fn spent(failure: Failure) -> Self {
        Self { failure, is_spent: true, retry_after_us: None }
    }

    fn new(fault: Fault, step: &str) -> Self {
        let Fault { error, is_spent, ends_run } = fault;
        let failure = Failure {
            kind: error.kind,
            message: error.message,
            step: Some(step.to_owned()),
            transient: error.transient,
            ends_run,
        };
        Self { failure, is_spent, retry_after_us: error.retry_after_us }
    }
}
