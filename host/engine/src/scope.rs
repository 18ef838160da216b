//! The values a step can see, and how templates are filled from them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use coldframe_journal::ErrorKind;
use coldframe_lang::graph::Graph;
use coldframe_lang::template::{Expr, Part, Path, Root, Segment, Template};
use serde_json::{Map, Value, json};

use crate::invoke::CallError;

/// What the steps of one block see, and by `parent` what those around it see.
#[derive(Debug)]
pub(crate) struct Scope {
    /// What stands around the block; none for a pipeline's own.
    parent: Option<Arc<Scope>>,
    /// The step that holds the block.
    holder: Option<usize>,
    /// What the holder gives to this activation of the block.
    local: Local,
    /// The steps of the block, and an output for each that has one.
    steps: Range<usize>,
    outputs: Box<[OnceLock<Arc<Value>>]>,
}

/// What an activation of a block has of its own.
#[derive(Debug)]
pub(crate) enum Local {
    /// Nothing: a branch or a case.
    Nothing,
    /// A pipeline's own block.
    Pipeline { inputs: Value, run: Value },
    /// An item of a `map`.
    Item { item: Arc<Value>, index: Value },
    /// An iteration of a `loop`: `{state, index}`.
    Turn { turn: Value },
    /// The results of the branches of a `parallel`.
    Branches(Value),
    /// What a rule looks at.
    Claim { result: Value, subject: Option<Value>, steps: Option<Value>, totals: Value },
}

impl Local {
    /// An iteration of a `loop`.
    pub(crate) fn turn(state: &Value, index: usize) -> Self {
        Self::Turn { turn: json!({ "state": state, "index": index }) }
    }
}

impl Scope {
    /// The scope of an activation of a block with these steps.
    pub(crate) fn new(
        parent: Option<Arc<Self>>,
        holder: Option<usize>,
        local: Local,
        steps: Range<usize>,
    ) -> Self {
        let outputs = steps.clone().map(|_| OnceLock::new()).collect();
        Self { parent, holder, local, steps, outputs }
    }

    /// This scope with something more, for what is computed around a block.
    pub(crate) fn with(self: &Arc<Self>, holder: usize, local: Local) -> Self {
        Self::new(Some(Arc::clone(self)), Some(holder), local, 0..0)
    }

    /// The state of the iteration this is.
    pub(crate) fn turn_state(&self) -> Option<&Value> {
        match &self.local {
            Local::Turn { turn } => turn.get("state"),
            _ => None,
        }
    }

    /// What stands around.
    pub(crate) fn parent(&self) -> Option<&Arc<Self>> {
        self.parent.as_ref()
    }

    /// Remembers the output of a step of this block. A step has one at most.
    pub(crate) fn set(&self, step: usize, output: Arc<Value>) {
        let place = step.checked_sub(self.steps.start);
        if let Some(slot) = place.and_then(|place| self.outputs.get(place)) {
            let _ = slot.set(output);
        }
    }

    /// The output of a step of this block.
    pub(crate) fn output(&self, step: usize) -> Option<&Value> {
        let place = step.checked_sub(self.steps.start)?;
        Some(&**self.outputs.get(place)?.get()?)
    }

    /// What a block without `output` comes to: the output of each of its steps by id.
    pub(crate) fn block_value(&self, graph: &Graph) -> Value {
        let steps = graph.steps.get(self.steps.clone()).unwrap_or_default();
        let values = steps.iter().zip(&self.outputs).map(|(step, output)| {
            let value = output.get().map_or(Value::Null, |value| Value::clone(value));
            (step.id.clone(), value)
        });
        Value::Object(values.collect())
    }

    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    fn held_by(&self, holder: usize) -> Option<&Self> {
        self.chain().find(|scope| scope.holder == Some(holder))
    }

    /// The value a name stands for; `None` where the step was skipped.
    pub(crate) fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Inputs => self.chain().find_map(|scope| match &scope.local {
                Local::Pipeline { inputs, .. } => Some(inputs),
                _ => None,
            }),
            Root::Run => self.chain().find_map(|scope| match &scope.local {
                Local::Pipeline { run, .. } => Some(run),
                _ => None,
            }),
            Root::Step(index, _) => {
                self.chain().find(|scope| scope.steps.contains(index))?.output(*index)
            }
            Root::Item(holder, _) => match &self.held_by(*holder)?.local {
                Local::Item { item, .. } => Some(item),
                _ => None,
            },
            Root::Index(holder) => match &self.held_by(*holder)?.local {
                Local::Item { index, .. } => Some(index),
                Local::Turn { turn } => turn.get("index"),
                _ => None,
            },
            Root::Loop(holder) => match &self.held_by(*holder)?.local {
                Local::Turn { turn } => Some(turn),
                _ => None,
            },
            Root::Branches(holder) => match &self.held_by(*holder)?.local {
                Local::Branches(branches) => Some(branches),
                _ => None,
            },
            Root::Result | Root::Subject | Root::Steps | Root::Totals => {
                let Local::Claim { result, subject, steps, totals } = &self.local else {
                    return None;
                };
                match root {
                    Root::Result => Some(result),
                    Root::Subject => subject.as_ref(),
                    Root::Steps => steps.as_ref(),
                    _ => Some(totals),
                }
            }
            // Only in tests, after the run.
            Root::Events => None,
        }
    }

    /// The value at a path. A path into a skipped step is `null`: the compiler let it through
    /// only where that is a value of the right type.
    pub(crate) fn path(&self, path: &Path) -> Result<Cow<'_, Value>, CallError> {
        let Some(mut at) = self.root(&path.root) else { return Ok(Cow::Owned(Value::Null)) };
        for segment in &path.segments {
            let next = match segment {
                Segment::Key(key) => at.get(key),
                Segment::Index(index) => at.get(index),
            };
            at = next.ok_or_else(|| undefined(path))?;
        }
        Ok(Cow::Borrowed(at))
    }

    /// The names in an expression that stand for nothing: outputs of skipped steps.
    pub(crate) fn absent<'e>(&self, expr: &'e Expr) -> Vec<&'e str> {
        expr.roots.iter().filter(|root| self.root(root).is_none()).map(Root::name).collect()
    }

    /// The variables an expression names, as one object. A skipped step is left out, so that it
    /// is undefined to the expression.
    pub(crate) fn variables(&self, expr: &Expr) -> Value {
        let mut variables = Map::new();
        for root in &expr.roots {
            if let Some(value) = self.root(root) {
                variables.insert(root.name().to_owned(), value.clone());
            }
        }
        Value::Object(variables)
    }
}

fn undefined(path: &Path) -> CallError {
    let mut text = path.root.name().to_owned();
    for segment in &path.segments {
        match segment {
            Segment::Key(key) => text.push_str(&format!(".{key}")),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    CallError::new(ErrorKind::ExprFailed, format!("`{text}` is undefined"))
}

/// Whether filling the template needs the evaluator.
pub(crate) fn has_expressions(template: &Template) -> bool {
    let mut found = Vec::new();
    collect(template, &mut found);
    !found.is_empty()
}

/// The expressions of a template that are more than a path, in the order `fill` asks for them.
pub(crate) fn collect<'t>(template: &'t Template, found: &mut Vec<&'t Expr>) {
    match template {
        Template::Literal(_) | Template::Path(_) => {}
        Template::Expr(expr) => found.extend(expr.path.is_none().then_some(expr)),
        Template::Text(parts) => {
            for part in parts {
                if let Part::Hole(expr) = part {
                    found.extend(expr.path.is_none().then_some(expr));
                }
            }
        }
        Template::List(items) => items.iter().for_each(|item| collect(item, found)),
        Template::Map(entries) => entries.values().for_each(|item| collect(item, found)),
    }
}

/// Fills a template. `values` holds the values of [`collect`]'s expressions, in the same order.
pub(crate) fn fill(
    template: &Template,
    scope: &Scope,
    values: &mut VecDeque<Value>,
) -> Result<Value, CallError> {
    match template {
        Template::Literal(value) => Ok(value.clone()),
        Template::Path(path) => scope.path(path).map(Cow::into_owned),
        Template::Expr(expr) => hole(expr, scope, values).map(Cow::into_owned),
        Template::Text(parts) => {
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text(piece) => text.push_str(piece),
                    Part::Hole(expr) => match &*hole(expr, scope, values)? {
                        Value::String(piece) => text.push_str(piece),
                        other => text.push_str(&other.to_string()),
                    },
                }
            }
            Ok(Value::String(text))
        }
        Template::List(items) => items.iter().map(|item| fill(item, scope, values)).collect(),
        Template::Map(entries) => entries
            .iter()
            .map(|(key, item)| Ok((key.clone(), fill(item, scope, values)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
    }
}

fn hole<'s>(
    expr: &Expr,
    scope: &'s Scope,
    values: &mut VecDeque<Value>,
) -> Result<Cow<'s, Value>, CallError> {
    match &expr.path {
        Some(path) => scope.path(path),
        None => values.pop_front().map(Cow::Owned).ok_or_else(|| {
            CallError::new(ErrorKind::HostBug, format!("no value for `{}`", expr.source))
        }),
    }
}

/// What a value is, in a sentence.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
