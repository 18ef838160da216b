//! No walls: this system has none of those we know how to raise.

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

pub(super) fn cgroup() -> Result<String, String> {
    Err(WHY.to_owned())
}
