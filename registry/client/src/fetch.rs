//! From a signed row to the bytes of a skill, believing neither more than the other.

use coldframe_format::manifest::MANIFEST_BYTES_MAX;
use coldframe_format::read::COMPONENT_BYTES_MAX;
use coldframe_format::row::State;
use coldframe_format::{Digest, Interface, LockedSkill, Manifest};

use crate::error::Error;
use crate::registry::{Blob, Registry, Release};
use crate::skill::{Provenance, VerifiedSkill};
use crate::tree::{Bytes, Tree};
use crate::trust;

impl Registry {
    /// Reads and verifies the component and manifest of a release.
    ///
    /// Length and digest are those that were signed. The interface is read from the bytes again:
    /// the imports must be those of the row, and the manifest must ask for every capability they
    /// need.
    pub fn fetch(&self, release: &Release) -> Result<VerifiedSkill, Error> {
        let row = release.row();
        if row.state == State::Revoked {
            let (id, version) = (row.id.clone(), row.version.clone());
            return Err(Error::Revoked { id, version });
        }
        let bytes = read(self.tree(), &release.component, COMPONENT_BYTES_MAX)?;
        let manifest = self.fetch_manifest(release)?;
        let name = format!("{}@{}", row.id, row.version);
        let interface = Interface::read(&bytes)
            .map_err(|source| Error::Component { name: name.clone(), source })?;
        if interface.imports != row.imports {
            let list = |set: &std::collections::BTreeSet<String>| {
                let names: Vec<_> = set.iter().map(|import| format!("`{import}`")).collect();
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            };
            return Err(mismatch(
                release,
                "the imports",
                list(&row.imports),
                list(&interface.imports),
            ));
        }
        let ceiling = manifest
            .ceiling(&interface)
            .map_err(|source| Error::Manifest { name, source: Box::new(source) })?;
        let provenance = Provenance::Registry {
            location: self.location().to_owned(),
            root: self.fingerprint(),
            snapshot: self.snapshot_version(),
            manifest: Box::new(manifest),
            manifest_digest: release.manifest.digest,
        };
        Ok(VerifiedSkill::new(bytes, release.component.digest, interface, ceiling, provenance))
    }

    /// Reads and verifies the manifest of a release alone.
    pub fn fetch_manifest(&self, release: &Release) -> Result<Manifest, Error> {
        let row = release.row();
        let bytes = read(self.tree(), &release.manifest, MANIFEST_BYTES_MAX)?;
        let manifest = Manifest::from_json(&String::from_utf8_lossy(&bytes)).map_err(|source| {
            Error::Manifest {
                name: format!("{}@{}", row.id, row.version),
                source: Box::new(source),
            }
        })?;
        if manifest.id != row.id || manifest.version != row.version {
            let found = format!("`{}@{}`", manifest.id, manifest.version);
            let expected = format!("`{}@{}`", row.id, row.version);
            return Err(mismatch(release, "the name in the manifest", expected, found));
        }
        if manifest.capabilities != row.caps {
            let text = |caps| format!("`{}`", serde_json::to_string(caps).unwrap_or_default());
            let (expected, found) = (text(&row.caps), text(&manifest.capabilities));
            return Err(mismatch(release, "the ceiling in the manifest", expected, found));
        }
        Ok(manifest)
    }

    /// The release that a lock file pins, if it is what was locked. Yanked ones are found too.
    pub fn find_locked(&self, locked: &LockedSkill) -> Result<Release, Error> {
        let releases = self.releases_of(&locked.id)?;
        if releases.is_empty() {
            return Err(Error::UnknownSkill { id: locked.id.clone(), closest: None });
        }
        let versions = || releases.iter().map(|r| r.row.version.to_string()).collect();
        let release = releases
            .iter()
            .find(|release| release.row.version == locked.version)
            .ok_or_else(|| {
                let (id, wanted) = (locked.id.clone(), format!("`{}`", locked.version));
                Error::NoVersion { id, wanted, versions: versions() }
            })?;
        for (blob, expected) in
            [(&release.component, locked.component), (&release.manifest, locked.manifest)]
        {
            if blob.digest != expected {
                let file = self.tree().name(&blob.path);
                return Err(Error::Digest { file, expected, found: blob.digest });
            }
        }
        Ok(release.clone())
    }
}

/// Reads a file of a release, if it is not larger than one of its sort may be.
pub(crate) fn read(tree: &dyn Tree, blob: &Blob, max: usize) -> Result<Bytes, Error> {
    if blob.length > max as u64 {
        let (file, expected) = (tree.name(&blob.path), format!("at most {max}"));
        return Err(Error::Length { file, expected, found: blob.length });
    }
    let digest: &Digest = &blob.digest;
    trust::read_exact(tree, &blob.path, blob.length, digest)
}

fn mismatch(release: &Release, what: &'static str, expected: String, found: String) -> Error {
    let release = format!("{}@{}", release.row.id, release.row.version);
    Error::Mismatch { release, what, expected, found }
}
