//! Every name in a step, to be changed in place.

use super::{CaseTest, Fallback, Step, StepKind};
use crate::template::{Expr, Root, Template};

impl Step {
    /// Every template of the step itself, without what its blocks hold.
    pub(crate) fn templates_mut(&mut self) -> Vec<&mut Template> {
        let mut found: Vec<&mut Template> = match &mut self.kind {
            StepKind::Uses(uses) => uses.with.values_mut().collect(),
            StepKind::Set(set) => set.values.values_mut().collect(),
            StepKind::Map(map) => vec![&mut map.over],
            StepKind::Loop(looped) => looped.state.iter_mut().chain(&mut looped.next).collect(),
            StepKind::Switch(switch) => switch.on.iter_mut().collect(),
            StepKind::Parallel(parallel) => parallel.output.iter_mut().collect(),
            StepKind::Pipeline(child) => child.with.values_mut().collect(),
            StepKind::Approve(ask) => {
                std::iter::once(&mut ask.message).chain(&mut ask.show).collect()
            }
            StepKind::Wait(_) => Vec::new(),
        };
        match &mut self.fallback {
            Some(Fallback::Value(value)) => found.push(value),
            Some(Fallback::Uses(uses)) => found.extend(uses.with.values_mut()),
            None => {}
        }
        found
    }

    /// Every condition of the step itself.
    fn conditions_mut(&mut self) -> Vec<&mut Expr> {
        let mut found: Vec<&mut Expr> = self.when.iter_mut().collect();
        match &mut self.kind {
            StepKind::Loop(looped) => {
                found.extend(looped.whilst.iter_mut().chain(&mut looped.until));
            }
            StepKind::Switch(switch) => {
                found.extend(switch.cases.iter_mut().filter_map(|case| match &mut case.test {
                    CaseTest::When(when) => Some(when),
                    CaseTest::Is(_) => None,
                }));
            }
            StepKind::Uses(_)
            | StepKind::Set(_)
            | StepKind::Map(_)
            | StepKind::Parallel(_)
            | StepKind::Pipeline(_)
            | StepKind::Approve(_)
            | StepKind::Wait(_) => {}
        }
        found
    }

    /// Calls `change` with every name in the step.
    pub(crate) fn each_root(&mut self, change: &mut impl FnMut(&mut Root)) {
        self.templates_mut().into_iter().for_each(|template| template.each_root(change));
        self.conditions_mut().into_iter().for_each(|expr| expr.each_root(change));
    }
}
