//! Names to what they mean: expressions to inputs and steps, `uses` to a skill's operation, `pipeline`
//! to a compiled file; and from that the order in which steps can run.
//!
//! What cannot be bound is reported and left out. Every reference that is left points at something.

mod body;
mod children;
mod claims;
mod names;
mod order;
mod place;
mod references;
mod rules;
mod skills;
mod tools;
pub(crate) mod tree;
mod trials;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::catalog::SkillEntry;
use crate::diagnostic::Report;
use crate::document::{Document, FallbackDecl, join};
use crate::source::Span;
use crate::sources::{Sources, Texts as _};
use crate::types::Ty;

pub(crate) use body::{Approve, Call, Loop, SubPipeline, Switch, Test, Work};
pub(crate) use children::{Child, Children, Origin};
pub(crate) use claims::{Claim, Looks};

use claims::Claims;
use names::{Names, View};
pub use tools::tools;
use tree::{Bound, Named, Tree};
use values::Binder;

/// The pipeline with every name bound.
#[derive(Debug)]
pub(crate) struct Resolved<'n> {
    /// As in the document.
    pub(crate) steps: Vec<Step<'n>>,
    /// As in the document.
    pub(crate) blocks: Vec<Block<'n>>,
    pub(crate) outputs: Named<'n>,
    /// What the pipeline lets its steps call, by name.
    pub(crate) tools: Vec<crate::graph::Tool>,
    /// With steps by place in the document.
    pub(crate) rules: Vec<crate::graph::Policy>,
    /// With steps by place in the document.
    pub(crate) trials: Vec<crate::graph::Test>,
    /// What rules and tests look at.
    pub(crate) claims: Vec<Claim>,
}

/// A block with every name bound.
#[derive(Debug)]
pub(crate) struct Block<'n> {
    /// Its steps in an order that runs: by dependency, then by place in the source. Steps on a
    /// cycle, and those behind one, are missing; the cycle has been reported.
    pub(crate) order: Vec<usize>,
    pub(crate) output: Option<Tree<'n>>,
}

/// A step with every name bound.
#[derive(Debug)]
pub(crate) struct Step<'n> {
    pub(crate) work: Work<'n>,
    pub(crate) when: Option<Bound>,
    pub(crate) fallback: Option<Fallback<'n>>,
    /// The steps of its block that it comes after, and where it says so.
    pub(crate) needs: BTreeMap<usize, Span>,
}

/// What takes the place of a step that failed.
#[derive(Debug)]
pub(crate) enum Fallback<'n> {
    Value(Tree<'n>),
    Uses(Call<'n>),
}

impl<'n> Step<'n> {
    /// Every call in it, each with where in the step it stands.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&'static str, &Call<'n>)> {
        let own = match &self.work {
            Work::Uses(call) => Some(("uses", call)),
            _ => None,
        };
        let fallback = match &self.fallback {
            Some(Fallback::Uses(call)) => Some(("fallback.uses", call)),
            _ => None,
        };
        own.into_iter().chain(fallback)
    }

    fn calls_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Call<'n>)> {
        let own = match &mut self.work {
            Work::Uses(call) => Some(("uses", call)),
            _ => None,
        };
        let fallback = match &mut self.fallback {
            Some(Fallback::Uses(call)) => Some(("fallback.uses", call)),
            _ => None,
        };
        own.into_iter().chain(fallback)
    }
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
    sources: &Sources,
    children: &mut Children<'_>,
    report: &mut Report,
) -> Resolved<'n> {
    let names = Names::of(document, sources, report);
    let mut needs = vec![BTreeMap::new(); document.steps.len()];
    let mut steps: Vec<Step<'n>> = Vec::with_capacity(document.steps.len());
    for index in 0..document.steps.len() {
        steps.extend(bind_step(&names, sources, index, &mut needs, report));
    }
    let outputs = document.blocks.iter().enumerate().map(|(index, block)| {
        let output = block.output?;
        let view = View::inside(index);
        let mut binder = Binder::new(&names, sources, block.holder, view, &mut needs, report);
        Some(binder.tree(output, &join(&block.path, "output")))
    });
    let outputs: Vec<Option<Tree<'n>>> = outputs.collect();
    let view = View::inside(0);
    let mut binder = Binder::new(&names, sources, None, view, &mut needs, report);
    let results = binder.values(&document.outputs, "outputs");

    let tools = look_up(document, &mut steps, sources, children, report);
    for (step, needs) in steps.iter_mut().zip(needs) {
        step.needs = needs;
    }
    let mut blocks: Vec<Block<'n>> =
        outputs.into_iter().map(|output| Block { order: Vec::new(), output }).collect();
    for index in order::sort(document, &steps, report) {
        let block = document.steps.get(index).and_then(|step| blocks.get_mut(step.block));
        if let Some(block) = block {
            block.order.push(index);
        }
    }
    let mut claims = Claims { document, sources, found: Vec::new() };
    let rules = rules::bind(document, &mut claims, report);
    let trials = trials::bind(document, &steps, &mut claims, report);
    Resolved { steps, blocks, outputs: results, tools, rules, trials, claims: claims.found }
}

fn bind_step<'n>(
    names: &Names<'_, 'n>,
    sources: &Sources,
    index: usize,
    needs: &mut [BTreeMap<usize, Span>],
    report: &mut Report,
) -> Option<Step<'n>> {
    let decl = names.document.steps.get(index)?;
    let view = View::inside(decl.block);
    let mut binder = Binder::new(names, sources, Some(index), view, needs, report);
    let work = body::bind(index, decl, &mut binder);
    let when = decl.when.and_then(|when| binder.condition(when, &join(&decl.path, "when")));
    let path = join(&decl.path, "fallback");
    let fallback = decl.fallback.as_ref().map(|fallback| match fallback {
        FallbackDecl::Value(node) => Fallback::Value(binder.tree(node, &join(&path, "value"))),
        FallbackDecl::Uses(call) => Fallback::Uses(Call {
            reference: call.reference,
            with: binder.values(&call.with, &join(&path, "with")),
            skill: None,
        }),
    });
    for need in &decl.needs {
        binder.need(need, &join(&decl.path, "needs"));
    }
    Some(Step { work, when, fallback, needs: BTreeMap::new() })
}

/// Finds what steps call: skills and other pipelines. Gives what their skills may call.
fn look_up(
    document: &Document<'_>,
    steps: &mut [Step<'_>],
    sources: &Sources,
    children: &mut Children<'_>,
    report: &mut Report,
) -> Vec<crate::graph::Tool> {
    let mut skills = skills::Lookup::new(children.world, children.is_released());
    for (decl, step) in document.steps.iter().zip(steps) {
        for (key, call) in step.calls_mut() {
            call.skill = skills.find(call.reference, &join(&decl.path, key), report);
        }
        if let Work::Pipeline(child) = &mut step.work {
            let from = sources.text_at(child.reference.span.start).name;
            child.child = children.find(from, child.reference, &child.from, &decl.path, report);
        }
    }
    document
        .caps
        .as_ref()
        .map_or_else(Vec::new, |caps| tools::find(&caps.tools, &mut skills, report))
}
