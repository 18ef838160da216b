//! The pipelines that steps run: other files, each compiled once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::codes::{self, Code};
use crate::compile;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::document::join;
use crate::graph::Graph;
use crate::load::{Asked, Loader};
use crate::shown::shown;
use crate::source::{Lines, Source};
use crate::sources::{Sources, Texts as _};
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
    size: Size,
}

/// How much a pipeline is with all it runs.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Itself and the longest way down.
    depth: usize,
    steps: usize,
}

/// The files of one compilation.
pub(crate) struct Children<'w> {
    pub(crate) world: World<'w>,
    /// The values of the environment that went into the texts.
    pub(crate) env: BTreeMap<String, String>,
    /// The files that are being compiled, outer ones first.
    open: Vec<(String, Size)>,
    done: BTreeMap<String, Result<Arc<Child>, Problem>>,
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
    /// For the compilation of a file.
    pub(crate) fn new(world: World<'w>, name: &str) -> Self {
        let open = vec![(name.to_owned(), Size::default())];
        Self { world, env: BTreeMap::new(), open, done: BTreeMap::new() }
    }

    /// The pipeline that a step means. `from` is the file that its reference stands in: the
    /// innermost open one, one that this includes, or one of the project.
    pub(super) fn find(
        &mut self,
        from: &str,
        reference: &Text,
        path: &str,
        report: &mut Report,
    ) -> Option<Arc<Child>> {
        let found = self.look_up(from, &reference.text).and_then(|child| self.count(child));
        found
            .map_err(|problem| {
                report.push(
                    Diagnostic::new(problem.code, reference.span, problem.message)
                        .help(problem.help)
                        .at(&join(path, "pipeline")),
                );
            })
            .ok()
    }

    fn look_up(&mut self, from: &str, path: &str) -> Result<Arc<Child>, Problem> {
        let file = self.world.files.read(from, path).map_err(unreadable)?;
        if self.open.iter().any(|(open, _)| *open == file.name) {
            return Err(self.cycle(&file.name));
        }
        if let Some(done) = self.done.get(&file.name) {
            return done.clone();
        }
        if self.open.len() > DEPTH_MAX {
            return Err(too_deep());
        }
        self.open.push((file.name.clone(), Size::default()));
        let mut report = Report::default();
        let source = Source { name: &file.name, text: &file.text };
        let mut loader = Loader::new(self.world.files);
        let asked = Asked { name: None, child: true };
        let graph = compile::stages(&source, asked, &mut loader, self, &mut report);
        let below = self.open.pop().map(|(_, size)| size).unwrap_or_default();
        let found = match graph {
            Some((graph, outputs)) if !report.has_errors() => {
                let steps = below.steps.saturating_add(graph.steps.len());
                let size = Size { depth: below.depth + 1, steps };
                Ok(Arc::new(Child { graph: Arc::new(graph), outputs, size }))
            }
            _ => Err(broken(&source, &loader.sources, report)),
        };
        self.done.insert(file.name, found.clone());
        found
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

    fn cycle(&self, name: &str) -> Problem {
        let from = self.open.iter().position(|(open, _)| open == name).unwrap_or_default();
        let mut names: Vec<String> =
            self.open.iter().skip(from).map(|(open, _)| shown(open)).collect();
        names.push(shown(name));
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
        help: "put the steps of some of them into the file that runs them".to_owned(),
    }
}

fn unreadable(error: FileError) -> Problem {
    let (code, message, help) = crate::load::unreadable(&error);
    Problem { code, message, help: help.to_owned() }
}

/// One problem for all those of a file.
fn broken(source: &Source<'_>, sources: &Sources, report: Report) -> Problem {
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
        help: format!("run `coldframe check {name}`"),
    }
}
