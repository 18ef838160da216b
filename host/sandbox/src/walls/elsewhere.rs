//! No walls: this system has none of those we know how to raise.

use std::io;
use std::sync::Arc;

use super::{Bounds, Purpose, Standing, Wall};

const WHY: &str = "only Linux has it";

pub(super) fn limit(_purpose: Purpose, _bounds: Bounds) -> Standing {
    Standing::down(Wall::Rlimits, WHY)
}

pub(super) fn no_core_dumps() -> Standing {
    Standing::down(Wall::CoreDumps, WHY)
}

pub(super) fn core_dumps() -> Standing {
    Standing::down(Wall::CoreDumps, WHY)
}

pub(super) fn lock_out() -> Standing {
    Standing::down(Wall::Landlock, WHY)
}

pub(super) fn filter_calls(_purpose: Purpose) -> Standing {
    Standing::down(Wall::Seccomp, WHY)
}

pub(super) fn leave_home() {}

/// There are none.
#[derive(Debug, PartialEq, Eq)]
pub enum Groups {}

/// There is none.
#[derive(Debug)]
pub(crate) enum Group {}

impl Groups {
    /// None, and why.
    pub fn of_this_process() -> Result<Arc<Self>, String> {
        Err(WHY.to_owned())
    }

    /// Nothing to leave.
    pub fn leave() {}

    /// Nowhere.
    pub fn dir(&self) -> &std::path::Path {
        match *self {}
    }

    pub(crate) fn group(&self, _memory: u64, _processes: u32) -> io::Result<Group> {
        match *self {}
    }
}

impl Group {
    pub(crate) fn take(&self, _process: u32) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn allow(&self, _memory: u64) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn ran_out(&self) -> bool {
        match *self {}
    }
}
