//! What the author of a skill in Rust uses: a scaffold to start from, and a build from a folder of
//! source to the bytes of a component.
//!
//! Nothing is printed here, and no component is encoded by hand: [`wit_component`] does it.

pub mod build;
mod docs;
mod reproducible;
pub mod scaffold;
pub mod toolchain;
mod wrap;

pub use build::{BuildError, BuildOptions};
pub use toolchain::{Toolchain, ToolchainError, ToolchainKind};
pub use wrap::WrapError;
