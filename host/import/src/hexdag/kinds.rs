//! The kinds of nodes. Each becomes one step, with a helper before or after it where it needs one.

use coldframe_lang::shown::shown;

use super::composite;
use super::dictionary::{
    AGENT, API, DATA, EXPRESSION, FUNCTION, INVOCATION, LLM, SERVICE, TRANSITION, WAIT,
};
use super::documents::File;
use super::environment;
use super::nodes::{Inputs, mapped};
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::{field, identifier};
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::{Values, literal};
use crate::work::Wanted;
use crate::yaml::node::{Node, NodeKind};

const KINDS: &[&str] = &[
    "llm_node",
    "agent_node",
    "function_node",
    "expression_node",
    "data_node",
    "static_node",
    "composite_node",
    "service_call_node",
    "step_call",
    "transition",
    "transition_node",
    "wait_node",
    "api_call_node",
    "macro_invocation",
];

/// The expression that reads what a node of a kind comes to. Known before it is translated, since
/// nodes can be named from anywhere.
pub(super) fn output(kind: &str, spec: Option<&Node>, id: &str) -> String {
    let get = |key: &str| spec.and_then(|spec| spec.get(key));
    match kind {
        "data_node" | "static_node" if !is_record(get("output")) => format!("{id}.value"),
        "expression_node" if get("expressions").is_none() => format!("{id}.value"),
        "composite_node" => composite::output(spec, id),
        _ => id.to_owned(),
    }
}

/// A map whose keys are names of ours.
fn is_record(node: Option<&Node>) -> bool {
    node.is_some_and(|node| {
        matches!(node.kind, NodeKind::Map(_))
            && !node.entries().is_empty()
            && node.entries().iter().all(|entry| is_name(&entry.key.text))
    })
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The steps of a node; the one with its id is its own.
pub(super) fn translate(
    kind: &str,
    place: Place,
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Vec<Step> {
    match kind {
        "llm_node" => vec![llm(id, place, spec, inputs, file, scope)],
        "agent_node" => vec![agent(id, place, spec, inputs, file, scope)],
        "function_node" => vec![function(id, place, spec, inputs, scope)],
        "expression_node" => expression(id, spec, inputs, scope),
        "data_node" | "static_node" => vec![data(id, spec, scope)],
        "composite_node" => composite::translate(id, spec, inputs, file, scope),
        "service_call_node" | "step_call" => vec![service(id, spec, inputs, file, scope)],
        "transition" | "transition_node" => vec![transition(id, place, spec, inputs, scope)],
        "wait_node" => wait(id, spec, inputs, scope),
        "api_call_node" => vec![api(id, place, spec, scope)],
        "macro_invocation" => vec![invocation(id, spec, inputs, file, scope)],
        other => vec![class(other, place, id, spec, inputs, scope)],
    }
}

/// An expression that stands for a name.
pub(super) fn bracketed(expr: &str) -> String {
    if crate::expr::is_path(expr) { expr.to_owned() } else { format!("({expr})") }
}

fn values<'v>(scope: &'v Scope<'v>) -> Values<'v> {
    Values { work: scope.work, names: scope, blocks: false }
}

/// Takes keys as arguments, under other names where those say more.
fn arguments(spec: &mut Fields<'_, '_>, keys: &[(&str, &str)], with: &mut Map, scope: &Scope<'_>) {
    for (theirs, ours) in keys {
        if let Some(node) = spec.take(theirs) {
            scope.at.set(node.place);
            if !with.has(ours) {
                with.put(*ours, values(scope).value(node));
            }
        }
    }
}

/// Where a prompt names what it needs, there are no further arguments without a mapping.
fn mapped_arguments(inputs: &Inputs<'_>, with: &mut Map, scope: &Scope<'_>) {
    if inputs.mapping.is_some() {
        // Prompts read these by name, so they go along as one argument.
        with.put("variables", inputs.arguments(scope));
    }
}

/// Prompts of theirs read mapped inputs by name.
fn with_mapping<'s>(inputs: &Inputs<'_>, scope: &'s Scope<'s>) -> Scope<'s> {
    let inner = scope.inner();
    for entry in inputs.mapping.map(Node::entries).unwrap_or_default() {
        if let Some(text) = entry.value.text().filter(|text| !text.contains("{{"))
            && let Ok(expr) = crate::expr::translate(
                text.trim().trim_end_matches("required").trim_end().trim_end_matches('|').trim(),
                scope,
            )
        {
            inner.local(&entry.key.text, &bracketed(&expr));
        }
    }
    inner
}

fn llm(
    id: &str,
    place: Place,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Step {
    spec.and(&LLM);
    let mut with = Map::default();
    with.put_some(
        "model",
        file.model.as_ref().map(|model| scope.work.copy(model, model.len(), place)),
    );
    let inner = with_mapping(inputs, scope);
    let keys = [
        ("human_message", "prompt"),
        ("prompt_template", "prompt"),
        ("template", "prompt"),
        ("system_message", "system"),
        ("system_prompt", "system"),
        ("examples", "examples"),
        ("conversation", "conversation"),
        ("parse_json", "parse_json"),
    ];
    arguments(spec, &keys, &mut with, &inner);
    with.put_some("output_schema", spec.take("output_schema").map(literal));
    if !with.has("prompt") && inputs.mapping.is_none() {
        with.put("input", inputs.whole(scope));
    }
    mapped_arguments(inputs, &mut with, scope);
    model_call("complete", "llm", id, place, with, scope)
}

fn model_call(
    operation: &str,
    module: &str,
    id: &str,
    place: Place,
    with: Map,
    scope: &Scope<'_>,
) -> Step {
    let why = match operation {
        "complete" => "calls a language model with the prompt and model it is given",
        _ => "lets a model choose among operations until it is done",
    };
    let uses = scope
        .work
        .skill(Wanted { module, operation, why: why.to_owned(), place, source: None }, &with);
    let message = format!("the node `{id}` needs a skill that calls a model");
    scope.work.notes.warning(
        codes::MODEL_CALL,
        place,
        message,
        "write it, or name another skill; it gets prompt and model as arguments",
    );
    Step::uses(id, &uses, with)
}

fn agent(
    id: &str,
    place: Place,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Step {
    spec.and(&AGENT);
    let mut with = Map::default();
    with.put_some(
        "model",
        file.model.as_ref().map(|model| scope.work.copy(model, model.len(), place)),
    );
    let inner = with_mapping(inputs, scope);
    if !spec.has("main_prompt") {
        scope.work.notes.error(
            codes::MISSING_KEY,
            place,
            "`main_prompt` is missing in an agent",
            "complete their file, and import it again",
        );
    }
    arguments(
        spec,
        &[
            ("main_prompt", "prompt"),
            ("continuation_prompts", "continuation_prompts"),
            ("config", "settings"),
        ],
        &mut with,
        &inner,
    );
    with.put_some("output_schema", spec.take("output_schema").map(literal));
    if let Some(tools) = spec.take("tools") {
        with.put("tools", literal(tools));
        if let NodeKind::List(items) = &tools.kind {
            for item in items {
                if let Some(path) = item.text() {
                    python(path, &Map::default(), item.place, scope);
                }
            }
        }
    }
    mapped_arguments(inputs, &mut with, scope);
    model_call("run", "agent", id, place, with, scope)
}

/// A reference to the skill that a Python path has to become.
pub(super) fn python(path: &str, with: &Map, place: Place, scope: &Scope<'_>) -> String {
    let (module, operation) = crate::flujo::split_path(path);
    let why = format!("does what `{}` did in Python", shown(path));
    let reference = scope.work.skill(Wanted { module, operation, why, place, source: None }, with);
    let message = format!("`{}` is Python, and became a call of `{reference}`", shown(path));
    scope.work.notes.warning(
        codes::SKILL_NEEDED,
        place,
        message,
        "write it with `coldframe skill new`",
    );
    reference
}

/// A reference for code that stands in the file.
pub(super) fn inline(id: &str, code: &Node, with: &Map, scope: &Scope<'_>) -> String {
    let source = code.scalar().unwrap_or_default().to_owned();
    let why = format!("does what the Python of the node `{id}` did");
    let wanted =
        Wanted { module: "inline", operation: id, why, place: code.place, source: Some(source) };
    let reference = scope.work.skill(wanted, with);
    let message = format!("the Python of `{id}` is not run, and became a call of `{reference}`");
    scope.work.notes.warning(
        codes::SKILL_NEEDED,
        code.place,
        message,
        "write it with `coldframe skill new`; the code is kept with the scaffold",
    );
    reference
}

/// A function by its path, or with its code.
pub(super) fn code(id: &str, node: &Node, with: &Map, scope: &Scope<'_>) -> Option<String> {
    match (&node.tag, node.text()) {
        (Some(tag), Some(_)) if tag == "!py" => Some(inline(id, node, with, scope)),
        (None, Some(path)) => Some(python(path, with, node.place, scope)),
        _ => None,
    }
}

fn function(
    id: &str,
    place: Place,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Step {
    spec.and(&FUNCTION);
    let with = inputs.arguments(scope);
    let Some(node) = spec.take("fn") else {
        scope.work.notes.error(
            codes::MISSING_KEY,
            place,
            "`fn` is missing in a function",
            "complete their file, and import it again",
        );
        return Step::of(
            id,
            "set",
            Map::default().with("value", Out::hole(&format!("untranslated_line_{}", place.line))),
        );
    };
    match code(id, node, &with, scope) {
        Some(uses) => Step::uses(id, &uses, with),
        None => {
            wrong_shape(node, "the path of a function", &scope.work.notes);
            Step::of(
                id,
                "set",
                Map::default()
                    .with("value", Out::hole(&format!("untranslated_line_{}", node.place.line))),
            )
        }
    }
}

fn expression(
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
fn merge(id: &str, spec: &mut Fields<'_, '_>, inputs: &Inputs<'_>, scope: &Scope<'_>) -> Vec<Step> {
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

fn data(id: &str, spec: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Step {
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

fn service(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Step {
    spec.and(&SERVICE);
    let with = inputs.arguments(scope);
    let place = spec.place;
    let service = spec.take_text("service").map_or("service", |(service, _)| service);
    let method = spec.take_text("method").map_or("run", |(method, _)| method);
    let class =
        file.services.iter().find(|(name, _)| name == service).map_or("", |(_, class)| class);
    let why = match class {
        "" => format!(
            "does what `{}` of the service `{}` did in Python",
            shown(method),
            shown(service)
        ),
        class => format!("does what `{}` of `{}` did in Python", shown(method), shown(class)),
    };
    let uses = scope
        .work
        .skill(Wanted { module: service, operation: method, why, place, source: None }, &with);
    let message =
        format!("the service `{}` is Python, and became a call of `{uses}`", shown(service));
    scope.work.notes.warning(
        codes::SKILL_NEEDED,
        place,
        message,
        "write it with `coldframe skill new`",
    );
    Step::uses(id, &uses, with)
}

fn transition(
    id: &str,
    place: Place,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Step {
    spec.and(&TRANSITION);
    let mut with = Map::default();
    let entity = spec.take_text("entity").map_or("entity", |(entity, _)| entity);
    with.put("entity", crate::expr::template::escape(entity));
    for key in ["entity_id", "to_state", "reason", "payload"] {
        let Some(node) = spec.take(key) else { continue };
        scope.at.set(node.place);
        // Ids are paths, states are words.
        let piece = if key == "entity_id" {
            mapped(node, &values(scope))
        } else {
            values(scope).value(node)
        };
        with.put(key, piece);
    }
    mapped_arguments(inputs, &mut with, scope);
    let module = format!("{entity}-states");
    let why =
        format!("moves a `{}` to another state, and refuses what is not allowed", shown(entity));
    let uses = scope.work.skill(
        Wanted { module: &module, operation: "transition", why, place, source: None },
        &with,
    );
    let message = format!(
        "no host keeps the states of a `{}`, so it became a call of `{uses}`",
        shown(entity)
    );
    scope.work.notes.error(
        codes::SKILL_NEEDED,
        place,
        message,
        "write a skill that checks and stores the transition",
    );
    Step::uses(id, &uses, with)
}

fn wait(id: &str, spec: &mut Fields<'_, '_>, inputs: &Inputs<'_>, scope: &Scope<'_>) -> Vec<Step> {
    let work = scope.work;
    spec.and(&WAIT);
    let mut steps = Vec::new();
    if let Some(node) = spec.take("setup_fn") {
        let with = inputs.arguments(scope);
        match code(id, node, &with, scope) {
            Some(uses) => {
                steps.push(Step::uses(&scope.helper(&format!("{id}_setup")), &uses, with))
            }
            None => wrong_shape(node, "the path of a function", &work.notes),
        }
    }
    let signal = match spec.take_text("event_key") {
        Some((key, place)) if key.contains("{{") || key.contains('$') => {
            let message = format!("a signal has a fixed name, and `{}` is computed", shown(key));
            work.notes.warning(
                codes::DIFFERS,
                place,
                message,
                format!("signals go to one run; send `{id}`"),
            );
            id.to_owned()
        }
        Some((key, place)) => {
            let name = identifier(key);
            if name != key {
                let message = format!("the event `{}` is the signal `{name}` here", shown(key));
                work.notes.info(
                    codes::RENAMED,
                    place,
                    message,
                    "send it with `coldframe runs signal`",
                );
            }
            name
        }
        None => id.to_owned(),
    };
    let mut step = Step::of(id, "wait", Map::default().with("signal", signal));
    if let Some(node) = spec.take("on_timeout") {
        match &node.kind {
            NodeKind::Text(text) if matches!(text.as_str(), "fail" | "error") => {}
            NodeKind::Text(text) if matches!(text.as_str(), "skip" | "continue") => {
                step.on_error = Some("continue")
            }
            _ => {
                step.fallback = Some(Map::default().with("value", values(scope).value(node)).into())
            }
        }
    }
    steps.push(step);
    steps
}

fn api(id: &str, place: Place, spec: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Step {
    let work = scope.work;
    spec.and(&API);
    let method = spec
        .take_text("method")
        .map_or_else(|| "GET".to_owned(), |(method, _)| method.to_uppercase());
    let mut with = Map::default();
    arguments(spec, &[("url", "url"), ("json_body", "body")], &mut with, scope);
    if let Some(node) = spec.take("headers") {
        // Ours are pairs, since a header may stand there twice.
        let pairs = node.entries().iter().map(|entry| {
            scope.at.set(entry.value.place);
            let name = Out::text(crate::expr::template::escape(&entry.key.text));
            Piece::from(Out::List(vec![name.into(), values(scope).value(&entry.value)]))
        });
        with.put("headers", Out::List(pairs.collect()));
    }
    if let Some(node) = spec.take("params") {
        query(node, &mut with, scope);
    }
    let uses = match (method.as_str(), with.has("body")) {
        ("GET", false) => Some("std/http@^0.1#get"),
        ("POST", true) => Some("std/http@^0.1#post-json"),
        _ => None,
    };
    let message = "asking an address needs a right that no pipeline has by itself";
    work.notes.warning(
        codes::DIFFERS,
        place,
        message,
        "grant it: `caps: { http: [\"GET https://host/**\"] }`",
    );
    match uses {
        Some(uses) => Step::uses(id, uses, with),
        None => {
            let operation = method.to_lowercase();
            let why = format!("sends requests with the method `{}`", shown(&method));
            let uses = work.skill(
                Wanted { module: "http", operation: &operation, why, place, source: None },
                &with,
            );
            let message = format!(
                "`std/http` sends no such `{}`, so it became a call of `{uses}`",
                shown(&method)
            );
            work.notes.warning(
                codes::SKILL_NEEDED,
                place,
                message,
                "write it with `coldframe skill new`",
            );
            Step::uses(id, &uses, with)
        }
    }
}

/// Parameters of an address, written behind it.
fn query(node: &Node, with: &mut Map, scope: &Scope<'_>) {
    let mut tail = String::new();
    for entry in node.entries() {
        scope.at.set(entry.value.place);
        let mark = if tail.is_empty() { '?' } else { '&' };
        let value = values(scope).value(&entry.value).value;
        let text = match &value {
            Out::Text(text) => match text
                .strip_prefix("{{ ")
                .and_then(|rest| rest.strip_suffix(" }}"))
                .filter(|rest| !rest.contains("{{"))
            {
                Some(expr) => format!("{{{{ ({expr}) | urlencode }}}}"),
                None => text.clone(),
            },
            Out::Bare(text) => text.clone(),
            Out::Bool(value) => value.to_string(),
            _ => {
                scope.work.untranslated(
                    entry.value.place,
                    &entry.key.text,
                    "only texts and numbers stand in an address",
                );
                continue;
            }
        };
        tail.push_str(&format!("{mark}{}={text}", crate::expr::template::escape(&entry.key.text)));
    }
    if let Some((_, Piece { value: Out::Text(url), .. })) =
        with.0.iter_mut().find(|(key, _)| *key == "url")
    {
        url.push_str(&tail);
    }
}

fn invocation(
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    file: &File,
    scope: &Scope<'_>,
) -> Step {
    let work = scope.work;
    spec.and(&INVOCATION);
    let place = spec.place;
    let mut with = Map::default();
    for key in ["config", "inputs"] {
        let Some(node) = spec.take(key) else { continue };
        if !matches!(node.kind, NodeKind::Map(_)) {
            wrong_shape(node, &format!("`{key}` as a map"), &work.notes);
        }
        for entry in node.entries() {
            scope.at.set(entry.value.place);
            let name = field(&entry.key.text);
            if !with.has(&name) {
                with.put(
                    name,
                    if key == "inputs" {
                        mapped(&entry.value, &values(scope))
                    } else {
                        values(scope).value(&entry.value)
                    },
                );
            }
        }
    }
    if inputs.mapping.is_some() {
        for (name, piece) in inputs.arguments(scope).0 {
            if !with.has(&name) {
                with.put(name, piece);
            }
        }
    }
    let (name, name_place) = spec.take_text("macro").unwrap_or(("macro", place));
    if let Some((_, path)) = file.macros.iter().find(|(known, _)| known == name) {
        let mut step = Step::of(id, "pipeline", path.as_str());
        if !with.is_empty() {
            step.body.put("with", with);
        }
        return step;
    }
    let (module, operation) = name.split_once(':').unwrap_or(("macros", name));
    let why = format!("does what the macro `{}` did", shown(name));
    let uses =
        work.skill(Wanted { module, operation, why, place: name_place, source: None }, &with);
    let message =
        format!("the macro `{}` is not in this file, so it became a call of `{uses}`", shown(name));
    let help = "import the file that has it, and write `pipeline: ./macro.yml`, or write the skill";
    work.notes.error(codes::SKILL_NEEDED, name_place, message, help);
    Step::uses(id, &uses, with)
}

/// A kind that is a Python class, an alias of one, or misspelt.
fn class(
    kind: &str,
    place: Place,
    id: &str,
    spec: &mut Fields<'_, '_>,
    inputs: &Inputs<'_>,
    scope: &Scope<'_>,
) -> Step {
    let work = scope.work;
    let mut with = if inputs.mapping.is_some() {
        inputs.arguments(scope)
    } else {
        Map::default().with("input", inputs.whole(scope))
    };
    for entry in spec.take_unknown() {
        scope.at.set(entry.value.place);
        let name = identifier(&entry.key.text);
        if with.has(&name) {
            work.untranslated(
                entry.key.place,
                &entry.key.text,
                "another argument has the same name here",
            );
            continue;
        }
        with.put(name, values(scope).value(&entry.value));
    }
    if kind.contains(['.', ':']) {
        let uses = python(kind, &with, place, scope);
        return Step::uses(id, &uses, with);
    }
    let why = format!("does what nodes of the kind `{}` did", shown(kind));
    let uses =
        work.skill(Wanted { module: "kinds", operation: kind, why, place, source: None }, &with);
    let help = work.notes.suggest(kind, "the kinds are", KINDS.iter().copied());
    let message =
        format!("hexDAG has no kind `{}` of its own, so it became a call of `{uses}`", shown(kind));
    work.notes.error(codes::UNKNOWN_KIND, place, message, help);
    Step::uses(id, &uses, with)
}
