//! What may start, and who pays for it.

use coldframe_lang::graph::StepKind;

use super::Core;
use super::frame::{FrameId, Phase};
use crate::ledger::{AccountId, Budget, Owner, RUN};
use crate::plan::Close;

/// A piece of work, by what it is for. Ordered as it starts: by the age of the frame, then by the
/// place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    pub(super) frame: FrameId,
    pub(super) part: Part,
}

/// Which work of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// An attempt of a step, by index in its graph.
    Step(usize),
    /// The output of a step from those of its branches.
    Finish(usize),
    /// What the block comes to.
    Close,
}

impl Core {
    /// Puts a step among those that may start. Its tries share an account; the fallback has one of
    /// its own and of the same size, or a step that spent what it had could never be rescued.
    pub(super) fn enqueue(&mut self, id: FrameId, step: usize) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let parent = frame.account;
        let Some(found) = frame.plan.step(step) else { return };
        let falls_back = frame.node(step).is_some_and(|node| node.falls_back);
        let limits = match &found.kind {
            StepKind::Pipeline(child) if !falls_back => found.limits.min(&child.graph.limits),
            _ => found.limits.clone(),
        };
        let budget = Budget::of(&limits);
        let owner = (budget != Budget::default()).then(|| Owner::Step(frame.path(step).into()));
        let Some(node) = frame.node_mut(step) else { return };
        node.phase = Phase::Ready;
        if let Some(owner) = owner.filter(|_| node.account.is_none()) {
            node.account = Some(self.ledger.open(parent, owner, budget));
        }
        self.queue(Job { frame: id, part: Part::Step(step) });
    }

    /// Puts work among what may start, or keeps it back where that is limited.
    pub(super) fn queue(&mut self, job: Job) {
        if !self.keep_back(job) {
            self.queue_now(job);
        }
    }

    pub(super) fn queue_now(&mut self, job: Job) {
        if self.spends(job) {
            let account = self.account(job);
            self.ready.entry(account).or_default().insert(job);
        } else {
            self.free.insert(job);
        }
    }

    /// Takes back what is not wanted any more.
    pub(super) fn unqueue(&mut self, job: Job) {
        self.leave_gate(job);
        self.dequeue(job);
    }

    /// Takes what starts now out of what may start.
    pub(super) fn dequeue(&mut self, job: Job) {
        if self.free.remove(&job) {
            return;
        }
        let account = self.account(job);
        if let Some(jobs) = self.ready.get_mut(&account) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.ready.remove(&account);
            }
        }
    }

    /// Whether the work can consume anything.
    pub(super) fn spends(&self, job: Job) -> bool {
        let Some(frame) = self.frames.get(&job.frame) else { return false };
        match job.part {
            Part::Step(step) => {
                let spends = frame.plan.spends(step);
                let falls_back = frame.node(step).is_some_and(|node| node.falls_back);
                if falls_back { spends.fallback } else { spends.attempt }
            }
            Part::Finish(step) => frame.plan.spends(step).finish,
            Part::Close => frame.plan.close(frame.block) == Close::Computed { spends: true },
        }
    }

    /// Who pays.
    pub(super) fn account(&self, job: Job) -> AccountId {
        let Some(frame) = self.frames.get(&job.frame) else { return RUN };
        match job.part {
            Part::Step(step) | Part::Finish(step) => {
                frame.node(step).and_then(|node| node.account).unwrap_or(frame.account)
            }
            Part::Close => frame.account,
        }
    }
}
