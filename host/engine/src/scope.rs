//! The values a step can see, and how templates are filled from them.

use std::collections::VecDeque;
use std::sync::OnceLock;

use coldframe_journal::ErrorKind;
use coldframe_lang::template::{Expr, Part, Path, Root, Segment, Template};
use serde_json::{Map, Value};

use crate::invoke::CallError;

/// What expressions can name.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) inputs: Value,
    pub(crate) run: Value,
    /// By step index. Empty for a step that has not ended or was skipped.
    pub(crate) outputs: Vec<OnceLock<Value>>,
}

impl Scope {
    /// The value a name stands for; `None` where the step was skipped.
    pub(crate) fn root(&self, root: &Root) -> Option<&Value> {
        match root {
            Root::Inputs => Some(&self.inputs),
            Root::Run => Some(&self.run),
            Root::Step(index, _) => self.outputs.get(*index)?.get(),
            _ => None,
        }
    }

    /// The value at a path. A path into a skipped step is `null`: the compiler let it through
    /// only where that is a value of the right type.
    pub(crate) fn path(&self, path: &Path) -> Result<Value, CallError> {
        let Some(mut at) = self.root(&path.root) else { return Ok(Value::Null) };
        for segment in &path.segments {
            let next = match segment {
                Segment::Key(key) => at.get(key),
                Segment::Index(index) => at.get(index),
            };
            at = next.ok_or_else(|| undefined(path))?;
        }
        Ok(at.clone())
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
        Template::Path(path) => scope.path(path),
        Template::Expr(expr) => hole(expr, scope, values),
        Template::Text(parts) => {
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text(piece) => text.push_str(piece),
                    Part::Hole(expr) => match hole(expr, scope, values)? {
                        Value::String(piece) => text.push_str(&piece),
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

fn hole(expr: &Expr, scope: &Scope, values: &mut VecDeque<Value>) -> Result<Value, CallError> {
    match &expr.path {
        Some(path) => scope.path(path),
        None => values.pop_front().ok_or_else(|| {
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
