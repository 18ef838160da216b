//! What every kind of step may have: limits, retries, fallback, and where its output goes.

use coldframe_lang::shown::shown;

use super::agent::{self, Doer, File};
use super::block::Made;
use super::dictionary::{CONFIG, IMPORT, USAGE};
use super::scope::{Scope, field_of};
use crate::fields::{Fields, wrong_shape};
use crate::note::{Place, codes};
use crate::out::{Map, Out, Piece};
use crate::values::literal;
use crate::yaml::node::{Node, NodeKind};

/// The common part of a step.
pub(super) struct Common<'n> {
    pub(super) doer: Option<(Doer<'n>, Place)>,
    pub(super) input: Option<&'n Node>,
    retry: Option<u32>,
    timeout: Option<String>,
    limits: Map,
    sink: Option<&'n str>,
    updates: bool,
    fallback: Option<Piece>,
    /// For calls of a model.
    pub(super) settings: Map,
    /// For imports.
    pub(super) import: ImportConfig<'n>,
}

/// How a pipeline of another file is called.
#[derive(Default)]
pub(super) struct ImportConfig<'n> {
    pub(super) inherit: Option<(bool, Place)>,
    pub(super) input_to: Option<(&'n str, Place)>,
    pub(super) key: Option<&'n str>,
    pub(super) outputs: Option<&'n Node>,
    pub(super) on_failure: Option<(&'n str, Place)>,
}

impl<'n> Common<'n> {
    pub(super) fn read(
        fields: &mut Fields<'n, '_>,
        kind: &str,
        file: &File,
        scope: &Scope<'_>,
    ) -> Self {
        let work = scope.work;
        let doer = if kind == "step" { agent::doer(fields, work) } else { None };
        let mut found = Self {
            doer,
            input: fields.take("input"),
            retry: None,
            timeout: None,
            limits: Map::default(),
            sink: fields.take_text("sink_to").map(|(path, _)| field_of(path)),
            updates: fields.take_bool("updates_context").is_some_and(|(updates, _)| updates),
            fallback: None,
            settings: Map::default(),
            import: ImportConfig::default(),
        };
        if let Some(node) = fields.take("usage_limits")
            && let Some(mut usage) = Fields::of(node, &USAGE, &work.notes)
            && let Some((cost, place)) = usage.take_text("total_cost_usd_limit")
        {
            match coldframe_lang::limits::cost_nano(cost) {
                Ok(_) => found.limits.put("cost_usd", Out::Bare(cost.to_owned())),
                Err(why) => drop(work.untranslated(place, cost, &why.to_string())),
            }
        }
        if let Some(node) = fields.take("fallback") {
            found.fallback = Some(fallback(node, file, scope));
        }
        if let Some(node) = fields.take("config") {
            found.config(node, scope);
        }
        found
    }

    fn config(&mut self, node: &'n Node, scope: &Scope<'_>) {
        let work = scope.work;
        let Some(mut config) = Fields::of(node, &CONFIG, &work.notes) else { return };
        self.retry = config
            .take_text("max_retries")
            .and_then(|(text, place)| agent::retries(text, place, work));
        let timeout = config.take_text("timeout_s").or_else(|| config.take_text("timeout"));
        self.timeout = timeout.and_then(|(text, place)| agent::timeout(text, place, work));
        if let Some((mode, place)) = config.take_text("execution_mode")
            && mode != "sync"
        {
            let message = "steps do not go on in the background";
            work.notes.warning(
                codes::UNSUPPORTED_KEY,
                place,
                message,
                "let nothing need the step, and it runs beside the others",
            );
        }
        match self.doer {
            Some((Doer::Agent(_), _)) => {
                for key in ["temperature", "top_k", "top_p"] {
                    self.settings
                        .put_some(key, config.take(key).map(|node| literal(node, scope.work)));
                }
            }
            Some((Doer::Import(_), _)) => {
                config.and(&IMPORT);
                self.import = ImportConfig {
                    inherit: config.take_bool("inherit_context"),
                    input_to: config.take_text("input_to"),
                    key: config.take_text("input_scratchpad_key").map(|(key, _)| key),
                    outputs: config.take("outputs"),
                    on_failure: config.take_text("on_failure"),
                };
            }
            _ => {}
        }
    }
}

/// A call that takes the place of a step that failed.
fn fallback(node: &Node, file: &File, scope: &Scope<'_>) -> Piece {
    let work = scope.work;
    let Some(mut fields) = Fields::of(node, &super::dictionary::STEP, &work.notes) else {
        return Map::default().with("value", Out::Null).into();
    };
    let kind = fields.take_text("kind").map_or("step", |(kind, _)| kind);
    // It has no name of its own here.
    let _name = fields.take_text("name").or_else(|| fields.take_text("step"));
    let input = fields.take("input");
    match agent::doer(&mut fields, work) {
        Some((doer, place)) if kind == "step" => {
            let input = super::kinds::input(input, scope);
            let (uses, with) = agent::call(&doer, Some(input), file, scope, place);
            Map::default().with("uses", uses).with("with", with).into()
        }
        _ => {
            let why = "the place of a step is taken by a value or a call";
            let piece = work.untranslated_value(node.place, &format!("fallback: {kind}"), why);
            Piece::from(Map::default().with("value", piece.value)).comments(piece.comments)
        }
    }
}

/// Puts the common part onto what a step became.
pub(super) fn apply(common: Common<'_>, made: &mut Made, scope: &Scope<'_>) {
    let main = &mut made.main;
    if let Some(max) = common.retry.filter(|max| *max > 0) {
        main.retry = Some(
            Map::default()
                .with("max", Out::Bare(max.to_string()))
                .with("on", Out::texts(&["any".to_owned()])),
        );
    }
    main.timeout = common.timeout.or_else(|| main.timeout.take());
    main.limits.0.extend(common.limits.0);
    main.fallback = common.fallback.or_else(|| main.fallback.take());
    if main.on_error.is_some() {
        // What failed came to nothing, and so does whatever reads it.
        made.output = format!("({} | default(none))", made.output);
    }
    if let Some(field) = common.sink {
        scope.set_context(field, &made.output);
        let message =
            format!("what went to `context.{}` is read as `{}` here", shown(field), made.output);
        scope.work.notes.info(codes::DIFFERS, scope.at.get(), message, "");
    }
    if common.updates {
        scope.set_updated_by(&made.output);
        scope.work.notes.info(
            codes::DIFFERS,
            scope.at.get(),
            format!(
                "the output of `{}` no longer goes into a context; others read it as `{}.field`",
                made.main.id, made.output
            ),
            "",
        );
    }
}

/// The changes of the context at a node, as `(how, field, value)`.
pub(super) fn operations<'n>(
    node: &'n Node,
    scope: &Scope<'_>,
) -> Vec<(&'static str, &'n str, &'n Node)> {
    let notes = &scope.work.notes;
    let maps: &[Node] = match &node.kind {
        NodeKind::List(items) => items,
        _ => std::slice::from_ref(node),
    };
    let mut found = Vec::new();
    for map in maps {
        let Some(mut fields) = Fields::of(map, &super::dictionary::OPERATION, notes) else {
            continue;
        };
        for how in ["set", "append", "merge"] {
            let Some(target) = fields.take(how) else { continue };
            match &target.kind {
                // `set: context.a` with `value` beside it.
                NodeKind::Text(path) => {
                    if let Some(value) = fields.require("value") {
                        found.push((how, field_of(path), value));
                    }
                }
                NodeKind::List(items) => {
                    items.iter().for_each(|item| found.extend(change(how, item, scope)));
                }
                _ => found.extend(change(how, target, scope)),
            }
        }
    }
    found
}

/// `{target: context.a, value: …}`
fn change<'n>(
    how: &'static str,
    node: &'n Node,
    scope: &Scope<'_>,
) -> Option<(&'static str, &'n str, &'n Node)> {
    let notes = &scope.work.notes;
    let mut fields = Fields::of(node, &super::dictionary::OPERATION, notes)?;
    let target = fields.take("target").or_else(|| fields.take("set"));
    let value = fields.require("value");
    let Some(path) = target.and_then(Node::text) else {
        wrong_shape(node, "a `target` and a `value`", notes);
        return None;
    };
    Some((how, field_of(path), value?))
}
