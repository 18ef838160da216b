//! The skills a pipeline can use: its lock file and the registries, as one catalog.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coldframe_client::{
    BUILTIN, Error, Expect, Hit, Provenance, Registries, Registry, VerifiedSkill,
};
use coldframe_format::{Digest, LockedSkill, Lockfile, SkillId, SkillRef};
use coldframe_lang::catalog::{CatalogError, SkillCatalog, SkillEntry};
use coldframe_lang::diagnostic::Diagnostic;
use coldframe_lang::graph::Graph;
use coldframe_lang::source::Source;
use semver::Version;
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::loading::{self, Settings};
use crate::{inputs, output, place};

/// The file that pins skills, beside a pipeline or in a folder above it.
pub(crate) const LOCK_FILE: &str = "coldframe.lock";

/// The largest pipeline file that is read at all, bytes. The compiler's own bound is far below
/// and is explained better.
const PIPELINE_BYTES_MAX: u64 = 4 << 20;

/// The skill that evaluates expressions; always the built-in one.
const EVALUATOR: &str = "std/expr";

/// Registries and pins.
pub(crate) struct Project {
    registries: Registries,
    lock: Lockfile,
    lock_path: PathBuf,
    /// Exactly what a resumed run was started with.
    pins: Option<BTreeMap<SkillId, (Version, Digest)>>,
    /// Registries named by flag or by the lock file.
    places: Vec<PathBuf>,
    /// What was fetched: the compiler and the loader look at the same bytes.
    fetched: RefCell<BTreeMap<(SkillId, Version), Arc<VerifiedSkill>>>,
    /// The first registry error the compiler was told of, for its kind and help.
    refused: RefCell<Option<Error>>,
}

/// A pipeline without errors.
pub(crate) struct Compiled {
    pub(crate) graph: Graph,
    pub(crate) text: String,
}

/// A pipeline that was checked.
pub(crate) struct Checked {
    pub(crate) graph: Option<Graph>,
    name: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl Project {
    /// The project a pipeline file belongs to.
    pub(crate) fn of_file(global: &Global, file: &Path) -> Result<Self, Fail> {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Self::of_folder(global, folder)
    }

    /// The project of the current folder.
    pub(crate) fn here(global: &Global) -> Result<Self, Fail> {
        Self::of_folder(global, Path::new("."))
    }

    fn of_folder(global: &Global, folder: &Path) -> Result<Self, Fail> {
        let lock_path = find_lock(folder);
        let lock = read_lock(&lock_path)?;
        let beside = lock_path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut places = BTreeMap::new();
        for registry in lock.registries().iter().filter(|r| r.location != BUILTIN) {
            let expect = Expect::Root(registry.root);
            insert(&mut places, &beside.join(&registry.location), expect);
        }
        for path in &global.registry {
            insert(&mut places, path, Expect::Remembered);
        }
        Self::open(global, lock, lock_path, places, None)
    }

    /// The project of a run that is resumed: nothing is resolved anew.
    pub(crate) fn pinned(global: &Global, settings: &Settings) -> Result<Self, Fail> {
        let mut places = BTreeMap::new();
        for path in &settings.registries {
            insert(&mut places, Path::new(path), Expect::Remembered);
        }
        for path in &global.registry {
            insert(&mut places, path, Expect::Remembered);
        }
        let pins = Some(settings.pins.clone());
        Self::open(global, Lockfile::default(), PathBuf::new(), places, pins)
    }

    fn open(
        global: &Global,
        lock: Lockfile,
        lock_path: PathBuf,
        places: BTreeMap<PathBuf, Expect>,
        pins: Option<BTreeMap<SkillId, (Version, Digest)>>,
    ) -> Result<Self, Fail> {
        let data_dir = place::data_dir(global)?;
        let mut opened = Vec::new();
        for (path, expect) in &places {
            let registry = Registry::open_dir(path, &data_dir, *expect).map_err(refusal)?;
            if registry.first_use() && matches!(expect, Expect::Remembered) && !global.quiet {
                output::note(&format!(
                    "trusting registry `{}` from now on by its root {}",
                    registry.location(),
                    registry.fingerprint()
                ));
            }
            opened.push(registry);
        }
        // The tree in the repository and the one in the binary are the same registry.
        let builtin = Registry::builtin().map_err(refusal)?;
        if !opened.iter().any(|registry| registry.fingerprint() == builtin.fingerprint()) {
            opened.push(builtin);
        }
        Ok(Self {
            registries: Registries::new(opened).map_err(refusal)?,
            lock,
            lock_path,
            pins,
            places: places.into_keys().collect(),
            fetched: RefCell::default(),
            refused: RefCell::default(),
        })
    }

    /// Checks a pipeline file.
    pub(crate) fn check_file(&self, file: &Path) -> Result<Checked, Fail> {
        let name = file.display().to_string();
        if std::fs::metadata(file).is_ok_and(|found| found.len() > PIPELINE_BYTES_MAX) {
            let message = format!("`{name}` is too large for a pipeline, expected at most 1 MiB");
            return Err(Fail::new(Exit::Problems, message)
                .help("put data into files and hand them in as inputs"));
        }
        let bytes = inputs::read_bytes(file, PIPELINE_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Fail::new(Exit::Problems, format!("`{name}` is not UTF-8 text: byte {at} is not"))
                .help("a pipeline is a YAML file in UTF-8")
        })?;
        Ok(self.check_text(name, text))
    }

    fn check_text(&self, name: String, text: String) -> Checked {
        let compiled = coldframe_lang::compile(&Source { name: &name, text: &text }, self);
        Checked { graph: compiled.graph, name, text, diagnostics: compiled.diagnostics }
    }

    /// Compiles a pipeline file, or prints what is wrong with it.
    pub(crate) fn compile_file(&self, global: &Global, file: &Path) -> Result<Compiled, Fail> {
        self.compiled(global, self.check_file(file)?)
    }

    /// Compiles the text a run was started with.
    pub(crate) fn compile_text(
        &self,
        global: &Global,
        name: &str,
        text: &str,
    ) -> Result<Graph, Fail> {
        let checked = self.check_text(name.to_owned(), text.to_owned());
        Ok(self.compiled(global, checked)?.graph)
    }

    fn compiled(&self, global: &Global, checked: Checked) -> Result<Compiled, Fail> {
        if global.format == output::Format::Json {
            if let Some(exit) = checked.exit() {
                let status = if exit == Exit::Refused { "refused" } else { "invalid" };
                let mut report = checked.diagnostics_json();
                if let Some(report) = report.as_object_mut() {
                    report.insert("status".to_owned(), json!(status));
                }
                output::json(&report);
            }
        } else {
            checked.print_diagnostics();
        }
        match (checked.exit(), checked.graph) {
            (None, Some(graph)) => Ok(Compiled { graph, text: checked.text }),
            (exit, _) => Err(match self.refused.borrow_mut().take() {
                // The diagnostic said where; this says what to do about it.
                Some(error) => Fail { help: error.help(), ..Fail::said(Exit::Refused) },
                None => Fail::said(exit.unwrap_or(Exit::Bug)),
            }),
        }
    }

    /// The skill a reference means.
    pub(crate) fn newest(&self, wanted: &SkillRef) -> Result<VerifiedSkillRef, Fail> {
        self.resolve(wanted).map_err(refusal)
    }

    /// A skill that was resolved before, by version and digest.
    pub(crate) fn fetch(
        &self,
        id: &SkillId,
        version: &Version,
        component: Digest,
    ) -> Result<VerifiedSkillRef, Fail> {
        let skill = self.exactly(id, version).map_err(refusal)?;
        if skill.component_digest() != component {
            let found = skill.component_digest();
            let message = format!("`{id}@{version}` is `{found}` now, expected `{component}`");
            return Err(Fail::new(Exit::Refused, message));
        }
        Ok(skill)
    }

    /// The skill that evaluates expressions.
    pub(crate) fn evaluator(&self) -> Result<VerifiedSkill, Fail> {
        let id = EVALUATOR.parse().map_err(|error| Fail::new(Exit::Bug, format!("{error}")))?;
        let wanted = SkillRef { id, req: semver::VersionReq::STAR, operation: None };
        let builtin = Registry::builtin().map_err(refusal)?;
        Registries::new(vec![builtin]).and_then(|all| all.fetch(&wanted)).map_err(refusal)
    }

    /// Skills that match a text.
    pub(crate) fn search(&self, text: &str) -> Result<Vec<Hit>, Fail> {
        self.registries.search(text).map_err(refusal)
    }

    /// Where the registries lie that a run needs besides the built-in one.
    pub(crate) fn registry_places(&self) -> Vec<String> {
        let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        self.places.iter().map(|path| absolute(path).display().to_string()).collect()
    }

    /// Adds what the graph uses to the lock file, where it is not there yet.
    pub(crate) fn keep_pins(&self, graph: &Graph, locked: bool) -> Result<(), Fail> {
        let mut lock = self.lock.clone();
        for (id, (version, _)) in loading::pins(graph) {
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

    fn resolve(&self, wanted: &SkillRef) -> Result<VerifiedSkillRef, Error> {
        if let Some(pins) = &self.pins {
            return match pins.get(&wanted.id) {
                Some((version, _)) => self.exactly(&wanted.id, version),
                None => Err(self.registries.unknown(&wanted.id)),
            };
        }
        if let Some(locked) = self.lock.find(wanted) {
            let owner = self.registries.owner(wanted.id.namespace());
            let owner = owner.ok_or_else(|| self.registries.unknown(&wanted.id))?;
            let release = owner.find_locked(locked)?;
            return self.remember(owner.fetch(&release)?);
        }
        let (_, release) = self.registries.resolve(wanted)?;
        let row = release.row();
        self.exactly(&row.id, &row.version)
    }

    fn exactly(&self, id: &SkillId, version: &Version) -> Result<VerifiedSkillRef, Error> {
        if let Some(skill) = self.fetched.borrow().get(&(id.clone(), version.clone())) {
            return Ok(Arc::clone(skill));
        }
        let owner = self.registries.owner(id.namespace());
        let owner = owner.ok_or_else(|| self.registries.unknown(id))?;
        // A yanked release still runs where it was chosen before; a revoked one never does.
        let releases = owner.releases_of(id)?;
        let release = releases.iter().find(|release| release.row().version == *version);
        let release = release.ok_or_else(|| self.registries.unknown(id))?;
        self.remember(owner.fetch(release)?)
    }

    fn remember(&self, skill: VerifiedSkill) -> Result<VerifiedSkillRef, Error> {
        let skill = Arc::new(skill);
        if let (Some(id), Some(version)) = (skill.id(), skill.version()) {
            let key = (id.clone(), version.clone());
            self.fetched.borrow_mut().insert(key, Arc::clone(&skill));
        }
        Ok(skill)
    }
}

/// A skill that the compiler and the loader share.
pub(crate) type VerifiedSkillRef = Arc<VerifiedSkill>;

impl SkillCatalog for Project {
    fn find(&self, wanted: &SkillRef) -> Result<Arc<SkillEntry>, CatalogError> {
        match self.resolve(wanted) {
            Ok(skill) => match (skill.id(), skill.version()) {
                (Some(id), Some(version)) => Ok(Arc::new(SkillEntry {
                    id: id.clone(),
                    version: version.clone(),
                    component: skill.component_digest(),
                    interface: skill.interface().clone(),
                    ceiling: skill.ceiling().clone(),
                })),
                _ => Err(CatalogError::UnknownSkill),
            },
            Err(Error::UnknownSkill { .. }) => Err(CatalogError::UnknownSkill),
            Err(Error::NoVersion { .. }) => {
                let owner = self.registries.owner(wanted.id.namespace());
                let releases = owner.and_then(|owner| owner.releases_of(&wanted.id).ok());
                let versions = releases.unwrap_or_default();
                Err(CatalogError::NoVersion(
                    versions.iter().map(|release| release.row().version.clone()).collect(),
                ))
            }
            Err(error) => {
                let text = format!("{}: {error}", error.kind());
                self.refused.borrow_mut().get_or_insert(error);
                Err(CatalogError::Refused(text))
            }
        }
    }

    fn ids(&self) -> Vec<SkillId> {
        self.registries.ids().unwrap_or_default()
    }
}

impl Checked {
    /// What a process ends with for this file; `None` where it is in order.
    pub(crate) fn exit(&self) -> Option<Exit> {
        if self.diagnostics.iter().any(Diagnostic::is_refusal) {
            return Some(Exit::Refused);
        }
        self.graph.is_none().then_some(Exit::Problems)
    }

    pub(crate) fn diagnostics_json(&self) -> Value {
        coldframe_lang::to_json(&self.diagnostics, &Source { name: &self.name, text: &self.text })
    }

    pub(crate) fn print_diagnostics(&self) {
        if self.diagnostics.is_empty() {
            return;
        }
        let source = Source { name: &self.name, text: &self.text };
        let text = coldframe_lang::render_text(&self.diagnostics, &source, output::shows_colour());
        output::note(&format!("{}\n", text.trim_end()));
    }
}

/// A registry error as the end of the process.
pub(crate) fn refusal(error: Error) -> Fail {
    let exit = if error.is_refusal() { Exit::Refused } else { Exit::Usage };
    let fail = Fail::new(exit, format!("{}: {error}", error.kind()));
    match error.help() {
        Some(help) => fail.help(help),
        None => fail,
    }
}

fn insert(places: &mut BTreeMap<PathBuf, Expect>, path: &Path, expect: Expect) {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // What a lock file says of a root weighs more than what was seen first.
    let known = places.get(&path).copied();
    places.insert(path, known.filter(|k| matches!(k, Expect::Root(_))).unwrap_or(expect));
}

fn find_lock(folder: &Path) -> PathBuf {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().map(|dir| dir.join(LOCK_FILE)).find(|path| path.is_file());
    found.unwrap_or_else(|| absolute.join(LOCK_FILE))
}

fn read_lock(path: &Path) -> Result<Lockfile, Fail> {
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
