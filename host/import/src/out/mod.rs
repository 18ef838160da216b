//! What is written: a tree of YAML with comments, and its one way of being printed.

mod escape;
pub(crate) mod step;
pub(crate) mod tree;
mod write;

pub(crate) use tree::{Map, Out, Piece};
pub(crate) use write::write;
