//! The row of a published pipeline: what a search and a person may know of it without reading it.
//! Nothing that runs is decided by it: the document is compiled, and has to be what the row says.

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caps::Caps;
use crate::digest::Digest;
use crate::name::SkillId;
use crate::row::{RowError, State, VERSION};

/// The largest document of a pipeline, bytes.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// One release of a pipeline. It stands in signed metadata, so it has integers only: schemas are
/// texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineRow {
    v: u64,
    kind: Kind,
    /// The pipeline: a namespace, and the name in its `metadata`.
    pub id: SkillId,
    /// The exact version, as in its `metadata`.
    pub version: Version,
    /// One line for people.
    pub description: String,
    /// In order of declaration.
    pub inputs: Vec<RowInput>,
    /// In order of declaration.
    pub outputs: Vec<RowOutput>,
    /// What it grants to its steps, those of the pipelines it runs among them.
    pub caps: Caps,
    /// The skills it was checked with, `std/text@0.1.0`; also those of the pipelines it runs.
    pub skills: Vec<String>,
    /// The pipelines of registries it was checked with, `acme/sort@1.0.0`.
    pub pipelines: Vec<String>,
    /// Digest of the document.
    pub document: Digest,
    /// When it was published, seconds since 1970.
    pub published: i64,
    /// Whether it may be chosen.
    pub state: State,
}

/// An input in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowInput {
    /// Its name.
    pub name: String,
    /// Whether it has no default.
    pub required: bool,
    /// Its JSON Schema, as text.
    pub schema: String,
}

/// An output in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowOutput {
    /// Its name.
    pub name: String,
    /// Its type, for people.
    #[serde(rename = "type")]
    pub ty: String,
}

/// Says that it is not the row of a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Pipeline,
}

impl PipelineRow {
    /// The row of a document. Everything else is for the caller to fill in.
    pub fn new(id: SkillId, version: Version, document: Digest, published: i64) -> Self {
        Self {
            v: VERSION,
            kind: Kind::Pipeline,
            id,
            version,
            description: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            caps: Caps::default(),
            skills: Vec::new(),
            pipelines: Vec::new(),
            document,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::row::IndexRow;

    fn row() -> PipelineRow {
        let id = "acme/triage".parse().unwrap();
        PipelineRow {
            inputs: vec![RowInput {
                name: "ticket".to_owned(),
                required: true,
                schema: r#"{"minimum":0.5}"#.to_owned(),
            }],
            outputs: vec![RowOutput { name: "label".to_owned(), ty: "string".to_owned() }],
            caps: Caps { log: true, ..Caps::default() },
            ..PipelineRow::new(id, Version::new(1, 2, 0), Digest::of(b""), 1_790_000_000)
        }
    }

    #[test]
    fn reads_what_it_printed() {
        assert_eq!(PipelineRow::from_value(&row().to_value()), Ok(row()));
    }

    #[test]
    fn refuses_other_kinds_versions_and_unknown_keys() {
        for (key, value) in [
            ("v", json!(2)),
            ("kind", json!("skill")),
            ("extra", json!(1)),
            ("state", json!("fine")),
            ("id", json!("acme/../x")),
            ("published", json!(1.5)),
            ("document", json!("sha256:00")),
            ("caps", json!({"root": true})),
        ] {
            let mut changed = row().to_value();
            changed[key] = value;
            assert!(PipelineRow::from_value(&changed).is_err(), "{key}");
        }
        // Neither is taken for the other.
        assert!(IndexRow::from_value(&row().to_value()).is_err());
        assert!(PipelineRow::from_value(&json!({ "v": 1, "id": "acme/triage" })).is_err());
    }
}
