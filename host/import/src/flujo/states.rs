//! State machines: a loop over a `switch`, whose state says where it is.

use coldframe_lang::shown::shown;
use indexmap::IndexSet;

use super::agent::File;
use super::block::{self, Made};
use super::branches::{FIXED, has_marks};
use super::dictionary::{STATE, TRANSITION};
use super::kinds::quoted;
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::Values;
use crate::yaml::node::{Node, NodeKind};

/// Moves where their file has no bound.
const MAX_GUESSED: &str = "100";

pub(super) fn translate(
    id: &str,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let inner = scope.inner(Some("loop.state.previous".to_owned()));
    let act = inner.helper(&format!("{id}_state"));
    let ends: IndexSet<&str> = match fields.take("end_states") {
        Some(node) => match &node.kind {
            NodeKind::List(items) => items.iter().filter_map(Node::scalar).collect(),
            _ => node.scalar().into_iter().collect(),
        },
        None => IndexSet::new(),
    };
    let mut cases = Vec::new();
    let mut last_cases = Vec::new();
    let states = fields.require("states");
    if let Some(node) = states.filter(|node| !matches!(node.kind, NodeKind::Map(_))) {
        wrong_shape(node, "states as a map", &work.notes);
    }
    let names: IndexSet<&str> =
        states.map(Node::entries).unwrap_or_default().iter().map(|e| e.key.text.as_str()).collect();
    for entry in states.map(Node::entries).unwrap_or_default() {
        let Some(mut state) = Fields::of(&entry.value, &STATE, &work.notes) else { continue };
        // Nothing happens in a state without steps.
        let Some(steps) = state
            .take("steps")
            .filter(|node| !matches!(&node.kind, NodeKind::List(items) if items.is_empty()))
        else {
            continue;
        };
        if has_marks(&entry.key.text) {
            drop(work.untranslated(entry.key.place, &entry.key.text, FIXED));
            continue;
        }
        let is_end = ends.contains(entry.key.text.as_str());
        let case = Map::default().with("is", entry.key.text.as_str());
        let (around, previous, cases) = if is_end {
            (scope, format!("{id}.state.previous"), &mut last_cases)
        } else {
            (&inner, "loop.state.previous".to_owned(), &mut cases)
        };
        let found = block::block(steps, file, around, &previous);
        cases.push(Piece::from(Map(case.0.into_iter().chain(found.0).collect())));
    }
    let start = fields.take_text("start_state");
    if start.is_none() {
        let message = "`start_state` is missing in a state machine";
        work.notes.error(
            codes::MISSING_KEY,
            fields.place,
            message,
            "complete their file, and import it again",
        );
    }
    let (start, start_place) = start.unwrap_or(("untranslated", fields.place));
    if !names.contains(start) {
        let help = work.notes.suggest(start, "the states are", names.iter().copied());
        work.notes.error(
            codes::UNKNOWN_NAME,
            start_place,
            format!("there is no state `{}`", shown(start)),
            help,
        );
    }
    let next = transitions(fields, &act, &inner);
    let state = Map::default()
        .with("current", crate::expr::template::escape(start))
        .with("previous", Out::hole(&scope.previous()));
    let mut switch = Map::default();
    if !cases.is_empty() {
        switch = switch.with("on", "loop.state.current").with("cases", Out::List(cases));
    }
    let mut step = Step::of(&act, "switch", switch);
    step.on_error = Some("continue");
    let next = Map::default()
        .with("current", next)
        .with("previous", Out::hole(&format!("{act} | default(loop.state.previous)")));
    let list: Vec<String> = ends.iter().map(|end| format!("'{}'", quoted(end))).collect();
    let mut body = Map::default()
        .with("state", state)
        .with("while", format!("loop.state.current not in [{}]", list.join(", ")))
        .with("max", Out::Bare(MAX_GUESSED.to_owned()));
    body.0.extend(
        crate::out::step::block(
            vec![step],
            Some(Out::hole(&format!("{act} | default(none)")).into()),
        )
        .0,
    );
    body.put("next", next);
    let message =
        format!("the state machine may move {MAX_GUESSED} times, since a loop has to have a bound");
    work.notes.warning(codes::GUESS, fields.place, message, "set `max` to what it needs at most");
    let mut made = Made::new(Step::of(id, "loop", body));
    made.output = format!("{id}.state.previous");
    if !last_cases.is_empty() {
        let end = scope.helper(&format!("{id}_end"));
        let switch = Map::default()
            .with("on", format!("{id}.state.current"))
            .with("cases", Out::List(last_cases));
        made.after.push(Step::of(&end, "switch", switch));
        made.output = format!("({end} | default(none))");
    }
    made
}

/// The state behind each state, as one choice: the first transition that applies counts.
fn transitions(fields: &mut Fields<'_, '_>, act: &str, scope: &Scope<'_>) -> Piece {
    let work = scope.work;
    let mut comments = Vec::new();
    let mut expr = String::new();
    let node = fields.require("transitions");
    let items: &[Node] = match node.map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        Some(_) => {
            if let Some(node) = node {
                wrong_shape(node, "a list of transitions", &work.notes);
            }
            &[]
        }
        None => &[],
    };
    let place = node.map_or(fields.place, |node| node.place);
    for item in items {
        let Some(mut fields) = Fields::of(item, &TRANSITION, &work.notes) else { continue };
        let from = fields.take_text("from");
        // `on` without quotes is a boolean to readers of YAML 1.1; keys are texts here.
        let on = fields.take_text("on").or_else(|| fields.take_text("true"));
        let to = fields.take_text("to");
        let when = fields.take("when");
        let (Some((from, _)), Some((to, _))) = (from, to) else {
            let message = "a transition needs `from` and `to`";
            work.notes.error(
                codes::MISSING_KEY,
                item.place,
                message,
                "complete their file, and import it again",
            );
            continue;
        };
        let mut conditions = Vec::new();
        if from != "*" {
            conditions.push(format!("loop.state.current == '{}'", quoted(from)));
        }
        match on {
            Some(("success", _)) => conditions.push(format!("{act} is defined")),
            Some(("failure", _)) => conditions.push(format!("{act} is undefined")),
            None => {}
            Some((other, place)) => {
                let why =
                    "a state succeeds or fails here; waiting for a person is a part of a step";
                comments
                    .push(work.untranslated(place, &format!("{from} -> {to} on {other}"), why).1);
                continue;
            }
        }
        if let Some(when) = when {
            scope.at.set(when.place);
            let found = Values { work, names: scope, blocks: true }.expr(when);
            comments.extend(found.comments);
            if let Out::Text(text) = found.value {
                conditions.push(format!("({text})"));
            }
        }
        let condition =
            if conditions.is_empty() { "true".to_owned() } else { conditions.join(" and ") };
        expr.push_str(&format!("'{}' if {condition} else ", quoted(to)));
        if expr.len() > coldframe_lang::expr::EXPR_BYTES_MAX {
            break;
        }
    }
    expr.push_str("loop.state.current");
    let piece: Piece = match coldframe_lang::expr::scan::scan(&expr) {
        Ok(_) => Out::hole(&expr).into(),
        Err(_) => work.untranslated_value(
            place,
            "transitions",
            "they come to an expression that is too large",
        ),
    };
    piece.comments(comments)
}
