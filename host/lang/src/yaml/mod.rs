//! YAML as far as pipelines use it: documents of maps, lists and scalars, every node with its place.

mod characters;
pub(crate) mod node;
pub(crate) mod parts;
mod plain;
pub(crate) mod read;
pub(crate) mod scalar;
