//! The kinds of steps. Each has a file of its own; a new one is a file and a line in [`KINDS`].

mod approve;
mod expanded;
mod looped;
mod map;
mod parallel;
mod pipeline;
mod set;
mod switch;
mod uses;
mod wait;

use super::Body;
use super::steps::{Here, Reader};
use crate::yaml::node::{Entry, Node};

pub(crate) use approve::ApproveDecl;
pub(crate) use looped::LoopDecl;
pub(crate) use map::MapDecl;
pub(crate) use parallel::ParallelDecl;
pub(crate) use pipeline::{From, PipelineDecl};
pub(crate) use switch::{SwitchDecl, TestDecl};
pub(crate) use uses::CallDecl;

pub(super) use uses::arguments;

/// The most items or iterations of one step.
const REPEATS_MAX: u32 = 1_000_000;

/// A kind of step.
pub(super) struct Kind {
    /// The key that names it.
    pub(super) key: &'static str,
    /// Whether `with` stands next to it.
    pub(super) with: bool,
    /// Whether `cache` stands next to it.
    pub(super) cache: bool,
    /// Reads the value of the key, given `with`. `None` where that was wrong, and reported.
    pub(super) read: Read,
}

type Read =
    for<'n> fn(&mut Reader<'n, '_>, &'n Node, Option<&'n Entry>, Here<'_>) -> Option<Body<'n>>;

impl Kind {
    const fn new(key: &'static str, read: Read) -> Self {
        Self { key, with: false, cache: false, read }
    }
}

/// Every kind.
pub(super) const KINDS: &[Kind] = &[
    Kind { with: true, cache: true, ..Kind::new("uses", uses::read) },
    Kind::new("set", set::read),
    Kind::new("map", map::read),
    Kind::new("loop", looped::read),
    Kind::new("switch", switch::read),
    Kind::new("parallel", parallel::read),
    Kind { with: true, ..Kind::new("pipeline", pipeline::read) },
    Kind::new("approve", approve::read),
    Kind::new("wait", wait::read),
    Kind::new("macro", expanded::read),
];
