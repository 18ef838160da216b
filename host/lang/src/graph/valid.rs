//! What holds of every graph the compiler gives, in code.

use std::collections::BTreeSet;

use super::{Graph, Step, StepKind};
use crate::template::{Root, Template};

impl Graph {
    /// Restates what holds of every graph the compiler gives. For tests and fuzzing.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn assert_valid(&self) {
        self.assert_blocks();
        for (index, step) in self.steps.iter().enumerate() {
            assert!(step.needs.is_sorted_by(|a, b| a < b), "`needs` of `{}` ascend", step.id);
            for need in &step.needs {
                assert!(*need < index, "`{}` comes after what it needs", step.id);
                let block = self.steps.get(*need).map(|need| need.block);
                assert_eq!(block, Some(step.block), "`{}` needs steps of its block", step.id);
            }
            for root in step.roots() {
                self.assert_root(root, index, step);
            }
            self.assert_narrower(step);
        }
        for block in &self.blocks {
            for root in block.output.iter().flat_map(Template::roots) {
                // A block's output is computed by the step that holds it.
                let holder = block.holder.expect("the pipeline has its own outputs");
                let step = self.steps.get(holder).expect("the holder exists");
                self.assert_root(root, holder, step);
            }
        }
        for root in self.outputs.values().flat_map(Template::roots) {
            if let Root::Step(used, id) = root {
                let step = self.steps.get(*used);
                assert_eq!(step.map(|step| (&step.id, step.block)), Some((id, 0)));
            }
        }
    }

    fn assert_blocks(&self) {
        let mut at = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            assert_eq!(block.steps.start, at, "blocks stand one after the other");
            at = block.steps.end;
            let steps = self.steps.get(block.steps.clone()).expect("the steps of a block exist");
            let mut ids = BTreeSet::new();
            for step in steps {
                assert_eq!(step.block, index, "`{}` knows its block", step.id);
                assert!(ids.insert(&step.id), "the id `{}` is unique", step.id);
            }
            match block.holder {
                None => assert_eq!(index, 0, "only the pipeline's own block is held by nothing"),
                Some(holder) => {
                    assert!(holder < block.steps.start, "a block stands behind its holder");
                    let holder = self.steps.get(holder).expect("the holder exists");
                    assert!(holder.kind.blocks().contains(&index), "`{}` holds it", holder.id);
                }
            }
        }
        assert_eq!(at, self.steps.len(), "every step stands in a block");
    }

    /// A step that is named stands in the same block or around it, and is waited for.
    fn assert_root(&self, root: &Root, index: usize, step: &Step) {
        let (used, id) = match root {
            Root::Step(used, id) => (used, id),
            Root::Item(holder, _) | Root::Index(holder) | Root::Loop(holder) => {
                assert!(self.holds(*holder, index), "`{}` stands in {holder}", step.id);
                return;
            }
            Root::Branches(holder) => {
                assert_eq!(*holder, index, "`branches` is there for its own step");
                return;
            }
            _ => return,
        };
        let target = self.steps.get(*used).expect("the named step exists");
        assert_eq!(target.id, *id, "`{id}` is step {used}");
        if step.kind.blocks().contains(&target.block) {
            // `until` and `next` of a loop look into its block.
            return;
        }
        let mut waiting = step;
        let mut own = index;
        while waiting.block != target.block {
            let holder = self.blocks.get(waiting.block).and_then(|block| block.holder);
            own = holder.expect("a named step stands around the one that names it");
            waiting = self.steps.get(own).expect("the holder exists");
        }
        assert!(self.comes_after(own, *used), "`{}` ({own}) comes after what it uses", waiting.id);
    }

    /// Whether a step is another one or stands in a block of it.
    fn holds(&self, holder: usize, step: usize) -> bool {
        let around = |step: &usize| self.blocks.get(self.steps.get(*step)?.block)?.holder;
        std::iter::successors(Some(step), around).any(|step| step == holder)
    }

    /// Whether `step` waits for `other`, or for something that does.
    fn comes_after(&self, step: usize, other: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![step];
        while let Some(at) = next.pop() {
            let needs = self.steps.get(at).map_or(&[][..], |step| &step.needs);
            if needs.contains(&other) {
                return true;
            }
            // Needs are smaller than the step, so nothing below `other` leads to it.
            next.extend(needs.iter().filter(|need| **need > other && seen.insert(**need)));
        }
        false
    }

    fn assert_narrower(&self, step: &Step) {
        if let Some(caps) = &step.caps {
            assert!(caps.is_within(&self.caps).is_ok(), "`{}` narrows the grants", step.id);
        }
        let tightened = self.limits.min(&step.limits);
        for (own, least) in [
            (step.limits.fuel, tightened.fuel),
            (step.limits.cost_nano, tightened.cost_nano),
            (step.limits.memory_bytes, tightened.memory_bytes),
        ] {
            assert!(own.is_none() || own == least, "the limits of `{}` are within", step.id);
        }
        assert!(step.limits.wall.is_none() || step.limits.wall == tightened.wall);
    }
}

impl Step {
    /// Everything in the step that is computed when it runs, without what its blocks hold.
    pub fn templates(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> = match &self.kind {
            StepKind::Uses(uses) => uses.with.values().collect(),
            StepKind::Set(set) => set.values.values().collect(),
            StepKind::Map(map) => vec![&map.over],
            StepKind::Loop(looped) => looped.state.iter().chain(&looped.next).collect(),
            StepKind::Switch(switch) => switch.on.iter().collect(),
            StepKind::Parallel(parallel) => parallel.output.iter().collect(),
            StepKind::Pipeline(child) => child.with.values().collect(),
            StepKind::Approve(ask) => std::iter::once(&ask.message).chain(&ask.show).collect(),
            StepKind::Wait(_) => Vec::new(),
        };
        match &self.fallback {
            Some(super::Fallback::Value(value)) => found.push(value),
            Some(super::Fallback::Uses(uses)) => found.extend(uses.with.values()),
            None => {}
        }
        found
    }

    /// Its conditions: bare expressions.
    pub fn conditions(&self) -> Vec<&crate::template::Expr> {
        let own: Vec<&crate::template::Expr> = match &self.kind {
            StepKind::Loop(looped) => looped.whilst.iter().chain(&looped.until).collect(),
            StepKind::Switch(switch) => switch
                .cases
                .iter()
                .filter_map(|case| match &case.test {
                    super::CaseTest::When(when) => Some(when),
                    super::CaseTest::Is(_) => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        self.when.iter().chain(own).collect()
    }

    /// The values it names, in the order in which they stand in it, with repeats.
    pub fn roots(&self) -> Vec<&Root> {
        let conditions = self.conditions().into_iter().flat_map(|when| &when.roots);
        self.templates().into_iter().flat_map(Template::roots).chain(conditions).collect()
    }
}
