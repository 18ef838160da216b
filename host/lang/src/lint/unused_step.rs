//! W204: a step without effect whose output nothing uses.

use std::collections::BTreeSet;

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::StepKind;
use crate::print::steps::implied;
use crate::template::{Root, Template};

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    if graph.outputs.is_empty() || !graph.policies.is_empty() {
        // There is nothing to lead to, or rules that look at every step.
        return;
    }
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for step in &graph.steps {
        used.extend(&step.needs);
        used.extend(implied(graph, step));
    }
    let outputs = graph.blocks.iter().filter_map(|block| block.output.as_ref());
    let roots = graph.outputs.values().chain(outputs).flat_map(Template::roots);
    used.extend(roots.filter_map(|root| match root {
        Root::Step(index, _) => Some(*index),
        _ => None,
    }));
    for (index, step) in graph.steps.iter().enumerate() {
        let block = graph.blocks.get(step.block);
        // A block without `output` comes to the outputs of all its steps.
        let seen = block.is_some_and(|block| block.holder.is_some() && block.output.is_none());
        let pure = match &step.kind {
            StepKind::Set(_) => true,
            StepKind::Uses(_) => Context::calls(step).all(|uses| context.is_pure(uses)),
            _ => false,
        };
        if pure && !seen && !used.contains(&index) {
            report.push(
                Diagnostic::new(
                    code,
                    context.key(step, "id"),
                    format!("nothing uses the output of `{}`, and it has no other effect", step.id),
                )
                .help("remove the step, or use its output")
                .at(&step.yaml_path),
            );
        }
    }
}
