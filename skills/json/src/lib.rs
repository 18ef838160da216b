//! JSONPath queries and merge patches.

#[cfg(target_arch = "wasm32")]
mod guest;
pub mod merge;
pub mod query;
