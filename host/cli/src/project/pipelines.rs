//! The published pipelines a pipeline can run: pinned by the run or the lock file, else the newest.

use std::sync::Arc;

use coldframe_client::{Error, VerifiedPipeline};
use coldframe_format::{SkillId, SkillRef};
use coldframe_lang::catalog::{CatalogError, PipelineCatalog, PipelineEntry};
use semver::Version;

use super::{Project, newest_pinned};

impl Project {
    fn resolve_pipeline(&self, wanted: &SkillRef) -> Result<Arc<VerifiedPipeline>, Error> {
        let id = &wanted.id;
        if let Some(pins) = &self.pins {
            return match newest_pinned(&pins.pipelines, wanted) {
                Some(version) => self.exact_pipeline(id, version),
                None => Err(self.registries.unknown_pipeline(id)),
            };
        }
        if let Some(locked) = self.lock.find_pipeline(wanted) {
            let owner = self.registries.owner(id.namespace());
            let owner = owner.ok_or_else(|| self.registries.unknown_pipeline(id))?;
            let release = owner.find_locked_pipeline(locked)?;
            return Ok(self.keep(owner.fetch_pipeline(&release)?));
        }
        let (_, release) = self.registries.resolve_pipeline(wanted)?;
        self.exact_pipeline(id, &release.row().version)
    }

    /// A pipeline by its version. A yanked release still runs where it was chosen before; a
    /// revoked one never does.
    pub(super) fn exact_pipeline(
        &self,
        id: &SkillId,
        version: &Version,
    ) -> Result<Arc<VerifiedPipeline>, Error> {
        if let Some(found) = self.documents.borrow().get(&(id.clone(), version.clone())) {
            return Ok(Arc::clone(found));
        }
        let unknown = || self.registries.unknown_pipeline(id);
        let owner = self.registries.owner(id.namespace()).ok_or_else(unknown)?;
        let releases = owner.pipelines_of(id)?;
        let release = releases.iter().find(|release| release.row().version == *version);
        let found = owner.fetch_pipeline(release.ok_or_else(unknown)?)?;
        if let Some(expected) = self
            .pins
            .as_ref()
            .and_then(|pins| pins.pipelines.get(&(id.clone(), version.clone())))
            .filter(|expected| **expected != found.row().document)
        {
            let file = format!("{id}@{version}");
            let (expected, found) = (*expected, found.row().document);
            return Err(Error::Digest { file, expected, found });
        }
        Ok(self.keep(found))
    }

    fn keep(&self, pipeline: VerifiedPipeline) -> Arc<VerifiedPipeline> {
        let pipeline = Arc::new(pipeline);
        let row = pipeline.row();
        let key = (row.id.clone(), row.version.clone());
        self.documents.borrow_mut().insert(key, Arc::clone(&pipeline));
        pipeline
    }
}

impl PipelineCatalog for Project {
    fn find(&self, wanted: &SkillRef) -> Result<Arc<PipelineEntry>, CatalogError> {
        match self.resolve_pipeline(wanted) {
            Ok(found) => {
                let row = found.row();
                Ok(Arc::new(PipelineEntry {
                    id: row.id.clone(),
                    version: row.version.clone(),
                    text: Arc::clone(found.text()),
                    document: row.document,
                    caps: row.caps.clone(),
                }))
            }
            Err(Error::UnknownPipeline { .. }) => Err(CatalogError::UnknownSkill),
            Err(Error::NoVersion { .. }) => {
                let owner = self.registries.owner(wanted.id.namespace());
                let releases = owner.and_then(|owner| owner.pipelines_of(&wanted.id).ok());
                let versions = releases.unwrap_or_default();
                Err(CatalogError::NoVersion(
                    versions.iter().map(|release| release.row().version.clone()).collect(),
                ))
            }
            Err(error) => {
                let text = format!("{}: {error}", error.kind());
                self.refused.borrow_mut().get_or_insert(error);
                Err(CatalogError::Refused(text))
            }
        }
    }

    fn ids(&self) -> Vec<SkillId> {
        self.registries.pipeline_ids().unwrap_or_default()
    }
}
