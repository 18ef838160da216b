//! The tests of a pipeline: what they stub, answer and assert is there, and their inputs fit.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::Step;
use super::place::Locator;
use super::values;
use super::{Work, children::Child};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, Document, TrialDecl, join};
use crate::expr::scan::{self, Use};
use crate::graph::{Decision, Graph, Input, Test, Wait};
use crate::inputs;
use crate::shown::shown;
use crate::source::Span;
use crate::sources::Sources;
use crate::template::{Expr, Root, Segment};
use crate::yaml::node::Text;

/// What `result` has beside the outputs.
const RESULT: &[&str] = &["status", "outputs", "error", "total_cost_usd", "total_fuel"];
const TOTALS: &[&str] =
    &["attempts", "fuel", "cost_usd", "wall_us", "memory_peak_bytes", "host_calls"];
const STEP: &[&str] = &["status", "output", "attempts", "fuel", "cost_usd", "error"];

/// The tests. Steps in `Expr::roots` are counted by place in the document.
pub(super) fn bind(
    document: &Document<'_>,
    steps: &[Step<'_>],
    sources: &Sources,
    report: &mut Report,
) -> Vec<Test> {
    if document.trials.is_empty() {
        return Vec::new();
    }
    let trials =
        Trials { document, sources, called: called(steps), asking: asking(document, steps) };
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
            assert: trials.assertions(decl, report),
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
    for graph in steps.iter().flat_map(children) {
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
    sources: &'a Sources,
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

    fn assertions(&self, decl: &TrialDecl<'_>, report: &mut Report) -> Vec<Expr> {
        let path = join(&decl.path, "assert");
        let bind = |text: &&Text| self.assertion(text, &path, report);
        decl.assert.iter().filter_map(bind).collect()
    }

    fn assertion(&self, text: &Text, path: &str, report: &mut Report) -> Option<Expr> {
        let written = text.text.trim();
        let start = text.text.len() - text.text.trim_start().len();
        let place = Locator::new(text, self.sources).place(start..start + written.len());
        let found = match scan::scan(written) {
            Ok(found) => found,
            Err(errors) => {
                for error in errors {
                    values::report_expr(error, &place, path, report);
                }
                return None;
            }
        };
        let mut roots = Vec::new();
        let mut good = true;
        for used in &found.uses {
            let span = place.span(used.start, used.end);
            match self.root(used, span, path, report) {
                Some(root) => roots.push(root),
                None => good = false,
            }
        }
        roots.sort();
        roots.dedup();
        good.then(|| Expr { source: written.to_owned(), roots, path: None })
    }

    fn root(&self, used: &Use, span: Span, path: &str, report: &mut Report) -> Option<Root> {
        let keys: Vec<&str> = used
            .path
            .iter()
            .map_while(|part| match &part.segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        let ids = || self.own_ids().map(|(id, _)| id);
        let outputs = || self.document.outputs.iter().map(|(name, _)| name.text.as_str());
        let mut known = |at: usize, names: Vec<&str>| {
            let Some(key) = keys.get(at).copied() else { return true };
            if names.contains(&key) {
                return true;
            }
            let before: Vec<&str> = keys.iter().take(at).copied().collect();
            let of =
                std::iter::once(used.name.as_str()).chain(before).collect::<Vec<_>>().join(".");
            let help = report.suggest(key, "it has", names.iter().copied());
            let message = format!("`{of}` has no field `{}`", shown(key));
            report.push(
                Diagnostic::new(&codes::UNKNOWN_FIELD, span, message)
                    .help(help.unwrap_or_else(|| "it has no fields".to_owned()))
                    .at(path),
            );
            false
        };
        match used.name.as_str() {
            "inputs" => Some(Root::Inputs),
            "run" => Some(Root::Run),
            "events" => Some(Root::Events),
            "totals" => known(0, TOTALS.to_vec()).then_some(Root::Totals),
            "result" => {
                known(0, outputs().chain(RESULT.iter().copied()).collect()).then_some(Root::Result)
            }
            "steps" => {
                (known(0, ids().collect()) && known(1, STEP.to_vec())).then_some(Root::Steps)
            }
            name => {
                if let Some((_, index)) = self.own_ids().find(|(id, _)| *id == name) {
                    return Some(Root::Step(index, name.to_owned()));
                }
                let all = ids().chain(["result", "steps", "totals", "events", "inputs", "run"]);
                let help = report.suggest(name, "there are", all.collect::<Vec<_>>());
                report.push(
                    Diagnostic::new(
                        &codes::UNKNOWN_NAME,
                        span,
                        format!("there is no step or value `{}`", shown(name)),
                    )
                    .help(help.unwrap_or_else(|| "write `result`, `steps` or `totals`".to_owned()))
                    .at(path),
                );
                None
            }
        }
    }

    /// The pipeline's own steps by id.
    fn own_ids(&self) -> impl Iterator<Item = (&str, usize)> {
        let own = self.document.blocks.first().map_or(&[][..], |block| &block.steps);
        own.iter().filter_map(|index| {
            let id = self.document.steps.get(*index)?.id?;
            Some((id.text.as_str(), *index))
        })
    }
}
