//! The pipelines that steps run: other files and releases of registries, each compiled once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use coldframe_format::{SkillId, SkillRef};
use semver::{Version, VersionReq};

use crate::catalog::{CatalogError, PipelineEntry};
use crate::codes::{self, Code};
use crate::compile;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::document::{From, join};
use crate::graph::{Graph, Release};
use crate::load::{Asked, Loader};
use crate::shown::{sentence, shown};
use crate::source::{Lines, Source};
use crate::sources::{Sources, Texts as _};
use crate::suggest;
use crate::types::Ty;
use crate::world::{FileError, World};
use crate::yaml::node::Text;

/// How deep pipelines may run pipelines.
const DEPTH_MAX: usize = 8;
/// The most steps of a pipeline together with all it runs, each as often as it is named. What
/// walks all of them relies on it.
const STEPS_MAX: usize = 100_000;

/// A compiled pipeline that a step runs.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) graph: Arc<Graph>,
    /// The object of its outputs.
    pub(crate) outputs: Ty,
    /// `None` for a file.
    pub(crate) release: Option<Release>,
    size: Size,
}

/// How much a pipeline is with all it runs.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Itself and the longest way down.
    depth: usize,
    steps: usize,
}

/// What is compiled. A file that is called like a release is still another thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    File(String),
    Release(SkillId, Version),
    /// What is to be published under a name that is none.
    Unnamed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(&shown(name)),
            Self::Release(id, version) => write!(f, "{id}@{version}"),
            Self::Unnamed => f.write_str("the pipeline"),
        }
    }
}

/// The pipelines of one compilation.
pub(crate) struct Children<'w> {
    pub(crate) world: World<'w>,
    /// The values of the environment that went into the texts.
    pub(crate) env: BTreeMap<String, String>,
    /// What is being compiled, outer ones first.
    open: Vec<(Origin, Size)>,
    done: BTreeMap<Origin, Result<Arc<Child>, Problem>>,
}

impl fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("open", &self.open).finish_non_exhaustive()
    }
}

/// A problem without its place.
#[derive(Debug, Clone)]
struct Problem {
    code: &'static Code,
    message: String,
    help: String,
}

impl<'w> Children<'w> {
    /// For the compilation of a file, or of a release that is to be published.
    pub(crate) fn new(world: World<'w>, origin: Origin) -> Self {
        let open = vec![(origin, Size::default())];
        Self { world, env: BTreeMap::new(), open, done: BTreeMap::new() }
    }

    /// Whether what is being compiled comes from a registry, or is on its way there.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self.open.last(), Some((Origin::Release(..) | Origin::Unnamed, _)))
    }

    /// The pipeline that a step means. `beside` is the file that its reference stands in: the
    /// innermost open one, one that this includes, or one of the project.
    pub(super) fn find(
        &mut self,
        beside: &str,
        reference: &Text,
        from: &From,
        path: &str,
        report: &mut Report,
    ) -> Option<Arc<Child>> {
        let found = match from {
            From::File => self.file(beside, &reference.text),
            From::Registry(wanted) => self.release(wanted, report),
        };
        found
            .and_then(|child| self.count(child))
            .map_err(|problem| {
                report.push(
                    Diagnostic::new(problem.code, reference.span, problem.message)
                        .help(problem.help)
                        .at(&join(path, "pipeline")),
                );
            })
            .ok()
    }

    fn file(&mut self, beside: &str, path: &str) -> Result<Arc<Child>, Problem> {
        let file = self.world.files.read(beside, path).map_err(unreadable)?;
        let source = Source { name: &file.name, text: &file.text };
        self.once(Origin::File(file.name.clone()), &source, None)
    }

    fn release(&mut self, wanted: &SkillRef, report: &mut Report) -> Result<Arc<Child>, Problem> {
        if self.is_released() && wanted.req == VersionReq::STAR {
            return Err(Problem {
                code: &codes::BAD_PIPELINE_REFERENCE,
                message: format!(
                    "`{}` has no version, and a pipeline of a registry says which ones it runs with",
                    wanted.id
                ),
                help: format!("write `{}@^1`, with the version it was written for", wanted.id),
            });
        }
        // What is not published yet is in no catalog, and would be found there afterwards.
        if let Some((origin @ Origin::Release(id, version), _)) = self.open.first()
            && *id == wanted.id
            && wanted.req.matches(version)
        {
            return Err(self.cycle(origin));
        }
        let entry = self
            .world
            .pipelines
            .find(wanted)
            .map_err(|error| self.not_found(wanted, error, report))?;
        let name = format!("{}@{}", entry.id, entry.version);
        let source = Source { name: &name, text: &entry.text };
        let origin = Origin::Release(entry.id.clone(), entry.version.clone());
        let outer = self.world;
        self.world = outer.of_releases();
        let found = self.once(origin, &source, Some(&entry));
        self.world = outer;
        found
    }

    /// Compiles something unless that is done already.
    fn once(
        &mut self,
        origin: Origin,
        source: &Source<'_>,
        entry: Option<&PipelineEntry>,
    ) -> Result<Arc<Child>, Problem> {
        if self.open.iter().any(|(open, _)| *open == origin) {
            return Err(self.cycle(&origin));
        }
        if let Some(done) = self.done.get(&origin) {
            return done.clone();
        }
        if self.open.len() > DEPTH_MAX {
            return Err(too_deep());
        }
        self.open.push((origin.clone(), Size::default()));
        let mut report = Report::default();
        let mut loader = Loader::new(self.world.files);
        let asked = Asked { name: None, child: true };
        let graph = compile::stages(source, asked, &mut loader, self, &mut report);
        let below = self.open.pop().map(|(_, size)| size).unwrap_or_default();
        let found = match graph {
            Some((graph, outputs)) if !report.has_errors() => {
                let steps = below.steps.saturating_add(graph.steps.len());
                let size = Size { depth: below.depth + 1, steps };
                as_signed(graph, entry).map(|(graph, release)| {
                    Arc::new(Child { graph: Arc::new(graph), outputs, release, size })
                })
            }
            _ => Err(broken(source, &loader.sources, report, entry.is_some())),
        };
        self.done.insert(origin, found.clone());
        found
    }

    fn not_found(&self, wanted: &SkillRef, error: CatalogError, report: &mut Report) -> Problem {
        let id = &wanted.id;
        match error {
            CatalogError::UnknownSkill => {
                let ids =
                    |ids: Vec<SkillId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
                let is_skill = self.world.skills.ids().contains(id);
                let names = ids(self.world.pipelines.ids());
                let near = report.suggest(
                    &id.to_string(),
                    "the pipelines are",
                    names.iter().map(String::as_str),
                );
                let help = if is_skill {
                    format!("`{id}` is a skill: call an operation of it with `uses`")
                } else {
                    near.unwrap_or_else(|| {
                        "name the registry that has it with `--registry`".to_owned()
                    })
                };
                let message = format!("there is no pipeline `{id}` in a registry");
                Problem { code: &codes::UNKNOWN_PIPELINE, message, help }
            }
            CatalogError::NoVersion(versions) => {
                let there: Vec<String> = versions.iter().rev().map(ToString::to_string).collect();
                let list = suggest::listed(there.iter().map(String::as_str));
                let list = list.unwrap_or_else(|| "none".to_owned());
                let req = shown(&wanted.req.to_string());
                let message = format!("no version of `{id}` satisfies `{req}`");
                Problem { code: &codes::NO_VERSION, message, help: format!("there are {list}") }
            }
            CatalogError::Refused(why) => refused(id, &why),
        }
    }

    /// Adds a child to the size of the file that runs it.
    fn count(&mut self, child: Arc<Child>) -> Result<Arc<Child>, Problem> {
        let open = self.open.len();
        let Some((_, size)) = self.open.last_mut() else { return Ok(child) };
        size.depth = size.depth.max(child.size.depth);
        size.steps = size.steps.saturating_add(child.size.steps);
        // It may have been compiled where there was more room below.
        if open + child.size.depth > DEPTH_MAX + 1 {
            return Err(too_deep());
        }
        if size.steps > STEPS_MAX {
            return Err(Problem {
                code: &codes::TOO_DEEP,
                message: format!(
                    "the pipelines that are run have more than {STEPS_MAX} steps in all"
                ),
                help: "run a pipeline for many items with one step: `map`".to_owned(),
            });
        }
        Ok(child)
    }

    fn cycle(&self, origin: &Origin) -> Problem {
        let from = self.open.iter().position(|(open, _)| open == origin).unwrap_or_default();
        let mut names: Vec<String> =
            self.open.iter().skip(from).map(|(open, _)| open.to_string()).collect();
        names.push(origin.to_string());
        Problem {
            code: &codes::PIPELINE_CYCLE,
            message: format!("the pipelines run each other without end: `{}`", names.join(" -> ")),
            help: "to do something again and again, use `loop`".to_owned(),
        }
    }
}

fn too_deep() -> Problem {
    Problem {
        code: &codes::TOO_DEEP,
        message: format!("pipelines run pipelines more than {DEPTH_MAX} deep"),
        help: "put the steps of some of them into the one that runs them".to_owned(),
    }
}

fn unreadable(error: FileError) -> Problem {
    let (code, message, help) = crate::load::unreadable(&error);
    Problem { code, message, help: help.to_owned() }
}

/// A graph with the release it comes from, if the document is what its owner signed about it.
fn as_signed(
    graph: Graph,
    entry: Option<&PipelineEntry>,
) -> Result<(Graph, Option<Release>), Problem> {
    let Some(entry) = entry else { return Ok((graph, None)) };
    let (id, version) = (&entry.id, &entry.version);
    let json = |caps| serde_json::to_string(caps).unwrap_or_default();
    let why = if graph.name != id.name() || graph.version != *version {
        Some(format!("its document is `{}` {}", shown(&graph.name), graph.version))
    } else if graph.caps != entry.caps {
        let (found, expected) = (json(&graph.caps), json(&entry.caps));
        Some(format!("its document grants `{found}`, and its signed row says `{expected}`"))
    } else {
        None
    };
    match why {
        Some(why) => Err(refused(&format!("{id}@{version}"), &why)),
        None => {
            let (id, version, document) = (id.clone(), version.clone(), entry.document);
            Ok((graph, Some(Release { id, version, document })))
        }
    }
}

fn refused(name: &dyn fmt::Display, why: &str) -> Problem {
    Problem {
        code: &codes::PIPELINE_REFUSED,
        message: format!("`{name}` is refused: {}", sentence(why)),
        help: "don't work around it: ask the registry's owner, or restore the registry from a copy you trust".to_owned(),
    }
}

/// One problem for all those of a file or release.
fn broken(source: &Source<'_>, sources: &Sources, report: Report, released: bool) -> Problem {
    let problems = report.into_sorted(sources);
    let errors = || problems.iter().filter(|problem| problem.severity == Severity::Error);
    let refused = errors().find(|problem| problem.is_refusal());
    let count = match errors().count() {
        1 => "a problem".to_owned(),
        more => format!("{more} problems, one of them"),
    };
    let name = shown(source.name);
    let quoted = refused.or_else(|| errors().next()).map_or_else(String::new, |problem| {
        let place = sources.text_at(problem.span.start);
        let line = Lines::new(place.text).line(problem.span.start.saturating_sub(place.base));
        let of =
            if place.base == 0 { String::new() } else { format!(" of `{}`", shown(place.name)) };
        format!(" in line {line}{of}: {}", problem.message)
    });
    Problem {
        code: if refused.is_some() { &codes::CHILD_REFUSED } else { &codes::CHILD_PIPELINE },
        message: format!("`{name}` has {count}{quoted}"),
        help: if released {
            "choose another version of it, and tell its owner".to_owned()
        } else {
            format!("run `coldframe check {name}`")
        },
    }
}
