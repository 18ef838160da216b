//! The expressions of pipelines, evaluated by minijinja.
//!
//! This is what the host calls for every expression that is more than a path, so that nothing a
//! pipeline says is parsed or evaluated outside of the sandbox.

pub mod convert;
pub mod evaluate;
#[cfg(target_arch = "wasm32")]
mod guest;
