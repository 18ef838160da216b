//! W210: a step with the name of an input.

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::yaml::node::NodeKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(NodeKind::Map(inputs)) = context.root.get("inputs").map(|node| &node.kind) else {
        return;
    };
    for (path, node) in context.values() {
        if !path.ends_with(']') || !path.contains("steps[") {
            continue;
        }
        let Some(id) = node.get("id").and_then(|id| id.as_text()) else { continue };
        if let Some(input) = inputs.iter().find(|input| input.key.text == id.text) {
            let name = &id.text;
            report.push(
                Diagnostic::new(
                    code,
                    id.span,
                    format!("`{name}` is an input too: `{name}` is this step's output, `inputs.{name}` the input"),
                )
                .label(input.key.span, "the input")
                .help("give the step another id")
                .at(&path),
            );
        }
    }
}
