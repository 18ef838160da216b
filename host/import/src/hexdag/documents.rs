//! The documents of a file: pipelines, macros, systems, and those that set up a host.

use coldframe_lang::shown::shown;

use super::dictionary::{MACRO, METADATA, PARAMETER, TOP};
use super::nodes;
use super::schema::{self, Types};
use super::scope::Scope;
use super::{spec, system};
use crate::fields::Fields;
use crate::names::{Taken, kebab};
use crate::note::{Place, codes};
use crate::out::{Map, Out};
use crate::values::literal;
use crate::work::Work;
use crate::yaml::node::{Node, NodeKind};

const KINDS: &[&str] = &["Pipeline", "System", "Macro", "Config", "Adapter", "Middleware"];

/// What the file has beside the node that is translated.
#[derive(Default)]
pub(super) struct File {
    /// Macros of the file, with the paths that their pipelines get.
    pub(super) macros: Vec<(String, String)>,
    pub(super) types: Types,
    /// Services, with the classes that they are.
    pub(super) services: Vec<(String, String)>,
    /// The model that the port for models is set to.
    pub(super) model: Option<String>,
    pub(super) timeout: Option<String>,
}

/// The head of a document.
pub(super) struct Head<'n> {
    pub(super) name: &'n str,
    pub(super) description: Option<&'n str>,
    pub(super) version: Option<&'n str>,
}

/// The pipelines of a file, the first one without a path.
pub(crate) fn translate(documents: &[Node], stem: &str, work: &Work) -> Vec<(String, Map)> {
    let mut paths = Taken::default();
    let mut path = |name: &str| format!("./{}.yml", paths.unique(&kebab(name), '-', &|_| false));
    let kind_of =
        |node: &Node| node.get("kind").and_then(Node::text).unwrap_or("Pipeline").to_owned();
    let name_of = |node: &Node| {
        node.get("metadata")
            .and_then(|node| node.get("name"))
            .and_then(Node::text)
            .unwrap_or(stem)
            .to_owned()
    };
    let macros: Vec<(String, String)> = documents
        .iter()
        .filter(|node| kind_of(node) == "Macro")
        .map(|node| (name_of(node), path(&name_of(node))))
        .collect();
    let mut macro_paths =
        macros.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>().into_iter();
    let mut found = Vec::new();
    let mut others = Vec::new();
    for node in documents {
        let Some(mut top) = Fields::of(node, &TOP, &work.notes) else { continue };
        let _version = top.take_text("apiVersion");
        let (kind, kind_place) = top.take_text("kind").unwrap_or(("Pipeline", node.place));
        let file = File { macros: macros.clone(), ..File::default() };
        match kind {
            "Pipeline" => {
                let head = head(&mut top, stem, work);
                let map = spec::pipeline(&mut top, &head, file, work);
                if found.is_empty() {
                    found.push((String::new(), map));
                } else {
                    let path = path(head.name);
                    let message = format!("another pipeline begins here, and goes to `{path}`");
                    work.notes.info(
                        codes::OTHER_FILE,
                        kind_place,
                        message,
                        "choose the file that is meant for an environment",
                    );
                    others.push((path, map));
                }
            }
            "System" => {
                let head = head(&mut top, stem, work);
                let map = system::translate(&mut top, &head, work);
                if found.is_empty() {
                    found.push((String::new(), map));
                } else {
                    others.push((path(head.name), map));
                }
            }
            "Macro" => {
                let head = head(&mut top, stem, work);
                let path = macro_paths.next().unwrap_or_default();
                let message = format!(
                    "the macro `{}` became a pipeline of its own, `{path}`",
                    shown(head.name)
                );
                work.notes.info(
                    codes::OTHER_FILE,
                    kind_place,
                    message,
                    "keep it beside the pipeline that calls it",
                );
                others.push((path, macro_of(&mut top, &head, &file, work)));
            }
            "Config" | "Adapter" | "Middleware" => setup(kind, &mut top, kind_place, work),
            other => {
                let help = work.notes.suggest(other, "the kinds are", KINDS.iter().copied());
                let message = format!("there is no kind of document `{}`", shown(other));
                work.notes.error(codes::UNKNOWN_KIND, kind_place, message, help);
            }
        }
    }
    found.append(&mut others);
    if found.is_empty() {
        let place = documents
            .first()
            .map_or(Place { line: 1, column: 1, ..Place::default() }, |node| node.place);
        work.notes.error(
            codes::UNKNOWN_KIND,
            place,
            "the file has no pipeline",
            "name a file with `kind: Pipeline` or `kind: System`",
        );
    }
    found
}

fn head<'n>(top: &mut Fields<'n, '_>, stem: &'n str, work: &Work) -> Head<'n> {
    let mut head = Head { name: stem, description: None, version: None };
    let Some(mut metadata) =
        top.require("metadata").and_then(|node| Fields::of(node, &METADATA, &work.notes))
    else {
        return head;
    };
    if let Some(name) = metadata.require("name").and_then(Node::scalar) {
        head.name = name;
    }
    head.description = metadata.take_text("description").map(|(text, _)| text);
    if let Some((version, place)) = metadata.take_text("version") {
        if is_version(version) {
            head.version = Some(version);
        } else {
            let message = format!("`{}` is left away: a version has three numbers", shown(version));
            work.notes.warning(codes::UNSUPPORTED_KEY, place, message, "for example `1.4.0`");
        }
    }
    if let Some((namespace, place)) = metadata.take_text("namespace") {
        let message = format!(
            "the environment `{}` is not chosen while a pipeline is read",
            shown(namespace)
        );
        work.notes.info(
            codes::DIFFERS,
            place,
            message,
            "keep a file per environment, or use inputs",
        );
    }
    head
}

/// `1.4.0`
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.len() < 10
                && part.bytes().all(|b| b.is_ascii_digit())
                && (*part == "0" || !part.starts_with('0'))
        })
}

/// A document that sets up the host, which a pipeline does not do here.
fn setup(kind: &str, top: &mut Fields<'_, '_>, place: Place, work: &Work) {
    let message =
        format!("the `{kind}` is left away: a pipeline does not set up the host it runs on");
    work.notes.warning(
        codes::UNSUPPORTED_KEY,
        place,
        message,
        "set the host up with its own configuration, and grant services under `caps`",
    );
    for key in ["metadata", "spec"] {
        if let Some(entry) = top.take_entry(key) {
            let message = format!("`{key}` of the `{kind}` is left away with it");
            work.notes.info(codes::UNSUPPORTED_KEY, entry.key.place, message, "");
        }
    }
}

/// A macro as a pipeline: its parameters are inputs.
fn macro_of(top: &mut Fields<'_, '_>, head: &Head<'_>, file: &File, work: &Work) -> Map {
    top.and(&MACRO);
    let scope = Scope::top(work);
    // Their manual shows both under `spec`, their compiler reads them at the top.
    let mut spec = top.take("spec").and_then(|node| Fields::of(node, &MACRO, &work.notes));
    let parameters =
        top.take("parameters").or_else(|| spec.as_mut().and_then(|spec| spec.take("parameters")));
    if let Some(NodeKind::List(items)) = parameters.map(|node| &node.kind) {
        for item in items {
            let Some(mut fields) = Fields::of(item, &PARAMETER, &work.notes) else { continue };
            let Some((name, place)) = fields.take_text("name") else { continue };
            let ty = fields.take("type");
            let mut schema = ty.map(|node| schema::of(node, &file.types, work)).unwrap_or_default();
            schema.put_some("default", fields.take("default").map(|node| literal(node, work)));
            schema.put_some(
                "description",
                fields.take("description").map(|node| literal(node, work)),
            );
            let expr = work.input(name, || Out::Map(schema), place);
            scope.local(name, &expr);
        }
    } else if let Some(node) = parameters {
        crate::fields::wrong_shape(node, "a list of parameters", &work.notes);
    }
    let nodes = top.take("nodes").or_else(|| spec.as_mut().and_then(|spec| spec.take("nodes")));
    if nodes.is_none() {
        work.notes.error(
            codes::MISSING_KEY,
            top.place,
            "`nodes` is missing in a macro",
            "complete their file, and import it again",
        );
    }
    let (steps, outputs) = nodes::block(nodes, top.place, file, &scope);
    crate::document::pipeline(
        head.name,
        head.description,
        head.version,
        Map::default(),
        steps,
        outputs,
        work,
    )
}
