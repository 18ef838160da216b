//! Where the compiler looks up skills and published pipelines: traits, so that the compiler itself
//! opens nothing.

use std::sync::Arc;

use coldframe_format::{Caps, Digest, Interface, SkillId, SkillRef};
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
    pub ceiling: Caps,
}

/// A source of published pipelines.
pub trait PipelineCatalog {
    /// The pipeline a reference means: the locked version, else the newest that satisfies it.
    fn find(&self, wanted: &SkillRef) -> Result<Arc<PipelineEntry>, CatalogError>;

    /// Every pipeline there is, sorted; for suggestions.
    fn ids(&self) -> Vec<SkillId>;
}

/// One version of a published pipeline.
#[derive(Debug, Clone)]
pub struct PipelineEntry {
    /// The pipeline. Its document has to have this name.
    pub id: SkillId,
    /// The exact version, which the document has to have too.
    pub version: Version,
    /// The document.
    pub text: Arc<str>,
    /// Its digest.
    pub document: Digest,
    /// What the signed row says that it grants to its steps; the document has to grant the same.
    pub caps: Caps,
}

/// No pipelines at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPipelines;

impl PipelineCatalog for NoPipelines {
    fn find(&self, _wanted: &SkillRef) -> Result<Arc<PipelineEntry>, CatalogError> {
        Err(CatalogError::UnknownSkill)
    }

    fn ids(&self) -> Vec<SkillId> {
        Vec::new()
    }
}

/// Why a catalog has no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogError {
    /// No skill, or no pipeline, of this name.
    UnknownSkill,
    /// It exists, in these versions, and none will do.
    NoVersion(Vec<Version>),
    /// It exists but was refused (signature, digest, revocation). The text says why.
    Refused(String),
}
