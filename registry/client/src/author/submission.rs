//! What is about to be published: checked, with everything that follows from its bytes.

use coldframe_format::pipeline_row::DOCUMENT_BYTES_MAX;
use coldframe_format::{Digest, IndexRow, Interface, Manifest, PipelineRow, SkillId, read};
use jiff::Timestamp;
use semver::Version;
use serde_json::{Map, Value, json};

use super::write::Step;
use crate::error::Error;
use crate::layout::{Kind, TargetName};
use crate::registry::Registry;

/// A release in the making.
#[derive(Debug)]
pub(super) struct Submission<R = IndexRow> {
    pub(super) row: R,
    /// The first one carries the row.
    files: Vec<(Kind, Digest, Vec<u8>)>,
}

/// The row of a skill or of a pipeline.
pub(super) trait Row: Clone {
    /// What it is called in messages.
    const WHAT: &'static str;
    /// Where its version is written.
    const VERSION_IN: &'static str;
    fn id(&self) -> &SkillId;
    fn version(&self) -> &Version;
    /// Whether the release has the same content.
    fn is_same(&self, other: &Self) -> bool;
    fn to_value(&self) -> Value;
    /// The releases of this sort that there are, oldest first.
    fn published(registry: &Registry, id: &SkillId) -> Result<Vec<Self>, Error>;
    /// What else is published under the name already.
    fn taken(registry: &Registry, id: &SkillId) -> Result<Option<&'static str>, Error>;
}

impl Row for IndexRow {
    const WHAT: &'static str = "skill";
    const VERSION_IN: &'static str = "skill.toml";

    fn id(&self) -> &SkillId {
        &self.id
    }

    fn version(&self) -> &Version {
        &self.version
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.component, self.manifest) == (other.component, other.manifest)
    }

    fn to_value(&self) -> Value {
        Self::to_value(self)
    }

    fn published(registry: &Registry, id: &SkillId) -> Result<Vec<Self>, Error> {
        Ok(registry.releases_of(id)?.iter().map(|release| release.row().clone()).collect())
    }

    fn taken(registry: &Registry, id: &SkillId) -> Result<Option<&'static str>, Error> {
        Ok((!registry.pipelines_of(id)?.is_empty()).then_some(PipelineRow::WHAT))
    }
}

impl Row for PipelineRow {
    const WHAT: &'static str = "pipeline";
    const VERSION_IN: &'static str = "`metadata.version`";

    fn id(&self) -> &SkillId {
        &self.id
    }

    fn version(&self) -> &Version {
        &self.version
    }

    fn is_same(&self, other: &Self) -> bool {
        self.document == other.document
    }

    fn to_value(&self) -> Value {
        Self::to_value(self)
    }

    fn published(registry: &Registry, id: &SkillId) -> Result<Vec<Self>, Error> {
        Ok(registry.pipelines_of(id)?.iter().map(|release| release.row().clone()).collect())
    }

    fn taken(registry: &Registry, id: &SkillId) -> Result<Option<&'static str>, Error> {
        Ok((!registry.releases_of(id)?.is_empty()).then_some(IndexRow::WHAT))
    }
}

impl Submission {
    /// Checks a skill: the component is valid, exports something, and the manifest asks for every
    /// capability its imports need and names only operations there are.
    pub(super) fn new(
        manifest: &Manifest,
        component: Vec<u8>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let name = format!("{}@{}", manifest.id, manifest.version);
        let bad_component = |source| Error::Component { name: name.clone(), source };
        read::validate(&component).map_err(bad_component)?;
        let interface = Interface::read(&component).map_err(bad_component)?;
        if interface.operations.is_empty() {
            return Err(Error::author(
                format!("the component of `{name}` exports no function"),
                Some("export at least one function from its WIT world"),
            ));
        }
        manifest
            .check(&interface)
            .map_err(|source| Error::Manifest { name: name.clone(), source: Box::new(source) })?;
        let text = manifest.to_json(&interface).into_bytes();
        let digests = (Digest::of(&component), Digest::of(&text));
        let row = IndexRow::new(manifest, &interface, digests.0, digests.1, now.as_second());
        let component = (Kind::Component, digests.0, component);
        Ok(Self { row, files: vec![component, (Kind::Manifest, digests.1, text)] })
    }
}

impl Submission<PipelineRow> {
    /// A document that the compiler has accepted, and what it said of it. The digest in the row is
    /// set here.
    pub(super) fn of_pipeline(
        mut row: PipelineRow,
        document: &str,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if document.len() > DOCUMENT_BYTES_MAX {
            let bytes = document.len();
            return Err(Error::author(
                format!("the document has {bytes} bytes, expected at most {DOCUMENT_BYTES_MAX}"),
                Some("put data into inputs"),
            ));
        }
        row.document = Digest::of(document.as_bytes());
        row.published = now.as_second();
        let file = (Kind::Document, row.document, document.as_bytes().to_vec());
        Ok(Self { row, files: vec![file] })
    }
}

impl<R: Row> Submission<R> {
    /// Adds the targets of the release to those of its namespace.
    pub(super) fn add_to(&self, targets: &mut Map<String, Value>) {
        for (index, (kind, digest, bytes)) in self.files.iter().enumerate() {
            let mut target = json!({
                "length": bytes.len(),
                "hashes": { "sha256": digest.hex() },
            });
            if let (0, Some(target)) = (index, target.as_object_mut()) {
                target.insert("custom".to_owned(), self.row.to_value());
            }
            targets.insert(self.name(*kind).path(), target);
        }
    }

    /// The files of the release, by their content.
    pub(super) fn files(&self) -> Vec<Step> {
        let files = self.files.iter();
        files
            .map(|(kind, digest, bytes)| Step::content(self.name(*kind).file(digest), bytes))
            .collect()
    }

    fn name(&self, kind: Kind) -> TargetName {
        TargetName { id: self.row.id().clone(), version: self.row.version().clone(), kind }
    }
}
