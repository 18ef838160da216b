//! What each record makes of the run.

use coldframe_journal::event::{Broken, EndedBy, Next, Outcome, Turn, Waiting};
use coldframe_journal::{Event, JournalError};

use super::frame::{Come, FrameId, Phase, ROOT};
use super::gates::Try;
use super::queue::{Job, Part};
use super::{Core, Hold};
use crate::kinds::{self, Halt};
use crate::ledger::{AccountId, Amounts};
use crate::place;
use crate::rules::{Verdict, verdict};
use crate::work::TaskId;

impl Core {
    /// The frame and step an event is about.
    pub(super) fn locate(&self, event: &Event) -> Result<Option<(FrameId, usize)>, JournalError> {
        let Some(path) = event.step() else { return Ok(None) };
        let (prefix, id) = place::split(path);
        let frame = self.by_prefix.get(prefix).copied();
        let found = frame.and_then(|id| self.frames.get(&id)).and_then(|found| {
            let step = found.plan.find(found.block, id)?;
            let node = found.node(step)?;
            let fits = match (event, &node.phase) {
                (Event::StepStarted { .. }, phase) => {
                    matches!(phase, Phase::Ready | Phase::Delayed)
                }
                // The block must be one that is under way.
                (Event::BlockEnded { slot, .. }, Phase::Entered(entered)) => {
                    entered.children.contains_key(slot)
                }
                (Event::StepEntered { head, .. }, _) => {
                    found.step(step).is_some_and(|step| kinds::fits(step, head))
                }
                (_, phase) => !matches!(phase, Phase::Waiting | Phase::Ended),
            };
            fits.then_some(step)
        });
        match (frame, found) {
            (Some(frame), Some(step)) => Ok(Some((frame, step))),
            // What cannot happen to the run at all is the better thing to say.
            _ => {
                self.state.check(event)?;
                Err(JournalError::NoSuchStep { event: event.name(), step: path.to_owned() })
            }
        }
    }

    pub(super) fn fold(&mut self, event: &Event, place: Option<(FrameId, usize)>) {
        let (id, step) = place.unwrap_or((ROOT, 0));
        if let Some(receipt) = event.receipt()
            && let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step))
        {
            node.spent = node.spent.plus(receipt.fuel, receipt.cost_nano);
        }
        match event {
            Event::RunStarted { inputs, .. } => self.open_root(inputs.clone()),
            Event::RunResumed => self.resumed(),
            Event::RunHalted { failure } => self.halt_run(failure),
            Event::RunFinished { .. } => self.is_finishing = true,
            Event::RunHeld { waiting, broken } => self.hold_run(waiting, broken),
            Event::RunReleased { approved, by, note } => {
                if let Some(hold) = &mut self.hold {
                    hold.answer = Some((*approved, by.clone(), note.clone()));
                }
                self.attention.insert(Job { frame: ROOT, part: Part::Close });
            }
            Event::SignalReceived { name, value } => self.signalled(name, value),
            Event::StepStarted { attempt, .. } => {
                self.count_try(id, step);
                self.started(id, step, *attempt);
            }
            Event::StepEntered { head, receipt, .. } => {
                self.settle_step(id, step, receipt.into());
                self.enter(id, step, head);
            }
            Event::BlockEnded { slot, outcome, turn, receipt, .. } => {
                if let Verdict::Asks { policy, message } = verdict(&receipt.broken, None)
                    && let Some(node) =
                        self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step))
                {
                    node.asks = Some((policy, message));
                }
                self.block_ended(id, step, *slot, outcome, turn.as_ref(), receipt.into());
            }
            Event::StepSuspended { waiting, receipt, .. } => {
                self.settle_step(id, step, receipt.into());
                self.suspend(id, step, waiting);
            }
            Event::DecisionMade { approved, by, note, .. } => {
                let come =
                    Come::Decision { approved: *approved, by: by.clone(), note: note.clone() };
                self.answer(id, step, come);
            }
            Event::StepTimedOut { failure, .. } => self.timed_out(id, step, failure),
            Event::AttemptFailed { failure, next, receipt, .. } => {
                self.judge_try(id, step, Try::Failed(failure.kind));
                self.settle_step(id, step, receipt.into());
                if matches!(next, Next::Retry { .. }) {
                    let account = self.account(Job { frame: id, part: Part::Step(step) });
                    self.ledger.count_retry(account);
                }
                self.try_again(id, step, *next);
            }
            Event::StepSucceeded { step: path, receipt, .. } => {
                self.judge_try(id, step, Try::Succeeded);
                let output = self.state.steps.get(path).and_then(|step| step.output.clone());
                let is_cached = self
                    .frames
                    .get(&id)
                    .and_then(|frame| frame.step(step))
                    .is_some_and(|step| step.cache == Some(true));
                if let Some(output) = output.as_ref().filter(|_| is_cached) {
                    self.memo.recall(receipt, output);
                }
                self.end_step(id, step, output, receipt.into());
            }
            Event::StepSkipped { receipt, .. } => {
                self.uncount_try(id, step);
                self.judge_try(id, step, Try::Dropped);
                self.end_step(id, step, None, receipt.into());
            }
            Event::StepCancelled { receipt, .. } => {
                self.judge_try(id, step, Try::Dropped);
                self.end_step(id, step, None, receipt.into());
            }
            Event::StepFailed { failure, receipt, .. } => {
                self.judge_try(id, step, Try::Failed(failure.kind));
                self.end_step(id, step, None, receipt.into());
                self.step_failed(id, step, failure);
            }
        }
    }

    /// Gives back what a piece of work did not consume; what no reservation covers is just taken.
    fn settle(&mut self, task: Option<TaskId>, account: AccountId, took: Amounts) {
        match task.and_then(|task| self.tasks.remove(&task)) {
            Some(live) => match live.reserved {
                Some(reserved) => self.ledger.settle(live.account, reserved, took),
                None => self.ledger.spend(live.account, took),
            },
            None => self.ledger.spend(account, took),
        }
    }

    pub(super) fn settle_step(&mut self, id: FrameId, step: usize, took: Amounts) {
        let account = self.account(Job { frame: id, part: Part::Step(step) });
        let node = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step));
        let task = node.and_then(|node| node.task.take());
        self.settle(task, account, took);
    }

    fn block_ended(
        &mut self,
        id: FrameId,
        step: usize,
        slot: usize,
        outcome: &Outcome,
        turn: Option<&Turn>,
        took: Amounts,
    ) {
        let node = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step));
        let Some(Phase::Entered(entered)) = node.map(|node| &mut node.phase) else { return };
        let Some(child) = entered.children.remove(&slot) else { return };
        let halt = entered.holder.ended(slot, outcome.clone(), turn.cloned());
        let others: Vec<FrameId> = match halt {
            Some(_) => entered.children.values().copied().collect(),
            None => Vec::new(),
        };
        self.unqueue(Job { frame: child, part: Part::Close });
        if let Some(frame) = self.frames.remove(&child) {
            self.by_prefix.remove(&frame.prefix);
            let spent = frame.spent();
            if let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) {
                node.spent = node.spent.plus(spent.fuel, spent.cost_nano);
            }
            self.settle(frame.task, frame.account, took);
        }
        for other in others {
            self.halt(other, halt.unwrap_or(Halt::Drain));
        }
        if let Outcome::Failed(failure) = outcome
            && failure.ends_run
        {
            self.halt_run(failure);
        }
        self.open_blocks(id, step);
    }

    /// The run as a whole waits for a person.
    fn hold_run(&mut self, waiting: &Waiting, broken: &[Broken]) {
        if let Waiting::Release { policy, output, .. } = waiting {
            let (policy, outputs) = (policy.clone(), output.clone());
            self.hold = Some(Hold { policy, outputs, broken: broken.to_vec(), answer: None });
        }
        self.is_finishing = false;
    }

    /// A process took over: what was under way in the one before it starts again.
    fn resumed(&mut self) {
        self.gates.resumed();
        let interrupted: Vec<(FrameId, usize)> = self
            .frames
            .iter()
            .flat_map(|(id, frame)| {
                let running = |step: &usize| {
                    let node = frame.node(*step);
                    node.is_some_and(|node| matches!(node.phase, Phase::Running))
                };
                let steps = frame.first..frame.first + frame.nodes.len();
                steps.filter(running).map(|step| (*id, step)).collect::<Vec<_>>()
            })
            .collect();
        for (id, step) in interrupted {
            let Some(frame) = self.frames.get_mut(&id) else { continue };
            let is_halted = frame.halt.is_some();
            let Some(node) = frame.node_mut(step) else { continue };
            if is_halted || node.timed_out.is_some() {
                node.phase = Phase::Delayed;
                self.attention.insert(Job { frame: id, part: Part::Step(step) });
            } else {
                self.enqueue(id, step);
            }
        }
    }
}

/// What follows from an iteration of a loop without conditions or `next`.
pub(super) fn plain_turn(step: &coldframe_lang::graph::Step, slot: usize) -> Option<Turn> {
    match &step.kind {
        coldframe_lang::graph::StepKind::Loop(looped) => {
            let turn = crate::kinds::looped::plain_turn(looped, slot);
            turn.ended_by.map(|ended_by: EndedBy| Turn { state: None, ended_by: Some(ended_by) })
        }
        _ => None,
    }
}
