//! Pipelines of a registry: documents whose bytes were checked.

use std::sync::Arc;

use coldframe_format::pipeline_row::DOCUMENT_BYTES_MAX;
use coldframe_format::row::State;
use coldframe_format::{Digest, LockedPipeline, PipelineRow};

use crate::error::Error;
use crate::fetch;
use crate::registry::{Blob, Registry};

/// A release of a pipeline that the role of its namespace signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRelease {
    pub(crate) row: Arc<PipelineRow>,
    pub(crate) document: Blob,
}

/// The text of a pipeline that is what a signed registry says it is.
///
/// INVARIANT: only this crate can make one. The digest in `row` is that of `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPipeline {
    row: Arc<PipelineRow>,
    text: Arc<str>,
    location: String,
    root: Digest,
}

impl PipelineRelease {
    /// What the owner signed about it.
    pub fn row(&self) -> &PipelineRow {
        &self.row
    }
}

impl VerifiedPipeline {
    /// What the owner signed about it. The document has the digest that stands there; everything
    /// else in it is the owner's word, which whoever compiles the document compares.
    pub fn row(&self) -> &PipelineRow {
        &self.row
    }

    /// The document.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The registry, a path or `builtin`.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Digest of the registry's root of trust.
    pub fn root(&self) -> Digest {
        self.root
    }
}

impl Registry {
    /// Reads and verifies the document of a release: length and digest are those that were signed.
    pub fn fetch_pipeline(&self, release: &PipelineRelease) -> Result<VerifiedPipeline, Error> {
        let row = release.row();
        if row.state == State::Revoked {
            let (id, version) = (row.id.clone(), row.version.clone());
            return Err(Error::Revoked { id, version });
        }
        let bytes = fetch::read(self.tree(), &release.document, DOCUMENT_BYTES_MAX)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::Row {
            file: self.tree().name(&release.document.path),
            target: format!("{}@{}", row.id, row.version),
            why: "its document is not UTF-8 text".to_owned(),
        })?;
        Ok(VerifiedPipeline {
            row: Arc::clone(&release.row),
            text: Arc::from(text),
            location: self.location().to_owned(),
            root: self.fingerprint(),
        })
    }

    /// The release that a lock file pins, if it is what was locked. Yanked ones are found too.
    pub fn find_locked_pipeline(&self, locked: &LockedPipeline) -> Result<PipelineRelease, Error> {
        let releases = self.pipelines_of(&locked.id)?;
        if releases.is_empty() {
            return Err(Error::UnknownPipeline { id: locked.id.clone(), closest: None });
        }
        let versions = || releases.iter().map(|r| r.row.version.to_string()).collect();
        let release = releases
            .iter()
            .find(|release| release.row.version == locked.version)
            .ok_or_else(|| {
                let (id, wanted) = (locked.id.clone(), format!("`{}`", locked.version));
                Error::NoVersion { id, wanted, versions: versions() }
            })?;
        if release.document.digest != locked.document {
            let file = self.tree().name(&release.document.path);
            let (expected, found) = (locked.document, release.document.digest);
            return Err(Error::Digest { file, expected, found });
        }
        Ok(release.clone())
    }
}
