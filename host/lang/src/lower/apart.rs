//! Names that no file could tell apart, told apart.
//!
//! A step of a macro may be called the same as one around its use: what each means follows from
//! where it stands. A graph has to be sayable without its macros, so there the inner one is called
//! `words_2`, and so are the references to it.

use std::collections::BTreeSet;

use crate::document::{Body, Document};
use crate::expr;
use crate::resolve::tree::{Bound, Target};

/// What the steps and items of a document are called in its graph.
pub(super) struct Names {
    /// By step of the document.
    steps: Vec<String>,
    /// By step of the document: what the items of a `map` are called.
    items: Vec<String>,
    /// Whether any name is another than in the file.
    any: bool,
}

impl Names {
    /// Goes through the blocks in `order`, outer ones first.
    pub(super) fn new(document: &Document<'_>, order: &[usize]) -> Self {
        let written: Vec<&str> =
            document.steps.iter().map(|step| step.id.map_or("", |id| id.text.as_str())).collect();
        let items = (0..written.len()).map(|step| document.item(step).to_owned()).collect();
        let steps = written.iter().map(|id| (*id).to_owned()).collect();
        let mut names = Self { steps, items, any: false };
        let mut inside: Vec<Vec<usize>> = vec![Vec::new(); document.blocks.len()];
        for (index, step) in document.steps.iter().enumerate() {
            inside.get_mut(step.block).into_iter().for_each(|steps| steps.push(index));
        }
        let everywhere: BTreeSet<&str> = written.iter().copied().collect();
        let mut taken: Vec<BTreeSet<String>> = vec![BTreeSet::new(); document.blocks.len()];
        for block in order {
            let mut own = BTreeSet::new();
            for step in inside.get(*block).into_iter().flatten() {
                let fresh = |name: &str| !names.is_around(document, *block, &taken, name);
                let name = names.steps.get(*step).cloned().unwrap_or_default();
                let name = free(name, fresh, |name| fresh(name) && !everywhere.contains(name));
                names.call(*step, &name);
                own.insert(name);
            }
            // The items of a map are seen by what is in it, and are named beside its steps.
            for step in inside.get(*block).into_iter().flatten() {
                let named = document.steps.get(*step).map(|step| &step.body);
                if let Some(Body::Map(map)) = named
                    && let Some(item) = map.name
                {
                    let fresh = |name: &str| {
                        !own.contains(name) && !names.is_around(document, *block, &taken, name)
                    };
                    let name = free(item.text.clone(), fresh, |name| {
                        fresh(name) && !everywhere.contains(name)
                    });
                    names.any |= name != item.text;
                    names.items.get_mut(*step).into_iter().for_each(|old| old.clone_from(&name));
                }
            }
            taken.get_mut(*block).into_iter().for_each(|names| names.clone_from(&own));
        }
        names
    }

    /// Whether what stands in a block must not have that name. Asked of each block around it, as the
    /// names of all of them would be many.
    fn is_around(
        &self,
        document: &Document<'_>,
        block: usize,
        taken: &[BTreeSet<String>],
        name: &str,
    ) -> bool {
        let mut holder = document.blocks.get(block).and_then(|block| block.holder);
        while let Some(step) = holder {
            let Some(decl) = document.steps.get(step) else { break };
            let is_named = matches!(&decl.body, Body::Map(map) if map.name.is_some());
            if is_named && self.items.get(step).is_some_and(|item| item == name)
                || taken.get(decl.block).is_some_and(|taken| taken.contains(name))
            {
                return true;
            }
            holder = document.blocks.get(decl.block).and_then(|block| block.holder);
        }
        false
    }

    fn call(&mut self, step: usize, name: &str) {
        if let Some(old) = self.steps.get_mut(step).filter(|old| *old != name) {
            name.clone_into(old);
            self.any = true;
        }
    }

    /// What a step is called.
    pub(super) fn step(&self, step: usize) -> Option<&str> {
        self.steps.get(step).map(String::as_str)
    }

    /// What the items of a `map` are called.
    pub(super) fn item(&self, step: usize) -> Option<&str> {
        self.items.get(step).map(String::as_str)
    }

    /// The text of an expression with the names of the graph.
    pub(super) fn source(&self, document: &Document<'_>, bound: &Bound) -> String {
        let mut source = bound.source.clone();
        if !self.any {
            return source;
        }
        let new = |old: &str| {
            bound.uses.iter().find_map(|used| match used.target {
                Target::Step(step) => {
                    let id = document.steps.get(step)?.id?;
                    (id.text == old).then(|| self.step(step)).flatten()
                }
                Target::Item(step) => {
                    (document.item(step) == old).then(|| self.item(step)).flatten()
                }
                _ => None,
            })
        };
        // It was read before, so it reads again.
        let scan = expr::scan::scan(&source).unwrap_or_default();
        let mut uses: Vec<_> = scan.uses.iter().map(|used| (used.start, used.end)).collect();
        uses.sort_unstable();
        for (start, end) in uses.into_iter().rev() {
            if let Some(name) = source.get(start..end).and_then(new) {
                source.replace_range(start..end, name);
            }
        }
        source
    }
}

/// `name` where it is allowed, else the first of `name_2`, `name_3`, … that is free.
fn free(name: String, allowed: impl Fn(&str) -> bool, is_free: impl Fn(&str) -> bool) -> String {
    if allowed(&name) {
        return name;
    }
    (2_usize..).map(|number| format!("{name}_{number}")).find(|new| is_free(new)).unwrap_or(name)
}
