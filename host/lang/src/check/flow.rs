//! Types along the edges: what each step gives, and whether that is what others take.

use super::fits::fits;
use super::path;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, join};
use crate::expr::scan::Guard;
use crate::graph::OnError;
use crate::resolve::tree::{Bound, BoundUse, Named, Target};
use crate::resolve::{Claim, Looks, Resolved};
use crate::shown::shown;
use crate::source::Span;
use crate::types::Ty;

use super::value::Values;

/// Follows the steps in their order. Gives the type of the outputs.
pub(super) fn types(document: &Document<'_>, resolved: &Resolved<'_>, report: &mut Report) -> Ty {
    let inputs =
        document.inputs.iter().map(|input| (input.name.text.clone(), Ty::of_schema(&input.schema)));
    let absences = document.steps.iter().map(|step| {
        let skipped = step.when.map(|when| Absence::Skipped(when.span));
        let failed = match step.on_error {
            (OnError::Continue, Some(span)) => Some(Absence::Failed(span)),
            _ => None,
        };
        skipped.or(failed)
    });
    let count = document.steps.len();
    let mut flow = Flow {
        document,
        resolved,
        inputs: Ty::object(inputs),
        run: Ty::object([("id".to_owned(), Ty::text()), ("name".to_owned(), Ty::text())]),
        index: Ty::Int { min: Some(0), max: None },
        outputs: vec![Ty::Any; count],
        provided: vec![Ty::Any; count],
        absences: absences.collect(),
        guarded: vec![0; count],
        report,
    };
    flow.steps(0);
    let results = flow.values(&resolved.outputs, "outputs");
    for claim in &resolved.claims {
        flow.claim(claim, &results);
    }
    results
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a condition: what is not there makes it false.
    Condition,
    /// In a value.
    Value,
}

/// Why a step may have no output though the run goes on, and what says so.
#[derive(Debug, Clone, Copy)]
pub(super) enum Absence {
    /// `when`
    Skipped(Span),
    /// `on_error: continue`
    Failed(Span),
    /// A `switch` without `default`.
    NoCase(Span),
}

/// What is known so far. All lists are by place in the document.
pub(super) struct Flow<'a, 'n> {
    pub(super) document: &'a Document<'n>,
    pub(super) resolved: &'a Resolved<'n>,
    inputs: Ty,
    run: Ty,
    index: Ty,
    /// Of the steps that have been looked at.
    pub(super) outputs: Vec<Ty>,
    /// What a step hands to its blocks: the item, `loop`, `branches`.
    pub(super) provided: Vec<Ty>,
    /// Why a step may have no output.
    pub(super) absences: Vec<Option<Absence>>,
    /// How many conditions around the present place make sure of a step.
    guarded: Vec<u32>,
    pub(super) report: &'a mut Report,
}

impl<'n> Flow<'_, 'n> {
    /// Looks at the steps of a block. Recurses through the steps that hold others.
    pub(super) fn steps(&mut self, block: usize) {
        let resolved = self.resolved;
        let order = resolved.blocks.get(block).map(|block| block.order.as_slice());
        for index in order.unwrap_or_default() {
            self.step(*index);
        }
    }

    fn step(&mut self, index: usize) {
        let (document, resolved) = (self.document, self.resolved);
        let (Some(decl), Some(step)) = (document.steps.get(index), resolved.steps.get(index))
        else {
            return;
        };
        let guards = defined_steps(step.when.as_ref());
        self.guard(&guards);
        if let Some(when) = &step.when {
            self.condition(when, &join(&decl.path, "when"));
        }
        let own = self.work(index, decl, &step.work);
        let output = match &step.fallback {
            Some(fallback) => own.join(&self.fallback(fallback, &decl.path)).bounded(),
            None => own,
        };
        if let Some(slot) = self.outputs.get_mut(index) {
            *slot = output;
        }
        self.unguard(&guards);
    }

    /// From here on, these steps have an output.
    pub(super) fn guard(&mut self, steps: &[usize]) {
        for step in steps {
            if let Some(count) = self.guarded.get_mut(*step) {
                *count += 1;
            }
        }
    }

    /// No longer so.
    pub(super) fn unguard(&mut self, steps: &[usize]) {
        for step in steps {
            if let Some(count) = self.guarded.get_mut(*step) {
                *count -= 1;
            }
        }
    }

    /// An expression that must come to true or false, as far as that is known. `null` is what a
    /// skipped step has, and counts as false.
    pub(super) fn condition(&mut self, when: &Bound, path: &str) {
        let found = self.bound(when, Place::Condition, path);
        if fits(&found, &Ty::Bool.optional()).is_ok() {
            return;
        }
        let source = shown(&when.source);
        let bare = match &found {
            Ty::Option(inner) => inner,
            found => found,
        };
        let instead = match bare {
            Ty::Int { .. } | Ty::F32 | Ty::F64 => format!("compare it: `{source} > 0`"),
            Ty::Text(_) | Ty::Char | Ty::Bytes => format!("compare it: `{source} == '…'`"),
            Ty::List(_) | Ty::Tuple(_) | Ty::Flags(_) => {
                format!("ask how many there are: `{source} | length > 0`")
            }
            _ => format!(
                "compare one of its fields: `{source}.NAME == …`, or ask whether it is there: `{source} is defined`"
            ),
        };
        let message = format!("`{source}` is {bare}, expected true or false");
        let problem = Diagnostic::new(&codes::TYPE_MISMATCH, when.span, message).help(instead);
        self.report.push(problem.at(path));
    }

    /// The object of named values. The output of a skipped step is `null` there.
    pub(super) fn values(&mut self, values: &Named<'n>, path: &str) -> Ty {
        let mut fields = Vec::with_capacity(values.len());
        for (name, tree) in values {
            let ty = Values { flow: self }.infer(tree, &join(path, &name.text));
            fields.push((name.text.clone(), ty));
        }
        Ty::bounded_object(fields)
    }

    /// The type of an expression; reports what is not there on the way.
    pub(super) fn bound(&mut self, bound: &Bound, place: Place, path: &str) -> Ty {
        let mut plain = Ty::Any;
        let guarded: Vec<usize> = bound
            .uses
            .iter()
            .filter_map(|used| match used.target {
                Target::Step(index) if used.guard != Guard::None => Some(index),
                _ => None,
            })
            .collect();
        self.guard(&guarded);
        for used in &bound.uses {
            plain = self.used(used, bound.plain, place, path);
        }
        self.unguard(&guarded);
        if bound.plain { plain } else { Ty::Any }
    }

    fn used(&mut self, used: &BoundUse, plain: bool, place: Place, path: &str) -> Ty {
        let start = match used.target {
            Target::Inputs => Some(&self.inputs),
            Target::Run => Some(&self.run),
            Target::Index(_) => Some(&self.index),
            Target::Step(index) => self.outputs.get(index),
            Target::Item(index) | Target::Loop(index) | Target::Branches(index) => {
                self.provided.get(index)
            }
        };
        let lenient = place == Place::Condition || used.guard != Guard::None;
        let start = start.unwrap_or(&Ty::Any);
        let ty = match path::walk(start, &self.name(used.target), &used.path, lenient) {
            Ok(ty) => ty,
            Err(problem) => {
                self.report.push(problem.at(path));
                return Ty::Any;
            }
        };
        let Target::Step(index) = used.target else { return ty };
        if place == Place::Condition {
            return ty;
        }
        let Some(absence) = self.absence(index) else { return ty };
        if plain {
            return ty.optional_even_if_any();
        }
        self.report.push(self.absent(used, absence).at(path));
        ty
    }

    /// Why a step may have no output, unless the present place is only reached where it has one.
    pub(super) fn absence(&self, index: usize) -> Option<Absence> {
        let absence = self.absences.get(index).copied().flatten()?;
        let sure = self.guarded.get(index).is_some_and(|count| *count > 0);
        (!sure).then_some(absence)
    }

    /// An expression that looks at the run from outside. What is not there on the way is for it to
    /// deal with; what can never be there is a mistake.
    fn claim(&mut self, claim: &Claim, results: &Ty) {
        for used in &claim.uses {
            let (start, root) = match used.at {
                Looks::Inputs => (&self.inputs, "inputs".to_owned()),
                Looks::Run => (&self.run, "run".to_owned()),
                Looks::Result => (results, "result".to_owned()),
                Looks::Step(index) | Looks::Output(index) => {
                    let Some(ty) = self.outputs.get(index) else { continue };
                    let of_rule = matches!(used.at, Looks::Output(_));
                    (ty, if of_rule { "result".to_owned() } else { self.document.id(index) })
                }
            };
            if let Err(problem) = path::walk(start, &root, &used.path, true) {
                self.report.push(problem.at(&claim.path));
            }
        }
    }

    fn name(&self, target: Target) -> String {
        match target {
            Target::Inputs => "inputs".to_owned(),
            Target::Run => "run".to_owned(),
            Target::Index(_) => "index".to_owned(),
            Target::Loop(_) => "loop".to_owned(),
            Target::Branches(_) => "branches".to_owned(),
            Target::Step(index) => self.document.id(index),
            Target::Item(index) => self.document.item(index).to_owned(),
        }
    }

    /// The output of a step that may have none, where it has to be there.
    pub(super) fn absent(&self, used: &BoundUse, absence: Absence) -> Diagnostic {
        let name = self.name(used.target);
        let (why, span, label) = match absence {
            Absence::Skipped(span) => ("be skipped", span, "skipped when this is not true"),
            Absence::Failed(span) => ("fail", span, "the run goes on without it"),
            Absence::NoCase(span) => ("be skipped", span, "skipped where no case applies"),
        };
        Diagnostic::new(
            &codes::OPTIONAL_VALUE,
            used.span,
            format!("the step `{name}` may {why}, and then it has no output"),
        )
        .help(format!(
            "say what to do then: `… | default('…', true)`, or skip this step too: `when: \"{name} is defined\"`"
        ))
        .label(span, label)
    }

    /// Why there may be nothing behind an expression that is nothing but the path of a step.
    pub(super) fn absent_target<'b>(&self, bound: &'b Bound) -> Option<(&'b BoundUse, Absence)> {
        let used = bound.uses.first()?;
        match used.target {
            Target::Step(index) if bound.plain => Some((used, self.absence(index)?)),
            _ => None,
        }
    }
}

/// Steps whose output is there whenever this condition holds.
pub(super) fn defined_steps(when: Option<&Bound>) -> Vec<usize> {
    let uses = when.into_iter().flat_map(|when| &when.uses);
    uses.filter_map(|used| match used.target {
        Target::Step(index) if used.guard == Guard::Defined => Some(index),
        _ => None,
    })
    .collect()
}
