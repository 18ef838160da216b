//! What names mean at a node: the other nodes of its block, those around it, the inputs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use coldframe_lang::shown::shown;

use super::environment;
use crate::expr::Names;
use crate::names::{Taken, field, identifier};
use crate::note::{Place, codes};
use crate::out::{Map, Out};
use crate::work::Work;

/// A node, as others see it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) id: String,
    /// The expression that reads what it came to.
    pub(super) output: String,
    /// Whether it may have no output.
    pub(super) optional: bool,
}

/// The names of one block of nodes.
pub(super) struct Scope<'s> {
    pub(super) work: &'s Work,
    parent: Option<&'s Scope<'s>>,
    /// Where the expression stands that is looked at.
    pub(super) at: Cell<Place>,
    taken: RefCell<Taken>,
    nodes: RefCell<BTreeMap<String, Seen>>,
    /// Our ids to the expressions that read what they come to.
    outputs: RefCell<BTreeMap<String, String>>,
    /// Ids of nodes of this block that were named since this was last emptied.
    used: RefCell<BTreeSet<String>>,
    /// Whether any node was named, also one of a block around.
    referred: Cell<bool>,
    /// Names that mean an expression: inputs of an expression node, the item of a repetition.
    locals: RefCell<BTreeMap<String, String>>,
    /// What `state` is, inside of a repetition that has one.
    state: Option<&'static str>,
}

impl<'s> Scope<'s> {
    pub(super) fn top(work: &'s Work) -> Self {
        Self {
            work,
            parent: None,
            at: Cell::default(),
            taken: RefCell::default(),
            nodes: RefCell::default(),
            outputs: RefCell::default(),
            used: RefCell::default(),
            referred: Cell::default(),
            locals: RefCell::default(),
            state: None,
        }
    }

    pub(super) fn inner(&'s self) -> Scope<'s> {
        let mut inner = Self::top(self.work);
        inner.parent = Some(self);
        inner.at.set(self.at.get());
        inner
    }

    /// With a state that the repetition keeps.
    pub(super) fn with_state(mut self) -> Self {
        self.state = Some("loop.state");
        self
    }

    pub(super) fn local(&self, name: &str, expr: &str) {
        self.locals.borrow_mut().insert(name.to_owned(), expr.to_owned());
    }

    /// An id for their name. Says so where it had to change.
    pub(super) fn id(&self, theirs: &str, place: Place) -> String {
        let id = self.helper(&identifier(theirs));
        if id != theirs {
            let message = format!("the node `{}` is called `{id}` here", shown(theirs));
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

    /// Takes exactly this id, if it is free.
    pub(super) fn reserve(&self, id: &str) -> bool {
        self.helper(id) == id
    }

    /// Whether the name was new.
    pub(super) fn bind(&self, theirs: &str, seen: Seen) -> bool {
        self.outputs.borrow_mut().insert(seen.id.clone(), seen.output.clone());
        self.nodes.borrow_mut().insert(theirs.to_owned(), seen).is_none()
    }

    /// A node of this block, by their name.
    pub(super) fn node(&self, theirs: &str) -> Option<Seen> {
        self.nodes.borrow().get(theirs).cloned()
    }

    /// What a node of this block comes to, by our id.
    pub(super) fn output(&self, id: &str) -> String {
        self.outputs.borrow().get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Notes that no node of this block has a name.
    pub(super) fn unknown(&self, what: &str, name: &str, place: Place) {
        let nodes = self.nodes.borrow();
        let names = nodes.keys().map(String::as_str);
        let help = self.work.notes.suggest(name, &format!("there is the {what}"), names);
        let message = format!("there is no {what} `{}`", shown(name));
        self.work.notes.error(codes::UNKNOWN_NAME, place, message, help);
    }

    /// The nodes of this block that were named since the last time, and whether any was.
    pub(super) fn take_used(&self) -> (BTreeSet<String>, bool) {
        (std::mem::take(&mut *self.used.borrow_mut()), self.referred.replace(false))
    }

    /// Notes that a node of this block is used.
    pub(super) fn mark(&self, id: &str) {
        self.used.borrow_mut().insert(id.to_owned());
        self.referred.set(true);
    }

    fn find(&self, name: &str) -> Option<Seen> {
        let mut scope = Some(self);
        while let Some(found) = scope {
            found.referred.set(true);
            if let Some(seen) = found.node(name) {
                found.mark(&seen.id);
                return Some(seen);
            }
            scope = found.parent;
        }
        None
    }

    /// An expression of ours for an input of the pipeline.
    pub(super) fn input(&self, name: &str) -> String {
        if !self.work.has_input(name) {
            let message = format!(
                "no `input_schema` declares `{}`, so it became an input of any type",
                shown(name)
            );
            self.work.notes.info(
                codes::GUESS,
                self.at.get(),
                message,
                "give it a type under `inputs`",
            );
        }
        self.work.input(name, || Out::Map(Map::default()), self.at.get())
    }
}

impl Names for Scope<'_> {
    fn resolve(&self, name: &str, path: &[&str]) -> Result<(String, usize), String> {
        if let Some(found) = environment::resolve(name, self.at.get(), self.work) {
            return found;
        }
        let mut scope = Some(self);
        while let Some(found) = scope {
            if let Some(expr) = found.locals.borrow().get(name) {
                if !self.work.afford(expr.len()) {
                    return Err(
                        "what its names stand for is too large to be written out".to_owned()
                    );
                }
                return Ok((expr.clone(), 0));
            }
            if name == "state"
                && let Some(state) = found.state
            {
                return Ok(match path {
                    [part, ..] => (format!("{state}.{}", field(part)), 1),
                    [] => (state.to_owned(), 0),
                });
            }
            scope = found.parent;
        }
        match (name, path) {
            ("$input", []) => Ok(("inputs".to_owned(), 0)),
            ("$input", [field, ..]) => Ok((self.input(field), 1)),
            ("$ctx", ["run_id", ..]) => Ok(("run.id".to_owned(), 1)),
            ("$ctx", ["pipeline_name" | "name", ..]) => Ok(("run.name".to_owned(), 1)),
            ("$ctx", _) => {
                Err("of the context of a run only its id and its name are there".to_owned())
            }
            ("state", _) => Err(
                "`state` is kept by a composite node with `mode: while`, and there is none around"
                    .to_owned(),
            ),
            _ => {
                let referred = self.referred.get();
                let Some(seen) = self.find(name) else {
                    self.referred.set(referred);
                    return Err(format!(
                        "no node that is seen from here is called `{}`",
                        shown(name)
                    ));
                };
                if seen.optional {
                    self.work.notes.warning(
                        codes::DIFFERS,
                        self.at.get(),
                        format!(
                            "`{}` may have no output, and then there is nothing to read",
                            seen.id
                        ),
                        format!(
                            "write `{} | default(…)`, or `when: {} is defined`",
                            seen.output, seen.id
                        ),
                    );
                }
                Ok((seen.output, 0))
            }
        }
    }
}
