//! `map`: a block for every item of a list or object.

use crate::template::Template;

/// The most items where `max` is not given.
pub const ITEMS_MAX: u32 = 10_000;

/// How many items are worked on at the same time where `max_concurrent` is not given.
pub const SIDE_BY_SIDE: u32 = 16;

/// Runs a block for every item.
///
/// In the block, `item` (or the name after `as`) is the item and `index` its place from 0. Over an
/// object the item is `{key, value}`. Output: a list in the order of the items, or an object with
/// the same keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The list or object.
    pub over: Template,
    /// What the item is called in expressions: `item` unless the file says otherwise.
    pub name: String,
    /// The most items; more of them fail the step with `limit.fan-out`.
    pub max: u32,
    /// How many items are worked on at the same time, at least 1.
    pub max_concurrent: u32,
    /// What a failing item does.
    pub on_error: OnItemError,
    /// What is run for each item, by index in `Graph::blocks`.
    pub block: usize,
}

/// What a failing item does to the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnItemError {
    /// No more items are begun and the step fails.
    #[default]
    Fail,
    /// The item is left out of the output.
    Skip,
    /// Every result is `{ok: …}` or `{error: {kind, message}}`.
    Collect,
}
