//! Agents, skills and Python functions: whatever does the work of a step.

use std::collections::BTreeMap;

use coldframe_lang::shown::shown;

use super::dictionary::{AGENT, AGENT_REF, PROMPT};
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::field;
use crate::note::{Place, codes};
use crate::out::{Map, Out};
use crate::values::{RETRIES_MAX, Values, duration, literal};
use crate::work::{Wanted, Work};
use crate::yaml::node::{Node, NodeKind};

/// An agent of the file.
pub(super) struct Agent {
    pub(super) with: Map,
    pub(super) timeout: Option<String>,
    pub(super) retries: Option<u32>,
    /// How long it is where it is written out.
    pub(super) bytes: usize,
    place: Place,
}

/// The agents and imports of the file.
#[derive(Default)]
pub(super) struct File {
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) imports: BTreeMap<String, (String, Place)>,
}

/// What does the work.
pub(super) enum Doer<'n> {
    /// An agent of the file, by name.
    Agent(&'n str),
    /// A pipeline of the file's imports, by name.
    Import(&'n str),
    /// Python, or a skill of flujo.
    Code { path: &'n str, params: Option<&'n Node> },
}

/// Reads the agents.
pub(super) fn agents(node: Option<&Node>, scope: &Scope<'_>) -> BTreeMap<String, Agent> {
    let work = scope.work;
    let Some(node) = node else { return BTreeMap::new() };
    if !matches!(node.kind, NodeKind::Map(_)) {
        wrong_shape(node, "`agents` as a map", &work.notes);
    }
    let mut found = BTreeMap::new();
    for entry in node.entries() {
        let Some(mut fields) = Fields::of(&entry.value, &AGENT, &work.notes) else { continue };
        let mut with = Map::default();
        if let Some((model, _)) = fields.take_text("model") {
            with.put("model", literal_text(model));
        }
        if let Some(prompt) = fields.take("system_prompt") {
            system_prompt(prompt, &entry.key.text, scope, &mut with);
        }
        with.put_some(
            "output_schema",
            fields.take("output_schema").map(|node| literal(node, work)),
        );
        with.put_some("settings", fields.take("model_settings").map(|node| literal(node, work)));
        let timeout =
            fields.take_text("timeout").and_then(|(text, place)| timeout(text, place, work));
        let retries =
            fields.take_text("max_retries").and_then(|(text, place)| retries(text, place, work));
        let bytes = Out::Map(with.clone()).bytes();
        let agent = Agent { with, timeout, retries, bytes, place: entry.key.place };
        found.insert(entry.key.text.clone(), agent);
    }
    found
}

fn literal_text(text: &str) -> String {
    crate::expr::template::escape(text)
}

fn system_prompt(node: &Node, agent: &str, scope: &Scope<'_>, with: &mut Map) {
    let work = scope.work;
    if let Some(text) = node.text() {
        scope.at.set(node.place);
        with.put("system", Values { work, names: scope, blocks: true }.text(text, node.place));
        return;
    }
    let Some(mut fields) = Fields::of(node, &PROMPT, &work.notes) else { return };
    if let Some((path, place)) = fields.take_text("from_file") {
        let schema = Map::default()
            .with("type", "string")
            .with("description", format!("The text of {path}"));
        let input = work.input(&format!("{agent}_system_prompt"), || schema.into(), place);
        let message = format!("the prompt in `{}` is handed in as `{input}`", shown(path));
        work.notes.warning(
            codes::OTHER_FILE,
            place,
            message,
            format!("run with `--input {}=@{}`", input.trim_start_matches("inputs."), shown(path)),
        );
        with.put("system", Out::hole(&input));
    }
    with.put_some("variables", fields.take("variables").map(|node| literal(node, work)));
}

/// `timeout` of ours.
pub(super) fn timeout(text: &str, place: Place, work: &Work) -> Option<String> {
    let found = duration(text);
    if found.is_none() {
        work.untranslated(place, text, "it is not a number of seconds");
    }
    found
}

/// A number of tries after the first one.
pub(super) fn retries(text: &str, place: Place, work: &Work) -> Option<u32> {
    let found = text.trim().parse().ok().filter(|found| *found <= RETRIES_MAX);
    if found.is_none() {
        work.untranslated(place, text, "it is not a number of tries");
    }
    found
}

/// What `uses` and `agent` of a step say.
pub(super) fn doer<'n>(fields: &mut Fields<'n, '_>, work: &Work) -> Option<(Doer<'n>, Place)> {
    if let Some((uses, place)) = fields.take_text("uses") {
        return Some((named(uses), place));
    }
    let node = fields.take("agent")?;
    code(node, work).map(|doer| (doer, node.place))
}

/// `agents.x`, `imports.x` or a path.
pub(super) fn named(text: &str) -> Doer<'_> {
    if let Some(name) = text.strip_prefix("agents.") {
        Doer::Agent(name)
    } else if let Some(name) = text.strip_prefix("imports.") {
        Doer::Import(name)
    } else {
        Doer::Code { path: text, params: None }
    }
}

/// A path, or a map with one.
pub(super) fn code<'n>(node: &'n Node, work: &Work) -> Option<Doer<'n>> {
    if let Some(text) = node.text() {
        return Some(named(text));
    }
    let mut fields = Fields::of(node, &AGENT_REF, &work.notes)?;
    let params = fields.take("params");
    let id = fields.take_text("id");
    let path = fields.take_text("path");
    let Some((path, _)) = id.or(path) else {
        let help = "complete their file, and import it again";
        work.notes.error(
            codes::MISSING_KEY,
            node.place,
            "`id` or `path` is missing in `agent`",
            help,
        );
        return None;
    };
    Some(Doer::Code { path, params })
}

/// The module and the attribute of a path: `pkg.mod:fn`, `pkg.mod.fn`.
pub(crate) fn split_path(path: &str) -> (&str, &str) {
    match path.split_once(':').or_else(|| path.rsplit_once('.')) {
        Some((module, attribute)) if !module.is_empty() && !attribute.is_empty() => {
            (module, attribute)
        }
        _ => (path, "run"),
    }
}

/// `uses` and `with` for a doer that is not an import.
pub(super) fn call(
    doer: &Doer<'_>,
    input: Option<crate::out::Piece>,
    file: &File,
    scope: &Scope<'_>,
    place: Place,
) -> (String, Map) {
    let work = scope.work;
    let mut with = Map::default();
    match doer {
        Doer::Agent(name) => {
            match file.agents.get(*name) {
                Some(agent) => with = work.copy(&agent.with, agent.bytes, place),
                None => unknown("agent", name, file.agents.keys(), place, work),
            }
            with.put_some("input", input);
            work.notes.warning(
                codes::MODEL_CALL,
                place,
                format!("the call of the agent `{}` needs a skill that calls a model", shown(name)),
                "write `imported/llm`, or name another skill; it gets prompt and model as arguments",
            );
            let why = "calls a language model with the prompt and model it is given".to_owned();
            let wanted = Wanted { module: "llm", operation: "complete", why, place, source: None };
            (work.skill(wanted, &with), with)
        }
        Doer::Code { path, params } => {
            let values = Values { work, names: scope, blocks: true };
            if let Some(params) = params {
                if !matches!(params.kind, NodeKind::Map(_)) {
                    wrong_shape(params, "`params` as a map", &work.notes);
                }
                for entry in params.entries() {
                    let name = field(&entry.key.text);
                    if with.has(&name) {
                        let message = format!(
                            "two parameters come to the name `{name}`, and one is left away"
                        );
                        work.notes.error(
                            codes::RENAMED,
                            entry.key.place,
                            message,
                            "rename one of them in their file",
                        );
                        continue;
                    }
                    with.put(name, values.value(&entry.value));
                }
            }
            if let Some(input) = input {
                let name = if with.has("input") { "previous" } else { "input" };
                with.put(name, input);
            }
            (python(path, &with, place, work), with)
        }
        Doer::Import(name) => {
            let message = format!("the import `{}` cannot be called here", shown(name));
            work.notes.error(codes::WRONG_SHAPE, place, message, "call it in a step of its own");
            (python(name, &with, place, work), with)
        }
    }
}

/// A reference to the skill that a Python path has to become.
pub(super) fn python(path: &str, with: &Map, place: Place, work: &Work) -> String {
    let (module, operation) = split_path(path);
    let builtin =
        path.strip_prefix("flujo.builtins.").or_else(|| path.strip_prefix("flujo.builtins:"));
    let hint = match builtin.unwrap_or(path) {
        "http_get" => "`std/http#get` may do instead",
        "to_csv" | "aggregate" | "select_fields" => {
            "an operation of `std/csv`, or an expression, may do instead"
        }
        "render_jinja_template" => "`std/expr#render` may do instead",
        "extract_from_text" => "an operation of `std/text` may do instead",
        "flatten" | "context_get" | "context_set" | "context_merge" => {
            "a `set` step with an expression may do instead"
        }
        _ => "write it with `coldframe skill new`",
    };
    let module = if builtin.is_some() { "flujo-builtins" } else { module };
    let operation = builtin.unwrap_or(operation);
    let wanted = Wanted {
        module,
        operation,
        why: format!("does what `{}` did in Python", shown(path)),
        place,
        source: None,
    };
    let reference = work.skill(wanted, with);
    let message = format!("`{}` is Python, and became a call of `{reference}`", shown(path));
    work.notes.warning(codes::SKILL_NEEDED, place, message, hint);
    reference
}

/// Reports a name that nothing has.
pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'a String> + Clone,
    place: Place,
    work: &Work,
) {
    let names = names.map(String::as_str);
    let help = work.notes.suggest(name, &format!("there is the {what}"), names);
    work.notes.error(
        codes::UNKNOWN_NAME,
        place,
        format!("there is no {what} `{}`", shown(name)),
        help,
    );
}

impl Agent {
    /// Says that nothing calls it.
    pub(super) fn unused(&self, name: &str, work: &Work) {
        let message = format!("no step uses the agent `{}`, so it is left away", shown(name));
        work.notes.warning(codes::UNSUPPORTED_KEY, self.place, message, "remove it, or use it");
    }
}
