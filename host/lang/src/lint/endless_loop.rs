//! W211: a loop that only `max` ends.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::StepKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    for step in &graph.steps {
        if let StepKind::Loop(looped) = &step.kind
            && looped.whilst.is_none()
            && looped.until.is_none()
        {
            report.push(
                Diagnostic::new(
                    code,
                    context.key(step, "loop"),
                    format!("`{}` always runs {} times, whatever it comes to", step.id, looped.max),
                )
                .help("add `until` or `while`, or use `map` over a list")
                .at(&step.yaml_path),
            );
        }
    }
}
