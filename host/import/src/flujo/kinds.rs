//! The kinds of steps. Each becomes one step of ours, with helpers before and after it.

use coldframe_lang::shown::shown;

use super::agent::{self, Doer, File};
use super::block::Made;
use super::common::Common;
use super::dictionary::PARALLEL;
use super::scope::Scope;
use super::{block, branches, imports, looped, people, planners, states};
use crate::fields::Fields;
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::Values;
use crate::work::Wanted;
use crate::yaml::node::Node;

const KINDS: &[&str] = &[
    "step",
    "parallel",
    "conditional",
    "loop",
    "map",
    "dynamic_router",
    "hitl",
    "cache",
    "agentic_loop",
    "tree_search",
    "StateMachine",
];

/// Translates a step of a kind.
pub(super) fn translate(
    kind: &str,
    id: &str,
    place: Place,
    fields: &mut Fields<'_, '_>,
    common: &Common<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    if !matches!(kind, "step" | "agentic_loop")
        && let Some(input) = common.input
    {
        let message = format!(
            "`input` has no effect in a step of the kind `{}` and is left away",
            shown(kind)
        );
        scope.work.notes.warning(
            codes::UNSUPPORTED_KEY,
            input.place,
            message,
            "hand it to the steps inside",
        );
    }
    match kind {
        "step" => plain(id, place, common, file, scope),
        "parallel" => {
            fields.and(&PARALLEL);
            branches::parallel(id, fields, file, scope)
        }
        "conditional" => branches::conditional(id, fields, file, scope),
        "loop" => looped::translate(id, fields, file, scope),
        "map" => looped::map(id, fields, file, scope),
        "dynamic_router" => planners::router(id, fields, file, scope),
        "hitl" => people::hitl(id, fields, scope),
        "cache" => cache(id, fields, file, scope),
        "agentic_loop" => planners::agentic(id, place, fields, common, file, scope),
        "tree_search" => planners::tree_search(id, place, fields, file, scope),
        "StateMachine" => states::translate(id, fields, file, scope),
        other => custom(other, id, place, fields, scope),
    }
}

/// The input of a step: what it names, else what came before.
pub(super) fn input(node: Option<&Node>, scope: &Scope<'_>) -> Piece {
    match node {
        Some(node) => {
            scope.at.set(node.place);
            Values { work: scope.work, names: scope, blocks: true }.value(node)
        }
        None => Out::hole(&scope.previous()).into(),
    }
}

fn plain(id: &str, place: Place, common: &Common<'_>, file: &File, scope: &Scope<'_>) -> Made {
    let work = scope.work;
    let input = input(common.input, scope);
    let Some((doer, at)) = &common.doer else {
        // flujo lets the input through, so that a step meant to take something out does nothing. Ours
        // does not compile.
        let message =
            format!("the step `{id}` says neither `agent` nor `uses`, so nothing does its work");
        work.notes.error(
            codes::MISSING_KEY,
            place,
            message,
            "say what does the work, or remove the step",
        );
        return value_step(id, Out::hole(&format!("untranslated_line_{}", place.line)).into());
    };
    match doer {
        Doer::Import(name) => imports::import(id, name, *at, input, common, file, scope),
        Doer::Code { path, .. } if is_builtin(path, "passthrough") => value_step(id, input),
        Doer::Code { path, .. }
            if is_builtin(path, "stringify")
                && matches!(&input.value, Out::Text(text) if text.starts_with("{{ ")) =>
        {
            let Out::Text(text) = &input.value else { return value_step(id, input) };
            let inner = text.trim_start_matches("{{ ").trim_end_matches(" }}");
            value_step(id, Out::hole(&format!("({inner}) | string")).into())
        }
        Doer::Code { path, .. } if is_builtin(path, "ask_user") => {
            people::ask(id, input, "hand the answer in with `coldframe runs signal`", place, scope)
        }
        Doer::Code { path, .. } if is_builtin(path, "check_user_confirmation") => {
            people::approve(id, input, place, scope)
        }
        _ => {
            let (uses, mut with) = agent::call(doer, Some(input), file, scope, *at);
            if !common.settings.is_empty() {
                match with.0.iter_mut().find(|(key, _)| *key == "settings") {
                    Some((_, Piece { value: Out::Map(settings), .. })) => {
                        settings.0.retain(|key, _| !common.settings.has(key));
                        settings.0.extend(common.settings.0.clone());
                    }
                    _ => with.put("settings", common.settings.clone()),
                }
            }
            let mut step = Step::uses(id, &uses, with);
            if let Doer::Agent(name) = doer
                && let Some(agent) = file.agents.get(*name)
            {
                step.timeout.clone_from(&agent.timeout);
                step.retry = agent.retries.filter(|max| *max > 0).map(|max| {
                    Map::default()
                        .with("max", Out::Bare(max.to_string()))
                        .with("on", Out::texts(&["any".to_owned()]))
                });
            }
            Made::new(step)
        }
    }
}

fn is_builtin(path: &str, name: &str) -> bool {
    path == name || path.strip_prefix("flujo.builtins.").is_some_and(|rest| rest == name)
}

/// A step that only holds a value.
pub(super) fn value_step(id: &str, value: Piece) -> Made {
    let mut made = Made::new(Step::of(id, "set", Map::default().with("value", value)));
    made.output = format!("{id}.value");
    made
}

/// A text inside of single quotes.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n")
}

fn cache(id: &str, fields: &mut Fields<'_, '_>, file: &File, scope: &Scope<'_>) -> Made {
    let work = scope.work;
    let place = fields.place;
    let inner = scope.inner(Some(scope.previous()));
    let Some(node) = fields.require("wrapped_step") else {
        return value_step(id, Out::hole(&scope.previous()).into());
    };
    let (mut steps, output) = block::steps(node, file, &inner);
    if let [_] = steps.as_slice()
        && let Some(mut step) = steps.pop()
    {
        // It stands outside now, under the name of the cache.
        let output = output.strip_prefix(step.id.as_str()).unwrap_or_default().to_owned();
        step.id = id.to_owned();
        step.needs.clear();
        step.cache = step.body.has("uses");
        if !step.cache {
            let message = "only calls of skills are cached";
            work.notes.error(
                codes::UNSUPPORTED_KEY,
                place,
                message,
                "cache the calls inside of it",
            );
        }
        let mut made = Made::new(step);
        made.output.push_str(&output);
        return made;
    }
    let message = "only calls of skills are cached, and this is more than one";
    work.notes.error(codes::UNSUPPORTED_KEY, place, message, "cache the calls inside of it");
    let branch = crate::out::step::block(steps, Some(Out::hole(&output).into()));
    let body = Map::default()
        .with("branches", Map::default().with("whole", branch))
        .with("output", "{{ branches.whole }}");
    Made::new(Step::of(id, "parallel", body))
}

fn custom(
    kind: &str,
    id: &str,
    place: Place,
    fields: &mut Fields<'_, '_>,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let values = Values { work, names: scope, blocks: true };
    let mut with = Map::default();
    for entry in fields.take_unknown() {
        with.put(identifier(&entry.key.text), values.value(&entry.value));
    }
    with.put("input", Out::hole(&scope.previous()));
    let wanted = Wanted {
        module: "kinds",
        operation: kind,
        why: format!("does what steps of the kind `{}` did", shown(kind)),
        place,
        source: None,
    };
    let uses = work.skill(wanted, &with);
    let help = work.notes.suggest(kind, "the kinds are", KINDS.iter().copied());
    let message =
        format!("flujo has no kind `{}` of its own, so it became a call of `{uses}`", shown(kind));
    work.notes.error(codes::UNKNOWN_KIND, place, message, help);
    Made::new(Step::uses(id, &uses, with))
}
