//! `kind: Policy`: blocks for steps, and rules for pipelines, written once for many.

use super::documents::{first, twice};
use super::governance::{self, Governance};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{common, fields, gates, header, rules, scalars};
use crate::source::Span;
use crate::yaml::node::{Entry, Node};

use fields::Fields;

/// What policies may have later. None of it is in the runtime.
const LATER: &[&str] = &["bulkhead", "cache", "fallback", "limits", "on_error"];

/// Keys that go into a step.
const BLOCKS: [&str; 4] = ["retry", "timeout", "rate_limit", "circuit_breaker"];

/// A `Policy` as it is written.
#[derive(Debug)]
pub(super) struct Policy<'n> {
    pub(super) name: String,
    span: Span,
    /// What goes into a step.
    pub(super) entries: Vec<&'n Entry>,
    /// What goes into the `policies` of a pipeline.
    pub(super) rules: Vec<&'n Node>,
    pub(super) governance: Option<Governance>,
}

impl Policy<'_> {
    /// Whether it has anything for a pipeline.
    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty() || self.governance.is_some()
    }
}

/// Reads a `Policy` and adds it to the others.
pub(super) fn read<'n>(document: &'n Node, found: &mut Vec<Policy<'n>>, report: &mut Report) {
    let Some(mut top) = Fields::of(document, "", report) else { return };
    header::api_version(&mut top, report);
    top.take("kind");
    let (name, _) = header::metadata(&mut top, report);
    let entries: Vec<&Entry> = BLOCKS.into_iter().filter_map(|key| top.take_entry(key)).collect();
    for entry in &entries {
        let (key, value) = (entry.key.text.as_str(), Some(&entry.value));
        match key {
            "retry" => drop(common::retry(value, key, report)),
            "rate_limit" => drop(gates::rate_limit(value, key, report)),
            "circuit_breaker" => drop(gates::circuit_breaker(value, key, report)),
            _ => drop(scalars::duration(value, "timeout", key, report)),
        }
    }
    let governance = top.take("governance").and_then(|node| governance::read(node, report));
    let written = top.take("rules");
    rules::read(written, "rules", report);
    let rules: Vec<&Node> = written.map(Node::items).unwrap_or_default().iter().collect();
    top.done("a policy", LATER, report);
    let span = first(document);
    if entries.is_empty() && governance.is_none() && rules.is_empty() {
        report.push(
            Diagnostic::new(&codes::MISSING_KEY, span, "the policy says nothing")
                .help("write `retry: { max: 3 }` for steps, or `rules` for pipelines"),
        );
    }
    if let Some(before) = found.iter().find(|policy| policy.name == name) {
        report.push(twice("policies", &name, span, before.span));
        return;
    }
    found.push(Policy { name, span, entries, rules, governance });
}
