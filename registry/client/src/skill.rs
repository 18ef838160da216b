//! A skill whose bytes were checked. The loader takes nothing else.

use coldframe_format::{Caps, Digest, Interface, Manifest, SkillId};
use semver::Version;

use crate::tree::Bytes;

/// A component that is what a signed registry says it is, or that somebody asked for by its path.
///
/// INVARIANT: only this crate can make one. `digest` is that of `bytes`, `interface` was read from
/// `bytes`, and the ceiling covers every import in it.
#[derive(Debug)]
pub struct VerifiedSkill {
    bytes: Bytes,
    digest: Digest,
    interface: Interface,
    ceiling: Caps,
    provenance: Provenance,
}

/// On whose word a component runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Provenance {
    /// A release of a signed registry.
    Registry {
        /// The registry, a path or `builtin`.
        location: String,
        /// Digest of the root of trust.
        root: Digest,
        /// Version of the snapshot that the release was found in.
        snapshot: u64,
        /// The signed manifest.
        manifest: Box<Manifest>,
        /// Its digest.
        manifest_digest: Digest,
    },
    /// Nobody's: a file that the operator named.
    Unsigned,
}

impl VerifiedSkill {
    /// The caller has checked everything that the invariant says.
    pub(crate) fn new(
        bytes: Bytes,
        digest: Digest,
        interface: Interface,
        ceiling: Caps,
        provenance: Provenance,
    ) -> Self {
        Self { bytes, digest, interface, ceiling, provenance }
    }

    /// The component.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Digest of the component.
    pub fn component_digest(&self) -> Digest {
        self.digest
    }

    /// What the component offers and imports.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The most it may ever use, whatever is granted.
    pub fn ceiling(&self) -> &Caps {
        &self.ceiling
    }

    /// On whose word it runs.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The manifest, where it is signed.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.provenance {
            Provenance::Registry { manifest, .. } => Some(manifest),
            Provenance::Unsigned => None,
        }
    }

    /// The skill's name, where it is signed.
    pub fn id(&self) -> Option<&SkillId> {
        self.manifest().map(|manifest| &manifest.id)
    }

    /// The exact version, where it is signed.
    pub fn version(&self) -> Option<&Version> {
        self.manifest().map(|manifest| &manifest.version)
    }
}
