//! The tree as a pipeline: which keys there are, and whether their values have the right shape.
//!
//! Knows nothing of other steps, skills or expressions. What is missing or of the wrong shape is
//! reported and left out, so that the stages behind can look at the rest.

pub(crate) mod adapters;
pub(crate) mod common;
pub(crate) mod fields;
pub(crate) mod gates;
pub(crate) mod header;
pub(crate) mod inputs;
mod kinds;
pub(crate) mod rights;
pub(crate) mod rules;
pub(crate) mod scalars;
mod steps;
mod trials;

use std::time::Duration;

use coldframe_format::Caps;
use semver::Version;
use serde_json::Value;

use crate::diagnostic::Report;
use crate::graph::{Adapters, CircuitBreaker, Limits, OnError, RateLimit, Retry, Wait};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, Text};
use coldframe_format::caps::ToolGrant;

pub(crate) use common::FallbackDecl;
pub(crate) use fields::join;
pub(crate) use kinds::{
    ApproveDecl, CallDecl, From, LoopDecl, MapDecl, ParallelDecl, PipelineDecl, SwitchDecl,
    TestDecl,
};
pub(crate) use rules::RuleDecl;
pub(crate) use steps::RESERVED;
pub(crate) use trials::TrialDecl;

use fields::Fields;

/// A pipeline as it is written.
#[derive(Debug)]
pub(crate) struct Document<'n> {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) inputs: Vec<InputDecl<'n>>,
    pub(crate) limits: LimitsDecl<'n>,
    pub(crate) caps: Option<CapsDecl<'n>>,
    pub(crate) adapters: Adapters,
    /// Every step, in source order: a step stands before those it holds.
    pub(crate) steps: Vec<StepDecl<'n>>,
    /// Every list of steps. The first one is the pipeline's own.
    pub(crate) blocks: Vec<BlockDecl<'n>>,
    pub(crate) outputs: Vec<(&'n Text, &'n Node)>,
    pub(crate) rules: Vec<RuleDecl<'n>>,
    pub(crate) trials: Vec<TrialDecl<'n>>,
}

/// A declared input.
#[derive(Debug)]
pub(crate) struct InputDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) schema: Value,
    pub(crate) default: Option<Value>,
}

/// Limits with the place of each.
#[derive(Debug, Default)]
pub(crate) struct LimitsDecl<'n> {
    pub(crate) limits: Limits,
    /// By name.
    pub(crate) places: Vec<(&'n Text, Span)>,
}

/// Grants with their places.
#[derive(Debug)]
pub(crate) struct CapsDecl<'n> {
    /// Where they begin.
    pub(crate) span: Span,
    pub(crate) caps: Caps,
    /// Those whose value was wrong and is reported already.
    pub(crate) unclear: Vec<coldframe_format::Cap>,
    /// By name.
    pub(crate) places: Vec<(&'n Text, Span)>,
    /// The lines of `tools` with their place in the list.
    pub(crate) tools: Vec<(usize, ToolGrant, &'n Text)>,
}

/// A list of steps as it is written.
#[derive(Debug)]
pub(crate) struct BlockDecl<'n> {
    /// `steps[2].map`; empty for the pipeline itself.
    pub(crate) path: String,
    /// The step that holds it.
    pub(crate) holder: Option<usize>,
    /// By place in the document, ascending.
    pub(crate) steps: Vec<usize>,
    /// What it comes to.
    pub(crate) output: Option<&'n Node>,
}

/// A step as it is written.
#[derive(Debug)]
pub(crate) struct StepDecl<'n> {
    /// `steps[2]`
    pub(crate) path: String,
    pub(crate) span: Span,
    /// The block it stands in.
    pub(crate) block: usize,
    pub(crate) id: Option<&'n Text>,
    pub(crate) name: Option<String>,
    pub(crate) body: Body<'n>,
    pub(crate) needs: Vec<&'n Text>,
    pub(crate) when: Option<&'n Text>,
    pub(crate) retry: Option<Retry>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) fallback: Option<FallbackDecl<'n>>,
    /// With its place where it is written.
    pub(crate) on_error: (OnError, Option<Span>),
    /// What `cache` says, and where.
    pub(crate) cache: Option<(bool, Span)>,
    pub(crate) limits: LimitsDecl<'n>,
    pub(crate) caps: Option<CapsDecl<'n>>,
}

/// Named values, in source order.
pub(crate) type Named<'n> = Vec<(&'n Text, &'n Node)>;

/// What a step does: one variant for each kind in [`kinds`].
#[derive(Debug)]
pub(crate) enum Body<'n> {
    Uses(CallDecl<'n>),
    Set(Named<'n>),
    Map(MapDecl<'n>),
    Loop(LoopDecl<'n>),
    Switch(SwitchDecl<'n>),
    Parallel(ParallelDecl<'n>),
    Pipeline(PipelineDecl<'n>),
    Approve(ApproveDecl<'n>),
    Wait(Wait),
    /// Reported already.
    Broken,
}

impl Body<'_> {
    /// The blocks it holds, in the order of the graph's `StepKind::blocks`.
    pub(crate) fn blocks(&self) -> Vec<usize> {
        match self {
            Self::Map(map) => vec![map.block],
            Self::Loop(looped) => vec![looped.block],
            Self::Switch(switch) => {
                switch.cases.iter().map(|case| case.block).chain(switch.default).collect()
            }
            Self::Parallel(parallel) => {
                parallel.branches.iter().map(|branch| branch.block).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Document<'_> {
    /// The step that holds a step.
    pub(crate) fn holder(&self, step: usize) -> Option<usize> {
        let block = self.steps.get(step)?.block;
        self.blocks.get(block)?.holder
    }

    /// A step and those that hold it, inner ones first. Their number is bounded.
    pub(crate) fn around(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(step), |step| self.holder(*step))
    }

    /// What the item of a `map` is called.
    pub(crate) fn item(&self, step: usize) -> &str {
        match self.steps.get(step).map(|step| &step.body) {
            Some(Body::Map(map)) => map.item(),
            _ => "item",
        }
    }

    /// The id of a step for messages.
    pub(crate) fn id(&self, step: usize) -> String {
        let id = self.steps.get(step).and_then(|step| step.id);
        id.map_or_else(String::new, |id| shown(&id.text))
    }
}

/// Reads the pipeline out of the tree.
pub(crate) fn read<'n>(root: &'n Node, report: &mut Report) -> Option<Document<'n>> {
    let mut top = Fields::of(root, "", report)?;
    // Other kinds have other keys; there is nothing to say about those.
    header::api_version_and_kind(&mut top, report)?;
    let (name, version) = header::metadata(&mut top, report);
    let inputs = inputs::read(top.take("inputs"), "inputs", &mut 0, report);
    let limits = rights::limits(top.take("limits"), "limits", report);
    let caps = rights::caps(top.take("caps"), "caps", report);
    let adapters = adapters::read(top.take("adapters"), report);
    let (steps, blocks) = steps::read(&mut top, report);
    let outputs = fields::named_values(top.take("outputs"), "outputs", report);
    let rules = rules::read(top.take("policies"), "policies", report);
    let trials = trials::read(top.take("tests"), report);
    top.done("a pipeline", &["macros", "secrets", "on_error"], report);
    Some(Document {
        name,
        version,
        inputs,
        limits,
        caps,
        adapters,
        steps,
        blocks,
        outputs,
        rules,
        trials,
    })
}
