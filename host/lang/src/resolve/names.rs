//! What names mean where: a step of the block or of those around it, an item, a loop.

use std::collections::BTreeMap;

use super::tree::Target;
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, Document};
use crate::shown::shown;
use crate::sources::Sources;
use crate::yaml::node::Text;

/// Where an expression stands, as far as names go.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The innermost block whose steps it can name.
    block: usize,
    /// A step of that block whose `loop` or `branches` it can name too.
    of: Option<usize>,
    /// The copy of the sources that it stands in. Names in one never mean what is in another: a
    /// macro sees nothing of what is around its use, and the other way round.
    pub(super) scope: usize,
}

impl View {
    /// What steps of a block see.
    pub(super) fn inside(block: usize) -> Self {
        Self { block, of: None, scope: 0 }
    }

    /// The same, with what a step of that block provides beside its own blocks.
    pub(super) fn with(self, step: usize) -> Self {
        Self { of: Some(step), ..self }
    }

    /// What a text in some copy of the sources sees.
    pub(super) fn from(self, scope: usize) -> Self {
        Self { scope, ..self }
    }
}

/// Every name of a pipeline.
pub(super) struct Names<'d, 'n> {
    pub(super) document: &'d Document<'n>,
    /// By step: the copy of the sources that it stands in.
    scopes: Vec<usize>,
    /// By block: its steps by id. The first of several with the same id has it.
    ids: Vec<BTreeMap<&'n str, usize>>,
    /// The first step of each id, wherever it stands.
    anywhere: BTreeMap<&'n str, usize>,
}

impl<'d, 'n> Names<'d, 'n> {
    /// Gathers the names; reports those that could mean two things.
    pub(super) fn of(document: &'d Document<'n>, sources: &Sources, report: &mut Report) -> Self {
        let ids = vec![BTreeMap::new(); document.blocks.len()];
        let scopes = document.steps.iter().map(|step| sources.scope(step.span)).collect();
        let mut names = Self { document, scopes, ids, anywhere: BTreeMap::new() };
        // Outer steps stand before inner ones, but may be written behind them.
        for (index, step) in document.steps.iter().enumerate() {
            let Some(id) = step.id else { continue };
            names.anywhere.entry(&id.text).or_insert(index);
            if let Some(ids) = names.ids.get_mut(step.block) {
                ids.entry(&id.text).or_insert(index);
            }
        }
        for (index, step) in document.steps.iter().enumerate() {
            if let Some(id) = step.id {
                names.check_id(index, id, &format!("{}.id", step.path), report);
            }
            if let Body::Map(map) = &step.body
                && let Some(name) = map.name
            {
                names.check_item(index, name, &format!("{}.map.as", step.path), report);
            }
        }
        names
    }

    fn check_id(&self, index: usize, id: &Text, path: &str, report: &mut Report) {
        let Some(block) = self.document.steps.get(index).map(|step| step.block) else { return };
        let scope = self.scope(index);
        let first = self.step(block, &id.text, scope).filter(|first| *first != index);
        let name = shown(&id.text);
        if let Some(first) = first {
            let message = format!("two steps are called `{name}`");
            self.report_twice(id, message, self.id_span(first), "the first one", path, report);
            return;
        }
        self.check_around((block, scope), id, "step", path, report);
    }

    fn check_item(&self, index: usize, name: &Text, path: &str, report: &mut Report) {
        let Some(step) = self.document.steps.get(index) else { return };
        let scope = self.scope(index);
        if let Some(other) = self.step(step.block, &name.text, scope) {
            let message = format!("`{}` is the id of a step too", shown(&name.text));
            self.report_twice(name, message, self.id_span(other), "that one", path, report);
            return;
        }
        self.check_around((step.block, scope), name, "item", path, report);
    }

    /// Whether something around a block has the name, in the same scope.
    fn check_around(
        &self,
        (block, scope): (usize, usize),
        name: &Text,
        what: &str,
        path: &str,
        report: &mut Report,
    ) {
        let mut block = block;
        while let Some((holder, outer)) = self.around(block) {
            let shown = shown(&name.text);
            if let Some(Body::Map(map)) = self.document.steps.get(holder).map(|step| &step.body)
                && let Some(item) = map.name.filter(|item| item.text == name.text)
                && self.scope(holder) == scope
            {
                let message = format!("an item around this {what} is called `{shown}` too");
                self.report_twice(name, message, Some(item.span), "that one", path, report);
                return;
            }
            if let Some(other) = self.step(outer, &name.text, scope) {
                let message =
                    format!("a step in a block around this {what} is called `{shown}` too");
                self.report_twice(name, message, self.id_span(other), "that one", path, report);
                return;
            }
            block = outer;
        }
    }

    fn report_twice(
        &self,
        name: &Text,
        message: String,
        other: Option<crate::source::Span>,
        label: &str,
        path: &str,
        report: &mut Report,
    ) {
        let mut problem = Diagnostic::new(&codes::DUPLICATE_ID, name.span, message);
        if let Some(span) = other {
            problem = problem.label(span, label);
        }
        report.push(problem.help("give one of them another id").at(path));
    }

    fn id_span(&self, step: usize) -> Option<crate::source::Span> {
        Some(self.document.steps.get(step)?.id?.span)
    }

    /// The step of a block that is seen from a scope.
    fn step(&self, block: usize, id: &str, scope: usize) -> Option<usize> {
        self.ids.get(block)?.get(id).copied().filter(|step| self.scope(*step) == scope)
    }

    fn scope(&self, step: usize) -> usize {
        self.scopes.get(step).copied().unwrap_or_default()
    }

    /// The step that holds a block, and the block that this one stands in.
    fn around(&self, block: usize) -> Option<(usize, usize)> {
        let holder = self.document.blocks.get(block)?.holder?;
        Some((holder, self.document.steps.get(holder)?.block))
    }

    /// The blocks that can be seen, inner ones first.
    fn blocks(&self, view: View) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(view.block), |block| Some(self.around(*block)?.1))
    }

    /// What a step provides to its blocks, and `until` and the like.
    fn provided(&self, step: usize, name: &str, scope: usize) -> Option<Target> {
        if self.scope(step) != scope {
            return None;
        }
        match (&self.document.steps.get(step)?.body, name) {
            (Body::Map(map), name) if name == map.item() => Some(Target::Item(step)),
            (Body::Map(_) | Body::Loop(_), "index") => Some(Target::Index(step)),
            (Body::Loop(_), "loop") => Some(Target::Loop(step)),
            _ => None,
        }
    }

    /// What a name means.
    pub(super) fn find(&self, name: &str, view: View) -> Option<Target> {
        if let Some(step) = view.of {
            let parallel = self.document.steps.get(step).map(|step| &step.body);
            if name == "branches"
                && matches!(parallel, Some(Body::Parallel(_)))
                && self.scope(step) == view.scope
            {
                return Some(Target::Branches(step));
            }
            if let Some(target) = self.provided(step, name, view.scope) {
                return Some(target);
            }
        }
        self.blocks(view).find_map(|block| {
            let step = self.step(block, name, view.scope).map(Target::Step);
            step.or_else(|| self.provided(self.around(block)?.0, name, view.scope))
        })
    }

    /// The step that `needs` means.
    pub(super) fn find_step(&self, id: &str, view: View) -> Option<usize> {
        self.blocks(view).find_map(|block| self.step(block, id, view.scope))
    }

    /// Everything that `owner` can name, inner ones first.
    pub(super) fn all(
        &self,
        view: View,
        owner: Option<usize>,
    ) -> impl Iterator<Item = &str> + Clone {
        let items: Vec<&str> = self.items(view).collect();
        // A macro does not see the inputs of the pipelines that use it.
        let inputs = (view.scope == 0).then_some("inputs");
        self.ids(view, owner).chain(items).chain(inputs).chain(["run"])
    }

    /// What the items around are called, inner ones first.
    fn items(&self, view: View) -> impl Iterator<Item = &str> {
        self.blocks(view).filter_map(move |block| {
            let holder = self.around(block)?.0;
            match &self.document.steps.get(holder)?.body {
                Body::Map(map) if self.scope(holder) == view.scope => Some(map.item()),
                _ => None,
            }
        })
    }

    /// The ids that `owner` can use, inner ones first: not its own, and not those of the steps
    /// that hold it, which have no output before it has one.
    pub(super) fn ids(
        &self,
        view: View,
        owner: Option<usize>,
    ) -> impl Iterator<Item = &'n str> + Clone {
        let unusable: Vec<usize> =
            owner.into_iter().flat_map(|owner| self.document.around(owner)).collect();
        self.blocks(view)
            .filter_map(|block| self.ids.get(block))
            .flat_map(|ids| ids.iter())
            .filter(|(_, step)| self.scope(**step) == view.scope && !unusable.contains(*step))
            .map(|(id, _)| *id)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// What to do about a step that is inside of another one's block.
    pub(super) fn elsewhere(&self, id: &str, view: View) -> Option<String> {
        let step = *self.anywhere.get(id).filter(|step| self.scope(**step) == view.scope)?;
        let visible: Vec<usize> = self.blocks(view).collect();
        let holder = self.document.around(step).skip(1).find(|holder| {
            let block = self.document.steps.get(*holder).map(|step| step.block);
            block.is_some_and(|block| visible.contains(&block))
        })?;
        let (id, name) = (shown(id), self.document.id(holder));
        let holds_both = visible.iter().any(|block| {
            self.document.blocks.get(*block).is_some_and(|block| block.holder == Some(holder))
        });
        Some(if holds_both {
            format!(
                "`{id}` is in another block of `{name}`, and these don't see each other; move it in front of `{name}`"
            )
        } else {
            format!("`{id}` is inside `{name}`; use what `{name}` comes to")
        })
    }

    /// Where a name exists that is not there everywhere.
    pub(super) fn only_there(&self, name: &str, view: View) -> Option<String> {
        let item = self.items(view).next();
        let help = match (name, item) {
            ("item", Some(item)) => format!("the item is called `{item}` here"),
            ("item", None) => "`item` is there inside of a `map`".to_owned(),
            ("index", _) => "`index` is there inside of a `map` or `loop`".to_owned(),
            ("loop", _) => {
                "`loop` is there inside of a `loop`, and in its `while`, `until` and `next`"
                    .to_owned()
            }
            ("branches", _) => "`branches` is there in the `output` of a `parallel`".to_owned(),
            ("result" | "steps" | "totals" | "events", _) => {
                format!("`{name}` is there in the `assert` of a test; here, name a step by its id")
            }
            _ => return None,
        };
        Some(help)
    }
}
