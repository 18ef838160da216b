//! W209: trying again what always does the same.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::StepKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    for step in graph.steps.iter().filter(|step| step.retry.is_some()) {
        let pure = match &step.kind {
            StepKind::Set(_) => true,
            StepKind::Uses(uses) => context.is_pure(uses),
            _ => false,
        };
        if pure {
            report.push(
                Diagnostic::new(
                    code,
                    context.key(step, "retry"),
                    format!("`{}` does the same each time, so trying again fails again", step.id),
                )
                .help("remove `retry`, or say what to do instead: `fallback: { value: … }`")
                .at(&step.yaml_path),
            );
        }
    }
}
