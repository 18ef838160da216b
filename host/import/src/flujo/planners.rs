//! Steps in which a model decides what comes next.

use super::agent::{self, File};
use super::block::{self, Made};
use super::common::Common;
use super::dictionary::{ROUTER, TREE};
use super::kinds::{input, quoted, value_step};
use super::scope::Scope;
use crate::fields::Fields;
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::values::literal;
use crate::work::Wanted;
use crate::yaml::node::{Node, NodeKind};

pub(super) fn router(
    id: &str,
    fields: &mut Fields<'_, '_>,
    file: &File,
    scope: &Scope<'_>,
) -> Made {
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

pub(super) fn agentic(
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
        with.put("registry", literal(node, scope.work));
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
pub(super) fn worker(node: &Node, file: &File, scope: &Scope<'_>) -> Piece {
    let name = node.text().and_then(|text| text.strip_prefix("agents."));
    match name.and_then(|name| file.agents.get(name)) {
        Some(agent) => scope.work.copy(&agent.with, agent.bytes, node.place).into(),
        None => {
            if let Some(path) = node.text() {
                match name {
                    Some(name) => {
                        agent::unknown("agent", name, file.agents.keys(), node.place, scope.work);
                    }
                    None => drop(agent::python(path, &Map::default(), node.place, scope.work)),
                }
            }
            literal(node, scope.work)
        }
    }
}

pub(super) fn tree_search(
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
        with.put_some(key, fields.take(key).map(|node| literal(node, scope.work)));
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
