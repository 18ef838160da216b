//! Limits nest: a step's are within those around it, and so are those of a pipeline it runs.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, From, LimitsDecl, join};
use crate::limits::NAMES;
use crate::resolve::{Resolved, Work};
use crate::shown::shown;
use crate::source::Span;

/// What is allowed more than the whole around it never gets it, so its author is mistaken.
pub(super) fn within_those_around(
    document: &Document<'_>,
    resolved: &Resolved<'_>,
    report: &mut Report,
) {
    for (index, (decl, step)) in document.steps.iter().zip(&resolved.steps).enumerate() {
        for (name, span) in &decl.limits.places {
            let outer = Outer::of(document, index, 1, &name.text);
            if let Some(outer) =
                outer.filter(|o| decl.limits.limits.exceeds(&o.limits.limits, &name.text))
            {
                let path = join(&join(&decl.path, "limits"), &name.text);
                let message =
                    format!("the step's `{}` is more than {}", name.text, outer.possessive());
                report.push(outer.problem(*span, message).at(&path));
            }
        }
        let Work::Pipeline(child) = &step.work else { continue };
        let Some(graph) = child.child.as_ref().map(|child| &child.graph) else { continue };
        for name in NAMES {
            let outer = Outer::of(document, index, 0, name);
            if let Some(outer) =
                outer.filter(|outer| graph.limits.exceeds(&outer.limits.limits, name))
            {
                let message = format!(
                    "the `{name}` of `{}` is more than {}",
                    shown(&child.reference.text),
                    outer.possessive()
                );
                let path = join(&decl.path, "pipeline");
                let mut problem = outer.problem(child.reference.span, message);
                if let From::Registry(_) = child.from {
                    let of = outer.possessive();
                    problem = problem.help(format!("raise {of}, or choose another pipeline"));
                }
                report.push(problem.at(&path));
            }
        }
    }
}

/// The nearest limit of a name around a step.
struct Outer<'a, 'n> {
    limits: &'a LimitsDecl<'n>,
    /// The id of the step whose it is; none for the pipeline's.
    step: Option<String>,
    place: Span,
}

impl<'a, 'n> Outer<'a, 'n> {
    /// Around a step, leaving out so many of the innermost steps.
    fn of(document: &'a Document<'n>, step: usize, skip: usize, name: &str) -> Option<Self> {
        let steps = document.around(step).skip(skip).filter_map(|index| {
            Some((&document.steps.get(index)?.limits, Some(document.id(index))))
        });
        steps.chain([(&document.limits, None)]).find_map(|(limits, step)| {
            let place = limits.places.iter().find(|(key, _)| key.text == name)?.1;
            Some(Self { limits, step, place })
        })
    }

    fn possessive(&self) -> String {
        match &self.step {
            Some(id) => format!("that of `{id}`"),
            None => "the pipeline's".to_owned(),
        }
    }

    fn problem(&self, span: Span, message: String) -> Diagnostic {
        let of = self.possessive();
        Diagnostic::new(&codes::LIMIT_EXCEEDS, span, message)
            .label(self.place, &of)
            .help(format!("lower it, or raise {of}"))
    }
}
