//! Names to what they mean: expressions to inputs and steps, `uses` to a skill's operation; and from
//! that the order in which steps can run.
//!
//! What cannot be bound is reported and left out. Every reference that is left points at something.

mod order;
mod place;
mod skills;
pub(crate) mod tree;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::catalog::{SkillCatalog, SkillEntry};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, Document, StepDecl};
use crate::shown::shown;
use crate::source::Span;
use crate::types::Ty;
use crate::yaml::node::Text;

use tree::{Bound, Tree};
use values::Binder;

/// The pipeline with every name bound.
#[derive(Debug)]
pub(crate) struct Resolved<'n> {
    /// As in the document.
    pub(crate) steps: Vec<Step<'n>>,
    pub(crate) outputs: Vec<(&'n Text, Tree<'n>)>,
    /// Indices of steps in an order that runs: by dependency, then by place in the source. Steps on
    /// a cycle, and those behind one, are missing; the cycle has been reported.
    pub(crate) order: Vec<usize>,
}

/// A step with every name bound.
#[derive(Debug)]
pub(crate) struct Step<'n> {
    /// The values of `with` or `set`.
    pub(crate) values: Vec<(&'n Text, Tree<'n>)>,
    pub(crate) when: Option<Bound>,
    /// The steps it comes after, and where it says so.
    pub(crate) needs: BTreeMap<usize, Span>,
    /// `None` for `set`, and for what could not be found.
    pub(crate) skill: Option<Arc<Skill>>,
}

/// The operation that a step calls.
#[derive(Debug)]
pub(crate) struct Skill {
    pub(crate) entry: Arc<SkillEntry>,
    /// The operation's name.
    pub(crate) operation: String,
    /// By their names in JSON.
    pub(crate) params: IndexMap<String, Param>,
    pub(crate) output: Ty,
}

/// A parameter of an operation.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) ty: Ty,
    /// `false` for options.
    pub(crate) required: bool,
}

/// Binds every name.
pub(crate) fn resolve<'n>(
    document: &Document<'n>,
    source: &str,
    catalog: &dyn SkillCatalog,
    report: &mut Report,
) -> Resolved<'n> {
    let ids = ids(document, report);
    let mut skills = skills::Lookup::new(catalog);
    let steps: Vec<Step<'n>> = document
        .steps
        .iter()
        .enumerate()
        .map(|(index, decl)| {
            let mut binder = Binder::new(&ids, source, Some(index), report);
            let mut step = bind_step(decl, &mut binder);
            if let Body::Uses { reference, .. } = &decl.body {
                step.skill = skills.find(reference, &decl.path, report);
            }
            step
        })
        .collect();
    let mut binder = Binder::new(&ids, source, None, report);
    let outputs = binder.values(&document.outputs, "outputs");
    let order = order::sort(document, &steps, report);
    Resolved { steps, outputs, order }
}

/// The steps by id. The first of several with the same id has it.
fn ids<'n>(document: &Document<'n>, report: &mut Report) -> BTreeMap<&'n str, usize> {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, step) in document.steps.iter().enumerate() {
        let Some(id) = step.id else { continue };
        let Some(first) = ids.get(id.text.as_str()) else {
            ids.insert(&id.text, index);
            continue;
        };
        let mut problem = Diagnostic::new(
            &codes::DUPLICATE_ID,
            id.span,
            format!("two steps are called `{}`", shown(&id.text)),
        )
        .help("give one of them another id");
        if let Some(first) = document.steps.get(*first).and_then(|first| first.id) {
            problem = problem.label(first.span, "the first one");
        }
        report.push(problem.at(&format!("{}.id", step.path)));
    }
    ids
}

fn bind_step<'n>(decl: &StepDecl<'n>, binder: &mut Binder<'_, 'n>) -> Step<'n> {
    let values = match &decl.body {
        Body::Uses { with, .. } => binder.values(with, &format!("{}.with", decl.path)),
        Body::Set(values) => binder.values(values, &format!("{}.set", decl.path)),
        Body::Broken => Vec::new(),
    };
    let when = decl.when.and_then(|when| binder.condition(when, &format!("{}.when", decl.path)));
    for need in &decl.needs {
        binder.need(need, &format!("{}.needs", decl.path));
    }
    Step { values, when, needs: binder.take_needs(), skill: None }
}
