//! What each record makes of the run.

use std::sync::Arc;

use coldframe_journal::event::{EndedBy, Next, Outcome, Turn, Waiting};
use coldframe_journal::{Event, Failure, JournalError};
use coldframe_lang::graph::OnError;
use serde_json::Value;

use super::Core;
use super::frame::{Come, Due, FrameId, Phase, ROOT, Timer};
use super::queue::{Job, Part};
use crate::kinds::Halt;
use crate::ledger::AccountId;
use crate::place;
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
            // The block must be one that is under way.
            let Event::BlockEnded { slot, .. } = event else { return Some(step) };
            match &node.phase {
                Phase::Entered(entered) => entered.children.contains_key(slot).then_some(step),
                _ => None,
            }
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
        match event {
            Event::RunStarted { inputs, .. } => self.open_root(inputs.clone()),
            Event::RunResumed => self.resumed(),
            Event::RunHalted { failure } => self.halt_run(failure),
            Event::RunFinished { .. } => self.is_finishing = true,
            Event::SignalReceived { name, value } => self.signalled(name, value),
            Event::StepStarted { attempt, .. } => self.started(id, step, *attempt),
            Event::StepEntered { head, receipt, .. } => {
                self.settle_step(id, step, receipt.fuel);
                self.enter(id, step, head);
            }
            Event::BlockEnded { slot, outcome, turn, receipt, .. } => {
                self.block_ended(id, step, *slot, outcome, turn.as_ref(), receipt.fuel);
            }
            Event::StepSuspended { waiting, receipt, .. } => {
                self.settle_step(id, step, receipt.fuel);
                self.suspend(id, step, waiting);
            }
            Event::DecisionMade { approved, by, note, .. } => {
                let come =
                    Come::Decision { approved: *approved, by: by.clone(), note: note.clone() };
                self.answer(id, step, come);
            }
            Event::StepTimedOut { failure, .. } => self.timed_out(id, step, failure),
            Event::AttemptFailed { next, receipt, .. } => {
                self.settle_step(id, step, receipt.fuel);
                self.try_again(id, step, *next);
            }
            Event::StepSucceeded { step: path, receipt, .. } => {
                let output = self.state.steps.get(path).and_then(|step| step.output.clone());
                let is_cached = self
                    .frames
                    .get(&id)
                    .and_then(|frame| frame.step(step))
                    .is_some_and(|step| step.cache);
                if let Some(output) = output.as_ref().filter(|_| is_cached) {
                    self.memo.recall(receipt, output);
                }
                self.end_step(id, step, output, receipt.fuel);
            }
            Event::StepSkipped { receipt, .. } | Event::StepCancelled { receipt, .. } => {
                self.end_step(id, step, None, receipt.fuel);
            }
            Event::StepFailed { failure, receipt, .. } => {
                self.end_step(id, step, None, receipt.fuel);
                self.step_failed(id, step, failure);
            }
        }
    }

    /// Gives back what a piece of work did not consume; what no reservation covers is just taken.
    fn settle(&mut self, task: Option<TaskId>, account: AccountId, fuel: u64) {
        match task.and_then(|task| self.tasks.remove(&task)) {
            Some(live) => match live.reserved {
                Some(reserved) => self.ledger.settle(live.account, reserved, fuel),
                None => self.ledger.spend(live.account, fuel),
            },
            None => self.ledger.spend(account, fuel),
        }
    }

    fn settle_step(&mut self, id: FrameId, step: usize, fuel: u64) {
        let account = self.account(Job { frame: id, part: Part::Step(step) });
        let node = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step));
        let task = node.and_then(|node| node.task.take());
        self.settle(task, account, fuel);
    }

    fn started(&mut self, id: FrameId, step: usize, attempt: u32) {
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        let now_us = self.now_us;
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let Some(found) = frame.plan.step(step) else { return };
        let due = |time: Option<std::time::Duration>, what| {
            let us = u64::try_from(time?.as_micros()).unwrap_or(u64::MAX);
            Some(Timer { due_us: now_us.saturating_add(us), frame: id, step, what })
        };
        let wall = match &found.kind {
            coldframe_lang::graph::StepKind::Pipeline(child) => {
                found.limits.min(&child.graph.limits).wall
            }
            kind if kind.holds() => found.limits.wall,
            _ => None,
        };
        let timers = [due(found.timeout, Due::Timeout), due(wall, Due::Wall)];
        let Some(node) = frame.node_mut(step) else { return };
        let is_first = node.attempts == 0;
        node.phase = Phase::Running;
        node.attempts = attempt;
        // They count from the first try on and are for all tries together.
        for timer in timers.into_iter().flatten().filter(|_| is_first) {
            node.timers.push(timer);
            self.timers.insert(timer);
        }
        self.drop_timers(id, step, |what| what == Due::Retry);
    }

    fn suspend(&mut self, id: FrameId, step: usize, waiting: &Waiting) {
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) else {
            return;
        };
        node.phase = Phase::Suspended(waiting.clone());
        match waiting {
            Waiting::Approval { .. } => {}
            Waiting::Until { at_us } => {
                let timer = Timer { due_us: *at_us, frame: id, step, what: Due::Pause };
                node.timers.push(timer);
                self.timers.insert(timer);
                return;
            }
            Waiting::Signal { name } => {
                let early = self.signals.get_mut(name).and_then(|values| values.pop_front());
                if let Some(value) = early {
                    self.answer(id, step, Come::Signal(value));
                    return;
                }
            }
        }
        self.suspended.insert((id, step));
    }

    fn signalled(&mut self, signal: &str, value: &Value) {
        let waiting: Vec<(FrameId, usize)> = self
            .suspended
            .iter()
            .copied()
            .filter(|(id, step)| {
                let node = self.frames.get(id).and_then(|frame| frame.node(*step));
                node.is_some_and(|node| {
                    matches!(&node.phase, Phase::Suspended(Waiting::Signal { name }) if name == signal)
                })
            })
            .collect();
        if waiting.is_empty() {
            self.signals.entry(signal.to_owned()).or_default().push_back(value.clone());
        }
        for (id, step) in waiting {
            self.answer(id, step, Come::Signal(value.clone()));
        }
    }

    pub(super) fn answer(&mut self, id: FrameId, step: usize, come: Come) {
        self.suspended.remove(&(id, step));
        if let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) {
            node.phase = Phase::Answered(come);
        }
        self.attention.insert(Job { frame: id, part: Part::Step(step) });
    }

    fn try_again(&mut self, id: FrameId, step: usize, next: Next) {
        self.suspended.remove(&(id, step));
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let is_halted = frame.halt.is_some();
        let Some(node) = frame.node_mut(step) else { return };
        node.failures += 1;
        node.timed_out = None;
        node.doomed = None;
        node.phase = Phase::Delayed;
        node.falls_back = next == Next::Fallback;
        match next {
            Next::Fallback => {
                // They are for the tries, which are over.
                self.drop_timers(id, step, |_| true);
                if !is_halted {
                    self.enqueue(id, step);
                }
            }
            Next::Retry { at_us } => {
                let timer = Timer { due_us: at_us, frame: id, step, what: Due::Retry };
                node.timers.push(timer);
                self.timers.insert(timer);
            }
        }
        self.attention.insert(Job { frame: id, part: Part::Step(step) });
    }

    fn step_failed(&mut self, id: FrameId, step: usize, failure: &Failure) {
        if failure.ends_run {
            self.halt_run(failure);
            return;
        }
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let goes_on = frame.step(step).is_some_and(|step| step.on_error == OnError::Continue);
        if goes_on || frame.halt.is_some() {
            return;
        }
        frame.failure = Some(failure.clone());
        self.halt(id, Halt::Drain);
    }

    /// Nothing can happen to a step any more.
    fn end_step(&mut self, id: FrameId, step: usize, output: Option<Arc<Value>>, fuel: u64) {
        self.settle_step(id, step, fuel);
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        self.unqueue(Job { frame: id, part: Part::Finish(step) });
        self.drop_timers(id, step, |_| true);
        self.suspended.remove(&(id, step));
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let Some(node) = frame.node_mut(step) else { return };
        node.phase = Phase::Ended;
        if let Some(account) = node.account.take() {
            self.ledger.close(account);
        }
        if let Some(output) = output {
            frame.scope.set(step, output);
        }
        frame.open -= 1;
        let is_complete = frame.open == 0;
        let is_halted = frame.halt.is_some();
        let plan = Arc::clone(&frame.plan);
        let mut ready = Vec::new();
        for dependent in plan.dependents.get(step).into_iter().flatten() {
            let Some(node) = frame.node_mut(*dependent) else { continue };
            node.unmet = node.unmet.saturating_sub(1);
            if node.unmet == 0 && matches!(node.phase, Phase::Waiting) && !is_halted {
                ready.push(*dependent);
            }
        }
        for step in ready {
            self.enqueue(id, step);
        }
        if is_complete {
            self.complete(id);
        }
    }

    fn block_ended(
        &mut self,
        id: FrameId,
        step: usize,
        slot: usize,
        outcome: &Outcome,
        turn: Option<&Turn>,
        fuel: u64,
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
            self.settle(frame.task, frame.account, fuel);
        }
        for other in others {
            self.halt(other, halt.unwrap_or(Halt::Drain));
        }
        self.open_blocks(id, step);
    }

    fn timed_out(&mut self, id: FrameId, step: usize, failure: &Failure) {
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        self.unqueue(Job { frame: id, part: Part::Finish(step) });
        self.drop_timers(id, step, |_| true);
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) else {
            return;
        };
        node.timed_out = Some(failure.clone());
        self.cancels.extend(node.task);
        let children: Vec<FrameId> = match &node.phase {
            Phase::Entered(entered) => entered.children.values().copied().collect(),
            _ => Vec::new(),
        };
        for child in children {
            self.halt(child, Halt::Cancel);
        }
        self.attention.insert(Job { frame: id, part: Part::Step(step) });
    }

    /// A process took over: what was under way in the one before it starts again.
    fn resumed(&mut self) {
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

    /// Forgets the timers of a step that `which` is true of.
    pub(super) fn drop_timers(&mut self, id: FrameId, step: usize, which: impl Fn(Due) -> bool) {
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) else {
            return;
        };
        let timers = &mut self.timers;
        node.timers.retain(|timer| {
            let goes = which(timer.what);
            if goes {
                timers.remove(timer);
            }
            !goes
        });
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
