//! A step's limits are within those of its pipeline.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, LimitsDecl, join};
use crate::graph::Limits;
use crate::resolve::Resolved;

/// A step that is allowed more than the whole run never gets it, so its author is mistaken.
pub(super) fn steps_within_pipeline(
    document: &Document<'_>,
    _resolved: &Resolved<'_>,
    report: &mut Report,
) {
    for step in &document.steps {
        for (name, span) in &step.limits.places {
            if !exceeds(&name.text, &step.limits.limits, &document.limits.limits) {
                continue;
            }
            let path = join(&join(&step.path, "limits"), &name.text);
            let mut problem = Diagnostic::new(
                &codes::LIMIT_EXCEEDS,
                *span,
                format!("the step's `{}` is more than the pipeline's", name.text),
            )
            .help("lower it, or raise the pipeline's");
            if let Some(place) = place(&document.limits, &name.text) {
                problem = problem.label(place, "the pipeline's");
            }
            report.push(problem.at(&path));
        }
    }
}

fn place(limits: &LimitsDecl<'_>, name: &str) -> Option<crate::source::Span> {
    limits.places.iter().find(|(key, _)| key.text == name).map(|(_, span)| *span)
}

fn exceeds(name: &str, step: &Limits, pipeline: &Limits) -> bool {
    fn more<T: PartialOrd>(step: Option<T>, pipeline: Option<T>) -> bool {
        matches!((step, pipeline), (Some(step), Some(pipeline)) if step > pipeline)
    }
    match name {
        "fuel" => more(step.fuel, pipeline.fuel),
        "wall" => more(step.wall, pipeline.wall),
        "cost_usd" => more(step.cost_nano, pipeline.cost_nano),
        _ => more(step.memory_bytes, pipeline.memory_bytes),
    }
}
