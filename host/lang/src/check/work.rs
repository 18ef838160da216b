//! What each kind of step gives, and whether it gets what it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flow::{Absence, Flow, defined_steps};
use super::value::Values;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::{Body, LoopDecl, MapDecl, ParallelDecl, StepDecl, SwitchDecl, join};
use crate::graph::{Join, OnItemError, OnMax, Wait};
use crate::resolve::tree::{Named, Tree, TreeKind};
use crate::resolve::{Approve, Call, Child, Fallback, Loop, SubPipeline, Switch, Test, Work};
use crate::shown::shown;
use crate::source::Span;
use crate::types::{Object, Ty};
use crate::yaml::node::Text;

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

    /// Arguments against parameters.
    fn call(&mut self, call: &Call<'n>, path: &str) -> Ty {
        let Some(skill) = &call.skill else {
            self.values(&call.with, path);
            return Ty::Any;
        };
        let takes: Takes<'_> =
            skill.params.iter().map(|(name, p)| (name.as_str(), (&p.ty, p.required))).collect();
        let name = format!("{}#{}", skill.entry.id, skill.operation);
        let words = Words { name: &name, one: "parameter", span: call.reference.span };
        self.arguments(&call.with, &takes, &words, path);
        skill.output.clone()
    }

    /// Arguments against the inputs of another pipeline.
    fn pipeline(&mut self, child: &SubPipeline<'n>, path: &str) -> Ty {
        let Some(compiled) = &child.child else {
            self.values(&child.with, path);
            return Ty::Any;
        };
        let Child { graph, outputs, .. } = &**compiled;
        let inputs: BTreeMap<&str, Ty> = graph
            .inputs
            .iter()
            .map(|(name, input)| (name.as_str(), Ty::of_schema(&input.schema)))
            .collect();
        let takes: Takes<'_> = graph
            .inputs
            .iter()
            .filter_map(|(name, input)| {
                Some((name.as_str(), (inputs.get(name.as_str())?, input.default.is_none())))
            })
            .collect();
        let name = shown(&child.reference.text);
        let words = Words { name: &name, one: "input", span: child.reference.span };
        self.arguments(&child.with, &takes, &words, path);
        outputs.clone()
    }

    fn arguments(&mut self, given: &Named<'n>, takes: &Takes<'_>, words: &Words<'_>, path: &str) {
        for (name, tree) in given {
            let path = join(path, &name.text);
            match takes.get(name.text.as_str()) {
                Some((ty, _)) => Values { flow: self }.check(tree, ty, &path),
                None => {
                    self.unknown_argument(name, takes, words, &path);
                    Values { flow: self }.infer(tree, &path);
                }
            }
        }
        let given: BTreeSet<&str> = given.iter().map(|(name, _)| name.text.as_str()).collect();
        for (name, (ty, required)) in takes {
            if given.contains(name) || !required {
                continue;
            }
            let of = if words.one == "input" { "the input " } else { "" };
            let message = format!("`{}` needs {of}`{}`: {ty}", words.name, shown(name));
            self.report.push(
                Diagnostic::new(&codes::MISSING_PARAM, words.span, message)
                    .help(format!("add `{}: …` to `with`", shown(name)))
                    .at(path),
            );
        }
    }

    fn unknown_argument(&mut self, name: &Text, takes: &Takes<'_>, words: &Words<'_>, path: &str) {
        let help = self.report.suggest(&name.text, "it takes", takes.keys().copied());
        let help =
            help.or_else(|| takes.is_empty().then(|| "it takes nothing; remove it".to_owned()));
        let message = format!("`{}` has no {} `{}`", words.name, words.one, shown(&name.text));
        self.report.push(
            Diagnostic::new(&codes::UNKNOWN_PARAM, name.span, message).maybe_help(help).at(path),
        );
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

/// What a call takes: type and whether it has to be given, by name.
type Takes<'a> = indexmap::IndexMap<&'a str, (&'a Ty, bool)>;

/// How to talk of what is called.
struct Words<'a> {
    name: &'a str,
    /// `parameter`, `input`
    one: &'static str,
    /// Where it is named.
    span: Span,
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
