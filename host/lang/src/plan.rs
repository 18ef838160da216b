//! What a pipeline can do and cost at most, told without running anything.
//!
//! | part | says |
//! |---|---|
//! | [`rights`] | which skills are called, and which rights each step has |
//! | [`paths`] | where data goes that a step read outside of the run, up to a step that can send it |
//! | [`bound`] | calls, fuel, money and time at most: tries, loops and maps multiplied |
//! | [`tokens`] | what language models can take at most, in tokens and money |
//!
//! The bounds count what the file declares. A call without a limit of its own is *open*: it may
//! use what is left of the run's budget, up to the default of a call.

pub mod bound;
mod json;
pub mod paths;
pub mod rights;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::time::Duration;

use crate::catalog::SkillCatalog;
use crate::graph::Graph;

pub use bound::{Bound, Excess};
pub use paths::DataPath;
pub use rights::{PipelineUse, SkillUse, StepRights};
pub use tokens::Tokens;

/// What applies where a file is silent. The engine's own numbers; the compiler has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// Fuel of one call.
    pub call_fuel: u64,
    /// Wall time of one call.
    pub call_wall: Duration,
    /// Fuel of a run.
    pub run_fuel: u64,
    /// Wall time of a run.
    pub run_wall: Duration,
    /// Tokens of language models in a run.
    pub run_tokens: u64,
    /// Price of a million units of fuel, nano-USD.
    pub nano_per_mfuel: u64,
}

/// The answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Every skill that can be called, by id and version.
    pub skills: Vec<SkillUse>,
    /// Every published pipeline that can be run, by id and version.
    pub pipelines: Vec<PipelineUse>,
    /// The steps that have rights, in the order of the file.
    pub rights: Vec<StepRights>,
    /// Ways from a step that reads over the network to one that can write over it.
    pub paths: Vec<DataPath>,
    /// What a run can take at most.
    pub bound: Bound,
    /// What language models can take beside that; `None` where none is asked.
    pub tokens: Option<Tokens>,
    /// Where the bound is more than the file's own limits allow. Such a pipeline is refused.
    pub excess: Vec<Excess>,
}

/// The plan of a graph. `skills` is the catalog the graph was compiled with.
pub fn plan(graph: &Graph, skills: &dyn SkillCatalog, defaults: &Defaults) -> Plan {
    let bound = bound::of(graph, defaults);
    let rights = rights::of(graph, skills);
    Plan {
        skills: rights::skills(graph),
        pipelines: rights::pipelines(graph),
        paths: paths::of(graph, &rights),
        tokens: tokens::of(graph, defaults),
        excess: bound::excess(graph, &bound),
        rights,
        bound,
    }
}
