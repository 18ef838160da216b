//! What happens to one step.

use std::sync::Arc;

use coldframe_journal::Failure;
use coldframe_journal::event::{Next, Waiting};
use coldframe_lang::graph::OnError;
use serde_json::Value;

use super::Core;
use super::frame::{Come, Due, FrameId, Phase, Timer};
use super::queue::{Job, Part};
use crate::kinds::Halt;
use crate::ledger::Amounts;

impl Core {
    pub(super) fn started(&mut self, id: FrameId, step: usize, attempt: u32) {
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
            _ => found.limits.wall,
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

    pub(super) fn suspend(&mut self, id: FrameId, step: usize, waiting: &Waiting) {
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step)) else {
            return;
        };
        node.phase = Phase::Suspended(waiting.clone());
        match waiting {
            Waiting::Approval { .. } | Waiting::Release { .. } => {}
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

    pub(super) fn signalled(&mut self, signal: &str, value: &Value) {
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
            let come = match (&mut node.phase, come) {
                (
                    Phase::Suspended(Waiting::Release { policy, output, .. }),
                    Come::Decision { approved, by, note },
                ) => {
                    let (policy, output) = (std::mem::take(policy), std::mem::take(output));
                    Come::Released { policy, output, approved, by, note }
                }
                (_, come) => come,
            };
            node.phase = Phase::Answered(come);
        }
        self.attention.insert(Job { frame: id, part: Part::Step(step) });
    }

    pub(super) fn try_again(&mut self, id: FrameId, step: usize, next: Next) {
        self.suspended.remove(&(id, step));
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let is_halted = frame.halt.is_some();
        let Some(node) = frame.node_mut(step) else { return };
        node.failures += 1;
        node.timed_out = None;
        node.doomed = None;
        node.asks = None;
        node.phase = Phase::Delayed;
        node.falls_back = next == Next::Fallback;
        match next {
            Next::Fallback => {
                // They are for the tries, which are over.
                self.drop_timers(id, step, |_| true);
                self.close_account(id, step);
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

    pub(super) fn step_failed(&mut self, id: FrameId, step: usize, failure: &Failure) {
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
    pub(super) fn end_step(
        &mut self,
        id: FrameId,
        step: usize,
        output: Option<Arc<Value>>,
        took: Amounts,
    ) {
        self.settle_step(id, step, took);
        self.unqueue(Job { frame: id, part: Part::Step(step) });
        self.unqueue(Job { frame: id, part: Part::Finish(step) });
        self.drop_timers(id, step, |_| true);
        self.suspended.remove(&(id, step));
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let Some(node) = frame.node_mut(step) else { return };
        node.phase = Phase::Ended;
        self.close_account(id, step);
        let Some(frame) = self.frames.get_mut(&id) else { return };
        if let Some(output) = output {
            frame.scope.set(step, output);
        }
        frame.open = frame.open.saturating_sub(1);
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

    /// Nothing of what a step's limits bound is under way any more.
    fn close_account(&mut self, id: FrameId, step: usize) {
        let node = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(step));
        if let Some(account) = node.and_then(|node| node.account.take()) {
            self.ledger.close(account);
        }
    }

    pub(super) fn timed_out(&mut self, id: FrameId, step: usize, failure: &Failure) {
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
