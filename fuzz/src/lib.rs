//! What must hold of every text, whatever it is. Each function panics where it does not; the
//! targets only hand texts to them.
//!
//! The skills and files are those of the compiler's own tests.

mod compiling;
mod importing;
mod patching;

#[path = "../../host/lang/src/tests/catalog.rs"]
#[allow(dead_code, clippy::all, reason = "a module of another crate's tests")]
mod skills;

#[path = "../../host/lang/src/tests/files.rs"]
#[allow(dead_code, clippy::all, reason = "a module of another crate's tests")]
mod files;

#[path = "../../host/import/tests/support/mod.rs"]
mod support;

pub use compiling::compile;
pub use importing::import;
pub use patching::{SEPARATOR, patch};

// The modules of tests find these where they expect them.
use coldframe_lang::{catalog, world};

/// The head that every pipeline has, before what it is about.
const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";
