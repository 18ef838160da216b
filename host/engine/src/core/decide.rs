//! What to do next.

use std::sync::Arc;

use coldframe_format::{Cap, CapSet};
use coldframe_journal::event::Outcome;
use coldframe_journal::receipt::price_nano;
use coldframe_journal::{ErrorKind, Event, Failure, Receipt, RunStatus};
use coldframe_lang::graph::{Fallback, StepKind};
use serde_json::Value;

use super::ended::Failing;
use super::fold::plain_turn;
use super::frame::{Come, Due, Ending, Frame, FrameId, Live, Node, Phase, ROOT, Timer};
use super::queue::{Job, Part};
use super::{Command, Core, status_of};
use crate::blame::{over, spent_before};
use crate::kinds;
use crate::ledger::{Amounts, Denied, RUN, Reservation};
use crate::plan::Close;
use crate::rules::{self, Facts};
use crate::work::{Task, TaskId, What};

impl Core {
    /// The next thing to do. `now_us` is the time, microseconds since 1970; where it is smaller
    /// than that of a record, that counts.
    pub fn next(&mut self, now_us: u64) -> Command {
        self.now_us = self.now_us.max(now_us);
        if self.is_finishing {
            return Command::Stuck;
        }
        loop {
            self.work += 1;
            if let Some(task) = self.cancels.pop_front() {
                if self.tasks.contains_key(&task) {
                    return Command::Cancel(task);
                }
                continue;
            }
            if let Some(job) = self.attention.pop_first() {
                match self.act(job) {
                    Some(command) => return command,
                    None => continue,
                }
            }
            match self.timers.first().copied() {
                Some(timer) if timer.due_us <= self.now_us => match self.due(timer) {
                    Some(event) => return Command::Record(event),
                    None => continue,
                },
                _ => {}
            }
            self.admit_due();
            if let Some(command) = self.startable() {
                return command;
            }
            let timer_us = self.timers.first().map(|timer| timer.due_us);
            let until_us = timer_us.into_iter().chain(self.gates.due_us()).min();
            let asks = !self.suspended.is_empty() || self.state.held.is_some();
            return match (self.tasks.is_empty(), until_us) {
                (true, None) if !asks => Command::Stuck,
                (true, None) => Command::Suspend,
                _ => Command::Wait { until_us },
            };
        }
    }

    /// What follows from a change.
    fn act(&mut self, job: Job) -> Option<Command> {
        match job.part {
            Part::Step(step) => self.act_on_step(job.frame, step).map(Command::Record),
            Part::Finish(_) => None,
            Part::Close => self.act_on_frame(job.frame),
        }
    }

    fn act_on_step(&mut self, id: FrameId, index: usize) -> Option<Event> {
        let frame = self.frames.get_mut(&id)?;
        let path = frame.path(index);
        let is_halted = frame.halt.is_some();
        let plan = Arc::clone(&frame.plan);
        let node = frame.node_mut(index)?;
        let receipt = Receipt { attempt: node.attempts, ..Receipt::default() };
        if node.task.is_some() {
            return None;
        }
        match &node.phase {
            Phase::Ended | Phase::Waiting => return None,
            // A frame's attention comes once its blocks have ended.
            Phase::Entered(entered) if !entered.children.is_empty() => return None,
            Phase::Running if node.doomed.is_none() => return None,
            Phase::Running
            | Phase::Ready
            | Phase::Entered(_)
            | Phase::Ending(_)
            | Phase::Delayed
            | Phase::Suspended(_)
            | Phase::Answered(_) => {}
        }
        if let Some(failure) = node.timed_out.clone() {
            return Some(self.failure_event(id, index, Failing::plain(failure), receipt));
        }
        if let Some((failure, is_spent)) = node.doomed.clone() {
            let failing = if is_spent { Failing::spent(failure) } else { Failing::plain(failure) };
            return Some(self.failure_event(id, index, failing, receipt));
        }
        if is_halted {
            return Some(Event::StepCancelled { step: path, receipt });
        }
        let is_ruled = plan.is_ruled(index);
        let come = match &mut node.phase {
            Phase::Answered(come) => std::mem::replace(come, Come::Time),
            Phase::Ending(ending) => {
                return match std::mem::replace(ending, Ending::Dropped) {
                    Ending::Output(output) if is_ruled => {
                        self.finish(id, index, output);
                        None
                    }
                    Ending::Output(output) => Some(self.output_event(id, index, output, receipt)),
                    Ending::Failed(failure) => {
                        let failing = Failing::plain(failure);
                        Some(self.failure_event(id, index, failing, receipt))
                    }
                    // Its work is in the queue.
                    finish @ Ending::Finish(_) => {
                        *ending = finish;
                        None
                    }
                    Ending::Dropped => Some(Event::StepCancelled { step: path, receipt }),
                };
            }
            Phase::Ended
            | Phase::Waiting
            | Phase::Running
            | Phase::Ready
            | Phase::Entered(_)
            | Phase::Delayed
            | Phase::Suspended(_) => return None,
        };
        let output = match come {
            Come::Time => Ok(Value::Null),
            Come::Signal(value) => Ok(value),
            Come::Decision { approved, by, note } => match plan.step(index).map(|s| &s.kind) {
                Some(StepKind::Approve(ask)) => {
                    kinds::decided(ask, &path, approved, &by, note.as_deref())
                }
                _ => Ok(Value::Null),
            },
            Come::Released { policy, output, approved, by, note } => {
                let failing = || rules::rejected(&policy, &by, note.as_deref(), Some(&path));
                let event = match approved {
                    true => Event::StepSucceeded { step: path, output, receipt },
                    false => {
                        let failing = Failing::plain(failing());
                        self.failure_event(id, index, failing, receipt)
                    }
                };
                return Some(event);
            }
        };
        Some(match output {
            Ok(output) if is_ruled => {
                self.finish(id, index, output);
                return None;
            }
            Ok(output) => Event::StepSucceeded { step: path, output, receipt },
            Err(failure) => self.failure_event(id, index, Failing::plain(failure), receipt),
        })
    }

    fn act_on_frame(&mut self, id: FrameId) -> Option<Command> {
        let frame = self.frames.get(&id)?;
        if frame.open > 0 || frame.task.is_some() {
            return None;
        }
        let Some(held) = frame.holder else {
            if self.state.held.is_some() {
                return None;
            }
            self.is_finishing = true;
            let mut failure = frame.failure.clone();
            let mut released = None;
            if let Some(hold) = self.hold.take()
                && let Some((approved, by, note)) = &hold.answer
                && failure.is_none()
            {
                match approved {
                    true => released = Some((hold.outputs, hold.broken)),
                    false => {
                        failure = Some(rules::rejected(&hold.policy, by, note.as_deref(), None));
                        released = Some((Value::Object(serde_json::Map::new()), hold.broken));
                    }
                }
            }
            let status = failure.as_ref().map_or(RunStatus::Succeeded, |f| status_of(f.kind));
            return Some(Command::Finish { status, failure, released });
        };
        let (outcome, turn) = match (&frame.failure, frame.halt) {
            (Some(failure), _) => (Outcome::Failed(failure.clone()), None),
            (None, Some(_)) => (Outcome::Cancelled, None),
            (None, None) if frame.plan.close(frame.block) != Close::Plain => return None,
            (None, None) => {
                let value = frame.scope.block_value(&frame.plan.graph);
                let holder = frame.plan.step(held.step);
                (Outcome::Done(value), holder.and_then(|step| plain_turn(step, held.slot)))
            }
        };
        let step = self.frames.get(&held.frame)?.path(held.step);
        let (slot, receipt) = (held.slot, Receipt::default());
        Some(Command::Record(Event::BlockEnded { step, slot, outcome, turn, receipt }))
    }

    /// Has rules look at what a step came to.
    fn finish(&mut self, id: FrameId, index: usize, value: Value) {
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(index)) else {
            return;
        };
        node.phase = Phase::Ending(Ending::Finish(value));
        self.queue(Job { frame: id, part: Part::Finish(index) });
    }

    /// What rules may ask about a piece of work, where there are some that look at it.
    fn facts(&self, job: Job) -> Option<Facts> {
        let frame = self.frames.get(&job.frame)?;
        let (spent, steps) = match job.part {
            Part::Step(step) | Part::Finish(step) => {
                (frame.plan.is_ruled(step)).then_some(())?;
                (frame.node(step)?.spent, Value::Null)
            }
            Part::Close => {
                // Only a sub-pipeline has rules of its own.
                let held = frame.holder?;
                let is_pipeline = frame.block == 0;
                (is_pipeline && rules::judges_run(&frame.plan.graph)).then_some(())?;
                let around = self.frames.get(&held.frame)?.node(held.step)?.spent;
                let within = frame.spent();
                (around.plus(within.fuel, within.cost_nano), self.steps(frame))
            }
        };
        Some(Facts { totals: self.state.totals, spent, steps })
    }

    /// `steps` of a rule: what each step of a block came to, by id.
    pub(crate) fn root_steps(&self) -> Value {
        self.frames.get(&ROOT).map_or(Value::Null, |frame| self.steps(frame))
    }

    fn steps(&self, frame: &Frame) -> Value {
        let nodes = frame.nodes.iter().enumerate();
        let one = |(place, node): (usize, &Node)| {
            let index = frame.first + place;
            let found = self.state.steps.get(&frame.path(index));
            let id = frame.step(index)?.id.clone();
            Some((id, crate::facts::step(found, node.attempts, node.spent, true)))
        };
        Value::Object(nodes.filter_map(one).collect())
    }

    /// What is due now.
    fn due(&mut self, timer: Timer) -> Option<Event> {
        let Timer { frame: id, step, what, .. } = timer;
        self.drop_timers(id, step, |other| other == what);
        self.timers.remove(&timer);
        let frame = self.frames.get_mut(&id)?;
        let path = frame.path(step);
        let found = frame.plan.step(step)?;
        let (kind, message) = match what {
            Due::Retry => {
                let is_delayed = matches!(frame.node(step)?.phase, Phase::Delayed);
                if is_delayed && frame.halt.is_none() {
                    self.enqueue(id, step);
                }
                return None;
            }
            Due::Pause => {
                self.answer(id, step, Come::Time);
                return None;
            }
            Due::Timeout => {
                let time = found.timeout.unwrap_or_default();
                let message = format!("step `{path}` took longer than its timeout of {time:?}");
                (ErrorKind::LimitTimeout, message)
            }
            Due::Wall => {
                let own = match &found.kind {
                    StepKind::Pipeline(child) => found.limits.min(&child.graph.limits).wall,
                    _ => found.limits.wall,
                };
                let time = own.unwrap_or_default();
                (ErrorKind::LimitDeadline, over(&path, time))
            }
        };
        let failure = Failure::new(kind, message, Some(&path));
        Some(Event::StepTimedOut { step: path, failure })
    }

    /// Work that may begin and can be paid for.
    fn startable(&mut self) -> Option<Command> {
        if let Some(job) = self.free.pop_first() {
            if let Some(failure) = self.barred(job) {
                return self.refuse(job, failure, false);
            }
            return self.start(job, None);
        }
        let mut after = None;
        loop {
            let next = match after {
                None => self.ready.first_key_value(),
                Some(after) => {
                    let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
                    self.ready.range(later).next()
                }
            };
            let (account, jobs) = next?;
            let (account, job) = (*account, *jobs.first()?);
            after = Some(account);
            self.work += 1;
            if let Some(failure) = self.barred(job) {
                return self.refuse(job, failure, false);
            }
            match self.ledger.reserve(account, self.wish(job)) {
                Ok(reservation) => {
                    self.dequeue(job);
                    return self.start(job, Some(reservation));
                }
                // What comes back there may be enough for all.
                Err(Denied::Wait(RUN)) => return None,
                Err(Denied::Wait(_)) => {}
                Err(Denied::Spent(bound)) => {
                    let path = self.job_path(job);
                    let fault = spent_before(&path, &bound);
                    let failure = Failure {
                        ends_run: fault.ends_run,
                        ..Failure::new(fault.error.kind, fault.error.message, Some(&path))
                    };
                    return self.refuse(job, failure, true);
                }
            }
        }
    }

    /// A job fails before it begins. Where it `is_spent`, there is nothing left to do it with, and
    /// nothing will come back.
    fn refuse(&mut self, job: Job, failure: Failure, is_spent: bool) -> Option<Command> {
        if failure.ends_run {
            return Some(Command::Record(Event::RunHalted { failure }));
        }
        self.dequeue(job);
        let receipt = Receipt::default();
        let frame = self.frames.get_mut(&job.frame)?;
        match job.part {
            Part::Step(index) => {
                let step = frame.path(index);
                let node = frame.node_mut(index)?;
                // Its end is the next record.
                node.doomed = Some((failure, is_spent));
                let attempt = node.attempts + 1;
                self.attention.insert(job);
                Some(Command::Record(Event::StepStarted { step, attempt }))
            }
            Part::Finish(index) => {
                let failing = Failing::spent(failure);
                Some(Command::Record(self.failure_event(job.frame, index, failing, receipt)))
            }
            Part::Close => {
                let held = frame.holder?;
                let step = self.frames.get(&held.frame)?.path(held.step);
                let outcome = Outcome::Failed(failure);
                let event =
                    Event::BlockEnded { step, slot: held.slot, outcome, turn: None, receipt };
                Some(Command::Record(event))
            }
        }
    }

    /// The place of the step a job is for; for the end of a block, of the step that holds it.
    pub(super) fn job_path(&self, job: Job) -> String {
        let Some(frame) = self.frames.get(&job.frame) else { return String::new() };
        match (job.part, frame.holder) {
            (Part::Step(step) | Part::Finish(step), _) => frame.path(step),
            (Part::Close, Some(held)) => {
                self.frames.get(&held.frame).map(|f| f.path(held.step)).unwrap_or_default()
            }
            (Part::Close, None) => String::new(),
        }
    }

    /// What a job asks for before the ledger has its say.
    fn wish(&self, job: Job) -> Amounts {
        let plain = Amounts { fuel: self.limits.call.fuel, ..Amounts::default() };
        let Part::Step(index) = job.part else { return plain };
        let Some(frame) = self.frames.get(&job.frame) else { return plain };
        let Some(step) = frame.step(index).filter(|step| !step.kind.holds()) else { return plain };
        let call = frame.rights.bounds.call(step);
        let falls_back = frame.node(index).is_some_and(|node| node.falls_back);
        let uses = match (&step.fallback, &step.kind) {
            (Some(Fallback::Uses(uses)), _) if falls_back => Some(uses),
            (_, StepKind::Uses(uses)) if !falls_back => Some(uses),
            _ => None,
        };
        let asks = uses.map_or_else(CapSet::default, |uses| uses.asks);
        let tokens = if asks.has(Cap::Llm) { call.tokens } else { 0 };
        Amounts {
            fuel: call.fuel,
            net_bytes: if asks.has(Cap::Http) { call.net_bytes } else { 0 },
            tokens,
            services_nano: price_nano(tokens, self.dearest_nano).min(call.services_nano),
        }
    }

    fn start(&mut self, job: Job, reservation: Option<Reservation>) -> Option<Command> {
        let account = self.account(job);
        let id = TaskId(self.next_task);
        let frame = self.frames.get_mut(&job.frame)?;
        let (plan, rights) = (Arc::clone(&frame.plan), Arc::clone(&frame.rights));
        let scope = Arc::clone(&frame.scope);
        let facts = self.facts(job);
        let frame = self.frames.get_mut(&job.frame)?;
        let (mut started, mut attempt) = (None, 0);
        let (step, path, what, plan) = match job.part {
            Part::Step(index) => {
                let path = frame.path(index);
                let node = frame.node_mut(index)?;
                node.task = Some(id);
                attempt = node.attempts + 1;
                started = Some(Event::StepStarted { step: path.clone(), attempt });
                let what = if node.falls_back { What::Fallback } else { What::Attempt };
                (index, path, what, plan)
            }
            Part::Finish(index) => {
                let path = frame.path(index);
                let node = frame.node_mut(index)?;
                let Phase::Ending(Ending::Finish(value)) = &mut node.phase else { return None };
                let value = std::mem::take(value);
                node.task = Some(id);
                attempt = node.attempts;
                (index, path, What::Finish { value }, plan)
            }
            Part::Close => {
                frame.task = Some(id);
                let what = What::Close { block: frame.block, slot: frame.holder?.slot };
                let held = frame.holder?;
                let around = self.frames.get(&held.frame)?;
                // The holder of a sub-pipeline's block stands in the graph around it.
                (held.step, around.path(held.step), what, Arc::clone(&around.plan))
            }
        };
        self.next_task += 1;
        let reserved = reservation.as_ref().map(|reservation| reservation.amounts);
        self.tasks.insert(id, Live { job, account, reserved });
        let path = path.into();
        let task = Task {
            id,
            started,
            what,
            plan,
            rights,
            scope,
            step,
            path,
            attempt,
            facts,
            reservation,
            tape: None,
        };
        Some(Command::Start(Box::new(task)))
    }
}

/// The run's own frame is the first one.
const _: () = assert!(ROOT == 0);
