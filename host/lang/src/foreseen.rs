//! Rules whose outcome is known before anything runs, since all they look at is constant.
//!
//! Here they are found; what evaluates expressions is not part of the language.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::{Action, Graph, Policy, StepKind, Subject};
use crate::passes::fold::fold;
use crate::source::Span;
use crate::template::{Root, Template};

/// `rule-broken`, see its page.
pub static RULE_BROKEN: Code = Code {
    id: "rule-broken",
    severity: Severity::Error,
    refusal: false,
    page: include_str!("codes/rule-broken.md"),
};

/// A rule, and the values of all that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// The rule.
    pub policy: Policy,
    /// By name. What is not constant is left out, so that asking for it fails.
    pub values: Map<String, Value>,
}

/// The rules that may be asked already. One that then fails is not foreseen after all.
pub fn foreseen(graph: &Graph) -> Vec<Foreseen> {
    if graph.policies.is_empty() {
        return Vec::new();
    }
    let mut graph = graph.clone();
    // A step that a rule looks at is constant too, as long as there is one to look at.
    let policies = std::mem::take(&mut graph.policies);
    fold(&mut graph);
    let constants: BTreeMap<usize, Value> = graph
        .steps
        .iter()
        .enumerate()
        .filter_map(|(index, step)| match &step.kind {
            StepKind::Set(set) if step.when.is_none() => {
                let literal = |(name, template): (&String, &Template)| {
                    Some((name.clone(), constant(template)?))
                };
                let values: Option<Map<_, _>> = set.values.iter().map(literal).collect();
                Some((index, Value::Object(values?)))
            }
            _ => None,
        })
        .collect();
    let outputs: Map<String, Value> = graph
        .outputs
        .iter()
        .filter_map(|(name, template)| Some((name.clone(), constant(template)?)))
        .collect();
    let find = |policy: &Policy| {
        let mut values = Map::new();
        match &policy.subject {
            Subject::EveryStep => {}
            Subject::Step(id) => {
                let mut found = graph.steps.iter().enumerate().filter(|(_, step)| step.id == *id);
                if let (Some((index, _)), None) = (found.next(), found.next())
                    && let Some(value) = constants.get(&index)
                {
                    values.insert("result".to_owned(), value.clone());
                }
            }
            Subject::Run => {
                let mut result = outputs.clone();
                result.insert("status".to_owned(), json!("succeeded"));
                result.insert("error".to_owned(), Value::Null);
                values.insert("result".to_owned(), Value::Object(result));
            }
        }
        for root in policy.when.iter().chain([&policy.assert]).flat_map(|expr| &expr.roots) {
            match root {
                Root::Step(index, id) => {
                    values.insert(id.clone(), constants.get(index)?.clone());
                }
                Root::Result => drop(values.get("result")?),
                _ => return None,
            }
        }
        Some(Foreseen { policy: policy.clone(), values })
    };
    policies.iter().filter_map(find).collect()
}

/// What to say of a rule that does not hold, whatever a run is given.
pub fn broken(policy: &Policy, text: &str) -> Diagnostic {
    let before: usize =
        text.split_inclusive('\n').take(policy.line.saturating_sub(1)).map(str::len).sum();
    let line = text.get(before..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let start = before + (line.len() - line.trim_start().len());
    let message = match &policy.message {
        Some(message) => message.clone(),
        None => format!("`{}` is not true", policy.assert.source),
    };
    let message = format!("rule `{}` cannot hold: {message}", policy.id);
    let mut problem =
        Diagnostic::new(&RULE_BROKEN, Span::new(start, before + line.trim_end().len()), message)
            .help("all it looks at is constant, so every run would break it");
    if matches!(policy.action, Action::Warn | Action::RequireApproval) {
        problem.severity = Severity::Warning;
    }
    problem
}

fn constant(template: &Template) -> Option<Value> {
    match template {
        Template::Literal(value) => Some(value.clone()),
        Template::List(items) => items.iter().map(constant).collect(),
        Template::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| Some((key.clone(), constant(item)?)));
            entries.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        Template::Path(_) | Template::Expr(_) | Template::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{HEAD, compiled};

    #[track_caller]
    fn check(rest: &str, expected: &[(&str, Value)]) {
        let graph = compiled(&format!("{HEAD}{rest}")).graph.unwrap();
        let found = foreseen(&graph);
        let found: Vec<(&str, Value)> = found
            .iter()
            .map(|found| (found.policy.id.as_str(), Value::Object(found.values.clone())))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_constant_is_known() {
        let flow = "inputs: { n: integer }
steps: [{ id: a, set: { n: 3 } }, { id: b, set: { n: \"{{ inputs.n }}\" } }]
outputs: { n: \"{{ a.n }}\", m: \"{{ b.n }}\" }
policies:
";
        let rule = |on: &str, assert: &str| {
            format!("{flow}  - {{ id: r, {on} assert: {assert}, action: warn }}\n")
        };
        let result = json!({ "n": 3, "status": "succeeded", "error": null });
        check(&rule("", "result.n > 3"), &[("r", json!({ "result": result }))]);
        check(&rule("", "a.n > 3"), &[("r", json!({ "a": { "n": 3 }, "result": result }))]);
        check(&rule("on: a,", "result.n > 3"), &[("r", json!({ "result": { "n": 3 } }))]);
        check(&rule("on: b,", "result.n > 3"), &[]);
        check(&rule("", "b.n > 3"), &[]);
        check(&rule("", "totals.fuel > 3"), &[]);
        check(&rule("", "result.n > inputs.n"), &[]);
    }
}
