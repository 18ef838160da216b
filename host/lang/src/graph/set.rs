//! `set`: values computed from others.

use indexmap::IndexMap;

use crate::template::Template;

/// Computes values. Output: an object with these names.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Named values, in source order.
    pub values: IndexMap<String, Template>,
}
