//! A graph with what a run needs to look up quickly. Made once per graph, however often it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_lang::graph::{CaseTest, Fallback, Graph, Step, StepKind, Subject};
use coldframe_lang::template::{Expr, Template};

use crate::rules::judges_run;
use crate::scope::has_expressions;

/// A graph, and what follows from it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) graph: Arc<Graph>,
    /// For each step, the steps of its block that need it.
    pub(crate) dependents: Vec<Vec<usize>>,
    /// For each block, its steps by id.
    ids: Vec<BTreeMap<String, usize>>,
    /// For each step, which of its parts can consume fuel.
    spends: Vec<Spends>,
    /// For each step, whether rules look at its output.
    ruled: Vec<bool>,
    /// For each block, how what it comes to is found.
    closes: Vec<Close>,
}

/// Which parts of a step can consume fuel: those with a call or an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spends {
    pub(crate) attempt: bool,
    pub(crate) fallback: bool,
    pub(crate) finish: bool,
}

/// How what a block comes to is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// From the outputs of its steps alone.
    Plain,
    /// By templates or conditions.
    Computed { spends: bool },
}

impl Plan {
    pub(crate) fn new(graph: Arc<Graph>) -> Self {
        let mut dependents = vec![Vec::new(); graph.steps.len()];
        let mut ids = vec![BTreeMap::new(); graph.blocks.len()];
        for (index, step) in graph.steps.iter().enumerate() {
            for need in &step.needs {
                if let Some(list) = dependents.get_mut(*need) {
                    list.push(index);
                }
            }
            if let Some(block) = ids.get_mut(step.block) {
                block.insert(step.id.clone(), index);
            }
        }
        let ruled = ruled(&graph);
        let spends = graph.steps.iter().zip(&ruled);
        let spends = spends.map(|(step, ruled)| spends_of(step, *ruled)).collect();
        let closes = (0..graph.blocks.len()).map(|block| close(&graph, block)).collect();
        Self { dependents, ids, spends, ruled, closes, graph }
    }

    pub(crate) fn step(&self, index: usize) -> Option<&Step> {
        self.graph.steps.get(index)
    }

    pub(crate) fn find(&self, block: usize, id: &str) -> Option<usize> {
        self.ids.get(block)?.get(id).copied()
    }

    pub(crate) fn spends(&self, step: usize) -> Spends {
        let all = Spends { attempt: true, fallback: true, finish: true };
        self.spends.get(step).copied().unwrap_or(all)
    }

    /// Whether rules look at the output of a step.
    pub(crate) fn is_ruled(&self, step: usize) -> bool {
        self.ruled.get(step).copied().unwrap_or(true)
    }

    pub(crate) fn close(&self, block: usize) -> Close {
        self.closes.get(block).copied().unwrap_or(Close::Plain)
    }
}

fn computes(expr: &Expr) -> bool {
    expr.path.is_none()
}

fn ruled(graph: &Graph) -> Vec<bool> {
    let mut every = false;
    let mut ids = std::collections::BTreeSet::new();
    for rule in &graph.policies {
        match &rule.subject {
            Subject::Run => {}
            Subject::EveryStep => every = true,
            Subject::Step(id) => drop(ids.insert(id)),
        }
    }
    graph.steps.iter().map(|step| every || ids.contains(&step.id)).collect()
}

fn spends_of(step: &Step, is_ruled: bool) -> Spends {
    let any = |expr: &Option<Expr>| expr.as_ref().is_some_and(computes);
    let fills = |template: &Option<Template>| template.as_ref().is_some_and(has_expressions);
    let own = match &step.kind {
        StepKind::Uses(_) => true,
        StepKind::Set(set) => set.values.values().any(has_expressions),
        StepKind::Map(map) => has_expressions(&map.over),
        StepKind::Loop(looped) => fills(&looped.state) || any(&looped.whilst),
        StepKind::Switch(switch) => {
            fills(&switch.on)
                || switch.cases.iter().any(|case| match &case.test {
                    CaseTest::When(when) => computes(when),
                    CaseTest::Is(_) => false,
                })
        }
        StepKind::Parallel(_) | StepKind::Wait(_) => false,
        StepKind::Pipeline(child) => child.with.values().any(has_expressions),
        StepKind::Approve(ask) => has_expressions(&ask.message) || fills(&ask.show),
    };
    let finish = match &step.kind {
        StepKind::Parallel(parallel) => fills(&parallel.output),
        _ => false,
    };
    let fallback = match &step.fallback {
        Some(Fallback::Uses(_)) => true,
        Some(Fallback::Value(value)) => has_expressions(value),
        None => false,
    };
    Spends {
        attempt: own || is_ruled || any(&step.when),
        fallback: fallback || is_ruled,
        finish: finish || is_ruled,
    }
}

fn close(graph: &Graph, block: usize) -> Close {
    let Some(block) = graph.blocks.get(block) else { return Close::Plain };
    let Some(holder) = block.holder.and_then(|holder| graph.steps.get(holder)) else {
        let spends = graph.outputs.values().any(has_expressions) || judges_run(graph);
        return Close::Computed { spends };
    };
    let mut spends = block.output.as_ref().is_some_and(has_expressions);
    let mut computed = block.output.is_some();
    if let StepKind::Loop(looped) = &holder.kind {
        let conditions = || looped.whilst.iter().chain(&looped.until);
        computed |= looped.next.is_some() || conditions().next().is_some();
        spends |= looped.next.as_ref().is_some_and(has_expressions);
        spends |= conditions().any(computes);
    }
    if computed { Close::Computed { spends } } else { Close::Plain }
}

/// Whether a run of `graph` can need the evaluator of expressions.
pub fn needs_evaluator(graph: &Graph) -> bool {
    graph.with_children().into_iter().any(|graph| {
        let in_step = |step: &Step| {
            step.templates().into_iter().any(has_expressions)
                || step.conditions().into_iter().any(computes)
        };
        let in_block = |output: &Option<Template>| output.as_ref().is_some_and(has_expressions);
        graph.steps.iter().any(in_step)
            || graph.blocks.iter().any(|block| in_block(&block.output))
            || graph.outputs.values().any(has_expressions)
            || !graph.policies.is_empty()
    })
}
