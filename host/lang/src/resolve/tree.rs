//! Values with holes whose names are bound, every part with its place.

use serde_json::Value;

use crate::expr::scan::Guard;
use crate::source::Span;
use crate::template::Segment;
use crate::yaml::node::{Number, Text};
use crate::yaml::scalar;

/// A value that may have holes.
#[derive(Debug)]
pub(crate) struct Tree<'n> {
    pub(crate) span: Span,
    pub(crate) kind: TreeKind<'n>,
}

/// What it is.
#[derive(Debug)]
pub(crate) enum TreeKind<'n> {
    Null,
    Bool(bool),
    Number(&'n Number),
    /// A text without holes.
    Text(&'n str),
    /// One hole and nothing around it.
    Whole(Bound),
    /// Text around holes.
    Mixed(Vec<Part>),
    List(Vec<Tree<'n>>),
    Map(Vec<(&'n Text, Tree<'n>)>),
    /// Reported already.
    Broken,
}

/// A piece of a text with holes.
#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    Hole(Bound),
}

/// An expression whose names are bound.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) source: String,
    pub(crate) span: Span,
    pub(crate) uses: Vec<BoundUse>,
    /// The whole expression is the path of its only use.
    pub(crate) plain: bool,
}

/// A path from something that is known.
#[derive(Debug, Clone)]
pub(crate) struct BoundUse {
    pub(crate) target: Target,
    pub(crate) span: Span,
    pub(crate) path: Vec<(Segment, Span)>,
    pub(crate) guard: Guard,
}

/// What a name in root position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Inputs,
    Run,
    /// By place in the document, here and below.
    Step(usize),
    /// The item of a `map`.
    Item(usize),
    /// The place of the item or iteration of a `map` or `loop`.
    Index(usize),
    /// `loop` of a `loop`.
    Loop(usize),
    /// What the branches of a `parallel` came to.
    Branches(usize),
}

/// Named values, in source order.
pub(crate) type Named<'n> = Vec<(&'n Text, Tree<'n>)>;

impl Tree<'_> {
    /// Whether some part of it is computed. Depth is bounded by the reader.
    pub(crate) fn has_holes(&self) -> bool {
        match &self.kind {
            TreeKind::Whole(_) | TreeKind::Mixed(_) => true,
            TreeKind::List(items) => items.iter().any(Self::has_holes),
            TreeKind::Map(entries) => entries.iter().any(|(_, value)| value.has_holes()),
            _ => false,
        }
    }

    /// The value, if nothing of it is computed. Depth is bounded by the reader.
    pub(crate) fn literal(&self) -> Option<Value> {
        Some(match &self.kind {
            TreeKind::Null => Value::Null,
            TreeKind::Bool(value) => Value::Bool(*value),
            TreeKind::Number(found) => scalar::number(&found.json)?,
            TreeKind::Text(text) => Value::String((*text).to_owned()),
            TreeKind::List(items) => items.iter().map(Self::literal).collect::<Option<_>>()?,
            TreeKind::Map(entries) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, value)| Some((key.text.clone(), value.literal()?)));
                Value::Object(entries.collect::<Option<_>>()?)
            }
            TreeKind::Whole(_) | TreeKind::Mixed(_) | TreeKind::Broken => return None,
        })
    }

    /// `a string`, `a list`: for "expected …, found …".
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            TreeKind::Null => "null",
            TreeKind::Bool(_) => "a boolean",
            TreeKind::Number(_) => "a number",
            TreeKind::Text(_) | TreeKind::Mixed(_) => "a string",
            TreeKind::Whole(_) | TreeKind::Broken => "a value",
            TreeKind::List(_) => "a list",
            TreeKind::Map(_) => "a map",
        }
    }
}
