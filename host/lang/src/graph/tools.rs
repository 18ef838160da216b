//! What the skills of a run may call besides: operations of other skills, looked up before it begins.

use coldframe_format::{CapSet, Digest, SkillId};
use semver::Version;
use serde_json::Value;

/// An operation that a `tools` grant of the pipeline names.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// The skill.
    pub skill: SkillId,
    /// The exact version that was resolved.
    pub version: Version,
    /// The component's digest.
    pub component: Digest,
    /// The operation's name in the component's interface.
    pub operation: String,
    /// What its skill says of it; may be empty.
    pub description: String,
    /// JSON Schema of its input.
    pub input: Value,
    /// What the component imports.
    pub needs: CapSet,
}

impl Tool {
    /// As a guest calls it: `std/text#stats`.
    pub fn name(&self) -> String {
        format!("{}#{}", self.skill, self.operation)
    }
}
