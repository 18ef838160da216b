//! Brings what is under way to its end.

use coldframe_journal::{ErrorKind, Failure};

use super::Core;
use super::frame::{Ending, FrameId, Phase, ROOT};
use super::queue::{Job, Part};
use crate::kinds::Halt;

impl Core {
    /// Starts nothing in the whole run any more. The first reason given stands.
    pub(super) fn halt_run(&mut self, failure: &Failure) {
        if let Some(root) = self.frames.get_mut(&ROOT) {
            root.failure.get_or_insert_with(|| failure.clone());
        }
        let is_cancelled = failure.kind == ErrorKind::PipelineCancelled;
        self.halt(ROOT, if is_cancelled { Halt::Cancel } else { Halt::Drain });
    }

    /// Starts nothing in a frame and all it holds any more. Steps that never began end without a
    /// record; those that did end with one, see `decide`.
    pub(super) fn halt(&mut self, id: FrameId, mode: Halt) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            let Some(frame) = self.frames.get_mut(&id) else { continue };
            if frame.halt >= Some(mode) {
                continue;
            }
            frame.halt = Some(mode);
            let mut unqueued = vec![Job { frame: id, part: Part::Close }];
            if mode == Halt::Cancel {
                self.cancels.extend(frame.task);
            }
            let first = frame.first;
            let mut ended = 0;
            for (place, node) in frame.nodes.iter_mut().enumerate() {
                let step = first + place;
                match &mut node.phase {
                    Phase::Ended => continue,
                    Phase::Waiting | Phase::Ready if node.attempts == 0 => {
                        node.phase = Phase::Ended;
                        ended += 1;
                    }
                    Phase::Entered(entered) => stack.extend(entered.children.values()),
                    Phase::Ending(ending @ Ending::Finish(_)) if node.task.is_none() => {
                        *ending = Ending::Dropped;
                    }
                    Phase::Waiting
                    | Phase::Ready
                    | Phase::Running
                    | Phase::Ending(_)
                    | Phase::Delayed
                    | Phase::Suspended(_)
                    | Phase::Answered(_) => {}
                }
                if mode == Halt::Cancel {
                    self.cancels.extend(node.task);
                }
                unqueued.push(Job { frame: id, part: Part::Step(step) });
                unqueued.push(Job { frame: id, part: Part::Finish(step) });
                self.attention.insert(Job { frame: id, part: Part::Step(step) });
            }
            frame.open -= ended;
            self.work += frame.nodes.len() as u64;
            // By the accounts they were queued under, so before those are closed.
            for job in unqueued {
                self.unqueue(job);
            }
            self.close_accounts(id);
            self.attention.insert(Job { frame: id, part: Part::Close });
        }
    }

    /// Closes the accounts of steps that will not begin.
    fn close_accounts(&mut self, id: FrameId) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        for node in frame.nodes.iter_mut().filter(|node| node.has_ended()) {
            if let Some(account) = node.account.take() {
                self.ledger.close(account);
            }
        }
    }
}
