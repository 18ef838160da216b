//! A pipeline on its way into a registry: it stands alone, and says which version it is.

use coldframe_format::pipeline_row::{PipelineRow, RowInput, RowOutput};
use coldframe_format::{Digest, SkillId};
use semver::Version;

use crate::codes;
use crate::compile::{self, Compiled};
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Graph;
use crate::load::{Asked, Loader};
use crate::resolve::{Children, Origin};
use crate::source::{Source, Span};
use crate::types::Ty;
use crate::world::World;
use crate::yaml::node::Node;

/// What became of a text that is to be published.
#[derive(Debug)]
pub struct Released {
    /// As of any other text.
    pub compiled: Compiled,
    /// What a registry says of it, but for when; there if and only if there is a graph.
    pub row: Option<PipelineRow>,
}

/// Compiles a text as whoever takes it from a registry will: without files, documents of a project
/// and values of the environment. Every reference in it says which versions will do.
///
/// `namespace` is the owner that it is to be published by; name and version are its own.
pub fn compile_release(source: &Source<'_>, namespace: &str, world: World<'_>) -> Released {
    let world = world.of_releases();
    let mut report = Report::default();
    let header = Header::read(source, world);
    let id = SkillId::new(namespace, &header.name).ok();
    let version = header.version.clone().unwrap_or_else(|| Version::new(0, 0, 0));
    // What is wrong with the name is reported by the stages.
    let origin = id.clone().map_or(Origin::Unnamed, |id| Origin::Release(id, version));
    let mut children = Children::new(world, origin);
    let mut loader = Loader::new(world.files);
    let asked = Asked { name: None, child: false };
    let found = compile::stages(source, asked, &mut loader, &mut children, &mut report);
    if !header.has_version && found.is_some() {
        report.push(
            Diagnostic::new(
                &codes::MISSING_KEY,
                header.span,
                "`metadata` has no `version`, and what is published has one",
            )
            .help("add `version: 1.0.0`")
            .at("metadata"),
        );
    }
    let found = found.filter(|_| !report.has_errors());
    let row = found.as_ref().zip(id).map(|((graph, outputs), id)| {
        row(id, graph, outputs, Digest::of(source.text.as_bytes()), &header)
    });
    let diagnostics = report.into_sorted(&loader.sources);
    let graph = found.map(|(graph, _)| graph);
    let env = children.env;
    Released { compiled: Compiled { graph, diagnostics, sources: loader.sources, env }, row }
}

fn row(id: SkillId, graph: &Graph, outputs: &Ty, document: Digest, header: &Header) -> PipelineRow {
    let inputs = graph.inputs.iter().map(|(name, input)| RowInput {
        name: name.clone(),
        required: input.default.is_none(),
        schema: input.schema.to_string(),
    });
    let types = match outputs {
        Ty::Object(object) => object.fields.iter().collect(),
        _ => Vec::new(),
    };
    let outputs =
        types.into_iter().map(|(name, ty)| RowOutput { name: name.clone(), ty: ty.to_string() });
    let mut skills: Vec<String> = graph
        .with_children()
        .into_iter()
        .flat_map(Graph::calls)
        .map(|uses| format!("{}@{}", uses.skill, uses.version))
        .collect();
    let releases = graph.releases();
    let mut pipelines: Vec<String> =
        releases.iter().map(|(found, _)| format!("{}@{}", found.id, found.version)).collect();
    for list in [&mut skills, &mut pipelines] {
        list.sort();
        list.dedup();
    }
    let mut row = PipelineRow::new(id, graph.version.clone(), document, 0);
    row.description.clone_from(&header.description);
    row.inputs = inputs.collect();
    row.outputs = outputs.collect();
    row.caps = graph.caps.clone();
    row.skills = skills;
    row.pipelines = pipelines;
    row
}

/// What the metadata of the pipeline says, as far as it can be read.
#[derive(Default)]
struct Header {
    name: String,
    version: Option<Version>,
    has_version: bool,
    description: String,
    /// Where the metadata stands.
    span: Span,
}

impl Header {
    fn read(source: &Source<'_>, world: World<'_>) -> Self {
        let documents = Loader::new(world.files).load(source).unwrap_or_default();
        let is_pipeline = |node: &&Node| {
            node.get("kind").and_then(Node::as_text).is_some_and(|kind| kind.text == "Pipeline")
        };
        let metadata = documents.iter().find(is_pipeline).and_then(|node| node.get("metadata"));
        let Some(metadata) = metadata else { return Self::default() };
        let text = |key: &str| metadata.get(key).and_then(Node::as_text).map(|text| &text.text);
        Self {
            name: text("name").cloned().unwrap_or_default(),
            version: text("version").and_then(|text| Version::parse(text).ok()),
            has_version: metadata.get("version").is_some(),
            description: text("description").cloned().unwrap_or_default(),
            span: metadata.span,
        }
    }
}
