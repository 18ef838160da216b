//! YAML as far as pipelines use it: one document of maps, lists and scalars, every node with its place.

pub(crate) mod node;
pub(crate) mod read;
pub(crate) mod scalar;
