//! The host services a guest can import, one file each. [`crate::link`] lists them.

pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod fs;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod llm;
pub(crate) mod log;
#[cfg(test)]
pub(crate) mod panic;
pub(crate) mod random;
pub(crate) mod secrets;
pub(crate) mod services;
pub(crate) mod sql;
pub(crate) mod tools;
pub(crate) mod wasi;
pub(crate) mod watched;
