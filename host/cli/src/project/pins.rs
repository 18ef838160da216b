//! The lock file of a project: found, read, added to, moved.

use std::path::{Path, PathBuf};

use coldframe_client::{BUILTIN, Provenance, VerifiedPipeline, VerifiedSkill};
use coldframe_format::{
    Caps, LockedPipeline, LockedRegistry, LockedSkill, Lockfile, SkillId, SkillRef,
};
use coldframe_lang::graph::Graph;
use semver::Version;

use super::{Project, refusal};
use crate::exit::{Exit, Fail};
use crate::inputs;

/// The file that pins skills, beside a pipeline or in a folder above it.
const LOCK_FILE: &str = "coldframe.lock";

impl Project {
    /// Adds what the graph uses to the lock file, where it is not there yet.
    pub(crate) fn keep_pins(&self, graph: &Graph, locked: bool) -> Result<(), Fail> {
        let mut lock = self.lock.clone();
        let pins = crate::settings::pins(graph);
        let missing = |what: String| {
            let message = format!("`{what}` is not in {}", self.lock_path.display());
            Fail::new(Exit::Problems, message)
                .help("run once without --locked, and keep the lock file under version control")
        };
        for (id, version) in pins.skills.keys() {
            if lock.skills().iter().any(|skill| skill.id == *id && skill.version == *version) {
                continue;
            }
            if locked {
                return Err(missing(format!("{id}@{version}")));
            }
            // The pin that was there does not serve any more.
            let used = |other: &Version| pins.skills.contains_key(&(id.clone(), other.clone()));
            lock.retain(|skill| skill.id != *id || used(&skill.version));
            let skill = self.exactly(id, version).map_err(refusal)?;
            self.pin(&mut lock, &skill);
        }
        for (id, version) in pins.pipelines.keys() {
            if lock.pipelines().iter().any(|one| one.id == *id && one.version == *version) {
                continue;
            }
            if locked {
                return Err(missing(format!("{id}@{version}")));
            }
            let used = |other: &Version| pins.pipelines.contains_key(&(id.clone(), other.clone()));
            lock.retain_pipelines(|one| one.id != *id || used(&one.version));
            let pipeline = self.exact_pipeline(id, version).map_err(refusal)?;
            self.pin_pipeline(&mut lock, &pipeline);
        }
        self.write_lock(&lock)
    }

    /// Replaces every pin by the newest release; says what changed, one line each.
    pub(crate) fn update(&self) -> Result<Vec<String>, Fail> {
        let mut lock = self.lock.clone();
        let mut changes = Vec::new();
        for old in self.lock.skills() {
            let wanted = within(&old.id, &old.version)?;
            let (registry, release) = self.registries.resolve(&wanted).map_err(refusal)?;
            if let Some(stale) = registry.stale(jiff::Timestamp::now()) {
                return Err(refusal(stale));
            }
            let row = release.row();
            if row.version == old.version && row.component == old.component {
                continue;
            }
            let moved = (&old.id, &old.version, &row.version);
            if moves(moved, &row.caps, &old.caps, &mut changes) {
                let skill = registry.fetch(&release).map_err(refusal)?;
                lock.retain(|skill| (&skill.id, &skill.version) != (&old.id, &old.version));
                self.pin(&mut lock, &skill);
            }
        }
        for old in self.lock.pipelines() {
            let wanted = within(&old.id, &old.version)?;
            let (registry, release) = self.registries.resolve_pipeline(&wanted).map_err(refusal)?;
            if let Some(stale) = registry.stale(jiff::Timestamp::now()) {
                return Err(refusal(stale));
            }
            let row = release.row();
            if row.version == old.version && row.document == old.document {
                continue;
            }
            let moved = (&old.id, &old.version, &row.version);
            if moves(moved, &row.caps, &old.caps, &mut changes) {
                let pipeline = registry.fetch_pipeline(&release).map_err(refusal)?;
                lock.retain_pipelines(|one| (&one.id, &one.version) != (&old.id, &old.version));
                self.pin_pipeline(&mut lock, &pipeline);
            }
        }
        self.write_lock(&lock)?;
        Ok(changes)
    }

    fn pin_pipeline(&self, lock: &mut Lockfile, pipeline: &VerifiedPipeline) {
        let row = pipeline.row();
        let location = self.beside(pipeline.location());
        let locked = LockedPipeline {
            id: row.id.clone(),
            version: row.version.clone(),
            registry: location.clone(),
            document: row.document,
            caps: row.caps.clone(),
        };
        lock.insert_pipeline(LockedRegistry { location, root: pipeline.root() }, locked);
    }

    fn pin(&self, lock: &mut Lockfile, skill: &VerifiedSkill) {
        let Provenance::Registry { location, root, manifest, manifest_digest, .. } =
            skill.provenance()
        else {
            return;
        };
        let location = self.beside(location);
        let locked = LockedSkill {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            registry: location.clone(),
            component: skill.component_digest(),
            manifest: *manifest_digest,
            caps: manifest.capabilities.clone(),
        };
        lock.insert(LockedRegistry { location, root: *root }, locked);
    }

    /// A registry as the lock file writes it: its path from there.
    fn beside(&self, location: &str) -> String {
        if location == BUILTIN {
            return BUILTIN.to_owned();
        }
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

/// The releases that may take the place of one.
fn within(id: &SkillId, version: &Version) -> Result<SkillRef, Fail> {
    let req = semver::VersionReq::parse(&format!("^{version}"))
        .map_err(|error| Fail::new(Exit::Bug, error.to_string()))?;
    Ok(SkillRef { id: id.clone(), req, operation: None })
}

/// Whether a pin moves: not to what asks for more. Says so either way.
fn moves(
    (id, old, new): (&SkillId, &Version, &Version),
    caps: &Caps,
    before: &Caps,
    changes: &mut Vec<String>,
) -> bool {
    if let Err(wider) = caps.is_within(before) {
        let more = wider.0.join(", ");
        changes.push(format!("held {id} at {old}: {new} asks for more: {more}"));
        return false;
    }
    changes.push(format!("{id} {old} -> {new}"));
    true
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
