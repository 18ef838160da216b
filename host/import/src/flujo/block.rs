//! Lists of steps, which run one after the other.

use coldframe_lang::shown::shown;

use super::agent::File;
use super::common::{self, Common};
use super::dictionary::{BRANCH, STEP};
use super::kinds;
use super::scope::Scope;
use crate::fields::{Fields, wrong_shape};
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};
use crate::yaml::node::{Node, NodeKind};

/// What one step of theirs became.
pub(super) struct Made {
    pub(super) before: Vec<Step>,
    pub(super) main: Step,
    pub(super) after: Vec<Step>,
    /// The expression that reads what it came to.
    pub(super) output: String,
}

impl Made {
    pub(super) fn new(main: Step) -> Self {
        let output = main.id.clone();
        Self { before: Vec::new(), main, after: Vec::new(), output }
    }
}

/// The steps at a node: a list, a single step, or `{steps: […]}`. Gives them and what the last one
/// comes to.
pub(super) fn steps(node: &Node, file: &File, scope: &Scope<'_>) -> (Vec<Step>, String) {
    let work = scope.work;
    if node.get("steps").is_some() && node.get("kind").is_none() {
        let inner =
            Fields::of(node, &BRANCH, &work.notes).and_then(|mut fields| fields.take("steps"));
        return match inner {
            Some(inner) => steps(inner, file, scope),
            None => nothing(node.place, scope),
        };
    }
    let single = std::slice::from_ref(node);
    let items = match &node.kind {
        NodeKind::List(items) => items.as_slice(),
        NodeKind::Map(_) => single,
        NodeKind::Null if node.tag.is_none() => &[],
        _ => {
            wrong_shape(node, "a list of steps", &work.notes);
            &[]
        }
    };
    let mut made = Vec::new();
    let mut before: Option<String> = None;
    for item in items {
        let Some(found) = step(item, file, scope) else { continue };
        for mut step in found {
            // They run in the order in which they stand, whatever they use.
            step.needs.extend(before.take());
            before = Some(step.id.clone());
            made.push(step);
        }
    }
    if made.is_empty() {
        return nothing(node.place, scope);
    }
    (made, scope.previous())
}

/// A step that hands on what came before it, where there are none.
fn nothing(place: Place, scope: &Scope<'_>) -> (Vec<Step>, String) {
    scope.at.set(place);
    let id = scope.helper("nothing");
    let set = Map::default().with("value", Out::hole(&scope.previous()));
    (vec![Step::of(&id, "set", set)], format!("{id}.value"))
}

/// One step with those that it needs around it, in order. Binds its name.
fn step(node: &Node, file: &File, scope: &Scope<'_>) -> Option<Vec<Step>> {
    let work = scope.work;
    scope.at.set(node.place);
    if let Some(tag) = &node.tag {
        work.untranslated(node.place, tag, "steps of other files are not read");
        return None;
    }
    let mut fields = Fields::of(node, &STEP, &work.notes)?;
    let name = fields.take_text("name").or_else(|| fields.take_text("step"));
    let kind = fields.take_text("kind").map_or("step", |(kind, _)| kind);
    if name.is_none() {
        let message = "`name` is missing in a step";
        work.notes.warning(
            codes::MISSING_KEY,
            node.place,
            message,
            "give it one in the translation",
        );
    }
    let (theirs, place) = name.unwrap_or((kind, node.place));
    let id = if name.is_some() {
        scope.id(theirs, place)
    } else {
        scope.helper(&crate::names::identifier(kind))
    };
    let common = Common::read(&mut fields, kind, file, scope);
    let mut made = kinds::translate(kind, &id, place, &mut fields, &common, file, scope);
    drop(fields);
    if name.is_some() && theirs != id && theirs.contains(' ') {
        made.main.name.get_or_insert_with(|| theirs.to_owned());
    }
    if scope.tolerant {
        made.main.on_error = Some("continue");
    }
    common::apply(common, &mut made, scope);
    made.main.comments.push(format!("from line {}: `{}` {}", node.place.line, kind, shown(theirs)));
    scope.at.set(node.place);
    if name.is_some() {
        scope.bind(theirs, &made.output);
    }
    scope.set_previous(&made.output);
    let mut all = made.before;
    all.push(made.main);
    all.append(&mut made.after);
    Some(all)
}

/// A block whose first step gets `previous`, with the output of its last step.
pub(super) fn block(node: &Node, file: &File, scope: &Scope<'_>, previous: &str) -> Map {
    let inner = scope.inner(Some(previous.to_owned()));
    let (made, output) = steps(node, file, &inner);
    crate::out::step::block(made, Some(Piece::from(Out::hole(&output))))
}
