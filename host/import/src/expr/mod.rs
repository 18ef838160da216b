//! Their expressions, which are Python's, to ours, which are Jinja's.

mod calls;
mod lexer;
mod python;
pub(crate) mod template;
#[cfg(test)]
mod tests;

pub(crate) use python::{is_path, translate};

/// The meaning of names, which depends on where an expression stands.
pub(crate) trait Names {
    /// What `name.path…` reads: an expression of ours, and how many parts of the path it stands
    /// for. The error says why there is none.
    fn resolve(&self, name: &str, path: &[&str]) -> Result<(String, usize), String>;
}
