//! Calls of pipelines in other files.

use super::agent::{self, File};
use super::block::Made;
use super::common::Common;
use super::scope::{Scope, field_of};
use crate::fields::wrong_shape;
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::yaml::node::{Node, NodeKind};

pub(super) fn import(
    id: &str,
    name: &str,
    place: Place,
    input: Piece,
    common: &Common<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let path = match file.imports.get(name) {
        Some((path, at)) => {
            let path = work.path(path, *at);
            work.copy(&path, path.len(), place)
        }
        None => {
            agent::unknown("import", name, file.imports.keys(), place, work);
            format!("./{}.yaml", crate::names::kebab(name))
        }
    };
    let config = &common.import;
    if let Some((true, place)) = config.inherit {
        let message = "the other pipeline does not see the context of this one";
        work.notes.warning(
            codes::UNSUPPORTED_KEY,
            place,
            message,
            "hand what it needs in under `with`",
        );
    }
    let (to, to_place) = config.input_to.unwrap_or(("initial_prompt", place));
    let mut with = Map::default();
    let key = identifier(config.key.unwrap_or("initial_input"));
    match to {
        "initial_prompt" => with.put("initial_prompt", input),
        "import_artifacts" => with.put(key, input),
        "both" => {
            with.put("initial_prompt", input.clone());
            if key != "initial_prompt" {
                with.put(key, input);
            }
        }
        other => {
            work.untranslated(
                to_place,
                other,
                "expected `initial_prompt`, `import_artifacts` or `both`",
            );
        }
    }
    let mut step = Step::of(id, "pipeline", path);
    step.body.put("with", with);
    if let Some(outputs) = config.outputs {
        for (child, parent) in pairs(outputs, scope) {
            scope.set_context(field_of(parent), &format!("{id}.{}", field_of(child)));
        }
    } else {
        scope.set_updated_by(id);
    }
    match config.on_failure {
        None | Some(("abort", _)) => {}
        Some(("skip", _)) => step.on_error = Some("continue"),
        Some(("continue_with_default", _)) => {
            step.fallback = Some(Map::default().with("value", Out::Null).into());
        }
        Some((other, place)) => drop(work.untranslated(
            place,
            other,
            "expected `abort`, `skip` or `continue_with_default`",
        )),
    }
    Made::new(step)
}

/// `[{child, parent}]`, `[{from, to}]`, `[[a, b]]`, or a map.
pub(super) fn pairs<'n>(node: &'n Node, scope: &Scope<'_>) -> Vec<(&'n str, &'n str)> {
    let mut found = Vec::new();
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                match entry.value.text() {
                    Some(parent) => found.push((entry.key.text.as_str(), parent)),
                    None => wrong_shape(&entry.value, "the name of a field", &scope.work.notes),
                }
            }
        }
        NodeKind::List(items) => {
            for item in items {
                let two = match &item.kind {
                    NodeKind::List(pair) => pair.first().zip(pair.get(1)),
                    _ => item
                        .get("child")
                        .zip(item.get("parent"))
                        .or_else(|| item.get("from").zip(item.get("to"))),
                };
                match two.and_then(|(a, b)| a.text().zip(b.text())) {
                    Some(pair) => found.push(pair),
                    None => wrong_shape(item, "`child` and `parent`", &scope.work.notes),
                }
            }
        }
        _ => wrong_shape(node, "a list of pairs", &scope.work.notes),
    }
    found
}
