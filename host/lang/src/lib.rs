//! YAML text to a typed, checked graph.
//!
//! | stage | gives | guaranteed after it |
//! |---|---|---|
//! | `yaml::read` | trees of nodes | documents within budgets, no aliases, tags, merge or duplicate keys, every node has its place |
//! | `load` | one tree | files, values of the environment, defaults, policies and macros are written out |
//! | `document::read` | `Document` | only known keys, values of the right shape, schemas and limits are ones |
//! | `resolve::resolve` | `Resolved` | every name in an expression and every `uses` points at what it means; an order that runs |
//! | `check::check` | the same | every edge fits the type of the operation, every import is granted, limits nest |
//! | `lower::lower` | [`graph::Graph`] | no name lookups are necessary; every edge is an index smaller than the step's own |
//!
//! Only the first stage stops at its first problem in a file; the others report all of theirs. The graph is
//! there if and only if there are no errors.

pub mod catalog;
mod check;
pub mod codes;
mod compile;
pub mod diagnostic;
pub mod diff;
mod document;
pub mod draw;
pub mod expr;
pub mod fields;
pub mod fmt;
pub mod foreseen;
pub mod graph;
pub mod inputs;
pub mod limits;
pub mod lint;
mod load;
mod lower;
pub mod mermaid;
pub mod passes;
pub mod patch;
pub mod plan;
pub mod print;
pub mod release;
mod render;
mod resolve;
pub mod sarif;
pub mod shown;
pub mod source;
pub mod sources;
pub mod suggest;
pub mod template;
#[cfg(test)]
mod tests;
mod types;
pub mod world;
mod yaml;

pub use compile::{Compiled, compile, compile_named, pipelines};
pub use diagnostic::{Diagnostic, Severity};
pub use graph::Graph;
pub use release::{Released, compile_release};
pub use render::{PRINTED_MAX, render_text, to_json};
pub use resolve::tools;
pub use source::{Source, Span};
pub use sources::{Sources, Texts};
pub use world::World;
