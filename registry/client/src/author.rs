//! Writing registries: a new one, a release into one, and the one that ships in the binary.
//!
//! Everything signed here is Ed25519 over TUF's canonical JSON, by keys that lie in a directory
//! outside of the tree that is served.

mod fresh;
mod init;
mod keys;
mod publish;
mod release;
mod roles;
mod sign;
mod submission;
mod write;

#[cfg(test)]
mod tests;

pub use init::init;
pub use keys::default_keys_dir;
pub use publish::{Published, publish, publish_pipeline};
pub use release::release;
