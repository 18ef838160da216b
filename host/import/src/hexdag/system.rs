//! Systems: processes are calls of pipelines, pipes are what they hand on.

use std::collections::BTreeMap;

use coldframe_lang::shown::shown;

use super::dictionary::{PIPE, PROCESS, SYSTEM};
use super::documents::Head;
use super::scope::{Scope, Seen};
use crate::fields::{Fields, wrong_shape};
use crate::names::identifier;
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out};
use crate::values::Values;
use crate::work::Work;
use crate::yaml::node::{Node, NodeKind};

pub(super) fn translate(top: &mut Fields<'_, '_>, head: &Head<'_>, work: &Work) -> Map {
    let scope = Scope::top(work);
    let mut steps: Vec<Step> = Vec::new();
    let mut outputs = Map::default();
    if let Some(mut spec) =
        top.require("spec").and_then(|node| Fields::of(node, &SYSTEM, &work.notes))
    {
        let list = |node: Option<&'_ Node>| match node.map(|node| &node.kind) {
            Some(NodeKind::List(_)) | None => true,
            Some(_) => false,
        };
        let processes = spec.require("processes");
        let pipes = spec.take("pipes");
        for node in [processes, pipes].into_iter().flatten().filter(|node| !list(Some(node))) {
            wrong_shape(node, "a list", &work.notes);
        }
        for item in items(processes) {
            let Some(mut process) = Fields::of(item, &PROCESS, &work.notes) else { continue };
            let (name, place) = process.take_text("name").unwrap_or(("process", item.place));
            let id = scope.id(name, place);
            let (path, place) =
                process.take_text("pipeline").unwrap_or(("./untranslated.yml", item.place));
            let message = format!("`{}` has to be imported too", shown(path));
            work.notes.warning(codes::OTHER_FILE, place, message, "import it to the same path");
            scope.bind(name, Seen { id: id.clone(), output: id.clone(), optional: false });
            steps.push(Step::of(&id, "pipeline", work.path(path, place)));
        }
        let order: BTreeMap<String, usize> =
            steps.iter().enumerate().map(|(at, step)| (step.id.clone(), at)).collect();
        let mut with: Vec<Map> = steps.iter().map(|_| Map::default()).collect();
        for item in items(pipes) {
            pipe(item, &order, &scope, &mut steps, &mut with, work);
        }
        for (step, with) in steps.iter_mut().zip(with) {
            if !with.is_empty() {
                step.body.put("with", with);
            }
            outputs.put(step.id.clone(), Out::hole(&step.id));
        }
    }
    if steps.is_empty() {
        steps.push(Step::of("nothing", "set", Map::default().with("value", Out::Null)));
    }
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

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        _ => &[],
    }
}

fn pipe(
    item: &Node,
    order: &BTreeMap<String, usize>,
    scope: &Scope<'_>,
    steps: &mut [Step],
    with: &mut [Map],
    work: &Work,
) {
    let Some(mut pipe) = Fields::of(item, &PIPE, &work.notes) else { return };
    let from = pipe.take_text("from");
    let to = pipe.take_text("to");
    let mapping = pipe.take("mapping");
    let known = |end: Option<(&str, crate::note::Place)>| {
        let (name, place) = end?;
        let found = scope.node(name);
        if found.is_none() {
            scope.unknown("process", name, place);
        }
        found
    };
    let (Some(from), Some(to)) = (known(from), known(to)) else { return };
    // Processes are named in the order in which they stand.
    let Some(at) = order.get(&to.id).copied() else { return };
    let (Some(step), Some(with)) = (steps.get_mut(at), with.get_mut(at)) else { return };
    if !step.needs.contains(&from.id) {
        step.needs.push(from.id.clone());
    }
    // A mapping names what the process before gives, with or without its name.
    let inner = scope.inner();
    let values = Values { work, names: &inner, blocks: false };
    for entry in mapping.map(Node::entries).unwrap_or_default() {
        inner.at.set(entry.value.place);
        let name = identifier(&entry.key.text);
        if with.has(&name) {
            work.untranslated(entry.key.place, &entry.key.text, "another pipe fills it already");
            continue;
        }
        with.put(name, values.value(&entry.value));
    }
}
