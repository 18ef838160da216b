//! The kinds of steps, told apart by the key that names them.

use super::{Approve, Loop, Map, Parallel, Pipeline, Set, Switch, Uses, Wait};

/// What a step does.
#[expect(
    clippy::large_enum_variant,
    reason = "most steps are calls, and a box would cost each of them an allocation"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Calls an operation of a skill.
    Uses(Uses),
    /// Computes values from others.
    Set(Set),
    /// Runs a block for every item of a list or object.
    Map(Map),
    /// Runs a block again and again.
    Loop(Loop),
    /// Runs one of several blocks.
    Switch(Switch),
    /// Runs several blocks side by side.
    Parallel(Parallel),
    /// Runs another pipeline.
    Pipeline(Pipeline),
    /// Asks a person.
    Approve(Approve),
    /// Lets time pass, or waits for a signal.
    Wait(Wait),
}

impl StepKind {
    /// The key that names the kind.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Uses(_) => "uses",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Loop(_) => "loop",
            Self::Switch(_) => "switch",
            Self::Parallel(_) => "parallel",
            Self::Pipeline(_) => "pipeline",
            Self::Approve(_) => "approve",
            Self::Wait(_) => "wait",
        }
    }

    /// Whether it holds other steps, in blocks or in another pipeline.
    pub fn holds(&self) -> bool {
        match self {
            Self::Map(_)
            | Self::Loop(_)
            | Self::Switch(_)
            | Self::Parallel(_)
            | Self::Pipeline(_) => true,
            Self::Uses(_) | Self::Set(_) | Self::Approve(_) | Self::Wait(_) => false,
        }
    }

    /// The blocks it holds, by index in `Graph::blocks`: one for `map` and `loop`, one per case
    /// (the default last) and per branch.
    pub fn blocks(&self) -> Vec<usize> {
        match self {
            Self::Map(map) => vec![map.block],
            Self::Loop(looped) => vec![looped.block],
            Self::Switch(switch) => {
                switch.cases.iter().map(|case| case.block).chain(switch.default).collect()
            }
            Self::Parallel(parallel) => {
                parallel.branches.iter().map(|branch| branch.block).collect()
            }
            Self::Uses(_) | Self::Set(_) | Self::Pipeline(_) | Self::Approve(_) | Self::Wait(_) => {
                Vec::new()
            }
        }
    }
}
