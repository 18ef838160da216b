//! Pipelines call only what their policies let them, and so do those that they run.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, join};
use crate::load::Governance;
use crate::resolve::{Resolved, Work};
use crate::source::Span;

/// Asks every policy about every call.
pub(crate) fn check(
    document: &Document<'_>,
    resolved: &Resolved<'_>,
    governance: &[&Governance],
    report: &mut Report,
) {
    for (decl, step) in document.steps.iter().zip(&resolved.steps) {
        for (key, call) in step.calls() {
            let Some(skill) = &call.skill else { continue };
            for rules in governance {
                let Some((rule, denied)) = rules.denies(&skill.entry.id, &skill.operation) else {
                    continue;
                };
                let message =
                    format!("a policy does not let pipelines call `{}`", call.reference.text);
                push(call.reference.span, message, rule, denied, &join(&decl.path, key), report);
            }
        }
        let Work::Pipeline(sub) = &step.work else { continue };
        let Some(child) = &sub.child else { continue };
        let graphs = child.graph.with_children();
        let calls = graphs.into_iter().flat_map(|graph| graph.calls());
        let denied = calls.flat_map(|uses| {
            let of = move |rules: &&Governance| {
                Some((uses, rules.denies(&uses.skill, &uses.operation)?))
            };
            governance.iter().filter_map(of)
        });
        // One is enough: what else it calls is seen in its own file.
        if let Some((uses, (rule, denied))) = denied.into_iter().next() {
            let message = format!("this pipeline calls `{uses}`, which a policy does not allow");
            let path = join(&decl.path, "pipeline");
            push(sub.reference.span, message, rule, denied, &path, report);
        }
    }
}

fn push(span: Span, message: String, rule: Span, denied: bool, path: &str, report: &mut Report) {
    let label = if denied { "denied here" } else { "not among these" };
    report.push(
        Diagnostic::new(&codes::POLICY_DENIED, span, message)
            .label(rule, label)
            .help("call something else, or ask those who keep the `Policy` to allow it")
            .at(path),
    );
}
