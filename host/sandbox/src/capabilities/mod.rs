//! The host services a guest can import, one file each. [`crate::link`] lists them.

pub(crate) mod clock;
pub(crate) mod http;
pub(crate) mod log;
#[cfg(test)]
pub(crate) mod panic;
pub(crate) mod random;
pub(crate) mod wasi;
