//! Steps that repeat a block: `loop` and `map`.
//!
//! A body of theirs changes the context; a body of ours gives the next state. So every field that
//! the body writes becomes a part of the state, beside what the last step of the body came to.

use coldframe_lang::shown::shown;

use super::agent::{self, Doer, File};
use super::block::{self, Made};
use super::common::operations;
use super::dictionary::{FINALIZE, LOOP, MAP, PROPAGATION};
use super::scope::{Scope, field_of};
use crate::fields::{Fields, wrong_shape};
use crate::names::{Taken, identifier};
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::{REPEATS_MAX, Values, count};
use crate::yaml::node::{Node, NodeKind};

/// Iterations where their file says nothing.
const MAX_GUESSED: &str = "10";

pub(super) fn translate(
    id: &str,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let mut made = Made::new(Step::new(id));
    let Some(mut fields) =
        fields.require("loop").and_then(|node| Fields::of(node, &LOOP, &work.notes))
    else {
        made.main.body.put("loop", Map::default());
        return made;
    };
    let mut previous = scope.previous();
    if let Some((path, place)) = fields.take_text("initial_input_mapper") {
        let step = helper_call(&format!("{id}_input"), path, &previous, place, file, scope);
        previous.clone_from(&step.id);
        made.before.push(step);
    }
    let body = fields.require("body");
    let mut state = Map::default().with("previous", Out::hole(&previous));
    let inner = scope.inner(Some("loop.state.previous".to_owned()));
    let init = fields.take("init").map(|node| operations(node, scope)).unwrap_or_default();
    let mut names: Vec<(String, String)> = Vec::new();
    let mut taken = Taken::default();
    // A field is in the state once, whoever writes it.
    let mut declare = |field: &str, names: &mut Vec<(String, String)>| {
        if names.iter().any(|(known, _)| known == field) {
            return;
        }
        let ours = taken.unique(&identifier(field), '_', &|known| known == "previous");
        inner.set_context(field, &format!("loop.state.{ours}"));
        names.push((field.to_owned(), ours));
    };
    for (_, field, _) in &init {
        declare(field, &mut names);
    }
    for field in sinks(body) {
        declare(field, &mut names);
    }
    let after_each = fields.take("state").map(|node| operations(node, scope)).unwrap_or_default();
    for (_, field, _) in &after_each {
        declare(field, &mut names);
    }
    let mut initial: Vec<(String, Piece)> = names
        .iter()
        .map(|(field, ours)| {
            let known = scope.known_field(field).map_or(Out::Null, |expr| Out::hole(&expr));
            (ours.clone(), known.into())
        })
        .collect();
    for (how, field, value) in init {
        if let Some((_, ours)) = names.iter().find(|(known, _)| known == field)
            && let Some((_, slot)) = initial.iter_mut().find(|(name, _)| name == ours)
        {
            *slot = changed(how, value, Some(slot.clone()), scope);
        }
    }
    state.0.extend(initial);
    let (mut steps, mut output) = match body {
        Some(body) => block::steps(body, file, &inner),
        None => (Vec::new(), "none".to_owned()),
    };
    let last = output.clone();
    if let Some((path, place)) = fields.take_text("iteration_input_mapper") {
        let step = helper_call(&format!("{id}_next_input"), path, &output, place, file, &inner);
        output.clone_from(&step.id);
        push(&mut steps, step);
    }
    let until = if let Some(node) = fields.take("exit_expression") {
        inner.at.set(node.place);
        inner.set_previous(&last);
        Some(Values { work, names: &inner, blocks: true }.expr(node))
    } else if let Some((path, place)) = fields.take_text("exit_condition") {
        let step = helper_call(&format!("{id}_exit"), path, &last, place, file, &inner);
        let expr = Piece::from(step.id.clone());
        push(&mut steps, step);
        Some(expr)
    } else {
        None
    };
    let mut next = Map::default().with("previous", Out::hole(&output));
    let mut values: Vec<(String, Piece)> = names
        .iter()
        .map(|(field, ours)| {
            (ours.clone(), Out::hole(&inner.known_field(field).unwrap_or_default()).into())
        })
        .collect();
    inner.set_previous(&last);
    for (how, field, value) in after_each {
        if let Some((_, ours)) = names.iter().find(|(known, _)| known == field)
            && let Some((_, slot)) = values.iter_mut().find(|(name, _)| name == ours)
        {
            *slot = changed(how, value, Some(slot.clone()), &inner);
        }
    }
    next.0.extend(values);
    let found = fields.take_text("max_loops");
    let max = match found.and_then(|(max, _)| count(max, REPEATS_MAX)) {
        Some(max) => max.to_string(),
        None => {
            let place = found.map_or(fields.place, |(_, place)| place);
            let message =
                format!("the loop has no bound from 1 to {REPEATS_MAX}, and got {MAX_GUESSED}");
            work.notes.warning(codes::GUESS, place, message, "set `max` to what it needs at most");
            MAX_GUESSED.to_owned()
        }
    };
    propagation(&mut fields, scope);
    let mut body = Map::default().with("state", state).with("max", Out::Bare(max));
    body.0.extend(crate::out::step::block(steps, Some(Out::hole(&last).into())).0);
    let ends = until.is_some();
    body.put_some("until", until);
    body.put("next", next);
    if ends {
        body.put("on_max", "stop");
    }
    made.main.body.put("loop", body);
    made.output = format!("{id}.last");
    for (field, ours) in &names {
        scope.set_context(field, &format!("{id}.state.{ours}"));
    }
    if let Some((path, place)) = fields.take_text("loop_output_mapper") {
        let step = helper_call(&format!("{id}_output"), path, &made.output, place, file, scope);
        made.output.clone_from(&step.id);
        made.after.push(step);
    }
    made
}

fn propagation(fields: &mut Fields<'_, '_>, scope: &Scope<'_>) {
    let work = scope.work;
    let Some(node) = fields.take("propagation") else { return };
    let next = match node.text() {
        Some(text) => Some((text, node.place)),
        None => Fields::of(node, &PROPAGATION, &work.notes)
            .and_then(|mut fields| fields.take_text("next_input")),
    };
    if let Some((next, place)) = next {
        let message = format!(
            "the next iteration gets what the last step came to as `loop.state.previous`, not `{}`",
            shown(next)
        );
        work.notes.warning(
            codes::DIFFERS,
            place,
            message,
            "name the fields it needs as `loop.state.field`",
        );
    }
}

fn push(steps: &mut Vec<Step>, mut step: Step) {
    step.needs.extend(steps.last().map(|last| last.id.clone()));
    steps.push(step);
}

/// A step that calls a function of theirs with one value.
fn helper_call(
    id: &str,
    path: &str,
    input: &str,
    place: crate::note::Place,
    file: &File,
    scope: &Scope<'_>,
) -> Step {
    let doer = Doer::Code { path, params: None };
    let (uses, with) = agent::call(&doer, Some(Out::hole(input).into()), file, scope, place);
    Step::uses(&scope.helper(id), &uses, with)
}

/// The fields that the steps of a body write, by what they say themselves.
fn sinks(body: Option<&Node>) -> Vec<&str> {
    let Some(body) = body else { return Vec::new() };
    let items: &[Node] = match &body.kind {
        NodeKind::List(items) => items,
        _ => std::slice::from_ref(body),
    };
    items.iter().filter_map(|item| item.get("sink_to")?.text()).map(field_of).collect()
}

/// A field after a change.
fn changed(how: &str, value: &Node, before: Option<Piece>, scope: &Scope<'_>) -> Piece {
    scope.at.set(value.place);
    let work = scope.work;
    let values = Values { work, names: scope, blocks: true };
    if how == "set" {
        return values.value(value);
    }
    let old = before.as_ref().and_then(|piece| hole_of(&piece.value));
    if how == "merge" {
        // The value is a text of JSON.
        let parsed =
            value.text().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
        let new = parsed.filter(serde_json::Value::is_object).map(|value| value.to_string());
        let Some(new) = new else {
            return work.untranslated_value(
                value.place,
                value.scalar().unwrap_or("a map"),
                "only an object of JSON can be merged",
            );
        };
        let expr = old.map_or_else(|| new.clone(), |old| format!("({old} or {{}}) | chain({new})"));
        return checked(&expr, value, scope);
    }
    let item = values.value(value);
    let new = match (&item.value, hole_of(&item.value)) {
        (_, Some(expr)) => expr,
        (Out::Text(text), None) if !text.contains("{{") => {
            format!("'{}'", super::kinds::quoted(text))
        }
        (Out::Bare(number), None) => number.clone(),
        (Out::Bool(value), None) => value.to_string(),
        _ => {
            return work.untranslated_value(
                value.place,
                value.scalar().unwrap_or("a value"),
                "only a value or a whole `{{ }}` can be appended",
            );
        }
    };
    let expr = old
        .map_or_else(|| format!("[{new}]"), |old| format!("({old} or []) | chain([{new}]) | list"));
    Piece { comments: item.comments, ..checked(&expr, value, scope) }
}

fn checked(expr: &str, value: &Node, scope: &Scope<'_>) -> Piece {
    match coldframe_lang::expr::scan::scan(expr) {
        Ok(_) => Out::hole(expr).into(),
        Err(_) => scope.work.untranslated_value(
            value.place,
            value.scalar().unwrap_or_default(),
            "it makes no expression of ours",
        ),
    }
}

/// The expression of a text that is one whole hole.
fn hole_of(value: &Out) -> Option<String> {
    let Out::Text(text) = value else { return None };
    let inner = text.strip_prefix("{{ ")?.strip_suffix(" }}")?;
    (!inner.contains("{{")).then(|| inner.to_owned())
}

pub(super) fn map(id: &str, fields: &mut Fields<'_, '_>, file: &File, scope: &Scope<'_>) -> Made {
    let work = scope.work;
    let mut made = Made::new(Step::new(id));
    let Some(mut fields) =
        fields.require("map").and_then(|node| Fields::of(node, &MAP, &work.notes))
    else {
        made.main.body.put("map", Map::default());
        return made;
    };
    let mut body = Map::default();
    match fields.require("iterable_input") {
        Some(node) if is_field(node) => {
            scope.at.set(node.place);
            body.put("over", scope.field(field_of(node.text().unwrap_or_default())));
        }
        Some(node) => {
            scope.at.set(node.place);
            body.put("over", Values { work, names: scope, blocks: true }.expr(node));
        }
        None => body.put("over", format!("untranslated_line_{}", fields.place.line)),
    }
    // Theirs goes item by item.
    body.put("max_concurrent", Out::Bare("1".to_owned()));
    if let Some(node) = fields.take("init") {
        let mut set = Map::default();
        let step = scope.helper(&format!("{id}_init"));
        let mut written: Vec<(&str, String)> = Vec::new();
        for (how, field, value) in operations(node, scope) {
            let name = identifier(field);
            if set.has(&name) {
                drop(work.untranslated(value.place, field, "it is written a second time"));
                continue;
            }
            let before = scope.known_field(field).map(|expr| Out::hole(&expr).into());
            set.put(name.clone(), changed(how, value, before, scope));
            written.push((field, format!("{step}.{name}")));
        }
        for (field, expr) in written {
            scope.set_context(field, &expr);
        }
        made.before.push(Step::of(&step, "set", set));
    }
    if let Some(node) = fields.require("body") {
        let inner = scope.inner(Some("item".to_owned())).with_item();
        let (steps, output) = block::steps(node, file, &inner);
        body.0.extend(crate::out::step::block(steps, Some(Out::hole(&output).into())).0);
    }
    made.main.body.put("map", body);
    if let Some(mut finalize) =
        fields.take("finalize").and_then(|node| Fields::of(node, &FINALIZE, &work.notes))
    {
        let step = scope.helper(&format!("{id}_final"));
        let inner = scope.inner(Some(id.to_owned()));
        let values = Values { work, names: &inner, blocks: true };
        let mut set = Map::default();
        let template = finalize.take("output_template");
        if let Some(node) = template {
            inner.at.set(node.place);
            set.put("value", values.value(node));
        } else if let Some(node) = finalize.take("output") {
            if !matches!(node.kind, NodeKind::Map(_)) {
                wrong_shape(node, "`output` as a map", &work.notes);
            }
            for entry in node.entries() {
                inner.at.set(entry.value.place);
                set.put(identifier(&entry.key.text), values.value(&entry.value));
            }
        }
        made.output = if template.is_some() { format!("{step}.value") } else { step.clone() };
        made.after.push(Step::of(&step, "set", set));
    }
    made
}

/// A bare name, `items` or `context.items`, means a field of the context.
fn is_field(node: &Node) -> bool {
    node.text().is_some_and(|text| {
        let text = text.strip_prefix("context.").unwrap_or(text);
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}
