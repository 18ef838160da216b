//! `fallback`: what takes the place of a step that failed.

use super::Uses;
use crate::template::Template;

/// Takes the place of a step once its last attempt has failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Fallback {
    /// `fallback: { value: … }`
    Value(Template),
    /// `fallback: { uses: …, with: { … } }`: one call, without attempts of its own.
    Uses(Uses),
}
