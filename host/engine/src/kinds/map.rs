//! `map`: a block for every item of a list or object, so many side by side.

use std::sync::Arc;

use coldframe_journal::event::{Head, Outcome, Turn};
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{Map, OnItemError};
use serde_json::{Value, json};

use super::{Halt, Holder, HolderEnd};
use crate::invoke::CallError;
use crate::scope::{Local, kind_of};
use crate::step::Worker;
use crate::work::End;

pub(super) async fn head(worker: &mut Worker<'_>, map: &Map) -> Result<End, CallError> {
    let items = worker.fill(&map.over).await?;
    let count = match &items {
        Value::Array(items) => items.len(),
        Value::Object(items) => items.len(),
        other => {
            let message = format!("`over` is {}, expected a list or an object", kind_of(other));
            return Err(CallError::new(ErrorKind::ExprFailed, message));
        }
    };
    if count > map.max as usize {
        let message = format!("`over` has {count} items, and `max` allows {}", map.max);
        return Err(CallError::new(ErrorKind::LimitFanOut, message));
    }
    let allowed = worker.shape().fan_out;
    if count as u64 > allowed {
        let message = format!("`over` has {count} items, and the limit `fan_out` is {allowed}");
        return Err(CallError::new(ErrorKind::LimitFanOut, message));
    }
    Ok(End::Entered(Head::Items(items)))
}

/// The items, and what became of them.
#[derive(Debug)]
pub(super) struct Running {
    items: Vec<Arc<Value>>,
    /// The keys of the items, where they are those of an object.
    keys: Option<Vec<String>>,
    /// How many were begun.
    begun: usize,
    side_by_side: usize,
    on_error: OnItemError,
    /// `None` for an item that is under way, left out or not begun.
    results: Vec<Option<Value>>,
    failed: Option<Failure>,
}

impl Running {
    pub(super) fn new(map: &Map, items: Value) -> Self {
        let (items, keys): (Vec<Arc<Value>>, _) = match items {
            Value::Array(items) => (items.into_iter().map(Arc::new).collect(), None),
            Value::Object(items) => {
                let keys = items.keys().cloned().collect();
                let item = |(key, value)| Arc::new(json!({ "key": key, "value": value }));
                (items.into_iter().map(item).collect(), Some(keys))
            }
            other => (vec![Arc::new(other)], None),
        };
        Self {
            results: vec![None; items.len()],
            items,
            keys,
            begun: 0,
            side_by_side: map.max_concurrent.max(1) as usize,
            on_error: map.on_error,
            failed: None,
        }
    }
}

impl Holder for Running {
    fn open(&mut self, live: usize) -> Option<(usize, Local)> {
        if self.failed.is_some() || live >= self.side_by_side {
            return None;
        }
        let slot = self.begun;
        // Its frame holds the item from here on.
        let item = std::mem::take(self.items.get_mut(slot)?);
        self.begun += 1;
        Some((slot, Local::Item { item, index: json!(slot) }))
    }

    fn ended(&mut self, slot: usize, outcome: Outcome, _turn: Option<Turn>) -> Option<Halt> {
        let result = match (self.on_error, outcome) {
            (OnItemError::Collect, Outcome::Done(value)) => Some(json!({ "ok": value })),
            (OnItemError::Collect, Outcome::Failed(failure)) => Some(json!({
                "error": { "kind": failure.kind, "message": failure.message },
            })),
            (OnItemError::Fail | OnItemError::Skip, Outcome::Done(value)) => Some(value),
            (OnItemError::Skip, Outcome::Failed(_)) | (_, Outcome::Cancelled) => None,
            (OnItemError::Fail, Outcome::Failed(failure)) => {
                self.failed.get_or_insert(failure);
                return Some(Halt::Drain);
            }
        };
        if let Some(place) = self.results.get_mut(slot) {
            *place = result;
        }
        None
    }

    fn end(&mut self) -> HolderEnd {
        if let Some(failure) = self.failed.take() {
            return HolderEnd::Failed(failure);
        }
        let results = std::mem::take(&mut self.results).into_iter();
        HolderEnd::Output(match self.keys.take() {
            None => Value::Array(results.flatten().collect()),
            Some(keys) => Value::Object(
                keys.into_iter()
                    .zip(results)
                    .filter_map(|(key, value)| Some((key, value?)))
                    .collect(),
            ),
        })
    }
}
