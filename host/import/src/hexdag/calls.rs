//! Nodes that call something: models, functions, services, macros, classes.

use coldframe_lang::shown::shown;

use super::dictionary::{AGENT, FUNCTION, INVOCATION, LLM, SERVICE, TRANSITION};
use super::documents::File;
use super::inputs::{Inputs, mapped};
use super::kinds::{KINDS, arguments, values, with_mapping};
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::names::{field, identifier};
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out};
use crate::values::literal;
use crate::work::Wanted;
use crate::yaml::node::{Node, NodeKind};

/// Where a prompt names what it needs, there are no further arguments without a mapping.
pub(super) fn mapped_arguments(inputs: &Inputs<'_>, with: &mut Map, scope: &Scope<'_>) {
    if inputs.mapping.is_some() {
        // Prompts read these by name, so they go along as one argument.
        with.put("variables", inputs.arguments(scope));
    }
}

pub(super) fn llm(
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
    with.put_some(
        "output_schema",
        spec.take("output_schema").map(|node| literal(node, scope.work)),
    );
    if !with.has("prompt") && inputs.mapping.is_none() {
        with.put("input", inputs.whole(scope));
    }
    mapped_arguments(inputs, &mut with, scope);
    model_call("complete", "llm", id, place, with, scope)
}

pub(super) fn model_call(
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

pub(super) fn agent(
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
    with.put_some(
        "output_schema",
        spec.take("output_schema").map(|node| literal(node, scope.work)),
    );
    if let Some(tools) = spec.take("tools") {
        with.put("tools", literal(tools, scope.work));
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

pub(super) fn function(
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

pub(super) fn service(
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

pub(super) fn transition(
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

pub(super) fn invocation(
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
        let mut step = Step::of(id, "pipeline", work.path(path, name_place));
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
pub(super) fn class(
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
