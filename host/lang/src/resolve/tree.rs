//! Values with holes whose names are bound, every part with its place.

use crate::expr::scan::Guard;
use crate::source::Span;
use crate::template::Segment;
use crate::yaml::node::Text;

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
    /// As it is written.
    Number(&'n str),
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
    /// By place in the document.
    Step(usize),
}

impl Tree<'_> {
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
