//! Names of files and roles in a registry, and how large each file may be.

use coldframe_format::{Digest, SkillId};
use semver::Version;

/// The largest root file, bytes. These four are what the reference clients allow.
pub(crate) const ROOT_BYTES_MAX: u64 = 512_000;
/// The largest timestamp, bytes.
pub(crate) const TIMESTAMP_BYTES_MAX: u64 = 16_384;
/// The largest snapshot, bytes.
pub(crate) const SNAPSHOT_BYTES_MAX: u64 = 2_000_000;
/// The largest role, bytes.
pub(crate) const TARGETS_BYTES_MAX: u64 = 5_000_000;
/// How many root files are followed from the one that is trusted.
pub(crate) const ROOTS_MAX: u64 = 32;

/// The only file that ever changes.
pub(crate) const TIMESTAMP: &str = "metadata/timestamp.json";

/// A file of the metadata under the version that is in its name.
pub(crate) fn versioned(version: u64, role: &str) -> String {
    format!("metadata/{version}.{role}.json")
}

/// The role that speaks for a namespace.
pub(crate) fn role_of(namespace: &str) -> String {
    format!("ns-{namespace}")
}

/// The paths of targets handed to the role of a namespace. `*` does not cross `/`.
pub(crate) fn paths_of(namespace: &str) -> String {
    format!("{namespace}/*/*")
}

/// What a file of a release is: a skill has a component and a manifest, a pipeline its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Component,
    Manifest,
    Document,
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Self::Component => "wasm",
            Self::Manifest => "json",
            Self::Document => "yml",
        }
    }
}

/// A target's name, `acme/summarize/1.2.0.wasm`, as it stands in signed metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetName {
    pub(crate) id: SkillId,
    pub(crate) version: Version,
    pub(crate) kind: Kind,
}

impl TargetName {
    /// Reads a name; `None` for anything that is not written exactly as [`Self::path`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, file) = text.rsplit_once('/')?;
        let (version, end) = file.rsplit_once('.')?;
        let kinds = [Kind::Component, Kind::Manifest, Kind::Document];
        let kind = kinds.into_iter().find(|kind| kind.extension() == end)?;
        let name = Self { id: id.parse().ok()?, version: version.parse().ok()?, kind };
        (name.path() == text && name.version.build.is_empty()).then_some(name)
    }

    /// The name in signed metadata.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}.{}", self.id, self.version, self.kind.extension())
    }

    /// Where the file lies: its content is in its name, so files are never overwritten.
    pub(crate) fn file(&self, digest: &Digest) -> String {
        format!("targets/{}/{}.{}.{}", self.id, digest.hex(), self.version, self.kind.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_others_do_not() {
        let name = TargetName::parse("acme/summarize/1.2.0-rc.1.wasm").unwrap();
        assert_eq!(
            (name.version.to_string(), name.kind),
            ("1.2.0-rc.1".to_owned(), Kind::Component)
        );
        let digest = Digest::of(b"");
        let file = name.file(&digest);
        assert_eq!(file, format!("targets/acme/summarize/{}.1.2.0-rc.1.wasm", digest.hex()));
        assert_eq!(TargetName::parse("acme/triage/1.0.0.yml").unwrap().kind, Kind::Document);
        for text in [
            "acme/summarize/1.2.wasm",
            "acme/summarize/01.2.0.wasm",
            "acme/summarize/1.2.0+x.wasm",
            "acme/summarize/1.2.0",
            "acme/summarize/1.2.0.yaml",
            "acme/1.2.0.wasm",
            "acme/x/y/1.2.0.wasm",
            "acme/../1.2.0.wasm",
            "acmé/x/1.2.0.wasm",
            "ACME/x/1.2.0.json",
            "/acme/x/1.2.0.json",
            "",
        ] {
            assert_eq!(TargetName::parse(text), None, "{text}");
        }
    }
}
