//! What a skill is on paper: names, digests, manifests, interfaces, index rows and lock files; and
//! the rows of pipelines.
//!
//! Everything here is pure: text or bytes in, values or errors out. No clock, file, network,
//! environment or randomness, and no async.

pub mod canonical;
pub mod caps;
mod convert;
pub mod digest;
pub mod docs;
pub mod imports;
pub mod interface;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod pipeline_row;
pub mod read;
pub mod row;
pub mod schema;
pub mod structure;
pub mod suggest;
pub mod types;

pub use caps::{Cap, CapSet, Caps};
pub use digest::Digest;
pub use imports::UnknownImport;
pub use interface::{Interface, Operation, OperationError};
pub use lock::{LockedPipeline, LockedRegistry, LockedSkill, Lockfile};
pub use manifest::{Manifest, ManifestError};
pub use name::{SkillId, SkillRef};
pub use pipeline_row::PipelineRow;
pub use read::InterfaceError;
pub use row::IndexRow;
pub use types::{Field, Type};
