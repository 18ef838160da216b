//! Documents of hexDAG: pipelines of nodes whose order comes from what they name.

mod calls;
mod common;
mod composite;
mod dictionary;
mod documents;
pub(crate) mod environment;
mod inputs;
mod kinds;
mod nodes;
mod outside;
mod schema;
mod scope;
mod spec;
mod system;
mod values;

pub(crate) use documents::translate;
