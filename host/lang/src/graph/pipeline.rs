//! `pipeline`: another pipeline as a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Digest, SkillId};
use semver::Version;

use super::Graph;
use crate::template::Template;

/// Runs another pipeline with inputs of its own. It sees nothing of the steps around it, never has
/// more rights than they have, and its budget comes out of theirs.
///
/// Output: the outputs of the pipeline, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// A file as it is written, `./triage.yml`; else the release, `acme/triage@1.2.0`.
    pub source: String,
    /// What was resolved, where it comes from a registry; `None` for a file.
    pub release: Option<Release>,
    /// The compiled pipeline.
    pub graph: Arc<Graph>,
    /// Value per input.
    pub with: BTreeMap<String, Template>,
}

/// A pipeline of a registry, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// Digest of its document.
    pub document: Digest,
}
