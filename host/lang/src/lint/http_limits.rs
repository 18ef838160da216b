//! W205: a step that calls over HTTP and may take forever.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Step};

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    for step in graph.steps.iter().filter(|step| context.calls_http(step)) {
        if graph.limits.wall.is_none() && !is_bounded(graph, step) {
            report.push(
                Diagnostic::new(
                    code,
                    context.key(step, "uses"),
                    format!("`{}` calls over HTTP, and nothing bounds how long it takes", step.id),
                )
                .help("add `timeout: 30s` to the step, or `limits: { wall: 1m }` to the pipeline")
                .at(&step.yaml_path),
            );
        }
    }
}

/// By the step or one around it.
fn is_bounded(graph: &Graph, step: &Step) -> bool {
    let mut at = Some(step);
    while let Some(step) = at {
        if step.timeout.is_some() || step.limits.wall.is_some() {
            return true;
        }
        let holder = graph.blocks.get(step.block).and_then(|block| block.holder);
        at = holder.and_then(|holder| graph.steps.get(holder));
    }
    false
}
