//! Types along the edges: what each step gives, and whether that is what others take.

use std::collections::BTreeSet;

use super::path;
use super::value::Values;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, Document, StepDecl, join};
use crate::expr::scan::Guard;
use crate::resolve::tree::{Bound, BoundUse, Target, Tree};
use crate::resolve::{Resolved, Skill};
use crate::shown::shown;
use crate::types::Ty;
use crate::yaml::node::Text;

/// Follows the steps in their order.
pub(super) fn types(document: &Document<'_>, resolved: &Resolved<'_>, report: &mut Report) {
    let inputs =
        document.inputs.iter().map(|input| (input.name.text.clone(), Ty::of_schema(&input.schema)));
    let mut flow = Flow {
        document,
        inputs: Ty::object(inputs),
        run: Ty::object([("id".to_owned(), Ty::text()), ("name".to_owned(), Ty::text())]),
        outputs: vec![Ty::Any; document.steps.len()],
        guarded: BTreeSet::new(),
        report,
    };
    for index in &resolved.order {
        let (Some(decl), Some(step)) = (document.steps.get(*index), resolved.steps.get(*index))
        else {
            continue;
        };
        flow.guarded = defined_steps(step.when.as_ref());
        if let Some(when) = &step.when {
            flow.condition(when, &join(&decl.path, "when"));
        }
        let output = match (&decl.body, &step.skill) {
            (Body::Set(_), _) => flow.set(&step.values, &decl.path),
            (Body::Uses { reference, .. }, Some(skill)) => {
                flow.call(decl, reference, skill, &step.values);
                skill.output.clone()
            }
            _ => {
                flow.unknown(&step.values, &join(&decl.path, "with"));
                Ty::Any
            }
        };
        if let Some(slot) = flow.outputs.get_mut(*index) {
            *slot = output;
        }
    }
    flow.guarded = BTreeSet::new();
    flow.results(&resolved.outputs);
}

/// Steps whose output is there whenever this condition holds.
fn defined_steps(when: Option<&Bound>) -> BTreeSet<usize> {
    let uses = when.into_iter().flat_map(|when| &when.uses);
    uses.filter_map(|used| match used.target {
        Target::Step(index) if used.guard == Guard::Defined => Some(index),
        _ => None,
    })
    .collect()
}

/// The most parts of the type of a `set` step. Of what is beyond, the type is not followed; it is
/// checked at run time.
const SET_TYPES_MAX: usize = 2_000;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In `when`: what is not there makes the condition false.
    Condition,
    /// In a value.
    Value,
}

/// What is known so far.
pub(super) struct Flow<'a, 'n> {
    document: &'a Document<'n>,
    inputs: Ty,
    run: Ty,
    /// Of the steps that have been looked at, by place in the document.
    outputs: Vec<Ty>,
    /// Steps that the present step's `when` makes sure of.
    guarded: BTreeSet<usize>,
    pub(super) report: &'a mut Report,
}

impl<'n> Flow<'_, 'n> {
    fn condition(&mut self, when: &Bound, path: &str) {
        self.bound(when, Place::Condition, path);
    }

    fn set(&mut self, values: &[(&'n Text, Tree<'n>)], path: &str) -> Ty {
        let path = join(path, "set");
        let mut left = SET_TYPES_MAX;
        let fields = values.iter().map(|(name, tree)| {
            let ty = Values { flow: self }.infer(tree, &join(&path, &name.text));
            let mut rest = left;
            if !ty.weigh(&mut rest) {
                return (name.text.clone(), Ty::Any);
            }
            left = rest;
            (name.text.clone(), ty)
        });
        Ty::object(fields.collect::<Vec<_>>())
    }

    fn unknown(&mut self, values: &[(&'n Text, Tree<'n>)], path: &str) {
        for (name, tree) in values {
            Values { flow: self }.infer(tree, &join(path, &name.text));
        }
    }

    /// Arguments against parameters.
    fn call(
        &mut self,
        decl: &StepDecl<'_>,
        reference: &Text,
        skill: &Skill,
        values: &[(&'n Text, Tree<'n>)],
    ) {
        let path = join(&decl.path, "with");
        for (name, tree) in values {
            let path = join(&path, &name.text);
            match skill.params.get(&name.text) {
                Some(param) => Values { flow: self }.check(tree, &param.ty, &path),
                None => {
                    self.unknown_param(name, skill, &path);
                    Values { flow: self }.infer(tree, &path);
                }
            }
        }
        let given: BTreeSet<&str> = values.iter().map(|(name, _)| name.text.as_str()).collect();
        for (name, param) in &skill.params {
            if given.contains(name.as_str()) || !param.required {
                continue;
            }
            self.report.push(
                Diagnostic::new(
                    &codes::MISSING_PARAM,
                    reference.span,
                    format!(
                        "`{}#{}` needs `{name}`: {}",
                        skill.entry.id, skill.operation, param.ty
                    ),
                )
                .help(format!("add `{name}: …` to `with`"))
                .at(&path),
            );
        }
    }

    fn unknown_param(&mut self, name: &Text, skill: &Skill, path: &str) {
        let help =
            self.report.suggest(&name.text, "it takes", skill.params.keys().map(String::as_str));
        let help = help
            .or_else(|| skill.params.is_empty().then(|| "it takes nothing; remove it".to_owned()));
        let message = format!(
            "`{}#{}` has no parameter `{}`",
            skill.entry.id,
            skill.operation,
            shown(&name.text)
        );
        self.report.push(
            Diagnostic::new(&codes::UNKNOWN_PARAM, name.span, message).maybe_help(help).at(path),
        );
    }

    /// The outputs of the run. A skipped step's is `null` there.
    fn results(&mut self, outputs: &[(&'n Text, Tree<'n>)]) {
        self.unknown(outputs, "outputs");
    }

    /// The type of an expression; reports what is not there on the way.
    pub(super) fn bound(&mut self, bound: &Bound, place: Place, path: &str) -> Ty {
        let mut plain = Ty::Any;
        let guarded: BTreeSet<usize> = bound
            .uses
            .iter()
            .filter_map(|used| match used.target {
                Target::Step(index) if used.guard != Guard::None => Some(index),
                _ => None,
            })
            .collect();
        for used in &bound.uses {
            plain = self.used(used, bound.plain, &guarded, place, path);
        }
        if bound.plain { plain } else { Ty::Any }
    }

    fn used(
        &mut self,
        used: &BoundUse,
        plain: bool,
        guarded: &BTreeSet<usize>,
        place: Place,
        path: &str,
    ) -> Ty {
        let start = match used.target {
            Target::Inputs => &self.inputs,
            Target::Run => &self.run,
            Target::Step(index) => self.outputs.get(index).unwrap_or(&Ty::Any),
        };
        let lenient = place == Place::Condition || used.guard != Guard::None;
        let ty = match path::walk(start, &self.name(used.target), used, lenient) {
            Ok(ty) => ty,
            Err(problem) => {
                self.report.push(problem.at(path));
                return Ty::Any;
            }
        };
        let Target::Step(index) = used.target else { return ty };
        if !self.may_be_skipped(index) || guarded.contains(&index) || place == Place::Condition {
            return ty;
        }
        if plain {
            return ty.optional_even_if_any();
        }
        self.report.push(self.skipped(used, index).at(path));
        ty
    }

    /// Whether the step has a condition that the present one doesn't make sure of.
    pub(super) fn may_be_skipped(&self, index: usize) -> bool {
        let conditional = self.document.steps.get(index).is_some_and(|step| step.when.is_some());
        conditional && !self.guarded.contains(&index)
    }

    fn name(&self, target: Target) -> String {
        match target {
            Target::Inputs => "inputs".to_owned(),
            Target::Run => "run".to_owned(),
            Target::Step(index) => {
                let id = self.document.steps.get(index).and_then(|step| step.id);
                id.map_or_else(String::new, |id| shown(&id.text))
            }
        }
    }

    /// The output of a step that may have been skipped, where it has to be there.
    pub(super) fn skipped(&self, used: &BoundUse, index: usize) -> Diagnostic {
        let name = self.name(used.target);
        let when = self.document.steps.get(index).and_then(|step| step.when);
        let mut problem = Diagnostic::new(
            &codes::OPTIONAL_VALUE,
            used.span,
            format!("the step `{name}` may be skipped, and then it has no output"),
        )
        .help(format!(
            "say what to do then: `… | default('…', true)`, or skip this step too: `when: \"{name} is defined\"`"
        ));
        if let Some(when) = when {
            problem = problem.label(when.span, "skipped when this is not true");
        }
        problem
    }

    /// The step behind an expression that is nothing but a path, if it may be skipped.
    pub(super) fn skippable_target(&self, bound: &Bound) -> Option<usize> {
        match bound.uses.first()?.target {
            Target::Step(index) if bound.plain && self.may_be_skipped(index) => Some(index),
            _ => None,
        }
    }
}
