//! SHA-256 digests and base64.

pub mod base64;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod sha256;
