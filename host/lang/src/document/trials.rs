//! `tests`: runs with given inputs, as they are written.

use std::time::Duration;

use super::fields::{Fields, join, text, wrong_shape};
use super::scalars;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::{Decision, Exchange};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// The most tests of a pipeline.
const TESTS_MAX: usize = 1_000;

/// A test as it is written.
#[derive(Debug)]
pub(crate) struct TrialDecl<'n> {
    /// `tests[2]`
    pub(crate) path: String,
    pub(crate) name: &'n Text,
    /// Input by name.
    pub(crate) input: Vec<&'n Entry>,
    /// Where the inputs stand; the name where there are none.
    pub(crate) input_span: Span,
    /// Skill or operation to what it returns instead.
    pub(crate) stubs: Vec<&'n Entry>,
    pub(crate) http: Vec<Exchange>,
    /// Step id to the answer.
    pub(crate) decisions: Vec<(&'n Text, Decision)>,
    pub(crate) assert: Vec<&'n Text>,
    pub(crate) timeout: Option<Duration>,
}

/// The tests, as far as they are ones.
pub(super) fn read<'n>(node: Option<&'n Node>, report: &mut Report) -> Vec<TrialDecl<'n>> {
    let Some(node) = node else { return Vec::new() };
    let NodeKind::List(items) = &node.kind else {
        report.push(
            wrong_shape(node, "a list of tests", "tests").help("begin each with `- name: …`"),
        );
        return Vec::new();
    };
    if items.len() > TESTS_MAX {
        let message = format!("there are {} tests, expected at most {TESTS_MAX}", items.len());
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                .help("keep the others in a pipeline of their own")
                .at("tests"),
        );
        return Vec::new();
    }
    let found: Vec<TrialDecl<'n>> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| trial(item, format!("tests[{index}]"), report))
        .collect();
    let mut seen: std::collections::BTreeMap<&str, Span> = std::collections::BTreeMap::new();
    for trial in &found {
        if let Some(first) = seen.insert(&trial.name.text, trial.name.span) {
            report.push(
                Diagnostic::new(
                    &codes::DUPLICATE_ID,
                    trial.name.span,
                    format!("two tests are called `{}`", shown(&trial.name.text)),
                )
                .label(first, "the first one")
                .help("give one of them another name")
                .at(&join(&trial.path, "name")),
            );
        }
    }
    found
}

fn trial<'n>(node: &'n Node, path: String, report: &mut Report) -> Option<TrialDecl<'n>> {
    let mut fields = Fields::of(node, &path, report)?;
    let name = fields
        .require("name", "say what the test shows: `name: an empty text`", report)
        .and_then(|node| text(node, &join(&path, "name"), report));
    let input = fields.take("input");
    let stubs = entries(fields.take("stub"), &join(&path, "stub"), report);
    let http = exchanges(fields.take("http"), &join(&path, "http"), report);
    let decisions = decisions(fields.take("decisions"), &join(&path, "decisions"), report);
    let wanted = fields.require(
        "assert",
        "say what has to be true: `assert: [\"result.status == 'succeeded'\"]`",
        report,
    );
    let assert = wanted.map(|node| assertions(node, &join(&path, "assert"), report));
    let timeout =
        scalars::duration(fields.take("timeout"), "timeout", &join(&path, "timeout"), report);
    fields.done("a test", &[], report);
    let name = name?;
    Some(TrialDecl {
        input_span: input.map_or(name.span, |node| node.span),
        input: entries(input, &join(&path, "input"), report),
        name,
        stubs,
        http,
        decisions,
        assert: assert?,
        timeout,
        path,
    })
}

fn entries<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> Vec<&'n Entry> {
    match node.map(|node| (&node.kind, node)) {
        None => Vec::new(),
        Some((NodeKind::Map(entries), _)) => entries.iter().collect(),
        Some((_, node)) => {
            report.push(wrong_shape(node, "a map", path).help("write `{ name: value }`"));
            Vec::new()
        }
    }
}

/// One expression, or a list of at least one.
fn assertions<'n>(node: &'n Node, path: &str, report: &mut Report) -> Vec<&'n Text> {
    match &node.kind {
        NodeKind::String(text) => vec![text],
        NodeKind::List(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| text(item, &format!("{path}[{index}]"), report))
            .collect(),
        _ => {
            report.push(
                wrong_shape(node, "an expression or a list of them", path)
                    .help("a test without an assertion cannot fail"),
            );
            Vec::new()
        }
    }
}

fn decisions<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Vec<(&'n Text, Decision)> {
    let mut found = Vec::new();
    for entry in entries(node, path, report) {
        let path = join(path, &entry.key.text);
        let decision = match &entry.value.kind {
            NodeKind::String(text) if text.text == "approve" => Some(Decision::Approve),
            NodeKind::String(text) if text.text == "reject" => Some(Decision::Reject),
            NodeKind::Map(inner) => match inner.as_slice() {
                [only] if only.key.text == "signal" => {
                    Some(Decision::Signal(only.value.to_value()))
                }
                _ => None,
            },
            _ => None,
        };
        match decision {
            Some(decision) => found.push((&entry.key, decision)),
            None => report.push(
                wrong_shape(&entry.value, "`approve`, `reject` or `{ signal: … }`", &path)
                    .help("for example `{ ok: approve }`"),
            ),
        }
    }
    found
}

/// Requests with their answers.
pub(super) fn exchanges(node: Option<&Node>, path: &str, report: &mut Report) -> Vec<Exchange> {
    let Some(node) = node else { return Vec::new() };
    let NodeKind::List(items) = &node.kind else {
        report.push(
            wrong_shape(node, "a list of exchanges", path).help("begin each with `- url: …`"),
        );
        return Vec::new();
    };
    let one = |(index, item)| exchange(item, &format!("{path}[{index}]"), report);
    items.iter().enumerate().filter_map(one).collect()
}

fn exchange(node: &Node, path: &str, report: &mut Report) -> Option<Exchange> {
    let mut fields = Fields::of(node, path, report)?;
    let method = fields.take_text("method", report).map_or("GET", |text| text.text.as_str());
    let good = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if !good {
        let message = format!("`{}` is not a method", shown(method));
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                .help("methods are written like `GET` and `POST`")
                .at(&join(path, "method")),
        );
    }
    let url = fields.require("url", "write the address: `url: \"https://…\"`", report);
    let url = url.and_then(|node| text(node, &join(path, "url"), report));
    let status = fields.take("status").map_or(Some(200), |node| {
        scalars::count(node, "status", &(100..=599), &join(path, "status"), report)
    });
    let headers_path = join(path, "headers");
    let mut headers = Vec::new();
    for entry in entries(fields.take("headers"), &headers_path, report) {
        let value = text(&entry.value, &join(&headers_path, &entry.key.text), report);
        headers
            .extend(value.map(|value| (entry.key.text.to_ascii_lowercase(), value.text.clone())));
    }
    let body = fields.take_text("body", report).map_or_else(String::new, |text| text.text.clone());
    fields.done("an exchange", &[], report);
    Some(Exchange {
        method: method.to_owned(),
        url: url?.text.clone(),
        status: u16::try_from(status?).ok()?,
        headers,
        body,
    })
}
