//! The stages, one after the other.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Graph;
use crate::load::{Asked, Loader, Project};
use crate::resolve::{Children, Origin};
use crate::source::Source;
use crate::sources::Sources;
use crate::types::Ty;
use crate::world::World;
use crate::yaml::parts::read_parts;
use crate::{check, document, load, lower, resolve};

/// What became of a text.
#[derive(Debug)]
pub struct Compiled {
    /// There if and only if there are no errors.
    pub graph: Option<Graph>,
    /// All problems by place, warnings too.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the places of problems lie in: the source first, then those of the project
    /// and what they include, each as often as it is included. Not those of sub-pipelines.
    pub sources: Sources,
    /// The values of the environment that went into texts, those of sub-pipelines too. The same
    /// text with these compiles to the same graph.
    pub env: BTreeMap<String, String>,
}

impl Compiled {
    /// Whether a signature, digest or revocation was among the reasons.
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_refusal)
    }
}

/// Compiles the only pipeline of a source. A pure function: the same text and world give the same
/// result.
pub fn compile(source: &Source<'_>, world: World<'_>) -> Compiled {
    compile_named(source, None, world)
}

/// Compiles one of several pipelines of a source, by `metadata.name`.
pub fn compile_named(source: &Source<'_>, name: Option<&str>, world: World<'_>) -> Compiled {
    let mut report = Report::default();
    let mut children = Children::new(world, Origin::File(source.name.to_owned()));
    let mut loader = Loader::new(world.files);
    let asked = Asked { name, child: false };
    let graph = stages(source, asked, &mut loader, &mut children, &mut report);
    let graph = graph.filter(|_| !report.has_errors()).map(|(graph, _)| graph);
    let sources = loader.sources;
    let diagnostics = report.into_sorted(&sources);
    Compiled { graph, diagnostics, sources, env: children.env }
}

/// The names of the pipelines of a text, where it is YAML.
pub fn pipelines(text: &str) -> Vec<String> {
    let parts = read_parts(text).unwrap_or_default();
    let names = parts.iter().filter(|part| part.is_pipeline()).filter_map(|part| part.name());
    names.map(str::to_owned).collect()
}

/// The graph, and the type of its outputs.
pub(crate) fn stages(
    source: &Source<'_>,
    asked: Asked<'_>,
    loader: &mut Loader<'_>,
    children: &mut Children<'_>,
    report: &mut Report,
) -> Option<(Graph, Ty)> {
    let documents = load::load(source, asked, children.world, loader, report)?;
    if children.is_released() {
        documents.refuse_env(report);
    }
    let (pipeline, others) = documents.fill_env(children.world.env, &mut children.env, report);
    if report.has_errors() {
        return None;
    }
    let project = Project::read(&others, report);
    let (root, governance) = project.expand(pipeline, loader, report)?;
    let document = document::read(&root, report)?;
    let sources = &loader.sources;
    let resolved = resolve::resolve(&document, sources, children, report);
    let outputs = check::check(&document, &resolved, report);
    check::within_ceilings(&document, &project.ceilings(), report);
    check::governed(&document, &resolved, &governance, report);
    if report.has_errors() {
        return None;
    }
    let graph = lower::lower(source, sources, &document, &resolved)?;
    Some((Graph { models: project.models(), ..graph }, outputs))
}
