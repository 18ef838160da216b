//! Steps that count together count to the same number.

use std::collections::BTreeMap;

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, join};
use crate::resolve::Resolved;
use crate::shown::shown;
use crate::source::Span;

/// Compares the gates of each group with the first one of it.
pub(super) fn agree(document: &Document<'_>, _: &Resolved<'_>, report: &mut Report) {
    let mut limits = BTreeMap::new();
    let mut breakers = BTreeMap::new();
    for step in &document.steps {
        if let Some(limit) = &step.rate_limit
            && let Some(group) = &limit.group
        {
            let (first, span) = *limits.entry(group).or_insert((limit, step.span));
            if first != limit {
                differ("rate_limit", group, step.span, span, &step.path, report);
            }
        }
        if let Some(breaker) = &step.circuit_breaker
            && let Some(group) = &breaker.group
        {
            let (first, span) = *breakers.entry(group).or_insert((breaker, step.span));
            if first != breaker {
                differ("circuit_breaker", group, step.span, span, &step.path, report);
            }
        }
    }
}

fn differ(key: &str, group: &str, span: Span, first: Span, path: &str, report: &mut Report) {
    let message = format!("`{key}` is not what other steps of the group `{}` have", shown(group));
    report.push(
        Diagnostic::new(&codes::POLICY_OVERLAP, span, message)
            .label(first, "the first one")
            .help("write it once, in a `kind: Policy`, or give one of them another group")
            .at(&join(path, key)),
    );
}
