//! `uses`: a call of an operation of a skill.

use std::collections::BTreeMap;

use coldframe_format::{CapSet, Digest, SkillId};
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
    /// What the component imports, and what the tools import that it may call: for some of that an
    /// amount is set aside for a call.
    pub asks: CapSet,
    /// Whether it imports nothing, so that equal calls come to the same whenever they are made.
    pub pure: bool,
    /// Argument per parameter, JSON spelling. Omitted options are absent.
    pub with: BTreeMap<String, Template>,
}

impl Uses {
    /// A call without arguments, of a component that asks for nothing but may not be pure.
    pub fn new(skill: SkillId, version: Version, component: Digest, operation: String) -> Self {
        let (asks, with) = (CapSet::default(), BTreeMap::new());
        Self { skill, version, component, operation, asks, pure: false, with }
    }
}

/// `std/text@0.1.0#stats`
impl std::fmt::Display for Uses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}#{}", self.skill, self.version, self.operation)
    }
}
