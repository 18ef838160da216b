//! The index row of a release: what a search and the compiler may know before any byte of the
//! component is fetched. It stands in the signed metadata, so it has integers only.

use std::collections::BTreeSet;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caps::Caps;
use crate::digest::Digest;
use crate::interface::Interface;
use crate::manifest::Manifest;
use crate::name::SkillId;

/// The version of the format of rows.
pub(crate) const VERSION: u64 = 1;

/// Characters of an operation's documentation in the row; the whole text is in the component.
const SUMMARY_CHARS_MAX: usize = 200;

/// One release of a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexRow {
    v: u64,
    /// The skill.
    pub id: SkillId,
    /// The exact version.
    pub version: Version,
    /// One line for people.
    pub description: String,
    /// An SPDX expression.
    pub license: String,
    /// Words by which it should be found.
    pub keywords: Vec<String>,
    /// In order of export.
    pub operations: Vec<RowOperation>,
    /// The component's imports that are rights; compared with those of the bytes.
    pub imports: BTreeSet<String>,
    /// The ceiling the manifest asks for.
    pub caps: Caps,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the published manifest.
    pub manifest: Digest,
    /// When it was published, seconds since 1970.
    pub published: i64,
    /// Whether it may be chosen.
    pub state: State,
}

/// An operation in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowOperation {
    /// Its name, as behind `#`.
    pub name: String,
    /// The first lines of its documentation.
    pub doc: String,
}

/// What the owner says of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing against it.
    Ok,
    /// Chosen only where nothing else will do; works.
    Deprecated,
    /// Never chosen anew; runs where it is locked.
    Yanked,
    /// Never runs.
    Revoked,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A row of a later format.
    #[error("the row has version `{0}`, expected `{VERSION}`")]
    Version(String),
    /// Not a row.
    #[error("the row does not parse: {0}")]
    Syntax(String),
}

impl IndexRow {
    /// The row of a release.
    pub fn new(
        manifest: &Manifest,
        interface: &Interface,
        component: Digest,
        manifest_digest: Digest,
        published: i64,
    ) -> Self {
        let operations = interface
            .operations
            .iter()
            .map(|op| RowOperation { name: op.name.clone(), doc: summary(&op.doc) })
            .collect();
        Self {
            v: VERSION,
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            license: manifest.license.clone(),
            keywords: manifest.keywords.clone(),
            operations,
            imports: interface.imports.clone(),
            caps: manifest.capabilities.clone(),
            component,
            manifest: manifest_digest,
            published,
            state: State::Ok,
        }
    }

    /// Reads the `custom` of a target.
    pub fn from_value(value: &Value) -> Result<Self, RowError> {
        let version = value.get("v").unwrap_or(&Value::Null);
        if version.as_u64() != Some(VERSION) {
            return Err(RowError::Version(version.to_string()));
        }
        Self::deserialize(value).map_err(|e| RowError::Syntax(e.to_string()))
    }

    /// The `custom` of a target. Its only numbers are `v` and `published`.
    pub fn to_value(&self) -> Value {
        // Every part serialises to plain JSON, so there is nothing that can fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The first paragraph on one line, cut to a size.
fn summary(doc: &str) -> String {
    let paragraph = doc.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SUMMARY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> IndexRow {
        let manifest = Manifest::from_toml(
            "id = \"std/text\"\nversion = \"1.0.0\"\ndescription = \"counts\"\nlicense = \"MIT\"\n[capabilities]\nlog = true",
        )
        .unwrap();
        let digest = Digest::of(b"");
        IndexRow::new(&manifest, &Interface::default(), digest, digest, 1_790_000_000)
    }

    #[test]
    fn reads_what_it_printed() {
        let row = row();
        assert_eq!(IndexRow::from_value(&row.to_value()), Ok(row));
    }

    #[test]
    fn refuses_other_versions_and_unknown_keys() {
        assert_eq!(
            IndexRow::from_value(&json!({"v": 2})).unwrap_err().to_string(),
            "the row has version `2`, expected `1`"
        );
        for (key, value) in [
            ("extra", json!(1)),
            ("state", json!("fine")),
            ("id", json!("std/../x")),
            ("published", json!(1.5)),
            ("component", json!("sha256:00")),
            ("caps", json!({"root": true})),
        ] {
            let mut changed = row().to_value();
            changed[key] = value;
            assert!(IndexRow::from_value(&changed).is_err(), "{key}");
        }
    }

    #[test]
    fn summaries_are_short() {
        assert_eq!(summary("Counts\nwords.\n\nMore."), "Counts words.");
        assert_eq!(summary(&"x".repeat(900)).len(), SUMMARY_CHARS_MAX);
    }
}
