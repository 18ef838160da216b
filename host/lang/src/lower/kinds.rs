//! What a step does, for the graph: one arm for each kind.

use std::sync::Arc;

use super::Lowering;
use crate::document::{Body, StepDecl};
use crate::graph::{
    Approve, Branch, Case, CaseTest, Loop, Map, Parallel, Pipeline, Set, StepKind, Switch,
};
use crate::resolve::{self, Work};

impl<'n> Lowering<'_, 'n> {
    pub(super) fn kind(
        &self,
        index: usize,
        decl: &StepDecl<'n>,
        step: &resolve::Step<'n>,
    ) -> Option<StepKind> {
        Some(match (&decl.body, &step.work) {
            (_, Work::Uses(call)) => StepKind::Uses(self.uses(call)?),
            (_, Work::Set(values)) => StepKind::Set(Set { values: self.named(values)? }),
            (Body::Map(map), Work::Map(over)) => StepKind::Map(Map {
                over: self.template(over)?,
                name: self.names.item(index)?.to_owned(),
                max: map.max,
                max_concurrent: map.max_concurrent,
                on_error: map.on_error,
                block: self.block(map.block)?,
            }),
            (Body::Loop(decl), Work::Loop(work)) => StepKind::Loop(Loop {
                state: self.maybe(work.state.as_ref())?,
                whilst: self.condition(work.whilst.as_ref())?,
                until: self.condition(work.until.as_ref())?,
                max: decl.max,
                next: self.maybe(work.next.as_ref())?,
                on_max: decl.on_max,
                block: self.block(decl.block)?,
            }),
            (Body::Switch(decl), Work::Switch(work)) => {
                let cases = decl.cases.iter().zip(&work.cases).map(|(decl, test)| {
                    Some(Case { test: self.test(test)?, block: self.block(decl.block)? })
                });
                StepKind::Switch(Switch {
                    on: self.maybe(work.on.as_ref())?,
                    cases: cases.collect::<Option<_>>()?,
                    default: match decl.default {
                        Some(block) => Some(self.block(block)?),
                        None => None,
                    },
                })
            }
            (Body::Parallel(decl), Work::Parallel(output)) => {
                let branches = decl.branches.iter().map(|branch| {
                    Some(Branch {
                        name: branch.name.text.clone(),
                        block: self.block(branch.block)?,
                    })
                });
                StepKind::Parallel(Parallel {
                    branches: branches.collect::<Option<_>>()?,
                    join: decl.join,
                    output: self.maybe(output.as_ref())?,
                })
            }
            (_, Work::Pipeline(child)) => {
                let found = child.child.as_ref()?;
                let release = found.release.clone();
                StepKind::Pipeline(Pipeline {
                    source: release.as_ref().map_or_else(
                        || child.reference.text.clone(),
                        |found| format!("{}@{}", found.id, found.version),
                    ),
                    release,
                    graph: Arc::clone(&found.graph),
                    with: self.named(&child.with)?,
                })
            }
            (Body::Approve(decl), Work::Approve(ask)) => StepKind::Approve(Approve {
                message: self.template(&ask.message)?,
                show: self.maybe(ask.show.as_ref())?,
                on_reject: decl.on_reject,
            }),
            (Body::Wait(wait), Work::Wait) => StepKind::Wait(wait.clone()),
            _ => return None,
        })
    }

    fn test(&self, test: &resolve::Test<'n>) -> Option<CaseTest> {
        Some(match test {
            resolve::Test::Is(values) => {
                CaseTest::Is(values.iter().map(|value| value.literal()).collect::<Option<_>>()?)
            }
            resolve::Test::When(when) => CaseTest::When(self.expr(when)?),
            resolve::Test::Broken => return None,
        })
    }
}
