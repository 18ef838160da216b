//! Nodes that compute: expressions, the outputs of others put together, plain data.

use coldframe_lang::shown::shown;

use super::calls::code;
use super::dictionary::{DATA, EXPRESSION};
use super::environment;
use super::inputs::Inputs;
use super::kinds::{bracketed, is_record, values, with_mapping};
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::field;
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out};
use crate::yaml::node::{Node, NodeKind};

pub(super) fn expression(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = scope.work;
    spec.and(&EXPRESSION);
    let Some(node) = spec.take("expressions") else {
        return merge(id, spec, inputs, scope);
    };
    if !matches!(node.kind, NodeKind::Map(_)) {
        wrong_shape(node, "`expressions` as a map", &work.notes);
    }
    // Inputs have names of their own here, and so have the values before.
    let inner = with_mapping(inputs, scope);
    let fields: Option<Vec<&str>> = spec.take("output_fields").map(|node| match &node.kind {
        NodeKind::List(items) => items.iter().filter_map(Node::text).collect(),
        _ => node.text().into_iter().collect(),
    });
    let mut set = Map::default();
    for entry in node.entries() {
        inner.at.set(entry.value.place);
        let piece = match entry.value.scalar().filter(|_| entry.value.tag.is_none()) {
            Some(text) => {
                let bare = environment::replaced(text, false, entry.value.place, work);
                match crate::expr::translate(bare.trim(), &inner) {
                    Ok(expr) => {
                        inner.local(&entry.key.text, &bracketed(&expr));
                        Out::hole(&expr).into()
                    }
                    Err(why) => work.untranslated_value(entry.value.place, text, &why),
                }
            }
            None => values(&inner).value(&entry.value),
        };
        if fields.as_ref().is_some_and(|fields| !fields.contains(&entry.key.text.as_str())) {
            // Written out where others use it.
            continue;
        }
        let name = field(&entry.key.text);
        if name != entry.key.text || set.has(&name) {
            let message = format!("the value `{}` is called `{name}` here", shown(&entry.key.text));
            work.notes.warning(
                codes::RENAMED,
                entry.key.place,
                message,
                "expressions use the new name",
            );
        }
        if !set.has(&name) {
            set.put(name, piece);
        }
    }
    vec![Step::of(id, "set", set)]
}

/// The outputs of several nodes put together.
pub(super) fn merge(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = scope.work;
    let (strategy, place) = spec.take_text("merge_strategy").unwrap_or(("dict", spec.place));
    let field = spec
        .take_text("extract_field")
        .map(|(field, _)| format!("['{}']", field.replace(['\\', '\''], "")));
    let field = field.unwrap_or_default();
    let whole = inputs.whole(scope);
    let mut parts: Vec<(String, String)> = Vec::new();
    match &whole {
        Out::Map(map) => {
            for (name, piece) in &map.0 {
                if let Out::Text(text) = &piece.value {
                    parts.push((
                        name.clone(),
                        text.trim_start_matches("{{ ").trim_end_matches(" }}").to_owned(),
                    ));
                }
            }
        }
        Out::Text(text) => {
            let expr = text.trim_start_matches("{{ ").trim_end_matches(" }}").to_owned();
            parts.push((expr.split('.').next().unwrap_or_default().to_owned(), expr));
        }
        _ => {}
    }
    let exprs: Vec<String> = parts.iter().map(|(_, expr)| format!("{expr}{field}")).collect();
    let value = match strategy {
        "dict" => {
            let map: Vec<String> = parts
                .iter()
                .zip(&exprs)
                .map(|((name, _), expr)| format!("'{name}': {expr}"))
                .collect();
            Some(format!("{{{}}}", map.join(", ")))
        }
        "list" => Some(format!("[{}]", exprs.join(", "))),
        "first" => exprs.first().cloned(),
        "last" => exprs.last().cloned(),
        _ => None,
    };
    if let Some(expr) = value.filter(|expr| coldframe_lang::expr::scan::scan(expr).is_ok()) {
        return vec![Step::of(id, "set", Map::default().with("value", Out::hole(&expr)))];
    }
    if strategy == "reduce"
        && let Some(node) = spec.take("reducer")
    {
        let helper = scope.helper(&format!("{id}_reduced"));
        let with = Map::default()
            .with("values", Out::List(exprs.iter().map(|expr| Out::hole(expr).into()).collect()));
        if let Some(uses) = code(id, node, &with, scope) {
            let set = Step::of(id, "set", Map::default().with("value", Out::hole(&helper)));
            return vec![Step::uses(&helper, &uses, with), set];
        }
    }
    let value =
        work.untranslated_value(place, strategy, "nothing says what is put together, or how");
    vec![Step::of(id, "set", Map::default().with("value", value))]
}

pub(super) fn data(id: &str, spec: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Step {
    spec.and(&DATA);
    let Some(node) = spec.take("output") else {
        return Step::of(id, "set", Map::default().with("value", Out::Null));
    };
    scope.at.set(node.place);
    let value = values(scope).value(node);
    match value.value {
        Out::Map(_) if is_record(Some(node)) => Step::of(id, "set", value),
        _ => Step::of(id, "set", Map::default().with("value", value)),
    }
}
