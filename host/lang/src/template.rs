//! Values with holes: what stands in `with`, `set` and `outputs`.

use indexmap::IndexMap;
use serde_json::Value;

/// A value in which some parts are computed when the step starts.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value with no holes.
    Literal(Value),
    /// `"{{ words.count }}"`: a plain path, resolved natively, keeps its type.
    Path(Path),
    /// `"{{ expr }}"` that is more than a path: evaluated in the sandbox, keeps its type.
    Expr(Expr),
    /// Text around holes: `"Hello {{ inputs.name }}"`. The result is a string.
    Text(Vec<Part>),
    /// A list with holes somewhere inside.
    List(Vec<Template>),
    /// An object with holes somewhere inside.
    Map(IndexMap<String, Template>),
}

/// A piece of a text template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// A hole. A string goes in as it is, anything else as JSON.
    Hole(Expr),
}

/// An expression of the language (minijinja's).
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// The source, without `{{ }}`, trimmed.
    pub source: String,
    /// The root values it names, sorted, without repeats. Only these are handed to the evaluator.
    pub roots: Vec<Root>,
    /// Set where the whole expression is one plain path; no evaluator is needed then.
    pub path: Option<Path>,
}

/// A dotted path from a root: `inputs.text`, `words.counts[0].word`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// How it goes on.
    pub segments: Vec<Segment>,
}

/// What a path can begin with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// `inputs`: the object of all inputs.
    Inputs,
    /// `run`: `run.id` and `run.name`.
    Run,
    /// The output of a step, by its index in `Graph::steps`. The step stands in the same block, in
    /// one around it, or (for `until`, `next` and a block's `output`) in the block itself.
    Step(usize, String),
    /// `item`, or the name after `as`: the item of the `map` with this index in `Graph::steps`.
    Item(usize, String),
    /// `index`: the place of the item, or the iteration, of the `map` or `loop` with this index.
    Index(usize),
    /// `loop`: `loop.state` and `loop.index` of the `loop` with this index.
    Loop(usize),
    /// `branches`: what the branches of the `parallel` with this index came to.
    Branches(usize),
    /// `step`: in a policy that looks at steps, what is known of the step.
    Subject,
    /// `result`: in policies the output of the step or run, in tests what the run came to.
    Result,
    /// `steps`: in policies and tests what every step came to.
    Steps,
    /// `totals`: in policies and tests what was consumed.
    Totals,
    /// `events`: in tests the journal.
    Events,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name`
    Key(String),
    /// `[3]`
    Index(usize),
}

impl Root {
    /// The name the expression uses for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Inputs => "inputs",
            Self::Run => "run",
            Self::Step(_, id) | Self::Item(_, id) => id,
            Self::Index(_) => "index",
            Self::Loop(_) => "loop",
            Self::Branches(_) => "branches",
            Self::Subject => "step",
            Self::Result => "result",
            Self::Steps => "steps",
            Self::Totals => "totals",
            Self::Events => "events",
        }
    }
}

impl Template {
    /// The root values it names, in the order in which they stand in it, with repeats.
    ///
    /// Depth is that of the YAML it came from, which the reader bounds.
    pub fn roots(&self) -> Vec<&Root> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Path(path) => vec![&path.root],
            Self::Expr(expr) => expr.roots.iter().collect(),
            Self::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text(_) => None,
                    Part::Hole(expr) => Some(&expr.roots),
                })
                .flatten()
                .collect(),
            Self::List(items) => items.iter().flat_map(Self::roots).collect(),
            Self::Map(entries) => entries.values().flat_map(Self::roots).collect(),
        }
    }
}

impl Template {
    /// Calls `change` with every name in it. Depth is that of the YAML it came from.
    pub(crate) fn each_root(&mut self, change: &mut impl FnMut(&mut Root)) {
        match self {
            Self::Literal(_) => {}
            Self::Path(path) => change(&mut path.root),
            Self::Expr(expr) => expr.each_root(change),
            Self::Text(parts) => {
                for part in parts {
                    if let Part::Hole(expr) = part {
                        expr.each_root(change);
                    }
                }
            }
            Self::List(items) => items.iter_mut().for_each(|item| item.each_root(change)),
            Self::Map(entries) => entries.values_mut().for_each(|item| item.each_root(change)),
        }
    }
}

impl Expr {
    /// Calls `change` with every name in it.
    pub(crate) fn each_root(&mut self, change: &mut impl FnMut(&mut Root)) {
        self.roots.iter_mut().for_each(&mut *change);
        self.path.iter_mut().for_each(|path| change(&mut path.root));
    }
}
