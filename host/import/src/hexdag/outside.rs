//! Nodes that wait for the outside or ask it: events and addresses.

use coldframe_lang::shown::shown;

use super::calls::code;
use super::dictionary::{API, WAIT};
use super::inputs::Inputs;
use super::kinds::{arguments, values};
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::work::Wanted;
use crate::yaml::node::{Node, NodeKind};

pub(super) fn wait(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = scope.work;
    spec.and(&WAIT);
    let mut steps = Vec::new();
    if let Some(node) = spec.take("setup_fn") {
        let with = inputs.arguments(scope);
        match code(id, node, &with, scope) {
            Some(uses) => {
                steps.push(Step::uses(&scope.helper(&format!("{id}_setup")), &uses, with));
            }
            None => wrong_shape(node, "the path of a function", &work.notes),
        }
    }
    let signal = match spec.take_text("event_key") {
        Some((key, place)) if key.contains("{{") || key.contains('$') => {
            let message = format!("a signal has a fixed name, and `{}` is computed", shown(key));
            work.notes.warning(
                codes::DIFFERS,
                place,
                message,
                format!("signals go to one run; send `{id}`"),
            );
            id.to_owned()
        }
        Some((key, place)) => {
            let name = identifier(key);
            if name != key {
                let message = format!("the event `{}` is the signal `{name}` here", shown(key));
                work.notes.info(
                    codes::RENAMED,
                    place,
                    message,
                    "send it with `coldframe runs signal`",
                );
            }
            name
        }
        None => id.to_owned(),
    };
    let mut step = Step::of(id, "wait", Map::default().with("signal", signal));
    if let Some(node) = spec.take("on_timeout") {
        match &node.kind {
            NodeKind::Text(text) if matches!(text.as_str(), "fail" | "error") => {}
            NodeKind::Text(text) if matches!(text.as_str(), "skip" | "continue") => {
                step.on_error = Some("continue");
            }
            _ => {
                step.fallback =
                    Some(Map::default().with("value", values(scope).value(node)).into());
            }
        }
    }
    steps.push(step);
    steps
}

pub(super) fn api(id: &str, place: Place, spec: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Step {
    let work = scope.work;
    spec.and(&API);
    let method = spec
        .take_text("method")
        .map_or_else(|| "GET".to_owned(), |(method, _)| method.to_uppercase());
    let mut with = Map::default();
    arguments(spec, &[("url", "url"), ("json_body", "body")], &mut with, scope);
    if let Some(node) = spec.take("headers") {
        // Ours are pairs, since a header may stand there twice.
        let pairs = node.entries().iter().map(|entry| {
            scope.at.set(entry.value.place);
            let name = Out::text(crate::expr::template::escape(&entry.key.text));
            Piece::from(Out::List(vec![name.into(), values(scope).value(&entry.value)]))
        });
        with.put("headers", Out::List(pairs.collect()));
    }
    if let Some(node) = spec.take("params") {
        query(node, &mut with, scope);
    }
    let uses = match (method.as_str(), with.has("body")) {
        ("GET", false) => Some("std/http@^0.1#get"),
        ("POST", true) => Some("std/http@^0.1#post-json"),
        _ => None,
    };
    let message = "asking an address needs a right that no pipeline has by itself";
    work.notes.warning(
        codes::DIFFERS,
        place,
        message,
        "grant it: `caps: { http: [\"GET https://host/**\"] }`",
    );
    match uses {
        Some(uses) => Step::uses(id, uses, with),
        None => {
            let operation = method.to_lowercase();
            let why = format!("sends requests with the method `{}`", shown(&method));
            let uses = work.skill(
                Wanted { module: "http", operation: &operation, why, place, source: None },
                &with,
            );
            let message = format!(
                "`std/http` sends no such `{}`, so it became a call of `{uses}`",
                shown(&method)
            );
            work.notes.warning(
                codes::SKILL_NEEDED,
                place,
                message,
                "write it with `coldframe skill new`",
            );
            Step::uses(id, &uses, with)
        }
    }
}

/// Parameters of an address, written behind it.
pub(super) fn query(node: &Node, with: &mut Map, scope: &Scope<'_>) {
    let mut tail = String::new();
    for entry in node.entries() {
        scope.at.set(entry.value.place);
        let mark = if tail.is_empty() { '?' } else { '&' };
        let value = values(scope).value(&entry.value).value;
        let text = match &value {
            Out::Text(text) => match text
                .strip_prefix("{{ ")
                .and_then(|rest| rest.strip_suffix(" }}"))
                .filter(|rest| !rest.contains("{{"))
            {
                Some(expr) => format!("{{{{ ({expr}) | urlencode }}}}"),
                None => text.clone(),
            },
            Out::Bare(text) => text.clone(),
            Out::Bool(value) => value.to_string(),
            _ => {
                scope.work.untranslated(
                    entry.value.place,
                    &entry.key.text,
                    "only texts and numbers stand in an address",
                );
                continue;
            }
        };
        tail.push_str(&format!("{mark}{}={text}", crate::expr::template::escape(&entry.key.text)));
    }
    if let Some((_, Piece { value: Out::Text(url), .. })) =
        with.0.iter_mut().find(|(key, _)| *key == "url")
    {
        url.push_str(&tail);
    }
}
