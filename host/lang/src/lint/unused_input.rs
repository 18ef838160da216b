//! W203: an input that nothing uses.

use std::collections::BTreeSet;

use super::Report;
use super::context::Context;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::scan::{Scan, scan};
use crate::graph::{Graph, Step};
use crate::template::{Expr, Part, Path, Root, Segment, Template};
use crate::yaml::node::NodeKind;

pub(super) fn check(context: &Context<'_>, code: &'static Code, report: &mut Report) {
    let Some(graph) = &context.graph else { return };
    let Some(NodeKind::Map(entries)) = context.root.get("inputs").map(|node| &node.kind) else {
        return;
    };
    // `inputs` as a whole is all of them.
    let Some(used) = used(graph) else { return };
    for entry in entries.iter().filter(|entry| !used.contains(&entry.key.text)) {
        let name = &entry.key.text;
        report.push(
            Diagnostic::new(code, entry.key.span, format!("nothing uses the input `{name}`"))
                .help(format!("remove it, or use it: `{{{{ inputs.{name} }}}}`"))
                .at(&format!("inputs.{name}")),
        );
    }
}

/// The inputs that are named; `None` where some expression takes all of them.
fn used(graph: &Graph) -> Option<BTreeSet<String>> {
    let mut used = Used { names: BTreeSet::new(), all: false };
    for step in &graph.steps {
        step.templates().into_iter().for_each(|template| used.template(template));
        Step::conditions(step).into_iter().for_each(|expr| used.expr(expr));
    }
    let outputs = graph.blocks.iter().filter_map(|block| block.output.as_ref());
    graph.outputs.values().chain(outputs).for_each(|template| used.template(template));
    for policy in &graph.policies {
        policy.when.iter().chain([&policy.assert]).for_each(|expr| used.expr(expr));
    }
    (!used.all).then_some(used.names)
}

struct Used {
    names: BTreeSet<String>,
    all: bool,
}

impl Used {
    fn template(&mut self, template: &Template) {
        match template {
            Template::Literal(_) => {}
            Template::Path(path) => self.path(path),
            Template::Expr(expr) => self.expr(expr),
            Template::Text(parts) => parts.iter().for_each(|part| {
                if let Part::Hole(expr) = part {
                    self.expr(expr);
                }
            }),
            Template::List(items) => items.iter().for_each(|item| self.template(item)),
            Template::Map(entries) => entries.values().for_each(|item| self.template(item)),
        }
    }

    fn path(&mut self, path: &Path) {
        if path.root == Root::Inputs {
            self.name(path.segments.first());
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if !expr.roots.contains(&Root::Inputs) {
            return;
        }
        let found = scan(&expr.source).map(|Scan { uses, .. }| uses).unwrap_or_default();
        for used in found.iter().filter(|used| used.name == "inputs") {
            self.name(used.path.first().map(|part| &part.segment));
        }
    }

    fn name(&mut self, segment: Option<&Segment>) {
        match segment {
            Some(Segment::Key(key)) => {
                self.names.insert(key.clone());
            }
            _ => self.all = true,
        }
    }
}
