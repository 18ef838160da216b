//! `pipeline`: another pipeline as a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Graph;
use crate::template::Template;

/// Runs another pipeline with inputs of its own. It sees nothing of the steps around it, never has
/// more rights than they have, and its budget comes out of theirs.
///
/// Output: the outputs of the pipeline, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// As it is written: `./triage.yml`.
    pub source: String,
    /// The compiled pipeline.
    pub graph: Arc<Graph>,
    /// Value per input.
    pub with: BTreeMap<String, Template>,
}
