//! Where the compiler looks up skills: a trait, so that the compiler itself opens nothing.

use std::sync::Arc;

use coldframe_format::{Digest, Interface, SkillId, SkillRef};
use semver::Version;

/// A source of skills: the registry with the lock file, or a table in a test.
pub trait SkillCatalog {
    /// The skill a reference means: the locked version, else the newest that satisfies it.
    fn find(&self, wanted: &SkillRef) -> Result<Arc<SkillEntry>, CatalogError>;

    /// Every skill there is, sorted; for suggestions.
    fn ids(&self) -> Vec<SkillId>;
}

/// What the compiler needs to know of one version of a skill.
#[derive(Debug, Clone)]
pub struct SkillEntry {
    /// The skill.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// Digest of the component.
    pub component: Digest,
    /// What the component offers and imports.
    pub interface: Interface,
    /// What the manifest asks for.
    pub ceiling: coldframe_format::Caps,
}

/// Why a catalog has no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogError {
    /// No skill of this name.
    UnknownSkill,
    /// The skill exists, in these versions, and none will do.
    NoVersion(Vec<Version>),
    /// The skill exists but was refused (signature, digest, revocation). The text says why.
    Refused(String),
}
