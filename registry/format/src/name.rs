//! Names of skills: `std/text`, and references to their operations: `std/text@^1#stats`.

use std::fmt;
use std::str::FromStr;

use semver::VersionReq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest namespace, skill or operation name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// `namespace/name`, both lower-case kebab words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkillId {
    namespace: String,
    name: String,
}

/// What a step's `uses` says: a skill, the versions that will do, and an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillRef {
    /// The skill.
    pub id: SkillId,
    /// `*` where the text names no version.
    pub req: VersionReq,
    /// What stands behind `#`; a skill with one operation needs none.
    pub operation: Option<String>,
}

/// Why a text is not the name of a skill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not of the form `namespace/name`.
    #[error("`{0}` is not the name of a skill, expected `namespace/name`")]
    Shape(String),
    /// A part has a character, or a length, that names do not have.
    #[error(
        "`{0}` is not a name: expected lower-case letters, digits and single `-`, a letter first, at most 64"
    )]
    Word(String),
    /// The version requirement does not parse.
    #[error("`{0}` is not a version requirement: {1}")]
    Version(String, String),
}

impl SkillId {
    /// The name from its two halves.
    pub fn new(namespace: &str, name: &str) -> Result<Self, NameError> {
        Ok(Self { namespace: word(namespace)?, name: word(name)? })
    }

    /// The owner: what stands before the `/`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What stands behind the `/`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Checks that `text` is one kebab-case word.
fn word(text: &str) -> Result<String, NameError> {
    let good = text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.ends_with('-')
        && !text.contains("--");
    if good { Ok(text.to_owned()) } else { Err(NameError::Word(text.to_owned())) }
}

impl fmt::Display for SkillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for SkillId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (namespace, name) =
            text.split_once('/').ok_or_else(|| NameError::Shape(text.to_owned()))?;
        Self::new(namespace, name)
    }
}

impl Serialize for SkillId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SkillId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for SkillRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (rest, operation) = match text.split_once('#') {
            // An operation of an interface is written `interface.function`.
            Some((rest, operation)) => {
                for part in operation.split('.') {
                    word(part)?;
                }
                (rest, Some(operation.to_owned()))
            }
            None => (text, None),
        };
        let (id, req) = match rest.split_once('@') {
            Some((id, req)) => {
                let parsed = VersionReq::parse(req)
                    .map_err(|e| NameError::Version(req.to_owned(), e.to_string()))?;
                (id, parsed)
            }
            None => (rest, VersionReq::STAR),
        };
        Ok(Self { id: id.parse()?, req, operation })
    }
}

impl fmt::Display for SkillRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if self.req != VersionReq::STAR {
            write!(f, "@{}", self.req)?;
        }
        match &self.operation {
            Some(operation) => write!(f, "#{operation}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_full_reference() {
        let found: SkillRef = "acme/summarize@^1.2#short".parse().unwrap();
        assert_eq!(found.id, SkillId::new("acme", "summarize").unwrap());
        assert_eq!(found.operation.as_deref(), Some("short"));
        assert!(found.req.matches(&semver::Version::new(1, 3, 0)));
        assert_eq!(found.to_string(), "acme/summarize@^1.2#short");
    }

    #[test]
    fn refuses_names_that_could_be_paths_or_look_alikes() {
        for text in
            ["../x", "a//b", "a/b/c", "A/b", "a/b_c", "a/-b", "a/b-", "a/b--c", "a", "/", "а/b"]
        {
            assert!(text.parse::<SkillId>().is_err(), "{text}");
        }
    }
}
