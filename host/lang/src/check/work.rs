//! What each kind of step gives, and whether it gets what it takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flow::{Absence, Flow, defined_steps};
use super::value::Values;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::{Body, LoopDecl, MapDecl, ParallelDecl, StepDecl, SwitchDecl, join};
use crate::graph::{Join, OnItemError, OnMax, Wait};
use crate::resolve::tree::{Tree, TreeKind};
use crate::resolve::{Approve, Fallback, Loop, Switch, Test, Work};
use crate::shown::shown;
use crate::source::Span;
use crate::types::{Object, Ty};

impl<'n> Flow<'_, 'n> {
    /// The type of a step's output.
    pub(super) fn work(&mut self, index: usize, decl: &StepDecl<'n>, work: &Work<'n>) -> Ty {
        let below = |key: &str| join(&decl.path, key);
        match (&decl.body, work) {
            (_, Work::Uses(call)) => self.call(call, &below("with")),
            (_, Work::Set(values)) => self.values(values, &below("set")),
            (Body::Map(map), Work::Map(over)) => self.map(index, map, over, &below("map")),
            (Body::Loop(decl), Work::Loop(work)) => self.looped(index, decl, work, &below("loop")),
            (Body::Switch(decl), Work::Switch(work)) => {
                self.switch(index, decl, work, &below("switch"))
            }
            (Body::Parallel(decl), Work::Parallel(output)) => {
                self.parallel(index, decl, output.as_ref(), &below("parallel"))
            }
            (_, Work::Pipeline(child)) => self.pipeline(child, &below("with")),
            (_, Work::Approve(ask)) => self.approve(ask, &below("approve")),
            (Body::Wait(Wait::Duration(_)), Work::Wait) => Ty::Null,
            _ => Ty::Any,
        }
    }

    pub(super) fn fallback(&mut self, fallback: &Fallback<'n>, path: &str) -> Ty {
        let path = join(path, "fallback");
        match fallback {
            Fallback::Value(tree) => Values { flow: self }.infer(tree, &join(&path, "value")),
            Fallback::Uses(call) => self.call(call, &join(&path, "with")),
        }
    }

    fn map(&mut self, index: usize, decl: &MapDecl<'n>, over: &Tree<'n>, path: &str) -> Ty {
        let path = join(path, "over");
        let found = Values { flow: self }.infer(over, &path);
        let item = self.items(over, &found, &path);
        self.provide(index, item);
        let one = self.block(decl.block);
        let one = match decl.on_error {
            OnItemError::Fail | OnItemError::Skip => one,
            OnItemError::Collect => Ty::Result(Arc::new(one), Arc::new(failure())),
        };
        match &found {
            Ty::Object(object) => {
                // Which keys are left out is not known, nor which optional ones there are.
                let sure = object.fields.iter().filter(|(_, ty)| {
                    decl.on_error != OnItemError::Skip && !matches!(ty, Ty::Option(_))
                });
                let fields: indexmap::IndexMap<String, Ty> =
                    sure.map(|(name, _)| (name.clone(), one.clone())).collect();
                let open = object.open || fields.len() < object.fields.len();
                Ty::Object(Arc::new(Object { fields, open })).bounded()
            }
            Ty::Any => Ty::Any,
            _ => Ty::List(Arc::new(one)).bounded(),
        }
    }

    /// The type of the items of a list or object; anything else is reported.
    fn items(&mut self, over: &Tree<'n>, found: &Ty, path: &str) -> Ty {
        match found {
            Ty::Any => Ty::Any,
            Ty::List(item) => (**item).clone(),
            Ty::Tuple(items) => Ty::join_all(items.iter()).bounded(),
            Ty::Flags(names) => Ty::Text(Some(Arc::clone(names))),
            Ty::Object(object) => {
                let value =
                    if object.open { Ty::Any } else { Ty::join_all(object.fields.values()) };
                let value = if object.fields.is_empty() { Ty::Any } else { value };
                Ty::object([("key".to_owned(), Ty::text()), ("value".to_owned(), value)]).bounded()
            }
            wrong => {
                let problem = self.not_iterable(over, wrong);
                self.report.push(problem.at(path));
                Ty::Any
            }
        }
    }

    fn not_iterable(&self, over: &Tree<'n>, found: &Ty) -> Diagnostic {
        let TreeKind::Whole(bound) = &over.kind else {
            let message = format!("expected a list or an object, found {}", over.what());
            return Diagnostic::new(&codes::TYPE_MISMATCH, over.span, message)
                .help("name a list or an object: `over: inputs.items`");
        };
        let source = shown(&bound.source);
        if let Ty::Option(inner) = found
            && matches!(**inner, Ty::List(_) | Ty::Tuple(_) | Ty::Object(_) | Ty::Any)
        {
            if let Some((used, absence)) = self.absent_target(bound) {
                return self.absent(used, absence);
            }
            let message = format!("`{source}` may be null, expected a list or an object");
            return Diagnostic::new(&codes::OPTIONAL_VALUE, bound.span, message)
                .help(format!("say what to use then: `{source} | default([], true)`"));
        }
        let message = format!("`{source}` is {found}, expected a list or an object");
        Diagnostic::new(&codes::TYPE_MISMATCH, bound.span, message)
            .help("name a list or an object, or make a list in an expression: `text | split(',')`")
    }

    fn looped(&mut self, index: usize, decl: &LoopDecl<'n>, work: &Loop<'n>, path: &str) -> Ty {
        let state = match &work.state {
            Some(tree) => Values { flow: self }.widened(tree, &join(path, "state")).bounded(),
            // Nothing at first, and then whatever comes next.
            None => Ty::Any,
        };
        let count = Ty::Int { min: Some(0), max: None };
        let fields = [("state".to_owned(), state.clone()), ("index".to_owned(), count.clone())];
        self.provide(index, Ty::object(fields));
        let guards = defined_steps(work.whilst.as_ref());
        if let Some(whilst) = &work.whilst {
            self.condition(whilst, &join(path, "while"));
        }
        self.guard(&guards);
        let last = self.block(decl.block);
        if let Some(until) = &work.until {
            self.condition(until, &join(path, "until"));
        }
        if let Some(next) = &work.next {
            Values { flow: self }.check(next, &state, &join(path, "next"));
        }
        self.unguard(&guards);
        let ends = [
            ("while", work.whilst.is_some()),
            ("until", work.until.is_some()),
            ("max", decl.on_max == OnMax::Stop),
        ];
        let ends = ends.into_iter().filter(|(_, can)| *can).map(|(word, _)| word.to_owned());
        // Only `while` can end it before the first iteration.
        let last = if work.whilst.is_some() { last.optional_even_if_any() } else { last };
        Ty::object([
            ("state".to_owned(), state),
            ("count".to_owned(), count),
            ("ended_by".to_owned(), Ty::one_of(ends)),
            ("last".to_owned(), last),
        ])
        .bounded()
    }

    fn switch(&mut self, index: usize, decl: &SwitchDecl<'n>, work: &Switch<'n>, path: &str) -> Ty {
        let on = match &work.on {
            Some(tree) => Values { flow: self }.infer(tree, &join(path, "on")),
            None => Ty::Any,
        };
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut results = Vec::new();
        for (case, test) in decl.cases.iter().zip(&work.cases) {
            let mut guards = Vec::new();
            match test {
                Test::Is(values) => {
                    for value in values {
                        let path = join(&case.path, "is");
                        Values { flow: self }.check(value, &on, &path);
                        self.only_once(value, &mut seen, &path);
                    }
                }
                Test::When(when) => {
                    guards = defined_steps(Some(when));
                    self.condition(when, &join(&case.path, "when"));
                }
                Test::Broken => {}
            }
            self.guard(&guards);
            results.push(self.block(case.block));
            self.unguard(&guards);
        }
        results.extend(decl.default.map(|block| self.block(block)));
        if decl.default.is_none()
            && !covers(&on, &seen)
            && let Some(slot) = self.absences.get_mut(index)
            && slot.is_none()
        {
            *slot = Some(Absence::NoCase(decl.span));
        }
        Ty::join_all(results.iter()).bounded()
    }

    fn only_once(&mut self, value: &Tree<'n>, seen: &mut BTreeMap<String, Span>, path: &str) {
        let Some(key) = value.literal().map(|value| value.to_string()) else { return };
        let Some(first) = seen.insert(key.clone(), value.span) else { return };
        self.report.push(
            Diagnostic::new(
                &codes::DUPLICATE_CASE,
                value.span,
                format!("two cases are for `{}`", shown(&key)),
            )
            .label(first, "the first one")
            .help("remove it; the first case that applies is taken")
            .at(path),
        );
        seen.insert(key, first);
    }

    fn parallel(
        &mut self,
        index: usize,
        decl: &ParallelDecl<'n>,
        output: Option<&Tree<'n>>,
        path: &str,
    ) -> Ty {
        let branches: Vec<(String, Ty)> = decl
            .branches
            .iter()
            .map(|branch| (branch.name.text.clone(), self.block(branch.block)))
            .collect();
        let joined = Ty::join_all(branches.iter().map(|(_, ty)| ty)).bounded();
        let count = branches.len();
        let names: Vec<String> = branches.iter().map(|(name, _)| name.clone()).collect();
        let all = Ty::bounded_object(branches.into_iter().map(|(name, ty)| match decl.join {
            Join::All => (name, ty),
            _ => (name, ty.optional_even_if_any()),
        }));
        self.provide(index, all.clone());
        if let Some(output) = output {
            return Values { flow: self }.infer(output, &join(path, "output")).bounded();
        }
        match decl.join {
            Join::All | Join::Quorum(_) => all,
            Join::Any => {
                Ty::object([("branch".to_owned(), Ty::one_of(names)), ("value".to_owned(), joined)])
                    .bounded()
            }
            Join::Vote(_) => {
                let votes = Ty::Int { min: Some(1), max: i128::try_from(count).ok() };
                Ty::object([
                    ("value".to_owned(), joined),
                    ("votes".to_owned(), votes.clone()),
                    ("of".to_owned(), votes),
                ])
            }
        }
    }

    fn approve(&mut self, ask: &Approve<'n>, path: &str) -> Ty {
        Values { flow: self }.check(&ask.message, &Ty::text(), &join(path, "message"));
        if let Some(show) = &ask.show {
            Values { flow: self }.infer(show, &join(path, "show"));
        }
        Ty::object([
            ("approved".to_owned(), Ty::Bool),
            ("by".to_owned(), Ty::text()),
            ("note".to_owned(), Ty::text().optional()),
        ])
    }

    fn provide(&mut self, index: usize, ty: Ty) {
        if let Some(slot) = self.provided.get_mut(index) {
            *slot = ty;
        }
    }
}

/// `{kind, message}`
fn failure() -> Ty {
    Ty::object([("kind".to_owned(), Ty::text()), ("message".to_owned(), Ty::text())])
}

/// Whether every value of a type is among some, which are written as JSON.
fn covers(on: &Ty, values: &BTreeMap<String, Span>) -> bool {
    match on {
        Ty::Bool => ["true", "false"].iter().all(|value| values.contains_key(*value)),
        Ty::Text(Some(names)) => names
            .iter()
            .all(|name| values.contains_key(&serde_json::Value::String(name.clone()).to_string())),
        _ => false,
    }
}
