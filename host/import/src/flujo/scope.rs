//! What names mean at a step: the steps before it, the value before it, and the shared context.
//!
//! flujo has one context that every step may write to. Here every value has one origin, so a scope
//! remembers which step wrote a field of the context last.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use coldframe_lang::shown::shown;

use crate::expr::Names;
use crate::names::{Taken, identifier};
use crate::note::{Place, codes};
use crate::out::Out;
use crate::work::Work;

/// The names of one block of steps.
pub(super) struct Scope<'s> {
    pub(super) work: &'s Work,
    parent: Option<&'s Scope<'s>>,
    /// Where the expression stands that is looked at.
    pub(super) at: Cell<Place>,
    taken: RefCell<Taken>,
    /// Their names of steps to the expressions that read their outputs.
    steps: RefCell<BTreeMap<String, String>>,
    /// What the step before came to; the input of the block for the first one.
    previous: RefCell<Option<String>>,
    /// Fields of the context to the expressions that read them.
    context: RefCell<BTreeMap<String, String>>,
    /// The last step whose output went into the context as a whole.
    updated_by: RefCell<Option<String>>,
    this: Option<&'static str>,
    /// Whether a step that fails counts as skipped.
    pub(super) tolerant: bool,
}

impl<'s> Scope<'s> {
    pub(super) fn top(work: &'s Work) -> Self {
        Self {
            work,
            parent: None,
            at: Cell::default(),
            taken: RefCell::default(),
            steps: RefCell::default(),
            previous: RefCell::default(),
            context: RefCell::default(),
            updated_by: RefCell::default(),
            this: None,
            tolerant: false,
        }
    }

    /// The names of a block inside of this one, whose first step gets `previous`.
    pub(super) fn inner(&'s self, previous: Option<String>) -> Scope<'s> {
        let mut inner = Self::top(self.work);
        inner.parent = Some(self);
        inner.at.set(self.at.get());
        *inner.previous.borrow_mut() = previous;
        inner
    }

    /// With an item that is called `this`.
    pub(super) fn with_item(mut self) -> Self {
        self.this = Some("item");
        self
    }

    /// An id for their name. Says so where it had to change.
    pub(super) fn id(&self, theirs: &str, place: Place) -> String {
        let id = self.helper(&identifier(theirs));
        if id != theirs {
            let message = format!("the step `{}` is called `{id}` here", shown(theirs));
            self.work.notes.info(codes::RENAMED, place, message, "expressions use the new name");
        }
        id
    }

    /// An id for a step that they did not have.
    pub(super) fn helper(&self, name: &str) -> String {
        let around = |name: &str| {
            let mut scope = self.parent;
            while let Some(found) = scope {
                if found.taken.borrow().has(name) {
                    return true;
                }
                scope = found.parent;
            }
            false
        };
        self.taken.borrow_mut().unique(name, '_', &around)
    }

    pub(super) fn bind(&self, theirs: &str, expr: &str) {
        self.steps.borrow_mut().insert(theirs.to_owned(), expr.to_owned());
    }

    pub(super) fn set_previous(&self, expr: &str) {
        *self.previous.borrow_mut() = Some(expr.to_owned());
    }

    pub(super) fn set_context(&self, field: &str, expr: &str) {
        self.context.borrow_mut().insert(field.to_owned(), expr.to_owned());
    }

    pub(super) fn set_updated_by(&self, expr: &str) {
        *self.updated_by.borrow_mut() = Some(expr.to_owned());
        // A later step overwrites what earlier ones wrote, but which fields is not written anywhere.
    }

    /// What the step before came to. The first step of all gets the prompt of the run.
    pub(super) fn previous(&self) -> String {
        match &*self.previous.borrow() {
            Some(expr) => expr.clone(),
            None => self.prompt(),
        }
    }

    pub(super) fn prompt(&self) -> String {
        self.work.input(
            "initial_prompt",
            || {
                crate::out::Map::default()
                    .with("type", "string")
                    .with("description", "What the run is about")
                    .into()
            },
            self.at.get(),
        )
    }

    /// The expression that reads a field of the context.
    pub(super) fn field(&self, field: &str) -> String {
        let mut scope = Some(self);
        while let Some(found) = scope {
            if let Some(expr) = found.context.borrow().get(field) {
                return expr.clone();
            }
            if let Some(step) = &*found.updated_by.borrow() {
                self.work.notes.warning(
                    codes::GUESS,
                    self.at.get(),
                    format!("`context.{}` is taken from `{step}`, the last step that updates the context", shown(field)),
                    "name the step that gives it, if it is another one",
                );
                return format!("{step}.{field}");
            }
            scope = found.parent;
        }
        if field == "initial_prompt" {
            return self.prompt();
        }
        if !self.work.has_input(field) {
            self.work.notes.warning(
                codes::GUESS,
                self.at.get(),
                format!("nothing writes `context.{}`, so it became an input", shown(field)),
                "give it a type and a default under `inputs`, or name the step that gives it",
            );
        }
        self.work.input(field, || Out::Map(crate::out::Map::default()), self.at.get())
    }

    /// What is known of a field without guessing.
    pub(super) fn known_field(&self, field: &str) -> Option<String> {
        let mut scope = Some(self);
        while let Some(found) = scope {
            if let Some(expr) = found.context.borrow().get(field) {
                return Some(expr.clone());
            }
            scope = found.parent;
        }
        None
    }

    fn step(&self, name: &str) -> Option<String> {
        let mut scope = Some(self);
        while let Some(found) = scope {
            if let Some(expr) = found.steps.borrow().get(name) {
                return Some(expr.clone());
            }
            scope = found.parent;
        }
        None
    }

    fn item(&self) -> Option<&'static str> {
        let mut scope = Some(self);
        while let Some(found) = scope {
            if found.this.is_some() {
                return found.this;
            }
            scope = found.parent;
        }
        None
    }
}

/// The field of the context that a path means: `import_artifacts` is a part of it that has no
/// counterpart of its own.
pub(super) fn field_of(path: &str) -> &str {
    let path = path.strip_prefix("context.").unwrap_or(path);
    path.strip_prefix("import_artifacts.")
        .or_else(|| path.strip_prefix("scratchpad."))
        .unwrap_or(path)
}

impl Names for Scope<'_> {
    fn resolve(&self, name: &str, path: &[&str]) -> Result<(String, usize), String> {
        match name {
            "previous_step" | "output" => Ok((self.previous(), 0)),
            "this" => match self.item() {
                Some(item) => Ok((item.to_owned(), 0)),
                None => Err("`this` is the item of a map, and there is none around".to_owned()),
            },
            "context" => match path {
                ["import_artifacts" | "scratchpad", field, ..] => Ok((self.field(field), 2)),
                ["run_id", ..] => Ok(("run.id".to_owned(), 1)),
                [
                    field @ ("hitl_history" | "conversation_history" | "step_outputs" | "status"),
                    ..,
                ] => Err(format!(
                    "`context.{field}` is kept by flujo itself, and nothing keeps it here"
                )),
                [field, ..] => Ok((self.field(field), 1)),
                [] => Err("the context as a whole has no counterpart; name its fields".to_owned()),
            },
            "steps" => match path {
                [step, rest @ ..] => {
                    let Some(expr) = self.step(step) else {
                        return Err(format!(
                            "no step before this one, seen from here, is called `{}`",
                            shown(step)
                        ));
                    };
                    let output = matches!(rest.first(), Some(&("output" | "result" | "value")));
                    Ok((expr, 1 + usize::from(output)))
                }
                [] => Err("the steps as a whole have no counterpart; name one".to_owned()),
            },
            "resume_input" => {
                Err("the answer of a person is the output of the step that asks".to_owned())
            }
            other => match self.step(other) {
                Some(expr) => Ok((expr, 0)),
                None => Err(format!("there is no name `{}` in expressions", shown(other))),
            },
        }
    }
}
