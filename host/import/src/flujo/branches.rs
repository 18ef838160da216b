//! Steps that hold several blocks: `parallel` and `conditional`.

use coldframe_lang::shown::shown;

use super::agent::{self, Doer, File};
use super::block::{self, Made};
use super::kinds::quoted;
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::{Taken, identifier};
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::Values;
use crate::yaml::node::{Node, NodeKind};

pub(super) fn parallel(
    id: &str,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let previous = scope.previous();
    let ignore = match fields.take_text("on_branch_failure") {
        Some(("ignore", place)) => {
            let message = "a branch that fails comes to what its last step that worked gave";
            work.notes.warning(
                codes::DIFFERS,
                place,
                message,
                "use `default` where a step uses one that may have failed",
            );
            true
        }
        Some(("propagate", _)) | None => false,
        Some((other, place)) => {
            work.untranslated(place, other, "expected `propagate` or `ignore`");
            false
        }
    };
    let mut taken = Taken::default();
    let mut names = Vec::new();
    let mut branches = Map::default();
    let node = fields.require("branches");
    if let Some(node) = node.filter(|node| !matches!(node.kind, NodeKind::Map(_))) {
        wrong_shape(node, "branches as a map", &work.notes);
    }
    for entry in node.map(Node::entries).unwrap_or_default() {
        let name = taken.unique(&identifier(&entry.key.text), '_', &|_| false);
        if name != entry.key.text {
            let message =
                format!("the branch `{}` is called `{name}` here", shown(&entry.key.text));
            work.notes.info(
                codes::RENAMED,
                entry.key.place,
                message,
                "expressions use the new name",
            );
        }
        let mut inner = scope.inner(Some(previous.clone()));
        inner.tolerant = ignore;
        let (steps, output) = block::steps(&entry.value, file, &inner);
        branches.put(name.clone(), crate::out::step::block(steps, Some(Out::hole(&output).into())));
        names.push(name);
    }
    if let Some((strategy, place)) = fields.take_text("merge_strategy") {
        let help =
            format!("read them as `{id}.branch`, or say under `output` how they are put together");
        match strategy {
            "no_merge" => {}
            "overwrite" | "context_update" | "error_on_conflict" | "keep_first" => {
                let message = format!(
                    "`{strategy}` has no counterpart: the branches' results stand beside each other under their names"
                );
                work.notes.warning(codes::DIFFERS, place, message, help);
            }
            other => drop(work.untranslated(place, other, "no way of merging has this name")),
        }
    }
    let mut body = Map::default().with("branches", branches);
    let reduce = fields.take("reduce").map(|node| reduced(id, node, &names, file, scope));
    let mut made = Made::new(Step::new(id));
    match reduce {
        None => {}
        Some(Reduced::Output(output)) => body.put("output", output),
        Some(Reduced::Vote) => {
            body.0.shift_insert(
                0,
                "join".to_owned(),
                Map::default().with("vote", Map::default().with("tie", "first")).into(),
            );
            made.output = format!("{id}.value");
        }
        Some(Reduced::Step(step)) => {
            made.output.clone_from(&step.id);
            made.after.push(*step);
        }
    }
    made.main.body.put("parallel", body);
    made
}

/// What becomes of several results.
enum Reduced {
    Output(Piece),
    Vote,
    Step(Box<Step>),
}

fn reduced(id: &str, node: &Node, names: &[String], file: &File, scope: &Scope<'_>) -> Reduced {
    let work = scope.work;
    let code = node.get("callable").and_then(Node::text);
    let mode = node.text().or_else(|| node.get("mode").and_then(Node::text)).unwrap_or_default();
    for entry in node.entries() {
        if !matches!(entry.key.text.as_str(), "mode" | "callable" | "evaluator") {
            let help = work.notes.suggest(
                &entry.key.text,
                "`reduce` has",
                ["mode", "callable", "evaluator"],
            );
            let message =
                format!("`reduce` has no key `{}`, so it is left away", shown(&entry.key.text));
            work.notes.warning(codes::UNKNOWN_KEY, entry.key.place, message, help);
        }
    }
    let branch = |name: Option<&String>| {
        name.map_or_else(|| "none".to_owned(), |name| format!("branches.{name}"))
    };
    let output = |expr: &str| Reduced::Output(Out::hole(expr).into());
    let all: Vec<String> = names.iter().map(|name| format!("branches.{name}")).collect();
    match (mode, code) {
        ("keys", _) => output("branches | list"),
        ("values", _) => output(&format!("[{}]", all.join(", "))),
        ("first", _) => output(&branch(names.first())),
        ("last", _) => output(&branch(names.last())),
        ("concat", _) => output(&chained(&all, " | list")),
        ("union", _) => output(&chained(&all, "")),
        ("majority_vote", _) => Reduced::Vote,
        (path, code) if code.is_some() || path.contains([':', '.']) => {
            call(id, code.unwrap_or(path), node, file, scope)
        }
        ("judge_selection" | "code_consensus", _) => {
            let evaluator = node.get("evaluator").and_then(Node::text);
            call(id, evaluator.unwrap_or(mode), node, file, scope)
        }
        (other, _) => Reduced::Output(work.untranslated_value(
            node.place,
            other,
            "no way of putting results together has this name",
        )),
    }
}

fn chained(all: &[String], end: &str) -> String {
    match all {
        [] => "[]".to_owned(),
        [first] => format!("{first}{end}"),
        [first, rest @ ..] => format!("{first} | chain({}){end}", rest.join(", ")),
    }
}

fn call(id: &str, path: &str, node: &Node, file: &File, scope: &Scope<'_>) -> Reduced {
    let step = scope.helper(&format!("{id}_reduced"));
    let (uses, with) =
        agent::call(&agent::named(path), Some(Out::hole(id).into()), file, scope, node.place);
    Reduced::Step(Box::new(Step::uses(&step, &uses, with)))
}

pub(super) fn conditional(
    id: &str,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let previous = scope.previous();
    let mut made = Made::new(Step::new(id));
    let expression = fields.take("condition_expression");
    let on: Piece = if let Some(node) = expression {
        scope.at.set(node.place);
        Values { work, names: scope, blocks: true }.expr(node)
    } else if let Some((path, place)) = fields.take_text("condition") {
        let choice = scope.helper(&format!("{id}_choice"));
        let doer = Doer::Code { path, params: None };
        let (uses, with) =
            agent::call(&doer, Some(Out::hole(&previous).into()), file, scope, place);
        made.before.push(Step::uses(&choice, &uses, with));
        choice.into()
    } else {
        let message = "`condition` or `condition_expression` is missing in a conditional";
        work.notes.error(
            codes::MISSING_KEY,
            fields.place,
            message,
            "complete their file, and import it again",
        );
        format!("untranslated_line_{}", fields.place.line).into()
    };
    let mut cases = Vec::new();
    let default = fields.take("default_branch");
    // Their manual shows the name of a branch there.
    let default_name = default.and_then(Node::text);
    let mut default_block = None;
    let branches = fields.require("branches");
    if let Some(node) = branches.filter(|node| !matches!(node.kind, NodeKind::Map(_))) {
        wrong_shape(node, "branches as a map", &work.notes);
    }
    for entry in branches.map(Node::entries).unwrap_or_default() {
        let found = block::block(&entry.value, file, scope, &previous);
        if default_name == Some(entry.key.text.as_str()) {
            default_block = Some(found);
            continue;
        }
        if has_marks(&entry.key.text) {
            drop(work.untranslated(entry.key.place, &entry.key.text, FIXED));
            continue;
        }
        let case = Map::default().with("is", key_values(&entry.key.text));
        cases.push(Map(case.0.into_iter().chain(found.0).collect()).into());
    }
    match (default, default_name) {
        (Some(node), Some(name)) if default_block.is_none() => {
            drop(work.untranslated(node.place, name, "no branch has this name"));
        }
        (Some(node), None) => default_block = Some(block::block(node, file, scope, &previous)),
        _ => {}
    }
    if default_block.is_none() {
        // Where no branch applies, nothing comes of it.
        made.output = format!("({id} | default(none))");
    }
    let mut body = Map::default();
    if !cases.is_empty() {
        body = body.with("on", on).with("cases", Out::List(cases));
    }
    body.put_some("default", default_block);
    made.main.body.put("switch", body);
    made
}

/// Why the name of a branch or state has no counterpart.
pub(super) const FIXED: &str = "a fixed value of ours has no `{{`, `{%` or `{#`";

/// Whether a text would be read as one with holes.
pub(super) fn has_marks(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The values that mean a branch: their keys are texts, whatever the condition gives.
fn key_values(key: &str) -> Piece {
    let bare = match key {
        "true" | "True" | "yes" | "on" => Some("true"),
        "false" | "False" | "no" | "off" => Some("false"),
        number if number.parse::<i64>().is_ok_and(|value| value.to_string() == number) => {
            Some(number)
        }
        _ => None,
    };
    match bare {
        Some(bare) => {
            Out::List(vec![Out::Bare(bare.to_owned()).into(), Out::text(key).into()]).into()
        }
        None => Piece::from(quoted(key).replace("\\'", "'")),
    }
}
