//! Documents of hexDAG: pipelines of nodes whose order comes from what they name.

mod composite;
mod dictionary;
mod documents;
pub(crate) mod environment;
mod kinds;
mod nodes;
mod schema;
mod scope;
mod spec;
mod system;

pub(crate) use documents::translate;
