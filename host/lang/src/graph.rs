//! What the compiler makes of a pipeline: every name bound, every edge an index, in an order that runs.
//!
//! One file per kind of step; `step` has what all of them share.

mod adapters;
mod approve;
mod fallback;
mod gates;
mod kind;
mod looped;
mod map;
mod models;
mod parallel;
mod pipeline;
mod policy;
mod retry;
mod roots;
mod set;
mod step;
mod switch;
mod test;
mod tools;
mod uses;
mod valid;
mod wait;

use std::ops::Range;
use std::sync::Arc;

use coldframe_format::{Caps, Digest};
use indexmap::IndexMap;
use semver::Version;
use serde_json::Value;

use crate::template::Template;

pub use crate::limits::Limits;
pub use adapters::{Adapters, ClientTimes, HttpAdapter};
pub use approve::{Approve, OnReject};
pub use fallback::Fallback;
pub use gates::{CircuitBreaker, RateLimit};
pub use kind::StepKind;
pub use looped::{Loop, OnMax};
pub use map::{ITEMS_MAX, Map, OnItemError, SIDE_BY_SIDE};
pub use models::{Model, ModelAdapter, Price};
pub use parallel::{Branch, Join, Parallel, Tie};
pub use pipeline::{Pipeline, Release};
pub use policy::{Action, Policy, Subject};
pub use retry::{Backoff, FAILURES, Retry, RetryOn};
pub use set::Set;
pub use step::{OnError, Step};
pub use switch::{Case, CaseTest, Switch};
pub use test::{Decision, Exchange, Test};
pub use tools::Tool;
pub use uses::Uses;
pub use wait::Wait;

/// A compiled pipeline.
///
/// No name lookups are necessary any more. Steps that hold others (`map`, `loop`, `switch`,
/// `parallel`) hold them as [`Block`]s; all steps stand in one list, wherever they are written.
/// The steps of a block stand together in topological order, stable in source order, and behind
/// the step that holds the block: every index in `needs` is smaller than the step's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// `metadata.name`
    pub name: String,
    /// `metadata.version`, `0.0.0` where the file has none.
    pub version: Version,
    /// The digest of the source text, and of the files it includes where there are some.
    pub spec_sha256: Digest,
    /// Declared inputs, in source order.
    pub inputs: IndexMap<String, Input>,
    /// The bounds of the whole run.
    pub limits: Limits,
    /// What the pipeline grants to its steps. A step never has more than this.
    pub caps: Caps,
    /// How host services are provided to a run of it. A pipeline that a step runs has those of the
    /// run.
    pub adapters: Adapters,
    /// The language models that the operator's `Config` has, in its order. A pipeline that a step
    /// runs has those of the run.
    pub models: Vec<Model>,
    /// What its steps may call as tools, by name.
    pub tools: Arc<[Tool]>,
    /// Every step, outer ones before inner ones.
    pub steps: Vec<Step>,
    /// Lists of steps. The first one is the pipeline's own.
    pub blocks: Vec<Block>,
    /// Named results of the run, in source order.
    pub outputs: IndexMap<String, Template>,
    /// Rules over steps and over the result, in source order.
    pub policies: Vec<Policy>,
    /// The tests that the file brings along, in source order.
    pub tests: Vec<Test>,
}

/// One declared input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// JSON Schema of the value.
    pub schema: Value,
    /// Used where the caller gives no value; an input without one is required.
    pub default: Option<Value>,
}

/// A list of steps that runs as one: the pipeline's own, an iteration's, a branch's, a case's.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The step that holds it, by its index; none for the pipeline's own.
    pub holder: Option<usize>,
    /// Its steps, as a range of `Graph::steps`.
    pub steps: Range<usize>,
    /// What the block comes to. Without one: an object with the output of each of its steps by
    /// id, `null` for one that has none.
    pub output: Option<Template>,
}

impl Graph {
    /// A pipeline of steps that hold no others, in topological order. For graphs that are built
    /// without a file.
    pub fn of_steps(name: impl Into<String>, steps: Vec<Step>) -> Self {
        let name = name.into();
        Self {
            version: Version::new(0, 0, 0),
            spec_sha256: Digest::of(name.as_bytes()),
            inputs: IndexMap::new(),
            limits: Limits::default(),
            caps: Caps::default(),
            adapters: Adapters::default(),
            models: Vec::new(),
            tools: Arc::default(),
            blocks: vec![Block { holder: None, steps: 0..steps.len(), output: None }],
            steps,
            outputs: IndexMap::new(),
            policies: Vec::new(),
            tests: Vec::new(),
            name,
        }
    }

    /// The pipeline's own steps.
    pub fn root(&self) -> &[Step] {
        self.blocks
            .first()
            .and_then(|block| self.steps.get(block.steps.clone()))
            .unwrap_or_default()
    }

    /// Every call that a run can make, without those of sub-pipelines.
    pub fn calls(&self) -> impl Iterator<Item = &Uses> {
        self.steps.iter().flat_map(Step::calls)
    }

    /// Every pipeline of a registry that a run can come to, as often as it is named.
    pub fn releases(&self) -> Vec<(&Release, &Step)> {
        let steps = self.with_children().into_iter().flat_map(|graph| &graph.steps);
        let found = steps.filter_map(|step| match &step.kind {
            StepKind::Pipeline(child) => Some((child.release.as_ref()?, step)),
            _ => None,
        });
        found.collect()
    }

    /// This graph and those of its sub-pipelines, outer ones first.
    pub fn with_children(&self) -> Vec<&Self> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(graph) = found.get(at).copied() {
            found.extend(graph.steps.iter().filter_map(|step| match &step.kind {
                StepKind::Pipeline(child) => Some(&*child.graph),
                _ => None,
            }));
            at += 1;
        }
        found
    }
}
