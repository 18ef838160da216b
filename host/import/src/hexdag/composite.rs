//! Composite nodes: repetitions and choices.

use coldframe_lang::shown::shown;

use super::calls::code;
use super::dictionary::{BRANCH, COMPOSITE};
use super::documents::File;
use super::environment;
use super::inputs::{self as given, Inputs};
use super::kinds::bracketed;
use super::nodes;
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::{field, identifier};
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::{REPEATS_MAX, SIDE_BY_SIDE_MAX, Values, count, literal};
use crate::yaml::node::{Node, NodeKind};

/// Iterations where their file says nothing.
const MAX_GUESSED: &str = "100";

/// The expression that reads what a composite node comes to.
pub(super) fn output(spec: Option<&Node>, id: &str) -> String {
    let get = |key: &str| spec.and_then(|spec| spec.get(key)).and_then(Node::text);
    match (get("mode"), get("collect")) {
        (Some("for-each" | "times"), Some("last")) => format!("({id} | last)"),
        (Some("for-each" | "times"), Some("first")) => format!("({id} | first)"),
        (Some("for-each" | "times"), Some("reduce")) => format!("{id}_reduced"),
        _ => id.to_owned(),
    }
}

pub(super) fn translate(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = scope.work;
    spec.and(&COMPOSITE);
    // Conditions and bodies read mapped inputs by name.
    let outer = scope.inner();
    let values = Values { work, names: scope, blocks: false };
    for entry in inputs.mapping.map(Node::entries).unwrap_or_default() {
        scope.at.set(entry.value.place);
        let piece = given::mapped(&entry.value, &values);
        match piece.value {
            Out::Text(text)
                if text.starts_with("{{ ")
                    && !text.get(2..).is_some_and(|rest| rest.contains("{{")) =>
            {
                outer.local(
                    &entry.key.text,
                    &bracketed(text.trim_start_matches("{{ ").trim_end_matches(" }}")),
                );
            }
            _ => drop(work.untranslated(
                entry.value.place,
                &entry.key.text,
                "a body reads what its expressions name, and this is none",
            )),
        }
    }
    let mode = spec.take_text("mode");
    match mode.map_or("", |(mode, _)| mode) {
        "while" => vec![while_(id, spec, file, &outer)],
        "for-each" | "times" => {
            for_each(id, spec, mode.is_some_and(|(mode, _)| mode == "times"), file, &outer, scope)
        }
        "if-else" => vec![if_else(id, spec, file, &outer)],
        "switch" => vec![switch(id, spec, &outer)],
        other => {
            let place = mode.map_or(spec.place, |(_, place)| place);
            let help = work.notes.suggest(
                other,
                "the modes are",
                ["while", "for-each", "times", "if-else", "switch"],
            );
            work.notes.error(
                codes::UNKNOWN_KIND,
                place,
                format!("there is no mode `{}`", shown(other)),
                help,
            );
            vec![Step::of(
                id,
                "set",
                Map::default()
                    .with("value", Out::hole(&format!("untranslated_line_{}", place.line))),
            )]
        }
    }
}

/// The body as a block. Nodes, the path of a function, code, or another file.
fn body(id: &str, key: &str, spec: &mut Fields<'_, '_>, file: &File, inner: &Scope<'_>) -> Map {
    let work = inner.work;
    let place = spec.place;
    let node = spec.take(key);
    let pipeline = if key == "body" { spec.take_text("body_pipeline") } else { None };
    if let Some((path, place)) = pipeline {
        let message = format!("`{}` has to be imported too", shown(path));
        work.notes.warning(
            codes::OTHER_FILE,
            place,
            message,
            "import it to the same path, and hand in under `with` what it declares as inputs",
        );
        let path = work.path(path, place);
        let path = if path.starts_with(['.', '/']) { path } else { format!("./{path}") };
        let step = Step::of(&inner.helper(&format!("{id}_body")), "pipeline", path);
        let output = Out::hole(&step.id);
        return crate::out::step::block(vec![step], Some(output.into()));
    }
    if let Some(node) = node.filter(|node| node.text().is_some()) {
        let step = inner.helper(&format!("{id}_body"));
        let mut with = Map::default();
        for name in ["item", "state"] {
            if let Ok((expr, _)) = crate::expr::Names::resolve(inner, name, &[]) {
                with.put(name, Out::hole(&expr));
            }
        }
        if let Some(uses) = code(&step, node, &with, inner) {
            let output = Out::hole(&step);
            return crate::out::step::block(
                vec![Step::uses(&step, &uses, with)],
                Some(output.into()),
            );
        }
    }
    let (steps, outputs) = nodes::block(node, place, file, inner);
    let last = outputs.0.last().map(|(_, piece)| piece.clone());
    crate::out::step::block(steps, last)
}

/// A condition without braces.
fn condition(spec: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Piece {
    match spec.take("condition") {
        Some(node) => {
            scope.at.set(node.place);
            Values { work: scope.work, names: scope, blocks: false }.expr(node)
        }
        None => {
            let message = "`condition` is missing in a composite node";
            scope.work.notes.error(
                codes::MISSING_KEY,
                spec.place,
                message,
                "complete their file, and import it again",
            );
            format!("untranslated_line_{}", spec.place.line).into()
        }
    }
}

fn while_(id: &str, spec: &mut Fields<'_, '_>, file: &File, outer: &Scope<'_>) -> Step {
    let work = outer.work;
    let inner = outer.inner().with_state();
    let mut state = Map::default();
    for entry in spec.take("initial_state").map(Node::entries).unwrap_or_default() {
        outer.at.set(entry.value.place);
        let value = match entry.value.text() {
            Some(text) if text.contains("{{") => {
                Values { work, names: outer, blocks: false }.value(&entry.value)
            }
            // A text may be an expression or a text: one that names something is an expression.
            Some(text) if text.starts_with("$input") || text.contains('.') => {
                given::mapped(&entry.value, &Values { work, names: outer, blocks: false })
            }
            _ => literal(&entry.value, work),
        };
        let name = field(&entry.key.text);
        if !state.has(&name) {
            state.put(name, value);
        }
    }
    let condition = condition(spec, &inner);
    let block = body(id, "body", spec, file, &inner);
    let mut next = Map::default();
    let updates = spec.take("state_update");
    let updated = updates.map(Node::entries).unwrap_or_default();
    let values = Values { work, names: &inner, blocks: false };
    for (name, _) in &state.0 {
        match updated.iter().find(|entry| field(&entry.key.text) == *name) {
            Some(entry) => {
                inner.at.set(entry.value.place);
                next.put(name.clone(), given::mapped(&entry.value, &values));
            }
            None => next.put(name.clone(), Out::hole(&format!("loop.state.{name}"))),
        }
    }
    for entry in updated {
        let name = field(&entry.key.text);
        if state.has(&name) {
            continue;
        }
        let message =
            format!("`{}` is in `state_update` and not in `initial_state`", shown(&entry.key.text));
        work.notes.error(codes::MISSING_KEY, entry.key.place, message, "give it a first value");
        inner.at.set(entry.value.place);
        next.put(name.clone(), given::mapped(&entry.value, &values));
        state.put(name, Out::Null);
    }
    let mut looped = Map::default();
    if !state.is_empty() {
        looped.put("state", state);
    }
    looped.put("while", condition);
    looped.put("max", Out::Bare(bound(spec, "max_iterations", outer)));
    looped.0.extend(block.0);
    if !next.is_empty() {
        looped.put("next", next);
    }
    looped.put("on_max", "stop");
    let message =
        format!("what `{id}` comes to has the fields `state`, `count`, `ended_by` and `last` here");
    work.notes.info(codes::DIFFERS, spec.place, message, "");
    Step::of(id, "loop", looped)
}

fn bound(spec: &mut Fields<'_, '_>, key: &str, scope: &Scope<'_>) -> String {
    let work = scope.work;
    let found =
        spec.take_text(key).map(|(text, place)| (environment::constant(text, place, work), place));
    match found.as_ref().and_then(|(text, _)| count(text, REPEATS_MAX)) {
        Some(max) => max.to_string(),
        None => {
            let place = found.map_or(spec.place, |(_, place)| place);
            let message = format!(
                "the repetition has no bound from 1 to {REPEATS_MAX}, and got {MAX_GUESSED}"
            );
            work.notes.warning(codes::GUESS, place, message, "set `max` to what it needs at most");
            MAX_GUESSED.to_owned()
        }
    }
}

fn for_each(
    id: &str,
    spec: &mut Fields<'_, '_>,
    times: bool,
    file: &File,
    outer: &Scope<'_>,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = outer.work;
    let inner = outer.inner();
    let mut map = Map::default();
    let over = if times { spec.require("count") } else { spec.require("items") };
    let over = match over {
        Some(node) => {
            outer.at.set(node.place);
            Values { work, names: outer, blocks: false }.expr(node)
        }
        None => format!("untranslated_line_{}", spec.place.line).into(),
    };
    let over = match over {
        Piece { comments, value: Out::Text(text) } if times => {
            Piece::from(format!("range({text})")).comments(comments)
        }
        other => other,
    };
    map.put("over", over);
    let theirs = spec.take_text("item_var").map_or("item", |(name, _)| name);
    let item = match identifier(theirs) {
        name if name == theirs && theirs != "item" => {
            // Known to the names of the body, so that no step is called that.
            inner.helper(&name)
        }
        _ => "item".to_owned(),
    };
    if item != "item" {
        map.put("as", item.as_str());
    }
    inner.local(theirs, &item);
    inner.local("item", &item);
    let index = spec.take_text("index_var").map_or("index", |(name, _)| name);
    inner.local(index, "index");
    if !times && spec.has("max_iterations") {
        map.put("max", Out::Bare(bound(spec, "max_iterations", outer)));
    }
    let concurrency = spec.take_text("concurrency").and_then(|(text, place)| {
        let text = environment::constant(text, place, work);
        let found = count(&text, SIDE_BY_SIDE_MAX);
        if found.is_none() {
            work.untranslated(place, &text, "it is not a number of items from 1 to 1024");
        }
        found
    });
    map.put("max_concurrent", Out::Bare(concurrency.unwrap_or(1).to_string()));
    match spec.take_text("error_handling") {
        None | Some(("fail_fast", _)) => {}
        Some(("continue", _)) => map.put("on_error", "skip"),
        Some(("collect", place)) => {
            map.put("on_error", "collect");
            let message = "every result is `{ok: …}` or `{error: {kind, message}}` here";
            work.notes.info(codes::DIFFERS, place, message, "read `.ok` of those that are used");
        }
        Some((other, place)) => {
            drop(work.untranslated(place, other, "expected `fail_fast`, `continue` or `collect`"));
        }
    }
    let block = body(id, "body", spec, file, &inner);
    map.0.extend(block.0);
    let mut steps = vec![Step::of(id, "map", map)];
    match spec.take_text("collect") {
        None | Some(("list" | "last" | "first", _)) => {}
        Some(("reduce", place)) => {
            let helper = format!("{id}_reduced");
            let with = Map::default().with("values", Out::hole(id));
            let uses = spec.take("reducer").and_then(|node| code(&helper, node, &with, scope));
            let step = match uses {
                Some(uses) => Step::uses(&helper, &uses, with),
                None => {
                    let value = work.untranslated_value(place, "reduce", "nothing says how");
                    Step::of(&helper, "set", Map::default().with("value", value))
                }
            };
            steps.push(step);
        }
        Some(("dict", place)) => {
            let key = spec.take_text("key_field").map_or("", |(key, _)| key);
            let original = format!("collect: dict by {key}");
            let (_, comment) = work.untranslated(
                place,
                &original,
                "results come as a list; a map over an object keeps its keys",
            );
            if let Some(step) = steps.first_mut() {
                step.comments.push(comment);
            }
        }
        Some((other, place)) => {
            drop(work.untranslated(place, other, "no way of collecting has this name"));
        }
    }
    steps
}

fn if_else(id: &str, spec: &mut Fields<'_, '_>, file: &File, outer: &Scope<'_>) -> Step {
    let case = Map::default().with("when", condition(spec, outer));
    let then = body(id, "body", spec, file, &outer.inner());
    let case = Map(case.0.into_iter().chain(then.0).collect());
    let mut switch = Map::default().with("cases", Out::List(vec![case.into()]));
    if spec.has("else_body") {
        switch.put("default", body(id, "else_body", spec, file, &outer.inner()));
    }
    Step::of(id, "switch", switch)
}

/// A switch of theirs only says which way to go.
fn switch(id: &str, spec: &mut Fields<'_, '_>, outer: &Scope<'_>) -> Step {
    let work = outer.work;
    let mut comments = Vec::new();
    let mut expr = String::new();
    let node = spec.require("branches");
    let branches = match node.map(|node| (&node.kind, node)) {
        Some((NodeKind::List(items), _)) => items.as_slice(),
        Some((_, node)) => {
            wrong_shape(node, "a list of branches", &work.notes);
            &[]
        }
        None => &[],
    };
    for item in branches {
        let Some(mut branch) = Fields::of(item, &BRANCH, &work.notes) else { continue };
        let condition = condition(&mut branch, outer);
        let action = branch.take_text("action").map_or("", |(action, _)| action);
        comments.extend(condition.comments);
        if let Out::Text(condition) = condition.value {
            expr.push_str(&format!("'{}' if ({condition}) else ", quoted(action)));
        }
        if expr.len() > coldframe_lang::expr::EXPR_BYTES_MAX {
            break;
        }
    }
    match spec.take_text("else_action") {
        Some((action, _)) => expr.push_str(&format!("'{}'", quoted(action))),
        None => expr.push_str("none"),
    }
    // Looked at where the nodes were named.
    let routed = spec.take_bool("route_downstream");
    if let Some((false, place)) = routed {
        work.notes.info(codes::DIFFERS, place, format!("others read the way as `{id}.action`"), "");
    }
    let piece = match coldframe_lang::expr::scan::scan(&expr) {
        Ok(_) => Out::hole(&expr).into(),
        Err(_) => work.untranslated_value(
            spec.place,
            "branches",
            "they come to an expression that is too large",
        ),
    };
    Step::of(id, "set", Map::default().with("action", piece.comments(comments)))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n")
}
