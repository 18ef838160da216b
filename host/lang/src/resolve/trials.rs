//! The tests of a pipeline: what they stub, answer and assert is there, and their inputs fit.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::Step;
use super::claims::{Claims, Seen};
use super::{Work, children::Child};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, Document, TrialDecl, join};
use crate::graph::{Action, Decision, Graph, Input, Test, Wait};
use crate::inputs;
use crate::shown::shown;
use crate::template::Expr;
use crate::yaml::node::Text;

/// The tests. Steps in `Expr::roots` are counted by place in the document.
pub(super) fn bind(
    document: &Document<'_>,
    steps: &[Step<'_>],
    claims: &mut Claims<'_, '_>,
    report: &mut Report,
) -> Vec<Test> {
    if document.trials.is_empty() {
        return Vec::new();
    }
    let trials = Trials { document, called: called(steps), asking: asking(document, steps) };
    let trials = &trials;
    let bound = document.trials.iter().map(|decl| {
        trials.names(decl, report);
        Test {
            name: decl.name.text.clone(),
            input: trials.input(decl, report),
            stubs: decl
                .stubs
                .iter()
                .map(|entry| (entry.key.text.clone(), entry.value.to_value()))
                .collect(),
            http: decl.http.clone(),
            decisions: decl
                .decisions
                .iter()
                .map(|(id, decision)| (id.text.clone(), decision.clone()))
                .collect(),
            assert: trials.assertions(decl, claims, report),
            timeout: decl.timeout,
            // The graph knows lines; here there are only places.
            line: 0,
        }
    });
    bound.collect()
}

/// Every skill, and every operation of one, that a run can call.
fn called(steps: &[Step<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |id: &str, operation: &str| {
        found.push(id.to_owned());
        found.push(format!("{id}#{operation}"));
    };
    for step in steps {
        for (_, call) in step.calls() {
            if let Some(skill) = &call.skill {
                add(&skill.entry.id.to_string(), &skill.operation);
            }
        }
        for graph in children(step) {
            for uses in graph.calls() {
                add(&uses.skill.to_string(), &uses.operation);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn children<'s>(step: &'s Step<'_>) -> Vec<&'s Graph> {
    match &step.work {
        Work::Pipeline(sub) => {
            let child: Option<&Child> = sub.child.as_deref();
            child.map_or_else(Vec::new, |child| child.graph.with_children())
        }
        _ => Vec::new(),
    }
}

/// Steps that ask, by id: whether for a decision (else for a signal).
fn asking(document: &Document<'_>, steps: &[Step<'_>]) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for step in &document.steps {
        let Some(id) = step.id else { continue };
        match &step.body {
            Body::Approve(_) => found.insert(id.text.clone(), true),
            Body::Wait(Wait::Signal(_)) => found.insert(id.text.clone(), false),
            _ => None,
        };
    }
    let asks = |action: Action| action == Action::RequireApproval;
    for rule in document.rules.iter().filter(|rule| asks(rule.action)) {
        found.insert(rule.id.text.clone(), true);
    }
    for graph in steps.iter().flat_map(children) {
        for rule in graph.policies.iter().filter(|rule| asks(rule.action)) {
            found.insert(rule.id.clone(), true);
        }
        for step in &graph.steps {
            match &step.kind {
                crate::graph::StepKind::Approve(_) => found.insert(step.id.clone(), true),
                crate::graph::StepKind::Wait(Wait::Signal(_)) => {
                    found.insert(step.id.clone(), false)
                }
                _ => None,
            };
        }
    }
    found
}

struct Trials<'a, 'n> {
    document: &'a Document<'n>,
    called: Vec<String>,
    asking: BTreeMap<String, bool>,
}

impl Trials<'_, '_> {
    /// Whether what is stubbed is called, and what is answered asks.
    fn names(&self, decl: &TrialDecl<'_>, report: &mut Report) {
        for entry in &decl.stubs {
            let name = &entry.key.text;
            if self.called.binary_search(name).is_ok() {
                continue;
            }
            let help = report.suggest(name, "it calls", self.called.iter().map(String::as_str));
            let help = help.unwrap_or_else(|| "it calls no skill; remove the stub".to_owned());
            report.push(
                Diagnostic::new(
                    &codes::UNKNOWN_STUB,
                    entry.key.span,
                    format!("the pipeline does not call `{}`", shown(name)),
                )
                .help(help)
                .at(&join(&join(&decl.path, "stub"), name)),
            );
        }
        for (id, decision) in &decl.decisions {
            let path = join(&join(&decl.path, "decisions"), &id.text);
            let wants = matches!(decision, Decision::Approve | Decision::Reject);
            let (message, help) = match self.asking.get(&id.text) {
                Some(asks) if *asks == wants => continue,
                Some(true) => (
                    format!("`{}` asks for a decision, not for a signal", shown(&id.text)),
                    "write `approve` or `reject`".to_owned(),
                ),
                Some(false) => (
                    format!("`{}` waits for a signal, not for a decision", shown(&id.text)),
                    "write `{ signal: … }`".to_owned(),
                ),
                None => {
                    let ids = self.asking.keys().map(String::as_str);
                    let help = report.suggest(&id.text, "these ask", ids);
                    (
                        format!("no step `{}` asks for an answer", shown(&id.text)),
                        help.unwrap_or_else(|| "no step of it asks; remove this".to_owned()),
                    )
                }
            };
            report
                .push(Diagnostic::new(&codes::UNKNOWN_STEP, id.span, message).help(help).at(&path));
        }
    }

    /// The inputs with their problems reported; as a run would find them.
    fn input(&self, decl: &TrialDecl<'_>, report: &mut Report) -> serde_json::Map<String, Value> {
        let values: serde_json::Map<String, Value> = decl
            .input
            .iter()
            .map(|entry| (entry.key.text.clone(), entry.value.to_value()))
            .collect();
        let declared: IndexMap<String, Input> = self
            .document
            .inputs
            .iter()
            .map(|input| {
                let (schema, default) = (input.schema.clone(), input.default.clone());
                (input.name.text.clone(), Input { schema, default })
            })
            .collect();
        if let Err(problems) = inputs::bind(&declared, values.clone().into_iter().collect()) {
            for problem in problems {
                let at = decl.input.iter().find(|entry| entry.key.text == problem.input);
                let span = at.map_or(decl.input_span, |entry| entry.value.span);
                let help = match (at, problem.help.clone()) {
                    (None, _) => format!("add `{}: …` to `input`", shown(&problem.input)),
                    (Some(_), Some(help)) => help,
                    (Some(_), None) => "give the test what a run would take".to_owned(),
                };
                report.push(
                    Diagnostic::new(&codes::TEST_INPUT, span, problem.to_string())
                        .help(help)
                        .at(&join(&decl.path, "input")),
                );
            }
        }
        values
    }

    fn assertions(
        &self,
        decl: &TrialDecl<'_>,
        claims: &mut Claims<'_, '_>,
        report: &mut Report,
    ) -> Vec<Expr> {
        let path = join(&decl.path, "assert");
        let bind = |text: &&Text| claims.bind(text, (Seen::Test, None), &path, report);
        decl.assert.iter().filter_map(bind).collect()
    }
}
