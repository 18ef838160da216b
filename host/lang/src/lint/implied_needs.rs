//! W206: `needs` that an expression implies.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::print::steps::implied;
use crate::yaml::node::NodeKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    for step in &graph.steps {
        let path = format!("{}.needs", step.yaml_path);
        let Some(node) = context.at(&path) else { continue };
        let written = match &node.kind {
            NodeKind::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let implied = implied(graph, step);
        let names: Vec<&str> =
            implied.iter().filter_map(|at| Some(graph.steps.get(*at)?.id.as_str())).collect();
        for text in written.into_iter().filter_map(|node| node.as_text()) {
            if names.contains(&text.text.as_str()) {
                let message =
                    format!("`{}` uses `{}` already, which makes it wait", step.id, text.text);
                report.push(
                    Diagnostic::new(code, text.span, message).help("remove it here").at(&path),
                );
            }
        }
    }
}
