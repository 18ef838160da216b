//! What must hold of every text, whatever it is. Each function panics where it does not; the
//! targets only hand texts to them.
//!
//! The skills and files are those of the compiler's own tests.

mod addresses;
mod admitting;
mod compiling;
mod converting;
mod granting;
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

#[path = "../../host/sandbox/src/capabilities/http/target.rs"]
#[allow(dead_code, clippy::all, reason = "a module of another crate")]
mod target;

#[path = "../../host/sandbox/src/sanitize.rs"]
#[allow(dead_code, clippy::all, reason = "a module of another crate")]
mod sanitize;

#[path = "../../host/sandbox/src/values/mod.rs"]
#[allow(dead_code, unused_imports, clippy::all, reason = "a module of another crate")]
mod values;

#[path = "../../host/sandbox/src/tests/generate.rs"]
#[allow(dead_code, clippy::all, reason = "a module of another crate's tests")]
mod generate;

pub use addresses::url;
pub use admitting::admit;
pub use compiling::compile;
pub use converting::convert;
pub use granting::grants;
pub use importing::import;
pub use patching::{SEPARATOR, patch};

// The modules of tests find these where they expect them.
use coldframe_lang::{catalog, world};

/// The head that every pipeline has, before what it is about.
const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";
