//! The kinds of steps. Each becomes one step of ours, with helpers before and after it.

use coldframe_lang::shown::shown;

use super::agent::{self, Doer, File};
use super::block::Made;
use super::common::Common;
use super::dictionary::{PARALLEL, ROUTER, TREE};
use super::scope::{Scope, field_of};
use super::{block, branches, looped, states};
use crate::fields::{Fields, wrong_shape};
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::{Values, literal};
use crate::work::Wanted;
use crate::yaml::node::{Node, NodeKind};

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
        "dynamic_router" => router(id, fields, file, scope),
        "hitl" => hitl(id, fields, scope),
        "cache" => cache(id, fields, file, scope),
        "agentic_loop" => agentic(id, place, fields, common, file, scope),
        "tree_search" => tree_search(id, place, fields, file, scope),
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
        Doer::Import(name) => import(id, name, *at, input, common, file, scope),
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
            ask(id, input, "hand the answer in with `coldframe runs signal`", place, scope)
        }
        Doer::Code { path, .. } if is_builtin(path, "check_user_confirmation") => {
            approve(id, input, place, scope)
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
fn value_step(id: &str, value: Piece) -> Made {
    let mut made = Made::new(Step::of(id, "set", Map::default().with("value", value)));
    made.output = format!("{id}.value");
    made
}

/// A step that waits for what a person says.
fn ask(id: &str, message: Piece, help: &str, place: Place, scope: &Scope<'_>) -> Made {
    let mut step = Step::of(id, "wait", Map::default().with("signal", id));
    if let Out::Text(text) = &message.value {
        step.comments.push(format!("asks: {text}"));
    }
    step.comments.extend(message.comments);
    let note = "what a person is asked has no place beside `wait`, and stands in a comment";
    scope.work.notes.warning(codes::DIFFERS, place, note, help);
    Made::new(step)
}

/// A step in which a person decides.
fn approve(id: &str, message: Piece, place: Place, scope: &Scope<'_>) -> Made {
    let body = Map::default().with("message", message).with("on_reject", "continue");
    let mut made = Made::new(Step::of(id, "approve", body));
    made.output = format!("{id}.note");
    scope.work.notes.warning(
        codes::DIFFERS,
        place,
        format!("a person says yes or no here; what they write beside it is read as `{id}.note`"),
        format!("use `{id}.approved` where the answer is compared"),
    );
    made
}

fn hitl(id: &str, fields: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Made {
    let place = fields.place;
    let message = match fields.require("message") {
        Some(node) => input(Some(node), scope),
        None => Piece::from("?"),
    };
    match fields.take("input_schema") {
        Some(_) => ask(
            id,
            message,
            "hand the answer in with `coldframe runs signal … --data`; its schema is not checked, so check it in a step",
            place,
            scope,
        ),
        None => approve(id, message, place, scope),
    }
}

fn import(
    id: &str,
    name: &str,
    place: Place,
    input: Piece,
    common: &Common<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let path = match file.imports.get(name) {
        Some((path, _)) => work.copy(path, path.len(), place),
        None => {
            agent::unknown("import", name, file.imports.keys(), place, work);
            format!("./{}.yaml", crate::names::kebab(name))
        }
    };
    let config = &common.import;
    if let Some((true, place)) = config.inherit {
        let message = "the other pipeline does not see the context of this one";
        work.notes.warning(
            codes::UNSUPPORTED_KEY,
            place,
            message,
            "hand what it needs in under `with`",
        );
    }
    let (to, to_place) = config.input_to.unwrap_or(("initial_prompt", place));
    let mut with = Map::default();
    let key = identifier(config.key.unwrap_or("initial_input"));
    match to {
        "initial_prompt" => with.put("initial_prompt", input),
        "import_artifacts" => with.put(key, input),
        "both" => {
            with.put("initial_prompt", input.clone());
            if key != "initial_prompt" {
                with.put(key, input);
            }
        }
        other => {
            work.untranslated(
                to_place,
                other,
                "expected `initial_prompt`, `import_artifacts` or `both`",
            );
        }
    }
    let mut step = Step::of(id, "pipeline", path);
    step.body.put("with", with);
    if let Some(outputs) = config.outputs {
        for (child, parent) in pairs(outputs, scope) {
            scope.set_context(field_of(parent), &format!("{id}.{}", field_of(child)));
        }
    } else {
        scope.set_updated_by(id);
    }
    match config.on_failure {
        None | Some(("abort", _)) => {}
        Some(("skip", _)) => step.on_error = Some("continue"),
        Some(("continue_with_default", _)) => {
            step.fallback = Some(Map::default().with("value", Out::Null).into())
        }
        Some((other, place)) => drop(work.untranslated(
            place,
            other,
            "expected `abort`, `skip` or `continue_with_default`",
        )),
    }
    Made::new(step)
}

/// `[{child, parent}]`, `[{from, to}]`, `[[a, b]]`, or a map.
fn pairs<'n>(node: &'n Node, scope: &Scope<'_>) -> Vec<(&'n str, &'n str)> {
    let mut found = Vec::new();
    match &node.kind {
        NodeKind::Map(entries) => {
            for entry in entries {
                match entry.value.text() {
                    Some(parent) => found.push((entry.key.text.as_str(), parent)),
                    None => wrong_shape(&entry.value, "the name of a field", &scope.work.notes),
                }
            }
        }
        NodeKind::List(items) => {
            for item in items {
                let two = match &item.kind {
                    NodeKind::List(pair) => pair.first().zip(pair.get(1)),
                    _ => item
                        .get("child")
                        .zip(item.get("parent"))
                        .or_else(|| item.get("from").zip(item.get("to"))),
                };
                match two.and_then(|(a, b)| a.text().zip(b.text())) {
                    Some(pair) => found.push(pair),
                    None => wrong_shape(item, "`child` and `parent`", &scope.work.notes),
                }
            }
        }
        _ => wrong_shape(node, "a list of pairs", &scope.work.notes),
    }
    found
}

fn router(id: &str, fields: &mut Fields<'_, '_>, file: &File, scope: &Scope<'_>) -> Made {
    let work = scope.work;
    let previous = scope.previous();
    let route = scope.helper(&format!("{id}_route"));
    let mut before = Vec::new();
    let mut map = Map::default();
    let router = fields.require("router").and_then(|node| Fields::of(node, &ROUTER, &work.notes));
    if let Some(mut router) = router {
        let doer = router
            .require("router_agent")
            .and_then(|node| Some((agent::code(node, work)?, node.place)));
        if let Some((doer, place)) = doer {
            let (uses, with) =
                agent::call(&doer, Some(Out::hole(&previous).into()), file, scope, place);
            before.push(Step::uses(&route, &uses, with));
        }
        let mut taken = crate::names::Taken::default();
        for entry in router.require("branches").map(Node::entries).unwrap_or_default() {
            let name = taken.unique(&identifier(&entry.key.text), '_', &|_| false);
            let case =
                Map::default().with("when", format!("'{}' in {route}", quoted(&entry.key.text)));
            let case = Map(case
                .0
                .into_iter()
                .chain(block::block(&entry.value, file, scope, &previous).0)
                .collect());
            let chosen = Step::of(
                &scope.helper(&format!("{id}_{name}")),
                "switch",
                Map::default().with("cases", Out::List(vec![case.into()])),
            );
            map.put(name, crate::out::step::block(vec![chosen], None));
        }
    }
    let parallel = Map::default().with("branches", map);
    let mut made = Made::new(Step::of(id, "parallel", parallel));
    made.before = before;
    let message = "every branch whose name is in the answer runs; the others come to null";
    work.notes.info(codes::DIFFERS, fields.place, message, "");
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

fn agentic(
    id: &str,
    place: Place,
    fields: &mut Fields<'_, '_>,
    common: &Common<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    let mut with = Map::default();
    if let Some(node) = fields.require("planner") {
        with.put("planner", worker(node, file, scope));
    }
    if let Some(node) = fields.take("registry") {
        with.put("registry", literal(node));
        let paths: Vec<&Node> = match &node.kind {
            NodeKind::Map(entries) => entries.iter().map(|entry| &entry.value).collect(),
            _ => vec![node],
        };
        for node in paths {
            if let Some(path) = node.text() {
                agent::python(path, &Map::default(), node.place, work);
            }
        }
    }
    with.put("input", input(common.input, scope));
    let wanted = Wanted {
        module: "agent",
        operation: "run",
        why: "lets a model choose among operations until it is done".to_owned(),
        place,
        source: None,
    };
    let uses = work.skill(wanted, &with);
    let message = format!("the agent `{id}` needs a skill that plans and calls by itself");
    work.notes.warning(
        codes::MODEL_CALL,
        place,
        message,
        "write `imported/agent`, or a `loop` with the calls in a `switch`",
    );
    let mut made = Made::new(Step::uses(id, &uses, with));
    if let Some(template) = fields.take("output_template") {
        scope.bind(id, id);
        let inner = scope.inner(Some(id.to_owned()));
        let value = input(Some(template), &inner);
        let after = value_step(&scope.helper(&format!("{id}_output")), value);
        made.output = after.output;
        made.after.push(after.main);
    }
    made
}

/// An agent as an argument: its prompt and model, or the path of its code.
fn worker(node: &Node, file: &File, scope: &Scope<'_>) -> Piece {
    let name = node.text().and_then(|text| text.strip_prefix("agents."));
    match name.and_then(|name| file.agents.get(name)) {
        Some(agent) => scope.work.copy(&agent.with, agent.bytes, node.place).into(),
        None => {
            if let Some(path) = node.text() {
                match name {
                    Some(name) => {
                        agent::unknown("agent", name, file.agents.keys(), node.place, scope.work)
                    }
                    None => drop(agent::python(path, &Map::default(), node.place, scope.work)),
                }
            }
            literal(node)
        }
    }
}

fn tree_search(
    id: &str,
    place: Place,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
    let work = scope.work;
    fields.and(&TREE);
    let mut with = Map::default();
    for key in ["proposer", "evaluator", "cost_function", "candidate_validator", "discovery_agent"]
    {
        if let Some(node) = fields.take(key) {
            with.put(key, worker(node, file, scope));
        }
    }
    for key in [
        "static_invariants",
        "branching_factor",
        "beam_width",
        "max_depth",
        "max_iterations",
        "path_max_tokens",
        "goal_score_threshold",
        "require_goal",
    ] {
        with.put_some(key, fields.take(key).map(literal));
    }
    with.put("input", Out::hole(&scope.previous()));
    let wanted = Wanted {
        module: "tree-search",
        operation: "search",
        why: "searches a tree of candidates with a proposer and an evaluator".to_owned(),
        place,
        source: None,
    };
    let uses = work.skill(wanted, &with);
    let message = "there is no step that searches a tree, so a skill has to do all of it";
    work.notes.error(
        codes::SKILL_NEEDED,
        place,
        message,
        format!("write `{uses}`, or a `loop` over a list of candidates"),
    );
    Made::new(Step::uses(id, &uses, with))
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
