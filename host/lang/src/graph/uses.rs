//! `uses`: a call of an operation of a skill.

use std::collections::BTreeMap;

use coldframe_format::{Digest, SkillId};
use semver::Version;

use crate::template::Template;

/// Calls an operation. Output: what it returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Uses {
    /// The skill.
    pub skill: SkillId,
    /// The exact version that was resolved.
    pub version: Version,
    /// The component's digest.
    pub component: Digest,
    /// The operation's name in the component's interface.
    pub operation: String,
    /// Whether the component sends requests, so that bytes of the network are set aside for a call.
    pub http: bool,
    /// Whether it asks language models, so that tokens and money are set aside for a call.
    pub llm: bool,
    /// Whether it imports nothing, so that equal calls come to the same whenever they are made.
    pub pure: bool,
    /// Whether it calls tools: what they may take is set aside too.
    pub tools: bool,
    /// Argument per parameter, JSON spelling. Omitted options are absent.
    pub with: BTreeMap<String, Template>,
}

/// `std/text@0.1.0#stats`
impl std::fmt::Display for Uses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}#{}", self.skill, self.version, self.operation)
    }
}
