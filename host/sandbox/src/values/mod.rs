//! JSON to component values and back, driven by the WIT type.
//!
//! The table of how each type is written stands in `coldframe_format::types`. Everything here is
//! bounded: what goes in by [`Allowance`], what comes out by [`OutputLimits`].

mod at;
mod to_json;
mod to_val;

pub(crate) use at::ValueError;
pub(crate) use to_json::{OutputLimits, to_json};
pub(crate) use to_val::{Allowance, arguments};

/// The largest integer up to which every integer has a double of its own: JSON numbers beyond it
/// are rounded by many readers, so those integers travel as text.
const EXACT_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Nesting of a JSON value that goes into a component as text. The usual readers stop at 128.
const JSON_DEPTH_MAX: u32 = 127;
