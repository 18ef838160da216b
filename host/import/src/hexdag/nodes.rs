//! Lists of nodes. Their order comes from what they name; a node that names nothing comes behind
//! the one before it.

use std::collections::{BTreeMap, BTreeSet};

use coldframe_lang::shown::shown;
use indexmap::IndexSet;

use super::common::common;
use super::dictionary::{COMMON, METADATA, NODE};
use super::documents::File;
use super::inputs::Inputs;
use super::kinds;
use super::scope::{Scope, Seen};
use crate::fields::{Fields, wrong_shape};
use crate::names::identifier;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::yaml::node::{Node, NodeKind};

/// A node with its name in the block.
struct Named<'n> {
    node: &'n Node,
    id: String,
    theirs: &'n str,
}

/// Conditions that other nodes put on a node.
type Gates = BTreeMap<String, Vec<(String, String)>>;

/// The steps of a list of nodes, and the outputs of those that no other uses.
pub(super) fn block(
    list: Option<&Node>,
    place: Place,
    file: &File,
    scope: &Scope<'_>,
) -> (Vec<Step>, Map) {
    let work = scope.work;
    let mut included = None;
    let items: &[Node] = match list.map(|node| (&node.kind, node)) {
        Some((NodeKind::List(items), _)) => items,
        Some((_, node)) if node.tag.is_some() => {
            let original = format!(
                "{} {}",
                node.tag.as_deref().unwrap_or_default(),
                node.scalar().unwrap_or_default()
            );
            let why = "nodes of other files are not read";
            included = Some(work.untranslated(node.place, &original, why).1);
            &[]
        }
        Some((_, node)) => {
            wrong_shape(node, "a list of nodes", &work.notes);
            &[]
        }
        None => &[],
    };
    let named: Vec<Named<'_>> = items.iter().map(|node| name(node, scope)).collect();
    let gates = gates(&named, scope);
    let mut steps: Vec<Step> = Vec::new();
    let mut used = BTreeSet::new();
    let mut before: Option<String> = None;
    for item in &named {
        let made = node(item, &gates, before.as_deref(), file, scope);
        for mut step in made {
            used.extend(step.needs.iter().cloned());
            if let Some(last) = steps.last()
                && step.id == last.id
            {
                step.id = scope.helper(&step.id);
            }
            steps.push(step);
        }
        let (found, _) = scope.take_used();
        used.extend(found);
        before = Some(item.id.clone());
    }
    if steps.is_empty() {
        let step = match included {
            Some(comment) => placeholder(&scope.helper("included"), place).commented(comment),
            None => {
                Step::of(&scope.helper("nothing"), "set", Map::default().with("value", Out::Null))
                    .commented(format!("from line {}: no nodes", place.line))
            }
        };
        steps.push(step);
    }
    let mut outputs = Map::default();
    for item in named.iter().filter(|item| !used.contains(&item.id)) {
        let seen = scope.node(item.theirs).filter(|seen| seen.id == item.id);
        let expr = match seen {
            Some(seen) if seen.optional => format!("{} | default(none)", seen.output),
            Some(seen) => seen.output,
            None => item.id.clone(),
        };
        outputs.put(item.id.clone(), Out::hole(&expr));
    }
    (steps, outputs)
}

/// Gives a node its id, so that others can name it wherever they stand.
fn name<'n>(node: &'n Node, scope: &Scope<'_>) -> Named<'n> {
    let name = node.get("metadata").and_then(|node| node.get("name"));
    let kind = node.get("kind").and_then(Node::text).unwrap_or("node");
    let (theirs, id) = match name.and_then(|name| Some((name.scalar()?, name.place))) {
        Some((theirs, place)) => (theirs, scope.id(theirs, place)),
        None => ("", scope.helper(&identifier(kind.rsplit('.').next().unwrap_or(kind)))),
    };
    let spec = node.get("spec");
    let mut id = id;
    if spec.and_then(|spec| spec.get("collect")).and_then(Node::text) == Some("reduce") {
        // The step that puts the results together is what others read.
        while !scope.reserve(&format!("{id}_reduced")) {
            id = scope.helper(&id);
        }
    }
    let has = |key: &str| spec.is_some_and(|spec| spec.get(key).is_some());
    let critical = spec.and_then(|spec| spec.get("critical")).and_then(Node::as_bool);
    let optional = has("when") || has("on_error") || critical == Some(false);
    let seen = Seen { output: kinds::output(kind, spec, &id), id: id.clone(), optional };
    if !theirs.is_empty() && !scope.bind(theirs, seen) {
        let message = format!(
            "another node is called `{}` already, and expressions mean the last one",
            shown(theirs)
        );
        scope.work.notes.error(codes::RENAMED, node.place, message, "give them different names");
    }
    Named { node, id, theirs }
}

/// Which nodes run only where another one chose them, or failed.
fn gates(named: &[Named<'_>], scope: &Scope<'_>) -> Gates {
    let mut gates = Gates::new();
    for item in named {
        let Some(spec) = item.node.get("spec") else { continue };
        if let Some(handler) = spec.get("on_error").and_then(Node::text)
            && scope.node(handler).is_some()
        {
            gates
                .entry(handler.to_owned())
                .or_default()
                .push((item.id.clone(), format!("{} is undefined", item.id)));
        }
        if spec.get("route_downstream").and_then(Node::as_bool) != Some(true) {
            continue;
        }
        let NodeKind::List(branches) =
            spec.get("branches").map_or(&NodeKind::Null, |node| &node.kind)
        else {
            continue;
        };
        let actions = branches
            .iter()
            .filter_map(|branch| branch.get("action"))
            .chain(spec.get("else_action"));
        let actions: BTreeSet<&str> = actions.filter_map(Node::text).collect();
        for action in actions.into_iter().filter(|action| scope.node(action).is_some()) {
            let condition = format!(
                "{}.action == '{}'",
                item.id,
                action.replace('\\', "\\\\").replace('\'', "\\'")
            );
            gates.entry(action.to_owned()).or_default().push((item.id.clone(), condition));
        }
    }
    // Others see that these may have no output.
    for gated in gates.keys() {
        if let Some(mut seen) = scope.node(gated) {
            seen.optional = true;
            scope.bind(gated, seen);
        }
    }
    gates
}

fn node(
    item: &Named<'_>,
    gates: &Gates,
    before: Option<&str>,
    file: &File,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let work = scope.work;
    let place = item.node.place;
    scope.at.set(place);
    scope.take_used();
    if let Some(tag) = &item.node.tag {
        let original = format!("{tag} {}", item.node.scalar().unwrap_or_default());
        let (name, comment) =
            work.untranslated(place, &original, "nodes of other files are not read");
        return vec![
            Step::of(&item.id, "set", Map::default().with("value", Out::hole(&name)))
                .commented(comment),
        ];
    }
    let Some(mut fields) = Fields::of(item.node, &NODE, &work.notes) else {
        return vec![Step::of(
            &item.id,
            "set",
            Map::default().with("value", Out::hole(&format!("untranslated_line_{}", place.line))),
        )];
    };
    let (kind, kind_place) = match fields.take_text("kind") {
        Some(found) => found,
        None => {
            work.notes.error(
                codes::MISSING_KEY,
                place,
                "`kind` is missing in a node",
                "complete their file, and import it again",
            );
            ("node", place)
        }
    };
    if let Some(mut metadata) =
        fields.take("metadata").and_then(|node| Fields::of(node, &METADATA, &work.notes))
    {
        let _name = metadata.take("name");
    }
    if item.theirs.is_empty() {
        work.notes.warning(
            codes::MISSING_KEY,
            place,
            "`metadata.name` is missing in a node",
            "give it one in the translation",
        );
    }
    let listed = fields.has("dependencies");
    let mut needs = Vec::new();
    for key in ["dependencies", "wait_for"] {
        if let Some(node) = fields.take(key) {
            needs.extend(dependencies(node, scope));
        }
    }
    let empty = Node { place, tag: None, kind: NodeKind::Map(Vec::new()) };
    let node = fields.take("spec").unwrap_or(&empty);
    let mut steps = match Fields::of(node, &COMMON, &work.notes) {
        Some(mut spec) => {
            // A node that another one chose goes on from there; one that stands in for another has
            // nothing but the inputs.
            let chosen = gates.get(item.theirs).and_then(|gates| gates.first());
            let before = match chosen {
                Some((_, condition)) if condition.ends_with("is undefined") => None,
                Some((from, _)) => Some(from.as_str()),
                None => before,
            };
            let inputs = Inputs {
                mapping: spec.take("input_mapping"),
                needs: needs.clone(),
                before: if listed { None } else { before.map(str::to_owned) },
            };
            if let Some((false, place)) = spec.take_bool("strict_mapping") {
                work.notes.info(
                    codes::DIFFERS,
                    place,
                    "a name that is not there always fails",
                    "use `default` where it may be missing",
                );
            }
            let mut steps =
                kinds::translate(kind, kind_place, &item.id, &mut spec, &inputs, file, scope);
            if let Some(main) = steps.iter_mut().find(|step| step.id == item.id) {
                common(main, &mut spec, file, scope);
            }
            steps
        }
        None => vec![placeholder(&item.id, place)],
    };
    for (from, condition) in gates.get(item.theirs).into_iter().flatten() {
        scope.mark(from);
        if let Some(main) = steps.iter_mut().find(|step| step.id == item.id) {
            gate(main, condition);
        }
        needs.push(from.clone());
    }
    let (used, referred) = scope.take_used();
    // Named again for the block, which asks which nodes nobody uses.
    used.iter().for_each(|id| scope.mark(id));
    if !listed && !referred && needs.is_empty() {
        needs.extend(before.map(str::to_owned));
    }
    let mut previous: Option<String> = None;
    for step in &mut steps {
        if let Some(previous) = &previous {
            step.needs.push(previous.clone());
        }
        previous = Some(step.id.clone());
    }
    needs.retain(|id| *id != item.id);
    needs.dedup();
    if let Some(first) = steps.first_mut() {
        first.needs.splice(0..0, needs);
        first.comments.insert(
            0,
            format!("from line {}: `{}` {}", place.line, shown(kind), shown(item.theirs))
                .trim_end()
                .to_owned(),
        );
    }
    steps
}

/// A step that our compiler stops at, where there is nothing to translate.
pub(super) fn placeholder(id: &str, place: Place) -> Step {
    let value = Out::hole(&format!("untranslated_line_{}", place.line));
    Step::of(id, "set", Map::default().with("value", value))
}

/// One more condition.
fn gate(step: &mut Step, condition: &str) {
    let when = match step.when.take() {
        Some(Piece { comments, value: Out::Text(text) }) => {
            Piece::from(format!("({text}) and ({condition})")).comments(comments)
        }
        _ => Piece::from(condition),
    };
    step.when = Some(when);
}

fn dependencies(node: &Node, scope: &Scope<'_>) -> Vec<String> {
    let work = scope.work;
    let items = match &node.kind {
        NodeKind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut found: IndexSet<String> = IndexSet::new();
    for item in items {
        match item.scalar().map(|name| (name, scope.node(name))) {
            Some((_, Some(seen))) => drop(found.insert(seen.id)),
            Some((name, None)) => {
                scope.unknown("node", name, item.place);
            }
            None => wrong_shape(item, "the name of a node", &work.notes),
        }
    }
    found.into_iter().collect()
}

impl Step {
    /// With a comment before it.
    pub(super) fn commented(mut self, comment: String) -> Self {
        self.comments.push(comment);
        self
    }
}
