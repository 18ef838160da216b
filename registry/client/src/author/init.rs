//! `coldframe registry init DIR`: an empty registry of one owner.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use coldframe_format::Digest;
use jiff::Timestamp;

use super::fresh::{self, Keys};
use super::keys::KeyRing;
use super::roles;
use super::write::{self, Applied};
use crate::error::Error;
use crate::layout;
use crate::registry::Registry;
use crate::tree::DirTree;

/// Names of key files; the key of a namespace is called like its role.
pub(super) const ROOT_KEY: &str = "root";
pub(super) const TARGETS_KEY: &str = "targets";
pub(super) const ONLINE_KEY: &str = "online";

/// Makes a registry in `dir` and its keys in `keys_dir`; gives the fingerprint of its root.
///
/// `dir` must not hold a registry, `keys_dir` nothing at all, and the keys must not lie in `dir`.
pub fn init(dir: &Path, keys_dir: &Path, now: Timestamp) -> Result<Digest, Error> {
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let dir = dir.canonicalize().map_err(Error::io("open", dir))?;
    if dir.join(layout::TIMESTAMP).exists() || dir.join("metadata").exists() {
        return Err(Error::author(
            format!("there is a registry in `{}` already", dir.display()),
            Some("publish to it, or choose another directory"),
        ));
    }
    let ring = KeyRing::create(keys_dir, &dir)?;
    let keys = Keys {
        root: ring.create_key(ROOT_KEY)?,
        targets: ring.create_key(TARGETS_KEY)?,
        online: ring.create_key(ONLINE_KEY)?,
        namespaces: BTreeMap::new(),
    };
    let fresh = fresh::registry(&keys, &[], roles::SOLO, now)?;
    if let Applied::Conflict(path) = write::apply(&dir, &fresh.steps)? {
        let what = format!("somebody else created `{path}` at the same time");
        return Err(Error::author(what, None));
    }
    fs::create_dir_all(dir.join("targets")).map_err(Error::io("create", dir.join("targets")))?;
    // Reads back what was written, and remembers it beside the keys.
    let first = fs::read(dir.join(layout::versioned(1, "root")))
        .map_err(Error::io("read", dir.join(layout::versioned(1, "root"))))?;
    let tree = Box::new(DirTree::new(&dir));
    Registry::open(dir.display().to_string(), tree, &first, &ring.floors(), false)?;
    Ok(fresh.fingerprint)
}
