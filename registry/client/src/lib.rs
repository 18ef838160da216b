//! Fetches, verifies, resolves and publishes skills and pipelines of a signed registry.
//!
//! A registry is a tree of files in TUF layout. [`Registry`] opens one and verifies its metadata,
//! [`Registries`] puts several side by side, [`author`] writes them. What comes out is a
//! [`VerifiedSkill`], and nothing else reaches the loader; or a [`VerifiedPipeline`], which is a text.
//!
//! Expiry stops updates, never execution: a run verifies every signature, digest and version, and
//! only asks for the date where somebody wants something newer ([`Registry::stale`]).

pub mod author;
mod crypto;
pub mod error;
mod fetch;
mod floors;
mod layout;
mod namespace;
pub mod pipeline;
pub mod registries;
pub mod registry;
pub mod search;
pub mod skill;
mod strict_json;
pub mod tree;
mod trust;
mod unsigned;

pub use error::Error;
pub use pipeline::{PipelineRelease, VerifiedPipeline};
pub use registries::Registries;
pub use registry::{BUILTIN, Expect, Registry, Release};
pub use search::{Found, Hit};
pub use skill::{Provenance, VerifiedSkill};
pub use unsigned::unsigned;
