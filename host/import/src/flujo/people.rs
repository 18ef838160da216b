//! Steps that wait for a person.

use super::block::Made;
use super::kinds::input;
use super::scope::Scope;
use crate::fields::Fields;
use crate::note::{Place, codes};
use crate::out::step::Step;
use crate::out::{Map, Out, Piece};

/// A step that waits for what a person says.
pub(super) fn ask(id: &str, message: Piece, help: &str, place: Place, scope: &Scope<'_>) -> Made {
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
pub(super) fn approve(id: &str, message: Piece, place: Place, scope: &Scope<'_>) -> Made {
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

pub(super) fn hitl(id: &str, fields: &mut Fields<'_, '_>, scope: &Scope<'_>) -> Made {
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
