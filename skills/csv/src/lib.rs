//! CSV to records, and to groups with aggregates.

pub mod decimal;
pub mod group;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod table;
