//! The pipeline itself: name, inputs, outputs, rules, rights.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, ChangeKind, Mark, parts, rights};
use crate::graph::{Graph, Input, Subject};
use crate::print::{alone, values};

/// What changed outside of steps.
pub(super) fn changes(before: &Graph, after: &Graph) -> Vec<Change> {
    let change = |(part, before, after), mark| Change {
        step: String::new(),
        kind: ChangeKind::Changed { part, before, after },
        mark,
    };
    let mut found = Vec::new();
    for part in parts(&about(before), &about(after)) {
        found.push(change(part, None));
    }
    for (part, old, new) in parts(&inputs(before), &inputs(after)) {
        let name = part.strip_prefix("inputs.").unwrap_or_default();
        let breaking = breaks(before.inputs.get(name), after.inputs.get(name));
        found.push(change((part, old, new), breaking.then_some(Mark::Breaking)));
    }
    found.extend(rights::limits("", &before.limits, &after.limits));
    found.extend(rights::caps("", &before.caps, &after.caps));
    for (part, old, new) in parts(&outputs(before), &outputs(after)) {
        let mark = new.is_none().then_some(Mark::Breaking);
        found.push(change((part, old, new), mark));
    }
    for part in parts(&rules(before), &rules(after))
        .into_iter()
        .chain(parts(&adapters(before), &adapters(after)))
    {
        found.push(change(part, None));
    }
    found
}

fn about(graph: &Graph) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("name".to_owned(), graph.name.clone()),
        ("version".to_owned(), graph.version.to_string()),
    ])
}

fn inputs(graph: &Graph) -> BTreeMap<String, String> {
    let inputs = graph.inputs.iter();
    inputs
        .map(|(name, input)| (format!("inputs.{name}"), alone(values::value(&input.schema))))
        .collect()
}

fn outputs(graph: &Graph) -> BTreeMap<String, String> {
    let outputs = graph.outputs.iter();
    outputs
        .map(|(name, value)| (format!("outputs.{name}"), alone(values::template(value))))
        .collect()
}

fn adapters(graph: &Graph) -> BTreeMap<String, String> {
    let written = crate::print::parts::adapters(&graph.adapters);
    written.into_iter().map(|(key, value)| (key.to_owned(), alone(value))).collect()
}

fn rules(graph: &Graph) -> BTreeMap<String, String> {
    let rules = graph.policies.iter().map(|policy| {
        let when = policy.when.as_ref().map(|when| format!("when {} ", when.source));
        let on = match &policy.subject {
            Subject::Run => String::new(),
            Subject::Step(id) => format!("on {id} "),
            Subject::EveryStep => "on steps ".to_owned(),
        };
        let text = format!(
            "{on}{}assert {} {}",
            when.unwrap_or_default(),
            policy.assert.source,
            policy.action.as_str()
        );
        (format!("policies.{}", policy.id), text)
    });
    rules.collect()
}

/// Whether inputs that were right before may no longer be.
fn breaks(before: Option<&Input>, after: Option<&Input>) -> bool {
    match (before, after) {
        (None, Some(new)) => new.default.is_none(),
        (Some(_), None) => true,
        (Some(old), Some(new)) => {
            (old.default.is_some() && new.default.is_none())
                || bare(&old.schema) != bare(&new.schema)
        }
        (None, None) => false,
    }
}

/// A schema without what allows or forbids nothing.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.as_object_mut() {
        for name in ["default", "description", "title", "examples"] {
            fields.remove(name);
        }
    }
    schema
}
