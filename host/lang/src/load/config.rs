//! `kind: Config`: limits for pipelines that say nothing of their own, and ceilings for all.

use super::documents::first;
use super::models;
use crate::diagnostic::Report;
use crate::document::adapters::PORTS;
use crate::document::{CapsDecl, LimitsDecl, fields, header, rights};
use crate::graph::{Limits, Model};
use crate::limits::NAMES;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

use fields::Fields;

/// A `Config` as it is written.
#[derive(Debug)]
pub(super) struct Config<'n> {
    /// The limits under `defaults`, each with its value.
    defaults: Vec<Limit<'n>>,
    pub(super) ceiling: Ceiling<'n>,
    /// Names of policies that hold for every pipeline.
    pub(super) policies: Vec<&'n Text>,
    /// For each port, the name of an adapter.
    pub(super) adapters: Vec<&'n Entry>,
    /// The language models there are.
    pub(super) models: Vec<Model>,
}

/// What no pipeline has more of.
#[derive(Debug)]
pub(crate) struct Ceiling<'n> {
    /// The name of the `Config`.
    pub(crate) name: String,
    pub(crate) limits: LimitsDecl<'n>,
    pub(crate) caps: Option<CapsDecl<'n>>,
    /// The limits, each with its value.
    written: Vec<Limit<'n>>,
}

/// One limit.
#[derive(Debug)]
struct Limit<'n> {
    entry: &'n Entry,
    value: Limits,
}

/// Reads a `Config`.
pub(super) fn read<'n>(document: &'n Node, report: &mut Report) -> Option<Config<'n>> {
    let mut top = Fields::of(document, "", report)?;
    header::api_version(&mut top, report);
    top.take("kind");
    let (name, _) = header::metadata(&mut top, report);
    let mut defaults = Vec::new();
    if let Some(node) = top.take("defaults") {
        let mut fields = Fields::like(node, "defaults", "defaults: { limits: { … } }", report)?;
        let limits = fields.take("limits");
        rights::limits(limits, "defaults.limits", report);
        defaults = written(limits);
        fields.done("`defaults`", &["caps"], report);
    }
    let mut ceiling =
        Ceiling { name, limits: LimitsDecl::default(), caps: None, written: Vec::new() };
    if let Some(node) = top.take("ceilings") {
        let mut fields = Fields::like(node, "ceilings", "ceilings: { limits: { … } }", report)?;
        let limits = fields.take("limits");
        ceiling.written = written(limits);
        ceiling.limits = rights::limits(limits, "ceilings.limits", report);
        ceiling.caps = rights::caps(fields.take("caps"), "ceilings.caps", report);
        fields.done("`ceilings`", &[], report);
    }
    let policies = policies(top.take("policies"), report);
    let adapters = adapters(top.take("adapters"), report);
    let models = models::read(top.take("models"), report);
    top.done("a config", &["secrets"], report);
    Some(Config { defaults, ceiling, policies, adapters, models })
}

fn adapters<'n>(node: Option<&'n Node>, report: &mut Report) -> Vec<&'n Entry> {
    let Some(node) = node else { return Vec::new() };
    let Some(mut fields) = Fields::like(node, "adapters", "adapters: { http: NAME }", report)
    else {
        return Vec::new();
    };
    let found: Vec<&Entry> = PORTS.iter().filter_map(|port| fields.take_entry(port)).collect();
    fields.done("`adapters`", &[], report);
    let named = |entry: &&Entry| {
        fields::text(&entry.value, &format!("adapters.{}", entry.key.text), report).is_some()
    };
    found.into_iter().filter(named).collect()
}

fn policies<'n>(node: Option<&'n Node>, report: &mut Report) -> Vec<&'n Text> {
    let Some(node) = node else { return Vec::new() };
    if !matches!(node.kind, NodeKind::List(_)) {
        let problem = fields::wrong_shape(node, "a list of names", "policies");
        report.push(problem.help("for example `policies: [house-rules]`"));
    }
    let names = node.items().iter().enumerate();
    names
        .filter_map(|(index, name)| fields::text(name, &format!("policies[{index}]"), report))
        .collect()
}

/// The limits at a node that are ones.
fn written(node: Option<&Node>) -> Vec<Limit<'_>> {
    let entries = node.map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let text = match &entry.value.kind {
                NodeKind::Number(found) => &found.json,
                NodeKind::String(text) => &text.text,
                _ => return None,
            };
            let mut value = Limits::default();
            value.set(&entry.key.text, text).ok()?;
            Some(Limit { entry, value })
        })
        .collect()
}

/// Writes into a pipeline the limits that it does not have: the tightest default, else the tightest
/// ceiling. So what a pipeline leaves open is never more than the ceiling.
pub(super) fn fill(pipeline: &mut Node, configs: &[Config<'_>]) {
    let span = first(pipeline);
    let NodeKind::Map(entries) = &mut pipeline.kind else { return };
    let at = entries.iter().position(|entry| entry.key.text == "limits");
    let own = at.and_then(|at| entries.get(at)).map(|entry| &entry.value);
    // What is not a map is reported by the next stage.
    if own.is_some_and(|own| !matches!(own.kind, NodeKind::Map(_))) {
        return;
    }
    let missing = NAMES.iter().filter(|name| own.and_then(|own| own.get(name)).is_none());
    let more: Vec<Entry> = missing
        .filter_map(|name| {
            let defaults = configs.iter().flat_map(|config| &config.defaults);
            let ceilings = configs.iter().flat_map(|config| &config.ceiling.written);
            tightest(name, defaults).or_else(|| tightest(name, ceilings)).cloned()
        })
        .collect();
    match at.and_then(|at| entries.get_mut(at)).map(|entry| &mut entry.value.kind) {
        Some(NodeKind::Map(own)) => own.extend(more),
        _ if more.is_empty() => {}
        _ => entries.push(Entry {
            key: Text::made("limits", span),
            value: Node { span, kind: NodeKind::Map(more) },
        }),
    }
}

fn tightest<'n, 'c>(name: &str, limits: impl Iterator<Item = &'c Limit<'n>>) -> Option<&'n Entry>
where
    'n: 'c,
{
    limits
        .filter(|limit| limit.entry.key.text == name)
        .reduce(|least, limit| if least.value.exceeds(&limit.value, name) { limit } else { least })
        .map(|limit| limit.entry)
}
