//! `kind: Policy`: how to deal with failures, written once for many steps.

use super::documents::{first, twice};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{common, fields, header, scalars};
use crate::source::Span;
use crate::yaml::node::{Entry, Node};

use fields::Fields;

/// What policies may have later. None of it is in the runtime.
const LATER: &[&str] = &[
    "action",
    "assert",
    "bulkhead",
    "cache",
    "circuit_breaker",
    "fallback",
    "governance",
    "limits",
    "on_error",
    "rate_limit",
    "rules",
    "when",
];

/// A `Policy` as it is written.
#[derive(Debug)]
pub(super) struct Policy<'n> {
    pub(super) name: String,
    span: Span,
    /// What goes into a step.
    pub(super) entries: Vec<&'n Entry>,
}

/// Reads a `Policy` and adds it to the others.
pub(super) fn read<'n>(document: &'n Node, found: &mut Vec<Policy<'n>>, report: &mut Report) {
    let Some(mut top) = Fields::of(document, "", report) else { return };
    header::api_version(&mut top, report);
    top.take("kind");
    let (name, _) = header::metadata(&mut top, report);
    let entries: Vec<&Entry> =
        ["retry", "timeout"].into_iter().filter_map(|key| top.take_entry(key)).collect();
    for entry in &entries {
        if entry.key.text == "retry" {
            common::retry(Some(&entry.value), "retry", report);
        } else {
            scalars::duration(Some(&entry.value), "timeout", "timeout", report);
        }
    }
    top.done("a policy", LATER, report);
    let span = first(document);
    if entries.is_empty() {
        report.push(
            Diagnostic::new(&codes::MISSING_KEY, span, "the policy says nothing")
                .help("write `retry: { max: 3 }` or `timeout: 30s`"),
        );
    }
    if let Some(before) = found.iter().find(|policy| policy.name == name) {
        report.push(twice("policies", &name, span, before.span));
        return;
    }
    found.push(Policy { name, span, entries });
}
