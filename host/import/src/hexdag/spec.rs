//! The `spec` of a pipeline.

use coldframe_lang::shown::shown;

use super::dictionary::{LIMITS, ORCHESTRATOR, PORT, SPEC};
use super::documents::{File, Head};
use super::scope::Scope;
use super::{environment, inputs, nodes, schema};
use crate::fields::{Fields, wrong_shape};
use crate::names::field;
use crate::note::{Place, codes};
use crate::out::{Map, Out};
use crate::values::{Values, duration};
use crate::work::Work;
use crate::yaml::node::{Node, NodeKind};

/// A pipeline of theirs as one of ours.
pub(super) fn pipeline(
    top: &mut Fields<'_, '_>,
    head: &Head<'_>,
    mut file: File,
    work: &Work,
) -> Map {
    let scope = Scope::top(work);
    let mut limits = Map::default();
    let place = top.place;
    let Some(mut spec) = top.require("spec").and_then(|node| Fields::of(node, &SPEC, &work.notes))
    else {
        let (steps, outputs) = nodes::block(None, place, &file, &scope);
        return crate::document::pipeline(
            head.name,
            head.description,
            head.version,
            limits,
            steps,
            outputs,
            work,
        );
    };
    file.types = schema::types(spec.take("custom_types"), work);
    if let Some(node) = spec.take("input_schema") {
        schema::inputs(node, &file.types, work);
    }
    if let Some(node) = spec.take("ports") {
        ports(node, &mut file, work);
    }
    if let Some(node) = spec.take("services") {
        services(node, &mut file, work);
    }
    if let Some(mut found) =
        spec.take("orchestrator").and_then(|node| Fields::of(node, &ORCHESTRATOR, &work.notes))
    {
        file.timeout = found
            .take_text("default_node_timeout")
            .and_then(|(text, place)| timeout(text, place, work));
        let wall = found
            .take_text("pipeline_timeout")
            .and_then(|(text, place)| timeout(text, place, work));
        limits.put_some("wall", wall.map(Out::Bare));
        if let Some((false, place)) = found.take_bool("strict_validation") {
            work.notes.info(
                codes::DIFFERS,
                place,
                "a pipeline is always checked as a whole",
                "remove it",
            );
        }
    }
    if let Some(mut found) =
        spec.take("limits").and_then(|node| Fields::of(node, &LIMITS, &work.notes))
        && let Some((text, place)) = found.take_text("max_cost_usd")
    {
        let text = environment::constant(text, place, work);
        match coldframe_lang::limits::cost_nano(&text) {
            Ok(_) => {
                limits.put("cost_usd", Out::Bare(text));
                work.notes.info(
                    codes::DIFFERS,
                    place,
                    "the limit was only written down there, and is enforced here",
                    "",
                );
            }
            Err(why) => drop(work.untranslated(place, &text, &why.to_string())),
        }
    }
    let (steps, mut outputs) = nodes::block(spec.require("nodes"), place, &file, &scope);
    if let Some(node) = spec.take("output") {
        outputs = Map::default();
        if !matches!(node.kind, NodeKind::Map(_)) {
            wrong_shape(node, "`output` as a map", &work.notes);
        }
        let values = Values { work, names: &scope, blocks: false };
        for entry in node.entries() {
            scope.at.set(entry.value.place);
            let name = field(&entry.key.text);
            if name != entry.key.text {
                let message =
                    format!("the output `{}` is called `{name}` here", shown(&entry.key.text));
                work.notes.info(codes::RENAMED, entry.key.place, message, "");
            }
            if outputs.has(&name) {
                work.untranslated(
                    entry.key.place,
                    &entry.key.text,
                    "another output has the same name here",
                );
                continue;
            }
            outputs.put(name, inputs::mapped(&entry.value, &values));
        }
    }
    crate::document::pipeline(
        head.name,
        head.description,
        head.version,
        limits,
        steps,
        outputs,
        work,
    )
}

/// `timeout` of ours.
pub(super) fn timeout(text: &str, place: Place, work: &Work) -> Option<String> {
    let text = environment::constant(text, place, work);
    let found = duration(&text);
    if found.is_none() {
        work.untranslated(place, &text, "it is not a length of time");
    }
    found
}

fn ports(node: &Node, file: &mut File, work: &Work) {
    if !matches!(node.kind, NodeKind::Map(_)) {
        wrong_shape(node, "`ports` as a map", &work.notes);
    }
    for entry in node.entries() {
        let Some(mut port) = Fields::of(&entry.value, &PORT, &work.notes) else { continue };
        let Some(config) = port.take("config") else { continue };
        for setting in config.entries() {
            if entry.key.text == "llm"
                && setting.key.text == "model"
                && setting.value.text().is_some()
            {
                file.model = setting.value.text().map(str::to_owned);
                continue;
            }
            let message = format!(
                "`{}` of the port `{}` is left away",
                shown(&setting.key.text),
                shown(&entry.key.text)
            );
            work.notes.warning(
                codes::UNSUPPORTED_KEY,
                setting.key.place,
                message,
                "the host sets its services up; hand what a skill needs to know in under `with`",
            );
        }
        if !matches!(config.kind, NodeKind::Map(_)) {
            let message = format!(
                "`config` of the port `{}` is left away: {}",
                shown(&entry.key.text),
                crate::document::short(config)
            );
            work.notes.warning(
                codes::UNSUPPORTED_KEY,
                config.place,
                message,
                "the host sets its services up",
            );
        }
    }
}

fn services(node: &Node, file: &mut File, work: &Work) {
    for entry in node.entries() {
        let class = entry.value.text().or_else(|| entry.value.get("class").and_then(Node::text));
        file.services.push((entry.key.text.clone(), class.unwrap_or_default().to_owned()));
        let message = format!(
            "the service `{}` is Python, and its methods become operations of `imported/{}`",
            shown(&entry.key.text),
            crate::names::kebab(&entry.key.text)
        );
        work.notes.warning(
            codes::SKILL_NEEDED,
            entry.key.place,
            message,
            "write it with `coldframe skill new`",
        );
        if let Some(config) = entry.value.get("config") {
            let message =
                format!("`config` of the service `{}` is left away", shown(&entry.key.text));
            work.notes.warning(
                codes::UNSUPPORTED_KEY,
                config.place,
                message,
                "hand what the skill needs to know in under `with`",
            );
        }
    }
    if !matches!(node.kind, NodeKind::Map(_)) {
        wrong_shape(node, "`services` as a map", &work.notes);
    }
}
