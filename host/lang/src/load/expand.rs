//! Steps that use a policy or a macro, as if it were written out.
//!
//! A macro becomes one step that holds a block: the macro's steps, and a `set` step `params` with
//! the arguments. The block's places are a copy of their own, so names in it and names around it
//! never mean each other, whatever they are called; arguments keep their places, and so see what is
//! around the step.

mod arguments;
mod body;

use std::collections::BTreeMap;

use super::Loader;
use super::adapter::Adapter;
use super::governance::Governance;
use super::policy::Policy;
use super::project::Project;
use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, Report};
use crate::document::adapters::PORTS;
use crate::document::{fields, join};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};
use crate::yaml::read::NODES_MAX;

/// The most uses of macros in a pipeline, those in macros too.
const USES_MAX: usize = 1_000;
/// How deep macros may use macros.
const DEPTH_MAX: usize = 16;

/// Writes out one pipeline.
pub(super) struct Expander<'p, 'a, 'n, 'w> {
    project: &'p Project<'n>,
    loader: &'a mut Loader<'w>,
    report: &'a mut Report,
    uses: usize,
    /// The macros that are being written out, outer ones first.
    open: Vec<String>,
    /// Set where the budget is used up, which is reported once.
    full: bool,
}

impl<'p, 'a, 'n, 'w> Expander<'p, 'a, 'n, 'w> {
    /// For one pipeline.
    pub(super) fn new(
        project: &'p Project<'n>,
        loader: &'a mut Loader<'w>,
        report: &'a mut Report,
    ) -> Self {
        Self { project, loader, report, uses: 0, open: Vec::new(), full: false }
    }

    /// Writes out every step of a pipeline.
    pub(super) fn pipeline(&mut self, pipeline: &mut Node) {
        self.block(pipeline, "");
    }

    /// A map with `steps`. What has another shape is reported by the next stage. Recurses as deep
    /// as documents are nested, and [`DEPTH_MAX`] times that.
    fn block(&mut self, node: &mut Node, path: &str) {
        let steps = value_mut(node, "steps").map(|steps| &mut steps.kind);
        if let Some(NodeKind::List(items)) = steps {
            let path = join(path, "steps");
            for (index, item) in items.iter_mut().enumerate() {
                self.step(item, &format!("{path}[{index}]"));
            }
        }
    }

    /// Puts the rules of the policies that are named in the place of their names, those that a
    /// `Config` imposes behind them. Gives what governs the calls.
    pub(super) fn rules<'t>(
        &mut self,
        pipeline: &mut Node,
        imposed: impl Iterator<Item = &'t Text>,
    ) -> Vec<&'p Governance> {
        let span = pipeline.span;
        let NodeKind::Map(entries) = &mut pipeline.kind else { return Vec::new() };
        let at = entries.iter().position(|entry| entry.key.text == "policies");
        let own = match at.and_then(|at| entries.get_mut(at)) {
            None => Vec::new(),
            Some(entry) => match &mut entry.value.kind {
                NodeKind::List(items) => std::mem::take(items),
                // The next stage says so.
                _ => return Vec::new(),
            },
        };
        let mut named: BTreeMap<&str, Span> = BTreeMap::new();
        let (mut rules, mut governance) = (Vec::new(), Vec::new());
        let names = own.iter().map(|item| (item, item.as_text()));
        for (index, (item, name)) in names.enumerate() {
            let path = format!("policies[{index}]");
            match name {
                None => rules.push(item.clone()),
                Some(name) => match named.insert(&name.text, name.span) {
                    Some(first) => self.report.push(again(name, first).at(&path)),
                    None => self.named_rules(name, &path, &mut rules, &mut governance),
                },
            }
        }
        let mut imposed_names: Vec<&str> = Vec::new();
        for name in imposed {
            if !named.contains_key(name.text.as_str()) && !imposed_names.contains(&&*name.text) {
                self.named_rules(name, "policies", &mut rules, &mut governance);
                imposed_names.push(&name.text);
            }
        }
        let value = NodeKind::List(rules);
        match at.and_then(|at| entries.get_mut(at)) {
            Some(entry) => entry.value.kind = value,
            None if value == NodeKind::List(Vec::new()) => {}
            None => entries.push(Entry {
                key: Text::made("policies", span),
                value: Node { span, kind: value },
            }),
        }
        governance
    }

    /// Puts adapters in the place of their names. Ports that the pipeline does not bind are bound
    /// as a `Config` says.
    pub(super) fn adapters<'t>(
        &mut self,
        pipeline: &mut Node,
        defaults: impl Iterator<Item = &'t &'t Entry>,
    ) {
        let span = pipeline.span;
        let NodeKind::Map(top) = &mut pipeline.kind else { return };
        let mut bound = match top.iter_mut().find(|entry| entry.key.text == "adapters") {
            None => Vec::new(),
            Some(entry) => match &mut entry.value.kind {
                NodeKind::Map(entries) => std::mem::take(entries),
                // The next stage says so.
                _ => return,
            },
        };
        for entry in defaults {
            if bound.iter().all(|own| own.key.text != entry.key.text) {
                bound.push((*entry).clone());
            }
        }
        if bound.is_empty() {
            return;
        }
        for entry in &mut bound {
            let Some(name) = entry.value.as_text().cloned() else { continue };
            let port = entry.key.text.clone();
            if !PORTS.contains(&port.as_str()) {
                continue;
            }
            let fits = |adapter: &&Adapter<'_>| adapter.port == port;
            let all = self.project.adapters.iter().filter(fits);
            let Some(adapter) = all.clone().find(|adapter| adapter.name == name.text) else {
                let names = all.map(|adapter| adapter.name.as_str());
                let problem = unknown(&codes::UNKNOWN_ADAPTER, "adapter", "Adapter", &name);
                let help = self.report.suggest(&name.text, "there are", names);
                self.report.push(problem.maybe_help(help).at(&join("adapters", &port)));
                continue;
            };
            let entries: Vec<Entry> =
                adapter.entries.iter().map(|entry| (*entry).clone()).collect();
            let value = Node { span: name.span, kind: NodeKind::Map(entries) };
            if self.takes(value.count(), name.span) {
                entry.value = value;
            }
        }
        match top.iter_mut().find(|entry| entry.key.text == "adapters") {
            Some(entry) => entry.value.kind = NodeKind::Map(bound),
            None => top.push(Entry {
                key: Text::made("adapters", span),
                value: Node { span, kind: NodeKind::Map(bound) },
            }),
        }
    }

    fn named_rules(
        &mut self,
        name: &Text,
        path: &str,
        rules: &mut Vec<Node>,
        governance: &mut Vec<&'p Governance>,
    ) {
        let Some(policy) = self.find_policy(name, path) else { return };
        if !policy.has_rules() {
            let message = format!("the policy `{}` has no rules", shown(&name.text));
            self.report.push(
                Diagnostic::new(&codes::UNRULED_POLICY, name.span, message)
                    .help("add `rules` or `governance` to it, or name it at a step: `policy: …`")
                    .at(path),
            );
        }
        governance.extend(&policy.governance);
        for rule in &policy.rules {
            if self.takes(rule.count(), name.span) {
                rules.push((*rule).clone());
            }
        }
    }

    fn find_policy(&mut self, name: &Text, path: &str) -> Option<&'p Policy<'n>> {
        let found = self.project.policies.iter().find(|policy| policy.name == name.text);
        if found.is_none() {
            let names = self.project.policies.iter().map(|policy| policy.name.as_str());
            let problem = unknown(&codes::UNKNOWN_POLICY, "policy", "Policy", name);
            let help = self.report.suggest(&name.text, "there are", names);
            self.report.push(problem.maybe_help(help).at(path));
        }
        found
    }

    fn step(&mut self, node: &mut Node, path: &str) {
        let NodeKind::Map(entries) = &mut node.kind else { return };
        self.policy(entries, path);
        self.use_macro(entries, path);
        for entry in entries {
            let path = join(path, &entry.key.text);
            match entry.key.text.as_str() {
                "map" | "loop" => self.block(&mut entry.value, &path),
                "switch" => {
                    if let Some(NodeKind::List(cases)) =
                        value_mut(&mut entry.value, "cases").map(|cases| &mut cases.kind)
                    {
                        for (index, case) in cases.iter_mut().enumerate() {
                            self.block(case, &format!("{path}.cases[{index}]"));
                        }
                    }
                    if let Some(default) = value_mut(&mut entry.value, "default") {
                        self.block(default, &join(&path, "default"));
                    }
                }
                "parallel" => {
                    if let Some(NodeKind::Map(branches)) =
                        value_mut(&mut entry.value, "branches").map(|branches| &mut branches.kind)
                    {
                        for branch in branches {
                            let path = join(&join(&path, "branches"), &branch.key.text);
                            self.block(&mut branch.value, &path);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes a key whose value is the name of a document.
    fn name(&mut self, entries: &[Entry], key: &str, path: &str) -> Option<(usize, Text)> {
        let at = entries.iter().position(|entry| entry.key.text == key)?;
        let entry = entries.get(at)?;
        let name = fields::text(&entry.value, &join(path, key), self.report)?;
        Some((at, name.clone()))
    }

    fn policy(&mut self, entries: &mut Vec<Entry>, path: &str) {
        let Some((at, name)) = self.name(entries, "policy", path) else { return };
        let Some(policy) = self.find_policy(&name, &join(path, "policy")) else { return };
        entries.remove(at);
        if policy.entries.is_empty() {
            let message = format!("the policy `{}` has nothing for a step", shown(&name.text));
            self.report.push(
                Diagnostic::new(&codes::UNRULED_POLICY, name.span, message)
                    .help("name it under `policies` of the pipeline, for which it has rules")
                    .at(&join(path, "policy")),
            );
        }
        for entry in &policy.entries {
            if let Some(own) = entries.iter().find(|own| own.key.text == entry.key.text) {
                self.report.push(overlap(policy, own, entry, path));
            } else if self.takes(entry.value.count(), name.span) {
                entries.push(grouped((*entry).clone(), &policy.name));
            }
        }
    }

    fn use_macro(&mut self, entries: &mut Vec<Entry>, path: &str) {
        let Some((_, name)) = self.name(entries, "macro", path) else { return };
        let here = join(path, "macro");
        let Some(used) = self.project.macros.iter().find(|used| used.name == name.text) else {
            let names = self.project.macros.iter().map(|used| used.name.as_str());
            let problem = unknown(&codes::UNKNOWN_MACRO, "macro", "Macro", &name);
            let help = self.report.suggest(&name.text, "there are", names);
            self.report.push(problem.maybe_help(help).at(&here));
            return;
        };
        if self.open.contains(&used.name) {
            let problem = self.cycle(&used.name, name.span);
            self.report.push(problem.at(&here));
            return;
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("macros use macros more than {DEPTH_MAX} deep");
            self.report.push(
                Diagnostic::new(&codes::TOO_DEEP, name.span, message)
                    .help("put the steps of some of them into those that use them")
                    .at(&here),
            );
            return;
        }
        self.uses += 1;
        if !self.takes(used.steps.count() + used.output.count(), name.span) {
            return;
        }
        let with = entries.iter().position(|entry| entry.key.text == "with");
        let with = with.map(|with| entries.remove(with));
        let arguments = self.arguments(used, with, name.span, path);
        let base = self.loader.sources.copy(name.span, format!("`{}` is used here", used.name));
        let mut block = body::body(used, arguments, base);
        self.open.push(used.name.clone());
        self.block(&mut block, &here);
        self.open.pop();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.key.text == "macro") {
            entry.value = block;
        }
    }

    /// Counts values that are written out. `false` where there are too many.
    fn takes(&mut self, more: usize, span: Span) -> bool {
        let nodes = self.loader.nodes.get().saturating_add(more);
        self.loader.nodes.set(nodes);
        let message = if nodes > NODES_MAX {
            format!("with what policies and macros come to, there are more than {NODES_MAX} values")
        } else if self.uses > USES_MAX {
            format!("macros are used more than {USES_MAX} times, those in macros too")
        } else {
            return !self.full;
        };
        if !self.full {
            self.full = true;
            self.report.push(
                Diagnostic::new(&codes::YAML_TOO_LARGE, span, message)
                    .help("to do the same for many items, use `map`"),
            );
        }
        false
    }

    fn cycle(&self, name: &str, span: Span) -> Diagnostic {
        let from = self.open.iter().position(|open| open == name).unwrap_or_default();
        let mut names: Vec<String> = self.open.iter().skip(from).map(|open| shown(open)).collect();
        names.push(shown(name));
        let message = format!("the macros use each other without end: `{}`", names.join(" -> "));
        Diagnostic::new(&codes::MACRO_CYCLE, span, message)
            .help("to do something again and again, use `loop`")
    }
}

/// Steps that take a gate from one policy count together.
fn grouped(mut entry: Entry, policy: &str) -> Entry {
    let counts = matches!(entry.key.text.as_str(), "rate_limit" | "circuit_breaker");
    let span = entry.value.span;
    if let NodeKind::Map(entries) = &mut entry.value.kind
        && counts
        && entries.iter().all(|entry| entry.key.text != "group")
    {
        let kind = NodeKind::String(Text::made(policy, span));
        entries.push(Entry { key: Text::made("group", span), value: Node { span, kind } });
    }
    entry
}

fn again(name: &Text, first: Span) -> Diagnostic {
    let message = format!("the policy `{}` is named twice", shown(&name.text));
    Diagnostic::new(&codes::DUPLICATE_ID, name.span, message)
        .label(first, "the first time")
        .help("remove one of them")
}

fn value_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.kind {
        NodeKind::Map(entries) => {
            entries.iter_mut().find(|entry| entry.key.text == key).map(|entry| &mut entry.value)
        }
        _ => None,
    }
}

fn unknown(code: &'static Code, what: &str, kind: &str, name: &Text) -> Diagnostic {
    let message = format!("there is no {what} `{}`", shown(&name.text));
    Diagnostic::new(code, name.span, message)
        .help(format!("add a document with `kind: {kind}` and this name; a line `---` begins it"))
}

fn overlap(policy: &Policy<'_>, own: &Entry, entry: &Entry, path: &str) -> Diagnostic {
    let key = &own.key.text;
    let message = format!("the step has `{key}`, and so has its policy `{}`", shown(&policy.name));
    Diagnostic::new(&codes::POLICY_OVERLAP, own.key.span, message)
        .label(entry.key.span, "the policy's")
        .help("keep one of the two")
        .at(&join(path, key))
}
