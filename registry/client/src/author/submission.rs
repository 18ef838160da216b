//! A skill that is about to be published: checked, with everything that follows from its bytes.

use coldframe_format::{Digest, IndexRow, Interface, Manifest, read};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::write::Step;
use crate::error::Error;
use crate::layout::{Kind, TargetName};

/// A release in the making.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) row: IndexRow,
    component: Vec<u8>,
    manifest: Vec<u8>,
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
        Ok(Self { row, component, manifest: text })
    }

    /// Adds the two targets of the release to those of its namespace.
    pub(super) fn add_to(&self, targets: &mut Map<String, Value>) {
        let component = json!({
            "length": self.component.len(),
            "hashes": { "sha256": self.row.component.hex() },
            "custom": self.row.to_value(),
        });
        targets.insert(self.name(Kind::Component).path(), component);
        let manifest = json!({
            "length": self.manifest.len(),
            "hashes": { "sha256": self.row.manifest.hex() },
        });
        targets.insert(self.name(Kind::Manifest).path(), manifest);
    }

    /// The files of the release, by their content.
    pub(super) fn files(&self) -> [Step; 2] {
        let file = |kind, digest, bytes: &[u8]| Step::content(self.name(kind).file(digest), bytes);
        [
            file(Kind::Component, &self.row.component, &self.component),
            file(Kind::Manifest, &self.row.manifest, &self.manifest),
        ]
    }

    fn name(&self, kind: Kind) -> TargetName {
        TargetName { id: self.row.id.clone(), version: self.row.version.clone(), kind }
    }
}
