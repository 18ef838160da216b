//! Which documents there are, and which of them is the pipeline that is asked for.

use super::Loader;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::header;
use crate::shown::shown;
use crate::source::{Source, Span};
use crate::suggest;
use crate::world::World;
use crate::yaml::node::{Node, NodeKind};

/// The documents of one compilation.
#[derive(Debug)]
pub(crate) struct Documents {
    /// The one that is compiled.
    pub(super) pipeline: Node,
    /// Those that take effect for it, in the order in which they were read.
    pub(super) others: Vec<Other>,
}

/// A document beside the pipeline.
#[derive(Debug)]
pub(crate) struct Other {
    pub(super) kind: Kind,
    pub(super) node: Node,
}

/// Kinds of documents beside pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Config,
    /// The project's, for a pipeline that a step runs: its limits hold for the step already.
    ConfigAround,
    Policy,
    Adapter,
    Macro,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The name of the pipeline; the only one without it.
    pub(crate) name: Option<&'a str>,
    /// Whether a step of another pipeline runs it. The limits of that one hold for it too, so the
    /// project's `Config` has done its work there.
    pub(crate) child: bool,
}

/// Reads every document. `None` where there is nothing to go on with; that is reported.
pub(crate) fn load(
    source: &Source<'_>,
    asked: Asked<'_>,
    world: World<'_>,
    loader: &mut Loader<'_>,
    report: &mut Report,
) -> Option<Documents> {
    let mut pipelines = Vec::new();
    let mut others = Vec::new();
    for node in read(source, loader, report)? {
        match kind(&node, report) {
            Ok(kind) => others.push(Other { kind, node }),
            Err(Some(Pipeline(known))) => pipelines.push((known, node)),
            Err(None) => {}
        }
    }
    for extra in world.extra.iter().filter(|extra| extra.name != source.name) {
        for node in read(extra, loader, report)? {
            match kind(&node, report) {
                Ok(Kind::Config) if asked.child => {
                    others.push(Other { kind: Kind::ConfigAround, node });
                }
                Ok(kind) => others.push(Other { kind, node }),
                Err(Some(Pipeline(_))) => report.push(misplaced(&node)),
                Err(None) => {}
            }
        }
    }
    let pipeline = choose(pipelines, asked.name, source, report)?;
    Some(Documents { pipeline, others })
}

fn read(source: &Source<'_>, loader: &mut Loader<'_>, report: &mut Report) -> Option<Vec<Node>> {
    loader.load(source).map_err(|problem| report.push(*problem)).ok()
}

/// Whether a document says that it is a pipeline, or says nothing that is known.
struct Pipeline(bool);

/// What a document is. `Err(None)` for those that cannot be used, which is reported.
fn kind(node: &Node, report: &mut Report) -> Result<Kind, Option<Pipeline>> {
    let Some(text) = node.get("kind").and_then(Node::as_text) else {
        return Err(Some(Pipeline(false)));
    };
    match text.text.as_str() {
        "Pipeline" => Err(Some(Pipeline(true))),
        "Config" => Ok(Kind::Config),
        "Policy" => Ok(Kind::Policy),
        "Macro" => Ok(Kind::Macro),
        "Adapter" => Ok(Kind::Adapter),
        "System" => {
            header::check(node, report);
            Err(None)
        }
        _ => Err(Some(Pipeline(false))),
    }
}

/// The pipeline that is asked for.
fn choose(
    found: Vec<(bool, Node)>,
    name: Option<&str>,
    source: &Source<'_>,
    report: &mut Report,
) -> Option<Node> {
    // A document that is alone is read as a pipeline whatever it says: that tells best what is wrong.
    if let ([_], None) = (found.as_slice(), name) {
        return found.into_iter().next().map(|(_, node)| node);
    }
    let mut named: Vec<(Node, String, Span)> = Vec::new();
    for (known, node) in found {
        let text = node.get("metadata").and_then(|metadata| metadata.get("name")?.as_text());
        let (text, span) = text.map_or((String::new(), first(&node)), |t| (t.text.clone(), t.span));
        if !known {
            header::check(&node, report);
        } else if let Some((.., before)) = named.iter().find(|(_, other, _)| *other == text) {
            report.push(twice("pipelines", &text, span, *before));
        } else {
            named.push((node, text, span));
        }
    }
    if report.has_errors() {
        return None;
    }
    let names = || named.iter().map(|(_, name, _)| name.as_str());
    let code = &codes::WHICH_PIPELINE;
    let problem = match (name, named.as_slice()) {
        (_, []) => {
            let message = format!("`{}` has no pipeline", shown(source.name));
            Diagnostic::new(code, Span::default(), message)
                .help("add a document with `kind: Pipeline`; a line `---` begins it")
        }
        (None, [_]) => return named.pop().map(|(node, ..)| node),
        (None, [(.., first), rest @ ..]) => {
            let message = format!("the file has {} pipelines, expected one", named.len());
            let list = suggest::listed(names()).unwrap_or_default();
            rest.iter().take(9).fold(
                Diagnostic::new(code, *first, message).help(format!("say which one: {list}")),
                |problem, (.., span)| problem.label(*span, "another one"),
            )
        }
        (Some(name), _) => {
            if let Some(at) = named.iter().position(|(_, other, _)| other == name) {
                return Some(named.swap_remove(at).0);
            }
            let help = report.suggest(name, "the pipelines are", names());
            let message = format!("`{}` has no pipeline `{}`", shown(source.name), shown(name));
            Diagnostic::new(code, Span::default(), message).maybe_help(help)
        }
    };
    report.push(problem);
    None
}

/// Where to point for a document as a whole.
pub(super) fn first(node: &Node) -> Span {
    match &node.kind {
        NodeKind::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        _ => node.span,
    }
}

/// Two documents with one name.
pub(super) fn twice(what: &str, name: &str, span: Span, before: Span) -> Diagnostic {
    let message = format!("two {what} are called `{}`", shown(name));
    Diagnostic::new(&codes::DUPLICATE_DOCUMENT, span, message)
        .label(before, "the first one")
        .help("give one of them another name, or remove it")
}

fn misplaced(node: &Node) -> Diagnostic {
    Diagnostic::new(
        &codes::WHICH_PIPELINE,
        first(node),
        "a pipeline among the documents that hold for every pipeline of the project",
    )
    .help(
        "put it into a file of its own; only `Config`, `Policy`, `Adapter` and `Macro` belong here",
    )
}
