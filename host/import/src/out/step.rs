//! A step as it is put together, key by key, in the order that all our files have.

use super::tree::{Map, Out, Piece};

/// A step of ours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    pub(crate) comments: Vec<String>,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) needs: Vec<String>,
    pub(crate) when: Option<Piece>,
    /// The key that says what it does, and `with`.
    pub(crate) body: Map,
    pub(crate) retry: Option<Map>,
    pub(crate) timeout: Option<String>,
    pub(crate) fallback: Option<Piece>,
    pub(crate) on_error: Option<&'static str>,
    pub(crate) limits: Map,
    pub(crate) cache: bool,
}

impl Step {
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// A step that calls a skill.
    pub(crate) fn uses(id: &str, reference: &str, with: Map) -> Self {
        let mut step = Self::new(id);
        step.body.put("uses", reference);
        if !with.is_empty() {
            step.body.put("with", with);
        }
        step
    }

    /// A step that does what one key says.
    pub(crate) fn of(id: &str, key: &str, value: impl Into<Piece>) -> Self {
        let mut step = Self::new(id);
        step.body.put(key, value);
        step
    }

    /// As it is written.
    pub(crate) fn into_piece(self) -> Piece {
        let mut map = Map::default();
        map.put("id", self.id);
        map.put_some("name", self.name);
        match self.needs.as_slice() {
            [] => {}
            [one] => map.put("needs", one.as_str()),
            many => map.put("needs", Out::texts(many)),
        }
        map.put_some("when", self.when);
        map.0.extend(self.body.0);
        map.put_some("retry", self.retry);
        map.put_some("timeout", self.timeout.map(Out::Bare));
        map.put_some("fallback", self.fallback);
        map.put_some("on_error", self.on_error);
        if !self.limits.is_empty() {
            map.put("limits", self.limits);
        }
        if self.cache {
            map.put("cache", Out::Bool(true));
        }
        Piece { comments: self.comments, value: Out::Map(map) }
    }
}

/// `steps: […]` with an output.
pub(crate) fn block(steps: Vec<Step>, output: Option<Piece>) -> Map {
    let mut map = Map::default();
    map.put("steps", Out::List(steps.into_iter().map(Step::into_piece).collect()));
    map.put_some("output", output);
    map
}
