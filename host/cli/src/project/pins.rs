//! The lock file of a project: found, read, added to, moved.

use std::path::{Path, PathBuf};

use coldframe_client::{BUILTIN, Provenance, VerifiedSkill};
use coldframe_format::{LockedSkill, Lockfile, SkillRef};
use coldframe_lang::graph::Graph;

use super::{Project, refusal};
use crate::exit::{Exit, Fail};
use crate::inputs;

/// The file that pins skills, beside a pipeline or in a folder above it.
const LOCK_FILE: &str = "coldframe.lock";

impl Project {
    /// Adds what the graph uses to the lock file, where it is not there yet.
    pub(crate) fn keep_pins(&self, graph: &Graph, locked: bool) -> Result<(), Fail> {
        let mut lock = self.lock.clone();
        for (id, (version, _)) in crate::settings::pins(graph) {
            if lock.skills().iter().any(|skill| skill.id == id && skill.version == version) {
                continue;
            }
            if locked {
                let message = format!("`{id}@{version}` is not in {}", self.lock_path.display());
                return Err(Fail::new(Exit::Problems, message).help(
                    "run once without --locked, and keep the lock file under version control",
                ));
            }
            // A pipeline uses one version of a skill; the pin it had does not serve any more.
            lock.retain(|skill| skill.id != id);
            let skill = self.exactly(&id, &version).map_err(refusal)?;
            self.pin(&mut lock, &skill);
        }
        self.write_lock(&lock)
    }

    /// Replaces every pin by the newest release; says what changed, one line each.
    pub(crate) fn update(&self) -> Result<Vec<String>, Fail> {
        let mut lock = self.lock.clone();
        let mut changes = Vec::new();
        for old in self.lock.skills() {
            let req = semver::VersionReq::parse(&format!("^{}", old.version))
                .map_err(|error| Fail::new(Exit::Bug, error.to_string()))?;
            let wanted = SkillRef { id: old.id.clone(), req, operation: None };
            let (registry, release) = self.registries.resolve(&wanted).map_err(refusal)?;
            if let Some(stale) = registry.stale(jiff::Timestamp::now()) {
                return Err(refusal(stale));
            }
            let row = release.row();
            if row.version == old.version && row.component == old.component {
                continue;
            }
            if let Err(wider) = row.caps.is_within(&old.caps) {
                changes.push(format!(
                    "held {} at {}: {} asks for more: {}",
                    old.id,
                    old.version,
                    row.version,
                    wider.0.join(", ")
                ));
                continue;
            }
            changes.push(format!("{} {} -> {}", old.id, old.version, row.version));
            let skill = registry.fetch(&release).map_err(refusal)?;
            lock.retain(|skill| skill.id != old.id);
            self.pin(&mut lock, &skill);
        }
        self.write_lock(&lock)?;
        Ok(changes)
    }

    fn pin(&self, lock: &mut Lockfile, skill: &VerifiedSkill) {
        let Provenance::Registry { location, root, manifest, manifest_digest, .. } =
            skill.provenance()
        else {
            return;
        };
        let location = if location == BUILTIN { BUILTIN.to_owned() } else { self.beside(location) };
        let locked = LockedSkill {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            registry: location.clone(),
            component: skill.component_digest(),
            manifest: *manifest_digest,
            caps: manifest.capabilities.clone(),
        };
        lock.insert(coldframe_format::LockedRegistry { location, root: *root }, locked);
    }

    /// A path as the lock file writes it: relative to its folder.
    fn beside(&self, location: &str) -> String {
        let folder = self.lock_path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().unwrap_or_default();
        relative(&folder, Path::new(location)).display().to_string()
    }

    fn write_lock(&self, lock: &Lockfile) -> Result<(), Fail> {
        if *lock == self.lock {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            Fail::usage(format!("failed to write `{}`: {error}", self.lock_path.display()))
                .help("the lock file pins what a pipeline runs; make its folder writable")
        };
        let new = self.lock_path.with_extension("lock.new");
        std::fs::write(&new, lock.print()).map_err(failed)?;
        std::fs::rename(&new, &self.lock_path).map_err(failed)
    }
}

pub(super) fn find_lock(folder: &Path) -> PathBuf {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().map(|dir| dir.join(LOCK_FILE)).find(|path| path.is_file());
    found.unwrap_or_else(|| absolute.join(LOCK_FILE))
}

pub(super) fn read_lock(path: &Path) -> Result<Lockfile, Fail> {
    if !path.exists() {
        return Ok(Lockfile::default());
    }
    Lockfile::parse(&inputs::read_text(path)?).map_err(|error| {
        Fail::new(Exit::Problems, format!("`{}`: {error}", path.display()))
            .help("restore it from version control, or remove it to resolve every skill anew")
    })
}

/// `path` as seen from `folder`; both absolute.
fn relative(folder: &Path, path: &Path) -> PathBuf {
    let common = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let mut out: PathBuf = folder.components().skip(common).map(|_| "..").collect();
    out.extend(path.components().skip(common));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_relative_to_the_lock_file() {
        let cases = [
            ("/a/b", "/a/b/registry", "registry"),
            ("/a/b", "/a/registry/builtin", "../registry/builtin"),
            ("/a/b/c", "/d", "../../../d"),
        ];
        for (folder, path, expected) in cases {
            assert_eq!(relative(Path::new(folder), Path::new(path)), Path::new(expected));
        }
    }
}
