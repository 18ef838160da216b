//! `loop`: a block again and again, with a state that is carried along.

use crate::template::{Expr, Template};

/// Runs a block until a condition says so.
///
/// In the block and in `until` and `next`, `loop.state` is the carried state and `loop.index` the
/// iteration from 0. Output: `{state, count, ended_by}` with `ended_by` one of `while`, `until`,
/// `max`.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// The first state; `null` where there is none.
    pub state: Option<Template>,
    /// Asked before each iteration; the loop ends when it is not true. Sees `loop.state` and
    /// `loop.index`, not the block's steps.
    pub whilst: Option<Expr>,
    /// Asked after each iteration; the loop ends when it is true. Sees the block's steps.
    pub until: Option<Expr>,
    /// The most iterations.
    pub max: u32,
    /// The state of the next iteration, computed after each one; unchanged where there is none.
    /// Sees the block's steps.
    pub next: Option<Template>,
    /// What reaching `max` does.
    pub on_max: OnMax,
    /// What is run, by index in `Graph::blocks`.
    pub block: usize,
}

/// What it means that `max` iterations were not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMax {
    /// The step fails with `limit.iterations`. The default where there is `while` or `until`.
    Fail,
    /// The loop ends with what it has. The default where only `max` ends it.
    Stop,
}
