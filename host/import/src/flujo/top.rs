//! The top level of a blueprint.

use coldframe_lang::shown::shown;

use super::agent::{self, File};
use super::block;
use super::dictionary::TOP;
use super::scope::Scope;
use crate::document;
use crate::fields::{Fields, wrong_shape};
use crate::note::codes;
use crate::out::{Map, Out};
use crate::work::Work;
use crate::yaml::node::{Node, NodeKind};

/// The pipeline that a blueprint comes to.
pub(crate) fn translate(documents: &[Node], name: &str, work: &Work) -> Option<Map> {
    for extra in documents.iter().skip(1) {
        let message = "a second document begins here, and flujo reads only the first";
        work.notes.error(
            codes::UNSUPPORTED_KEY,
            extra.place,
            message,
            "put it into a file of its own, and import that",
        );
    }
    let root = documents.first()?;
    let mut top = Fields::of(root, &TOP, &work.notes)?;
    let scope = Scope::top(work);
    scope.at.set(root.place);
    if let Some((version, place)) = top.take_text("version")
        && version != "0.1"
    {
        let message = format!("the version `{}` is read as 0.1, as flujo does", shown(version));
        work.notes.info(codes::GUESS, place, message, "");
    }
    let name = top.take_text("name").map_or(name, |(name, _)| name);
    let description = top.take_text("description").map(|(text, _)| text);
    let agents = agent::agents(top.take("agents"), &scope);
    let mut file = File { agents, ..File::default() };
    if let Some(node) = top.take("imports") {
        if !matches!(node.kind, NodeKind::Map(_)) {
            wrong_shape(node, "`imports` as a map", &work.notes);
        }
        for entry in node.entries() {
            let Some(path) = entry.value.text() else {
                wrong_shape(&entry.value, "the path of a file", &work.notes);
                continue;
            };
            let message = format!("`{}` has to be imported too", shown(path));
            work.notes.warning(
                codes::OTHER_FILE,
                entry.value.place,
                message,
                "import it to the same path, and hand in under `with` what it declares as inputs",
            );
            file.imports.insert(entry.key.text.clone(), (path.to_owned(), entry.key.place));
        }
    }
    let node = top.require("steps");
    let (steps, output) = match node {
        Some(node) => block::steps(node, &file, &scope),
        None => block::steps(
            &Node { place: root.place, tag: None, kind: NodeKind::List(Vec::new()) },
            &file,
            &scope,
        ),
    };
    drop(top);
    unused(&file, node, work);
    let outputs = Map::default().with("result", Out::hole(&output));
    Some(document::pipeline(name, description, None, Map::default(), steps, outputs, work))
}

/// Names that no step uses.
fn unused(file: &File, steps: Option<&Node>, work: &Work) {
    let mut used = std::collections::BTreeSet::new();
    if let Some(steps) = steps {
        texts(steps, &mut used);
    }
    for (name, agent) in &file.agents {
        if !used.contains(format!("agents.{name}").as_str()) {
            agent.unused(name, work);
        }
    }
    for (name, (_, place)) in &file.imports {
        if !used.contains(format!("imports.{name}").as_str()) {
            let message = format!("no step uses the import `{}`, so it is left away", shown(name));
            work.notes.warning(codes::UNSUPPORTED_KEY, *place, message, "remove it, or use it");
        }
    }
}

/// Every text of a tree. Depth is bounded by the reader.
fn texts<'n>(node: &'n Node, found: &mut std::collections::BTreeSet<&'n str>) {
    match &node.kind {
        NodeKind::Text(text) => {
            found.insert(text);
        }
        NodeKind::List(items) => items.iter().for_each(|item| texts(item, found)),
        NodeKind::Map(entries) => entries.iter().for_each(|entry| texts(&entry.value, found)),
        _ => {}
    }
}
