//! The skills and pipelines a pipeline can use: its lock file and the registries, as one catalog.

mod files;
mod pins;
mod pipelines;
mod releasing;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coldframe_client::{
    BUILTIN, Error, Expect, Hit, Registries, Registry, VerifiedPipeline, VerifiedSkill,
};
use coldframe_format::caps::ToolGrant;
use coldframe_format::{Digest, Lockfile, SkillId, SkillRef};
use coldframe_lang::Sources;
use coldframe_lang::catalog::{CatalogError, SkillCatalog, SkillEntry};
use coldframe_lang::diagnostic::Diagnostic;
use coldframe_lang::graph::{Graph, Tool};
use coldframe_lang::sarif::Sarif;
use coldframe_lang::source::Source;
use coldframe_lang::world::{File, Files as _, World};
use semver::Version;
use serde_json::{Value, json};

pub(crate) use self::files::KeptFile;
use self::files::ProjectFiles;
pub(crate) use self::releasing::Shown;
use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::settings::{Pins, Settings};
use crate::{inputs, output, place};

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
    pins: Option<Pins>,
    /// Registries named by flag or by the lock file.
    places: Vec<PathBuf>,
    /// Files that pipelines name.
    files: ProjectFiles,
    /// `coldframe.yml` of the project, which holds for all its pipelines.
    extra: Option<File>,
    /// The environment; a resumed run has that of its start.
    env: BTreeMap<String, String>,
    /// The values of it that went into texts.
    env_used: RefCell<BTreeMap<String, String>>,
    /// What was fetched: the compiler and the loader look at the same bytes.
    fetched: RefCell<BTreeMap<(SkillId, Version), Arc<VerifiedSkill>>>,
    /// Pipelines that were fetched.
    documents: RefCell<BTreeMap<(SkillId, Version), Arc<VerifiedPipeline>>>,
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
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The texts that problems lie in.
    sources: Sources,
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
        let lock_path = pins::find_lock(folder);
        let lock = pins::read_lock(&lock_path)?;
        let beside = lock_path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut places = BTreeMap::new();
        for registry in lock.registries().iter().filter(|r| r.location != BUILTIN) {
            let expect = Expect::Root(registry.root);
            insert(&mut places, &beside.join(&registry.location), expect);
        }
        for path in &global.registry {
            insert(&mut places, path, Expect::Remembered);
        }
        // A lock file marks the project's folder; without one it is the pipeline's own.
        let root = if lock_path.exists() { beside } else { folder.to_owned() };
        let files = ProjectFiles::below(root.clone());
        let extra = project_file(&files, &root)?;
        Self::open(global, lock, lock_path, places, None, (files, extra, environment()))
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
        let files = ProjectFiles::kept(&settings.files);
        let extra = files.read("", PROJECT_FILE).ok();
        let texts = (files, extra, settings.env.clone());
        Self::open(global, Lockfile::default(), PathBuf::new(), places, pins, texts)
    }

    fn open(
        global: &Global,
        lock: Lockfile,
        lock_path: PathBuf,
        places: BTreeMap<PathBuf, Expect>,
        pins: Option<Pins>,
        (files, extra, env): Texts,
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
            files,
            extra,
            env,
            env_used: RefCell::default(),
            fetched: RefCell::default(),
            documents: RefCell::default(),
            refused: RefCell::default(),
        })
    }

    /// The project's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.files.folder()
    }

    /// Checks a pipeline file.
    pub(crate) fn check_file(&self, file: &Path) -> Result<Checked, Fail> {
        let text = Self::read_text(file)?;
        Ok(self.check_text(file.display().to_string(), text))
    }

    /// The text of a pipeline file.
    pub(crate) fn read_text(file: &Path) -> Result<String, Fail> {
        let name = file.display().to_string();
        if std::fs::metadata(file).is_ok_and(|found| found.len() > PIPELINE_BYTES_MAX) {
            let message = format!("`{name}` is too large for a pipeline, expected at most 1 MiB");
            return Err(Fail::new(Exit::Problems, message)
                .help("put data into files and hand them in as inputs"));
        }
        let bytes = inputs::read_bytes(file, PIPELINE_BYTES_MAX)?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Fail::new(Exit::Problems, format!("`{name}` is not UTF-8 text: byte {at} is not"))
                .help("a pipeline is a YAML file in UTF-8")
        })
    }

    fn check_text(&self, name: String, text: String) -> Checked {
        self.check_named(name, text, None)
    }

    fn check_named(&self, name: String, text: String, pipeline: Option<&str>) -> Checked {
        let compiled = self.with_world(|world| {
            coldframe_lang::compile_named(&Source { name: &name, text: &text }, pipeline, world)
        });
        self.env_used.borrow_mut().extend(compiled.env);
        Checked {
            graph: compiled.graph,
            name,
            text,
            diagnostics: compiled.diagnostics,
            sources: compiled.sources,
        }
    }

    /// What the rules have to say on a text that was checked.
    pub(crate) fn lint(&self, checked: &Checked) -> Checked {
        let source = Source { name: &checked.name, text: &checked.text };
        Checked {
            graph: None,
            name: checked.name.clone(),
            text: checked.text.clone(),
            diagnostics: self.with_world(|world| coldframe_lang::lint::lint(&source, world)),
            sources: Sources::of(&source),
        }
    }

    /// Compiles a pipeline file, or prints what is wrong with it.
    pub(crate) fn compile_file(&self, global: &Global, file: &Path) -> Result<Compiled, Fail> {
        self.compiled(global, self.check_file(file)?)
    }

    /// Compiles another text in place of a file's, every pipeline of it.
    pub(crate) fn compile_patched(
        &self,
        global: &Global,
        file: &Path,
        text: &str,
    ) -> Result<(), Fail> {
        let file = file.display().to_string();
        let names = coldframe_lang::pipelines(text);
        if names.len() < 2 {
            self.compiled(global, self.check_text(file, text.to_owned()))?;
            return Ok(());
        }
        for name in &names {
            self.compiled(global, self.check_named(file.clone(), text.to_owned(), Some(name)))?;
        }
        Ok(())
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
        if global.format() == output::Format::Json {
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

    /// The skill that evaluates expressions. Its namespace is the built-in registry's, which is among
    /// ours and has no second owner.
    pub(crate) fn evaluator(&self) -> Result<VerifiedSkillRef, Fail> {
        let id = EVALUATOR.parse().map_err(|error| Fail::new(Exit::Bug, format!("{error}")))?;
        let wanted = SkillRef { id, req: semver::VersionReq::STAR, operation: None };
        self.registries.fetch(&wanted).map(Arc::new).map_err(refusal)
    }

    /// Skills that match a text.
    pub(crate) fn search(&self, text: &str) -> Result<Vec<Hit>, Fail> {
        self.registries.search(text).map_err(refusal)
    }

    /// The values of the environment that went into compiled pipelines, for a run to keep.
    pub(crate) fn env_used(&self) -> BTreeMap<String, String> {
        self.env_used.borrow().clone()
    }

    /// The operations that grants name which stand in no file.
    pub(crate) fn tools(&self, grants: &[ToolGrant]) -> Result<Vec<Tool>, Fail> {
        self.with_world(|world| coldframe_lang::tools(grants, world)).map_err(|problems| {
            if let Some(error) = self.refused.borrow_mut().take() {
                return refusal(error);
            }
            let lines: Vec<&str> =
                problems.iter().map(|problem| problem.message.as_str()).collect();
            let fail = Fail::new(Exit::Problems, format!("`--grant`: {}", lines.join("; ")));
            match problems.iter().find_map(|problem| problem.help.clone()) {
                Some(help) => fail.help(help),
                None => fail,
            }
        })
    }

    fn with_world<T>(&self, ask: impl FnOnce(World<'_>) -> T) -> T {
        let extra: Vec<Source<'_>> =
            self.extra.iter().map(|file| Source { name: &file.name, text: &file.text }).collect();
        let files = &self.files;
        ask(World { skills: self, pipelines: self, files, extra: &extra, env: &self.env })
    }

    /// The files that compiled pipelines named, for a run to keep.
    pub(crate) fn files_read(&self) -> Vec<KeptFile> {
        self.files.to_keep()
    }

    /// Where the registries lie that a run needs besides the built-in one.
    pub(crate) fn registry_places(&self) -> Vec<String> {
        let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        self.places.iter().map(|path| absolute(path).display().to_string()).collect()
    }

    fn resolve(&self, wanted: &SkillRef) -> Result<VerifiedSkillRef, Error> {
        if let Some(pins) = &self.pins {
            return match newest_pinned(&pins.skills, wanted) {
                Some(version) => self.exactly(&wanted.id, version),
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

/// The newest of the versions a run was started with that a reference accepts.
fn newest_pinned<'p>(
    pins: &'p BTreeMap<(SkillId, Version), Digest>,
    wanted: &SkillRef,
) -> Option<&'p Version> {
    let mut versions =
        pins.keys().filter(|(id, version)| *id == wanted.id && wanted.req.matches(version));
    versions.next_back().map(|(_, version)| version)
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

    /// How many problems and pieces of advice there are.
    pub(crate) fn count(&self) -> usize {
        self.diagnostics.len()
    }

    pub(crate) fn diagnostics_json(&self) -> Value {
        coldframe_lang::to_json(&self.diagnostics, &self.sources)
    }

    pub(crate) fn add_to(&self, sarif: &mut Sarif) {
        sarif.add(&self.diagnostics, &self.sources);
    }

    pub(crate) fn print_diagnostics(&self) {
        if self.diagnostics.is_empty() {
            return;
        }
        let colour = output::shows_colour();
        let text = coldframe_lang::render_text(&self.diagnostics, &self.sources, colour);
        output::note(&format!("{}\n", text.trim_end()));
    }
}

/// Files, the project's own document, and the environment.
type Texts = (ProjectFiles, Option<File>, BTreeMap<String, String>);

/// The document of a project: `Config`, `Policy` and `Macro` that hold for all its pipelines.
const PROJECT_FILE: &str = "coldframe.yml";

/// The project's own document, read through `files`, so that runs keep it.
fn project_file(files: &ProjectFiles, root: &Path) -> Result<Option<File>, Fail> {
    if !root.join(PROJECT_FILE).exists() {
        return Ok(None);
    }
    let at_root = root.join("x").display().to_string();
    let file =
        files.read(&at_root, PROJECT_FILE).map_err(|error| Fail::usage(error.to_string()))?;
    files.keep_as("", PROJECT_FILE, &file);
    Ok(Some(file))
}

/// The environment, as far as it is text. The compiler looks at what a document lists.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A registry error as the end of the process.
pub(crate) fn refusal(error: Error) -> Fail {
    let exit = if error.is_refusal() { Exit::Refused } else { Exit::Usage };
    let fail = Fail::new(exit, format!("{}: {error}", error.kind())).kind(error.kind());
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
