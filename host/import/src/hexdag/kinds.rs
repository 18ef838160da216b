//! The kinds of nodes. Each becomes one step, with a helper before or after it where it needs one.

use super::documents::File;
use super::inputs::Inputs;
use super::scope::Scope;
use super::{calls, composite, outside, values as computed};
use crate::fields::Fields;
use crate::note::Place;
use crate::out::Map;
use crate::out::step::Step;
use crate::values::Values;
use crate::yaml::node::{Node, NodeKind};

pub(super) const KINDS: &[&str] = &[
    "llm_node",
    "agent_node",
    "function_node",
    "expression_node",
    "data_node",
    "static_node",
    "composite_node",
    "service_call_node",
    "step_call",
    "transition",
    "transition_node",
    "wait_node",
    "api_call_node",
    "macro_invocation",
];

/// The expression that reads what a node of a kind comes to. Known before it is translated, since
/// nodes can be named from anywhere.
pub(super) fn output(kind: &str, spec: Option<&Node>, id: &str) -> String {
    let get = |key: &str| spec.and_then(|spec| spec.get(key));
    match kind {
        "data_node" | "static_node" if !is_record(get("output")) => format!("{id}.value"),
        "expression_node" if get("expressions").is_none() => format!("{id}.value"),
        "composite_node" => composite::output(spec, id),
        _ => id.to_owned(),
    }
}

/// A map whose keys are names of ours.
pub(super) fn is_record(node: Option<&Node>) -> bool {
    node.is_some_and(|node| {
        matches!(node.kind, NodeKind::Map(_))
            && !node.entries().is_empty()
            && node.entries().iter().all(|entry| is_name(&entry.key.text))
    })
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The steps of a node; the one with its id is its own.
pub(super) fn translate(
    kind: &str,
    place: Place,
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Vec<Step> {
    match kind {
        "llm_node" => vec![calls::llm(id, place, spec, inputs, file, scope)],
        "agent_node" => vec![calls::agent(id, place, spec, inputs, file, scope)],
        "function_node" => vec![calls::function(id, place, spec, inputs, scope)],
        "expression_node" => computed::expression(id, spec, inputs, scope),
        "data_node" | "static_node" => vec![computed::data(id, spec, scope)],
        "composite_node" => composite::translate(id, spec, inputs, file, scope),
        "service_call_node" | "step_call" => vec![calls::service(id, spec, inputs, file, scope)],
        "transition" | "transition_node" => vec![calls::transition(id, place, spec, inputs, scope)],
        "wait_node" => outside::wait(id, spec, inputs, scope),
        "api_call_node" => vec![outside::api(id, place, spec, scope)],
        "macro_invocation" => vec![calls::invocation(id, spec, inputs, file, scope)],
        other => vec![calls::class(other, place, id, spec, inputs, scope)],
    }
}

/// An expression that stands for a name.
pub(super) fn bracketed(expr: &str) -> String {
    if crate::expr::is_path(expr) { expr.to_owned() } else { format!("({expr})") }
}

pub(super) fn values<'v>(scope: &'v Scope<'v>) -> Values<'v> {
    Values { work: scope.work, names: scope, blocks: false }
}

/// Takes keys as arguments, under other names where those say more.
pub(super) fn arguments(
    spec: &mut Fields<'_, '_>,
    keys: &[(&str, &str)],
    with: &mut Map,
    scope: &Scope<'_>,
) {
    for (theirs, ours) in keys {
        if let Some(node) = spec.take(theirs) {
            scope.at.set(node.place);
            if !with.has(ours) {
                with.put(*ours, values(scope).value(node));
            }
        }
    }
}

/// Prompts of theirs read mapped inputs by name.
pub(super) fn with_mapping<'s>(inputs: &Inputs<'_>, scope: &'s Scope<'s>) -> Scope<'s> {
    let inner = scope.inner();
    for entry in inputs.mapping.map(Node::entries).unwrap_or_default() {
        if let Some(text) = entry.value.text().filter(|text| !text.contains("{{"))
            && let Ok(expr) = crate::expr::translate(
                text.trim().trim_end_matches("required").trim_end().trim_end_matches('|').trim(),
                scope,
            )
        {
            inner.local(&entry.key.text, &bracketed(&expr));
        }
    }
    inner
}
