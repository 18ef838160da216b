//! Requests over HTTP.
//!
//! What can be decided without a network is decided in modules that run anywhere; the exchange
//! itself is `wasi:http`.

pub mod body;
#[cfg(target_arch = "wasm32")]
mod exchange;
#[cfg(target_arch = "wasm32")]
mod failure;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod headers;
pub mod retry_after;
pub mod url;
