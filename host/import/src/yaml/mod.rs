//! YAML as other systems write it: several documents, tags kept as data, every node with its place.

pub(crate) mod node;
pub(crate) mod read;
mod scalar;
