//! Statistics of a text, and splitting it.

#[cfg(target_arch = "wasm32")]
mod guest;
pub mod parts;
pub mod stats;
