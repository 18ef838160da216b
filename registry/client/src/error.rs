//! What can go wrong with a registry, with a stable kind for each.

use std::path::PathBuf;

use coldframe_format::{Digest, InterfaceError, ManifestError, SkillId, suggest};
use semver::Version;

/// Why a registry, or a skill of it, was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that signed metadata names is not there.
    #[error("`{file}` is missing")]
    Missing {
        /// The file.
        file: String,
    },
    /// A file is longer or shorter than signed metadata says.
    #[error("`{file}` has {found} bytes, expected {expected}")]
    Length {
        /// The file.
        file: String,
        /// What was signed, or the most a file of this sort may have.
        expected: String,
        /// What is there.
        found: u64,
    },
    /// A file has other content than was signed, or than is locked.
    #[error("`{file}` has digest `{found}`, expected `{expected}`")]
    Digest {
        /// The file.
        file: String,
        /// What was signed or locked.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// A file does not carry the signatures its role needs.
    #[error("`{file}` is not signed as it must be: {why}")]
    Signature {
        /// The file.
        file: String,
        /// How many signatures there are and should be.
        why: String,
    },
    /// An older state of the registry than the one seen before.
    #[error("`{file}` was rolled back: {role} has version {found}, expected at least {trusted}")]
    Rollback {
        /// The file.
        file: String,
        /// The role whose version went back.
        role: String,
        /// The version seen before.
        trusted: u64,
        /// The version offered now.
        found: u64,
    },
    /// The version seen before, with other content.
    #[error(
        "`{file}` has version {version} as before but other content, expected a higher version"
    )]
    Forked {
        /// The file.
        file: String,
        /// The version that exists twice.
        version: u64,
    },
    /// A skill that the last state had is gone.
    #[error("`{file}` leaves out `{role}`, expected every role of the state seen before")]
    RoleRemoved {
        /// The file.
        file: String,
        /// The role that is gone.
        role: String,
    },
    /// Metadata is past its date. Only updates ask for fresh metadata, runs never do.
    #[error("`{file}` expired at {expires}, expected fresh metadata for an update")]
    Expired {
        /// The file.
        file: String,
        /// When it did.
        expires: String,
    },
    /// Metadata is not what the format allows.
    #[error("`{file}` is not valid metadata: {why}")]
    Metadata {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A key is of a kind that isn't used here, or listed twice.
    #[error("`{file}` lists a key that cannot be used: {why}")]
    Key {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A role says something about names that were not handed to it.
    #[error("`{file}` reaches beyond its namespace: {why}")]
    Delegation {
        /// The file.
        file: String,
        /// What it claims.
        why: String,
    },
    /// The registry at a known place has another root of trust than before.
    #[error("the registry at `{location}` has the root of trust `{found}`, expected `{expected}`")]
    Root {
        /// The registry.
        location: String,
        /// What was trusted first, or is locked.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// The index row of a release cannot be used.
    #[error("the row of `{target}` in `{file}` cannot be used: {why}")]
    Row {
        /// The file.
        file: String,
        /// The release.
        target: String,
        /// What is wrong with it.
        why: String,
    },
    /// The component or manifest says something else than the signed row.
    #[error("{what} of `{release}` is {found}, expected {expected} as in the signed row")]
    Mismatch {
        /// The skill and its version.
        release: String,
        /// What differs.
        what: &'static str,
        /// What the row says.
        expected: String,
        /// What the bytes say.
        found: String,
    },
    /// The bytes are not a component that can be a skill.
    #[error("the component of `{name}` cannot be used: {source}")]
    Component {
        /// The skill, or what stands for it.
        name: String,
        /// Why.
        source: InterfaceError,
    },
    /// The manifest is wrong, or does not fit the component.
    #[error("the manifest of `{name}` cannot be used: {source}")]
    Manifest {
        /// The skill.
        name: String,
        /// Why.
        source: Box<ManifestError>,
    },
    /// Two registries claim one namespace.
    #[error("namespace `{namespace}` is in the registries `{first}` and `{second}`, expected one")]
    Namespace {
        /// The namespace.
        namespace: String,
        /// One registry.
        first: String,
        /// The other one.
        second: String,
    },
    /// No registry has the skill.
    #[error("no registry has the skill `{id}`")]
    UnknownSkill {
        /// The skill.
        id: SkillId,
        /// What was probably meant.
        closest: Option<String>,
    },
    /// No registry has the pipeline.
    #[error("no registry has the pipeline `{id}`")]
    UnknownPipeline {
        /// The pipeline.
        id: SkillId,
        /// What was probably meant.
        closest: Option<String>,
    },
    /// The skill or pipeline is there, in other versions.
    #[error("`{id}` has no version {wanted}, expected one of {}", suggest::list(versions))]
    NoVersion {
        /// The skill or pipeline.
        id: SkillId,
        /// What was asked for.
        wanted: String,
        /// What there is.
        versions: Vec<String>,
    },
    /// The owner said that this release must not run.
    #[error("`{id}@{version}` is revoked by its owner")]
    Revoked {
        /// The skill.
        id: SkillId,
        /// Its version.
        version: Version,
    },
    /// A file could not be read or written.
    #[error("failed to {action} `{}`: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was remembered of a registry cannot be read.
    #[error("what was remembered in `{}` cannot be used: {why}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing to publish to, or nothing may be published.
    #[error("{what}")]
    Author {
        /// What stands in the way.
        what: String,
        /// What to do about it.
        help: Option<String>,
    },
}

impl Error {
    /// The stable kind. Tests and other programs match on this, never on texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "registry.missing",
            Self::Length { .. } => "registry.length",
            Self::Digest { .. } => "registry.digest",
            Self::Signature { .. } => "registry.signature",
            Self::Rollback { .. } | Self::Forked { .. } | Self::RoleRemoved { .. } => {
                "registry.rollback"
            }
            Self::Expired { .. } => "registry.expired",
            Self::Metadata { .. } => "registry.metadata",
            Self::Key { .. } => "registry.key",
            Self::Delegation { .. } => "registry.delegation",
            Self::Root { .. } => "registry.root",
            Self::Row { .. } => "registry.row",
            Self::Mismatch { .. } => "registry.mismatch",
            Self::Component { source, .. } => source.kind(),
            Self::Manifest { source, .. } => source.kind(),
            Self::Namespace { .. } => "registry.namespace",
            Self::UnknownSkill { .. } => "registry.unknown-skill",
            Self::UnknownPipeline { .. } => "registry.unknown-pipeline",
            Self::NoVersion { .. } => "registry.no-version",
            Self::Revoked { .. } => "registry.revoked",
            Self::Io { .. } => "registry.io",
            Self::State { .. } => "registry.state",
            Self::Author { .. } => "registry.author",
        }
    }

    /// Whether something was looked at and refused, as opposed to a name that is not there or a
    /// disk that does not work.
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::UnknownSkill { .. }
                | Self::UnknownPipeline { .. }
                | Self::NoVersion { .. }
                | Self::Io { .. }
                | Self::State { .. }
                | Self::Author { .. }
        )
    }

    /// What to do about it, where something can be said.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Digest { .. } | Self::Length { .. } | Self::Signature { .. } => {
                Some("fetch the registry again from its owner; do not run it as it is".to_owned())
            }
            Self::Rollback { .. } | Self::Forked { .. } | Self::RoleRemoved { .. } => {
                Some("somebody put an older copy in place; get the current one".to_owned())
            }
            Self::Missing { file } if file.starts_with("builtin:") => {
                Some("this binary was built without its skills: `cargo xtask skills`, then build it again".to_owned())
            }
            Self::Root { .. } => {
                Some("ask the owner whether the registry was made anew before trusting it".to_owned())
            }
            Self::UnknownSkill { closest: Some(closest), .. }
            | Self::UnknownPipeline { closest: Some(closest), .. } => {
                Some(format!("did you mean `{closest}`?"))
            }
            Self::State { path, .. } => Some(format!(
                "remove `{}` to start over; the next use trusts the registry as it is then",
                path.display()
            )),
            Self::Component { source, .. } => source.help().map(str::to_owned),
            Self::Manifest { source, .. } => source.help(),
            Self::Author { help, .. } => help.clone(),
            _ => None,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn author(what: impl Into<String>, help: Option<&str>) -> Self {
        Self::Author { what: what.into(), help: help.map(str::to_owned) }
    }
}
