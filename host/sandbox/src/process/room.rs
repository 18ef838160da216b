//! The memory that an executor may hold, where it is in a group: its own, and that of its runs.

use std::collections::BTreeMap;
use std::io;

use crate::walls::Group;
use crate::worker::{EXECUTOR_THREADS, Worker};

/// No run may have more; what says so is the ceiling of the limit `memory`.
const RUN_MAX: u64 = 4 << 30;

/// The group of an executor.
pub(super) struct Room {
    group: Group,
    own: u64,
    allowed: u64,
}

impl Room {
    /// Nothing where there are no groups.
    pub(super) fn new(worker: &Worker) -> io::Result<Option<Self>> {
        let own = worker.executor_memory;
        let group = worker.group(own, EXECUTOR_THREADS)?;
        Ok(group.map(|group| Self { group, own, allowed: own }))
    }

    /// Moves the executor in.
    pub(super) fn take(&self, process: u32) -> io::Result<()> {
        self.group.take(process)
    }

    /// Makes room for these runs, each with what it may have.
    ///
    /// It is never made smaller again: what a call that ended gave back is in no hurry to be gone.
    pub(super) fn fit(&mut self, runs: &BTreeMap<u64, u64>) {
        let runs = runs.values().fold(0, |sum: u64, max| sum.saturating_add(*max.min(&RUN_MAX)));
        let wanted = self.own.saturating_add(runs);
        // Where it fails, less is allowed than there could be.
        if wanted > self.allowed && self.group.allow(wanted).is_ok() {
            self.allowed = wanted;
        }
    }

    /// Whether the executor ended for want of memory.
    pub(super) fn ran_out(&self) -> bool {
        self.group.ran_out()
    }
}
