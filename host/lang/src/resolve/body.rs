//! What a step does, with every name bound: one variant and one function for each kind.

use std::sync::Arc;

use super::Skill;
use super::children::Child;
use super::names::View;
use super::tree::{Bound, Named, Tree, TreeKind};
use super::values::Binder;
use crate::document::{
    ApproveDecl, Body, From, LoopDecl, MapDecl, ParallelDecl, StepDecl, SwitchDecl, TestDecl, join,
};
use crate::yaml::node::{NodeKind, Text};

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work<'n> {
    Uses(Call<'n>),
    Set(Named<'n>),
    Map(Tree<'n>),
    Loop(Box<Loop<'n>>),
    Switch(Switch<'n>),
    /// With `output`.
    Parallel(Option<Tree<'n>>),
    Pipeline(SubPipeline<'n>),
    Approve(Approve<'n>),
    Wait,
    /// Reported already.
    Broken,
}

/// A call of an operation.
#[derive(Debug)]
pub(crate) struct Call<'n> {
    pub(crate) reference: &'n Text,
    pub(crate) with: Named<'n>,
    /// `None` for what could not be found.
    pub(crate) skill: Option<Arc<Skill>>,
}

/// What a `loop` computes beside its block.
#[derive(Debug)]
pub(crate) struct Loop<'n> {
    pub(crate) state: Option<Tree<'n>>,
    pub(crate) whilst: Option<Bound>,
    pub(crate) until: Option<Bound>,
    pub(crate) next: Option<Tree<'n>>,
}

/// What a `switch` asks.
#[derive(Debug)]
pub(crate) struct Switch<'n> {
    pub(crate) on: Option<Tree<'n>>,
    /// As in the document.
    pub(crate) cases: Vec<Test<'n>>,
}

/// When a case applies.
#[derive(Debug)]
pub(crate) enum Test<'n> {
    Is(Vec<Tree<'n>>),
    When(Bound),
    /// Reported already.
    Broken,
}

/// A call of another pipeline.
#[derive(Debug)]
pub(crate) struct SubPipeline<'n> {
    pub(crate) reference: &'n Text,
    pub(crate) from: From,
    pub(crate) with: Named<'n>,
    /// `None` for what could not be compiled.
    pub(crate) child: Option<Arc<Child>>,
}

/// What a person is asked.
#[derive(Debug)]
pub(crate) struct Approve<'n> {
    pub(crate) message: Tree<'n>,
    pub(crate) show: Option<Tree<'n>>,
}

/// Binds the names of a step's body. Skills and sub-pipelines are looked up by the caller.
pub(super) fn bind<'n>(index: usize, decl: &StepDecl<'n>, binder: &mut Binder<'_, 'n>) -> Work<'n> {
    let below = |key: &str| join(&decl.path, key);
    match &decl.body {
        Body::Uses(call) => Work::Uses(Call {
            reference: call.reference,
            with: binder.values(&call.with, &below("with")),
            skill: None,
        }),
        Body::Set(values) => Work::Set(binder.values(values, &below("set"))),
        Body::Map(map) => Work::Map(over(map, &below("map"), binder)),
        Body::Loop(decl_of) => Work::Loop(Box::new(looped(index, decl, decl_of, binder))),
        Body::Switch(decl) => Work::Switch(switch(decl, &below("switch"), binder)),
        Body::Parallel(parallel) => Work::Parallel(output(index, decl, parallel, binder)),
        Body::Pipeline(child) => Work::Pipeline(SubPipeline {
            reference: child.reference,
            from: child.from.clone(),
            with: binder.values(&child.with, &below("with")),
            child: None,
        }),
        Body::Approve(decl) => Work::Approve(approve(decl, &below("approve"), binder)),
        Body::Wait(_) => Work::Wait,
        Body::Broken => Work::Broken,
    }
}

/// A text is an expression, anything else a value with holes.
fn over<'n>(decl: &MapDecl<'n>, path: &str, binder: &mut Binder<'_, 'n>) -> Tree<'n> {
    let path = join(path, "over");
    match decl.over.map(|node| (&node.kind, node)) {
        None => Tree::broken(),
        Some((NodeKind::String(text), _)) => binder.expression(text, &path),
        Some((_, node)) => binder.tree(node, &path),
    }
}

fn looped<'n>(
    index: usize,
    step: &StepDecl<'n>,
    decl: &LoopDecl<'n>,
    binder: &mut Binder<'_, 'n>,
) -> Loop<'n> {
    let path = |key: &str| join(&join(&step.path, "loop"), key);
    let outside = View::inside(step.block);
    let state = decl.state.map(|node| binder.tree(node, &path("state")));
    binder.look(outside.with(index));
    let whilst = decl.whilst.and_then(|text| binder.condition(text, &path("while")));
    binder.look(View::inside(decl.block));
    let until = decl.until.and_then(|text| binder.condition(text, &path("until")));
    let next = decl.next.map(|node| binder.tree(node, &path("next")));
    binder.look(outside);
    Loop { state, whilst, until, next }
}

fn switch<'n>(decl: &SwitchDecl<'n>, path: &str, binder: &mut Binder<'_, 'n>) -> Switch<'n> {
    let on = decl.on.map(|text| binder.expression(text, &join(path, "on")));
    let cases = decl.cases.iter().map(|case| match &case.test {
        TestDecl::Is(values) => {
            let path = join(&case.path, "is");
            Test::Is(values.iter().map(|value| binder.literal(value, &path)).collect())
        }
        TestDecl::When(when) => {
            binder.condition(when, &join(&case.path, "when")).map_or(Test::Broken, Test::When)
        }
        TestDecl::Broken => Test::Broken,
    });
    Switch { on, cases: cases.collect() }
}

fn output<'n>(
    index: usize,
    step: &StepDecl<'n>,
    decl: &ParallelDecl<'n>,
    binder: &mut Binder<'_, 'n>,
) -> Option<Tree<'n>> {
    let outside = View::inside(step.block);
    binder.look(outside.with(index));
    let path = join(&step.path, "parallel.output");
    let output = decl.output.map(|node| binder.tree(node, &path));
    binder.look(outside);
    output
}

fn approve<'n>(decl: &ApproveDecl<'n>, path: &str, binder: &mut Binder<'_, 'n>) -> Approve<'n> {
    let message = match decl.message {
        Some(node) => binder.tree(node, &join(path, "message")),
        None => Tree::broken(),
    };
    let show = decl.show.map(|node| binder.tree(node, &join(path, "show")));
    Approve { message, show }
}

impl Tree<'_> {
    fn broken() -> Self {
        Self { span: crate::source::Span::default(), kind: TreeKind::Broken }
    }
}
