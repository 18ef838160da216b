//! `steps`: the list, and what each of them says of itself.

use super::fields::{Fields, check_name, join, named_values, text, wrong_shape};
use super::{Body, StepDecl, rights};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::expr;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// Names that mean something else in expressions, now or later.
pub(crate) const RESERVED: &[&str] =
    &["inputs", "run", "result", "item", "index", "loop", "branches", "env", "secrets", "steps"];

/// Keys of a step that the language will have.
const LATER: &[&str] = &[
    "map", "loop", "switch", "parallel", "pipeline", "jit", "approve", "wait", "retry", "timeout",
    "fallback", "on_error", "cache", "policies", "tests",
];

/// The kinds of steps that the language will have, told apart by the key that names them.
const KINDS_LATER: &[&str] =
    &["map", "loop", "switch", "parallel", "pipeline", "jit", "approve", "wait"];

/// The steps, as far as they are ones.
pub(super) fn read<'n>(top: &mut Fields<'n>, report: &mut Report) -> Vec<StepDecl<'n>> {
    let Some(node) = top.require("steps", "list at least one step under `steps:`", report) else {
        return Vec::new();
    };
    let NodeKind::List(items) = &node.kind else {
        report.push(
            wrong_shape(node, "a list of steps", "steps").help("begin each step with `- id: …`"),
        );
        return Vec::new();
    };
    if items.is_empty() {
        report.push(
            Diagnostic::new(
                &codes::WRONG_SHAPE,
                node.span,
                "`steps` is empty, expected at least one step",
            )
            .help("begin each step with `- id: …`")
            .at("steps"),
        );
    }
    let steps = items.iter().enumerate();
    steps.filter_map(|(index, item)| step(item, format!("steps[{index}]"), report)).collect()
}

fn step<'n>(node: &'n Node, path: String, report: &mut Report) -> Option<StepDecl<'n>> {
    let mut fields = Fields::of(node, &path, report)?;
    let span = fields.span;
    let id = id(&mut fields, &path, report);
    let name = fields.take_text("name", report).map(|name| name.text.clone());
    let body = body(&mut fields, node, &path, report);
    let found = StepDecl {
        span: id.map_or(span, |id| id.span),
        id,
        name,
        body,
        needs: needs(fields.take("needs"), &join(&path, "needs"), report),
        when: when(fields.take("when"), &join(&path, "when"), report),
        limits: rights::limits(fields.take("limits"), &join(&path, "limits"), report),
        caps: rights::caps(fields.take("caps"), &join(&path, "caps"), report),
        path,
    };
    fields.done("a step", LATER, report);
    Some(found)
}

fn id<'n>(fields: &mut Fields<'n>, path: &str, report: &mut Report) -> Option<&'n Text> {
    let node = fields.require(
        "id",
        "give the step a name that expressions can use: `id: words`",
        report,
    )?;
    let path = join(path, "id");
    let id = text(node, &path, report)?;
    if RESERVED.contains(&id.text.as_str()) || expr::KEYWORDS.contains(&id.text.as_str()) {
        report.push(
            Diagnostic::new(
                &codes::RESERVED_NAME,
                id.span,
                format!(
                    "`{}` means something else in expressions, so no step can be called that",
                    id.text
                ),
            )
            .help(format!("for example `{}_step`", id.text))
            .at(&path),
        );
    } else {
        check_name(id, &path, report);
    }
    Some(id)
}

/// `uses` with its `with`, or `set`; exactly one of them.
fn body<'n>(fields: &mut Fields<'n>, node: &'n Node, path: &str, report: &mut Report) -> Body<'n> {
    let uses = fields.take_entry("uses");
    let with = fields.take_entry("with");
    let set = fields.take_entry("set");
    match (uses, set) {
        (Some(uses), None) => {
            let Some(reference) = text(&uses.value, &join(path, "uses"), report) else {
                return Body::Broken;
            };
            match arguments(with, &join(path, "with"), report) {
                Some(with) => Body::Uses { reference, with },
                None => Body::Broken,
            }
        }
        (None, Some(set)) => {
            if let Some(with) = with {
                report.push(
                    Diagnostic::new(
                        &codes::STEP_KIND,
                        with.key.span,
                        "`with` belongs to `uses`, and this step has `set`",
                    )
                    .help("move its values into `set`")
                    .at(&join(path, "with")),
                );
            }
            Body::Set(named_values(Some(&set.value), &join(path, "set"), report))
        }
        (Some(uses), Some(set)) => {
            report.push(
                Diagnostic::new(
                    &codes::STEP_KIND,
                    set.key.span,
                    "a step has either `uses` or `set`, and this one has both",
                )
                .label(uses.key.span, "the other one")
                .help("make two steps of it")
                .at(path),
            );
            Body::Broken
        }
        (None, None) => {
            // A kind of a later version is reported as that, among the left-over keys.
            if !KINDS_LATER.iter().any(|kind| node.get(kind).is_some()) {
                report.push(
                    Diagnostic::new(
                        &codes::STEP_KIND,
                        fields.span,
                        "the step does nothing, expected `uses` or `set`",
                    )
                    .help("call a skill: `uses: std/text#stats`, or compute values: `set: { … }`")
                    .at(path),
                );
            }
            Body::Broken
        }
    }
}

/// The arguments. Their names are looked at when the operation is known.
fn arguments<'n>(
    with: Option<&'n Entry>,
    path: &str,
    report: &mut Report,
) -> Option<Vec<(&'n Text, &'n Node)>> {
    let Some(with) = with else { return Some(Vec::new()) };
    let NodeKind::Map(entries) = &with.value.kind else {
        let problem = wrong_shape(&with.value, "a map of arguments", path);
        report.push(problem.help("write `with: { name: value }`"));
        return None;
    };
    Some(entries.iter().map(|entry| (&entry.key, &entry.value)).collect())
}

fn needs<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> Vec<&'n Text> {
    match node.map(|node| (&node.kind, node)) {
        None => Vec::new(),
        Some((NodeKind::String(text), _)) => vec![text],
        Some((NodeKind::List(items), _)) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| text(item, &format!("{path}[{index}]"), report))
            .collect(),
        Some((_, node)) => {
            report.push(wrong_shape(node, "the id of a step or a list of them", path));
            Vec::new()
        }
    }
}

/// The condition. `true` and `false` are conditions too, and YAML has its own idea of them.
fn when<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> Option<&'n Text> {
    let node = node?;
    if let NodeKind::String(text) = &node.kind {
        return Some(text);
    }
    let mut problem = wrong_shape(node, "an expression", path);
    problem = match &node.kind {
        NodeKind::Bool(value) => {
            problem.help(format!("quote it: `when: \"{value}\"`, or leave `when` away"))
        }
        _ => problem.help("for example `when: \"words.count > 3\"`"),
    };
    report.push(problem);
    None
}
