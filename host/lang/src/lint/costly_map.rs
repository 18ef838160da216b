//! W212: a map without `max` that calls over HTTP.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, ITEMS_MAX, Step, StepKind};
use crate::template::Template;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    for step in &graph.steps {
        let StepKind::Map(map) = &step.kind else { continue };
        let bounded =
            matches!(map.over, Template::Literal(_) | Template::List(_) | Template::Map(_))
                || context.at(&format!("{}.map.max", step.yaml_path)).is_some();
        if !bounded && held(graph, step).into_iter().any(|step| context.calls_http(step)) {
            report.push(
                Diagnostic::new(
                    code,
                    context.key(step, "map"),
                    format!("`{}` calls over HTTP for up to {ITEMS_MAX} items", step.id),
                )
                .help("say how many there can be: `max: 100`")
                .at(&step.yaml_path),
            );
        }
    }
}

/// All steps that a step holds, however deep.
fn held<'g>(graph: &'g Graph, step: &'g Step) -> Vec<&'g Step> {
    let mut found = Vec::new();
    let mut open = vec![step];
    while let Some(next) = open.pop() {
        for block in next.kind.blocks().into_iter().filter_map(|block| graph.blocks.get(block)) {
            let steps = graph.steps.get(block.steps.clone()).unwrap_or_default();
            found.extend(steps);
            open.extend(steps);
        }
    }
    found
}
