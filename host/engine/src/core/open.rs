//! Begins the blocks that steps hold.

use std::sync::Arc;

use coldframe_journal::event::Head;
use coldframe_lang::graph::{Graph, Limits, StepKind};
use serde_json::{Value, json};

use super::Core;
use super::frame::{Ending, Entered, Frame, FrameId, Held, Node, Phase};
use super::queue::{Job, Part};
use crate::invoke::MemoryMeter;
use crate::kinds::{self, HolderEnd};
use crate::layers::{self, Layer};
use crate::ledger::{AccountId, RUN};
use crate::place;
use crate::plan::{Close, Plan};
use crate::scope::{Local, Scope};
use crate::work::Rights;

/// What a new frame is made of.
struct Opening {
    plan: Arc<Plan>,
    block: usize,
    prefix: String,
    holder: Option<Held>,
    scope: Scope,
    rights: Arc<Rights>,
    account: AccountId,
}

impl Core {
    pub(super) fn open_root(&mut self, inputs: Value) {
        let plan = self.plan(&Arc::clone(&self.graph));
        let run = json!({ "id": self.run_id, "name": self.graph.name });
        let local = Local::Pipeline { inputs, run };
        let steps = self.graph.blocks.first().map_or(0..0, |block| block.steps.clone());
        self.open(Opening {
            plan,
            block: 0,
            prefix: String::new(),
            holder: None,
            scope: Scope::new(None, None, local, steps),
            rights: Arc::clone(&self.rights),
            account: RUN,
        });
    }

    /// Takes what the blocks of a step begin with, and begins those that may.
    pub(super) fn enter(&mut self, id: FrameId, index: usize, head: &Head) {
        let run_id = self.run_id.clone();
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let path = frame.path(index);
        let rights = Arc::clone(&frame.rights);
        let Some(step) = frame.plan.step(index) else { return };
        let Some(holder) = kinds::hold(step, head.clone(), &path, &run_id) else { return };
        let rights = narrowed(rights, step);
        let Some(node) = frame.node_mut(index) else { return };
        let children = std::collections::BTreeMap::new();
        node.phase = Phase::Entered(Box::new(Entered { holder, children, rights }));
        self.open_blocks(id, index);
    }

    /// Begins what may begin now; where nothing is under way after that, the step ends.
    pub(super) fn open_blocks(&mut self, id: FrameId, index: usize) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let scope = Arc::clone(&frame.scope);
        let plan = Arc::clone(&frame.plan);
        let path = frame.path(index);
        let around = frame.account;
        let is_halted = frame.halt.is_some();
        let Some(step) = plan.step(index) else { return };
        let child = match &step.kind {
            StepKind::Pipeline(child) => self.plan(&child.graph),
            _ => Arc::clone(&plan),
        };
        let blocks = step.kind.blocks();
        loop {
            let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(index))
            else {
                return;
            };
            let tries = node.failures + 1;
            let is_over = is_halted || node.timed_out.is_some();
            let account = node.account.unwrap_or(around);
            let Phase::Entered(entered) = &mut node.phase else { return };
            let live = entered.children.len();
            let next = if is_over { None } else { entered.holder.open(live) };
            let Some((slot, local)) = next else {
                if live == 0 {
                    self.finish_holder(id, index, is_over);
                }
                return;
            };
            let rights = Arc::clone(&entered.rights);
            entered.children.insert(slot, self.next_frame);
            let is_pipeline = matches!(step.kind, StepKind::Pipeline(_));
            // A `map` and a `loop` have one block for all slots.
            let block = match blocks.as_slice() {
                _ if is_pipeline => 0,
                [only] => *only,
                several => several.get(slot).copied().unwrap_or_default(),
            };
            let steps = child.graph.blocks.get(block).map_or(0..0, |block| block.steps.clone());
            let parent = (!is_pipeline).then(|| Arc::clone(&scope));
            let holder = (!is_pipeline).then_some(index);
            self.open(Opening {
                plan: Arc::clone(&child),
                block,
                prefix: place::inside(step, &path, tries, slot),
                holder: Some(Held { frame: id, step: index, slot }),
                scope: Scope::new(parent, holder, local, steps),
                rights,
                account,
            });
        }
    }

    /// Nothing of what a step holds is under way any more, and nothing more begins.
    fn finish_holder(&mut self, id: FrameId, index: usize, is_over: bool) {
        let Some(node) = self.frames.get_mut(&id).and_then(|frame| frame.node_mut(index)) else {
            return;
        };
        let Phase::Entered(entered) = &mut node.phase else { return };
        let ending = match is_over {
            true => Ending::Dropped,
            false => match entered.holder.end() {
                HolderEnd::Output(value) => Ending::Output(value),
                HolderEnd::Finish(branches) => Ending::Finish(branches),
                HolderEnd::Failed(failure) => Ending::Failed(failure),
            },
        };
        let finishes = matches!(ending, Ending::Finish(_));
        node.phase = Phase::Ending(ending);
        if finishes {
            self.queue(Job { frame: id, part: Part::Finish(index) });
        } else {
            self.attention.insert(Job { frame: id, part: Part::Step(index) });
        }
    }

    fn open(&mut self, opening: Opening) {
        let Opening { plan, block, prefix, holder, scope, rights, account } = opening;
        let id = self.next_frame;
        self.next_frame += 1;
        let range = plan.graph.blocks.get(block).map_or(0..0, |block| block.steps.clone());
        let steps = plan.graph.steps.get(range.clone()).unwrap_or_default();
        let nodes: Vec<Node> = steps.iter().map(|step| Node::new(step.needs.len())).collect();
        self.work += 1 + nodes.len() as u64;
        self.by_prefix.insert(prefix.clone(), id);
        let ready: Vec<usize> =
            range.clone().zip(steps).filter(|(_, s)| s.needs.is_empty()).map(|(i, _)| i).collect();
        let frame = Frame {
            block,
            first: range.start,
            prefix,
            holder,
            scope: Arc::new(scope),
            rights,
            account,
            open: nodes.len(),
            nodes,
            failure: None,
            halt: None,
            task: None,
            plan,
        };
        self.frames.insert(id, frame);
        if ready.is_empty() {
            self.complete(id);
        }
        for step in ready {
            self.enqueue(id, step);
        }
    }

    /// All steps of a frame have ended.
    pub(super) fn complete(&mut self, id: FrameId) {
        let Some(frame) = self.frames.get(&id) else { return };
        let job = Job { frame: id, part: Part::Close };
        let computed = frame.plan.close(frame.block) != Close::Plain;
        if computed && frame.holder.is_some() && frame.halt.is_none() {
            self.queue(job);
        } else {
            self.attention.insert(job);
        }
    }

    /// What is looked up of a graph, made once.
    fn plan(&mut self, graph: &Arc<Graph>) -> Arc<Plan> {
        let address = Arc::as_ptr(graph) as usize;
        let plan = self.plans.entry(address).or_insert_with(|| {
            let plan = Plan::new(Arc::clone(graph));
            Arc::new(plan)
        });
        Arc::clone(plan)
    }
}

/// What the blocks of `step` may do, of what the step itself may.
fn narrowed(rights: Arc<Rights>, step: &coldframe_lang::graph::Step) -> Arc<Rights> {
    let (caps, limits) = match &step.kind {
        StepKind::Pipeline(child) => {
            let who = format!("the `caps` of `{}`", child.source);
            (Some(Layer::new(who, child.graph.caps.clone())), step.limits.min(&child.graph.limits))
        }
        _ => (None, step.limits.clone()),
    };
    if step.caps.is_none() && caps.is_none() && limits == Limits::default() {
        return rights;
    }
    let own = step.caps.as_ref().map(|caps| Layer::of_step(&step.id, caps));
    let depth = rights.depth + u64::from(caps.is_some());
    let meter = Arc::clone(&rights.memory);
    Arc::new(Rights {
        grants: layers::with(&rights.grants, own.into_iter().chain(caps)),
        bounds: rights.bounds.within(&limits),
        depth,
        memory: match limits.memory_bytes {
            Some(max) => Arc::new(MemoryMeter::within(meter, max)),
            None => meter,
        },
    })
}
