//! Validation of values against JSON Schemas.
//!
//! A skill of its own, because the validator makes its component more than ten times as large as
//! the other operations on JSON together.

#[cfg(target_arch = "wasm32")]
mod guest;
#[cfg(target_arch = "wasm32")]
mod seed;
pub mod validate;
