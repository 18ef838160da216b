//! What the compiler makes of a pipeline: every name bound, every edge an index, in an order that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use coldframe_format::{Caps, Digest, SkillId};
use indexmap::IndexMap;
use semver::Version;
use serde_json::Value;

use crate::template::{Expr, Root, Template};

/// A compiled pipeline.
///
/// No name lookups are necessary any more. Steps are in topological order, stable in source
/// order: every index in `needs` is smaller than the step's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// `metadata.name`
    pub name: String,
    /// `metadata.version`, `0.0.0` where the file has none.
    pub version: Version,
    /// The digest of the source text.
    pub spec_sha256: Digest,
    /// Declared inputs, in source order.
    pub inputs: IndexMap<String, Input>,
    /// The bounds of the whole run.
    pub limits: Limits,
    /// What the pipeline grants to its steps. A step never has more than this.
    pub caps: Caps,
    /// In topological order.
    pub steps: Vec<Step>,
    /// Named results of the run, in source order.
    pub outputs: IndexMap<String, Template>,
}

/// One declared input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// JSON Schema of the value.
    pub schema: Value,
    /// Used where the caller gives no value; an input without one is required.
    pub default: Option<Value>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the pipeline.
    pub id: String,
    /// For people; the id where the file has none.
    pub name: String,
    /// Its place in the source: `steps[2]`.
    pub yaml_path: String,
    /// Line of the step in the source, from 1.
    pub line: usize,
    /// What it does.
    pub kind: StepKind,
    /// Steps that must have ended before this one starts: references and `needs`, ascending.
    pub needs: Vec<usize>,
    /// The step is skipped when this is not true.
    pub when: Option<Expr>,
    /// Bounds of this step alone, within those of the run.
    pub limits: Limits,
    /// Narrows the pipeline's grants for this step; `None` leaves them.
    pub caps: Option<Caps>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Calls an operation of a skill.
    Uses {
        /// The skill.
        skill: SkillId,
        /// The exact version that was resolved.
        version: Version,
        /// The component's digest.
        component: Digest,
        /// The operation's name in the component's interface.
        operation: String,
        /// Argument per parameter, JSON spelling. Omitted options are absent.
        with: BTreeMap<String, Template>,
    },
    /// Computes values from others.
    Set {
        /// Named values, in source order.
        values: IndexMap<String, Template>,
    },
}

/// Bounds a person may write on a pipeline, a step or the command line. `None` is the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Fuel units.
    pub fuel: Option<u64>,
    /// Wall time.
    pub wall: Option<Duration>,
    /// Nano-USD. Written in USD: `cost_usd: 0.05`.
    pub cost_nano: Option<u64>,
    /// Bytes of linear memory, all live calls together.
    pub memory_bytes: Option<u64>,
}

impl Graph {
    /// Restates what holds of every graph the compiler gives. For tests and fuzzing.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn assert_valid(&self) {
        let mut ids = BTreeSet::new();
        for (index, step) in self.steps.iter().enumerate() {
            assert!(ids.insert(&step.id), "the id `{}` is unique", step.id);
            assert!(step.needs.is_sorted_by(|a, b| a < b), "`needs` of `{}` ascend", step.id);
            assert!(
                step.needs.iter().all(|need| *need < index),
                "`{}` comes after what it needs",
                step.id
            );
            let roots = step
                .templates()
                .flat_map(Template::roots)
                .chain(step.when.iter().flat_map(|when| &when.roots));
            for root in roots {
                self.assert_root(root);
                if let Root::Step(need, _) = root {
                    assert!(step.needs.contains(need), "`{}` needs what it uses", step.id);
                }
            }
            if let Some(caps) = &step.caps {
                assert!(caps.is_within(&self.caps).is_ok(), "`{}` narrows the grants", step.id);
            }
            let tightened = self.limits.min(&step.limits);
            for (own, least) in [
                (step.limits.fuel, tightened.fuel),
                (step.limits.cost_nano, tightened.cost_nano),
                (step.limits.memory_bytes, tightened.memory_bytes),
            ] {
                assert!(
                    own.is_none() || own == least,
                    "the limits of `{}` are within the run's",
                    step.id
                );
            }
            assert!(step.limits.wall.is_none() || step.limits.wall == tightened.wall);
        }
        for root in self.outputs.values().flat_map(Template::roots) {
            self.assert_root(root);
        }
    }

    fn assert_root(&self, root: &Root) {
        if let Root::Step(index, id) = root {
            assert_eq!(
                self.steps.get(*index).map(|step| &step.id),
                Some(id),
                "`{id}` is step {index}"
            );
        }
    }
}

impl Step {
    /// The values of `with` or `set`.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let (with, set) = match &self.kind {
            StepKind::Uses { with, .. } => (Some(with), None),
            StepKind::Set { values } => (None, Some(values)),
        };
        with.into_iter()
            .flat_map(BTreeMap::values)
            .chain(set.into_iter().flat_map(IndexMap::values))
    }
}
