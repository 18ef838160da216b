//! A whole registry in one go, signed with keys that nobody keeps: the one in the binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use coldframe_format::{Digest, Manifest};
use jiff::Timestamp;

use super::fresh::{self, Keys};
use super::keys;
use super::roles;
use super::submission::Submission;
use super::write::{self, Applied};
use crate::error::Error;

/// Writes a registry of exactly these skills into `dir`, in place of the one that was there; gives
/// the fingerprint of its root.
///
/// The keys never touch a disk and are gone when this returns, so nothing can be added later: the
/// next release is a new registry. Apart from the keys and `now`, equal skills give equal bytes.
pub fn release(
    dir: &Path,
    skills: Vec<(Manifest, Vec<u8>)>,
    now: Timestamp,
) -> Result<Digest, Error> {
    let mut submissions = Vec::with_capacity(skills.len());
    for (manifest, component) in skills {
        submissions.push(Submission::new(&manifest, component, now)?);
    }
    submissions.sort_by(|a, b| (&a.row.id, &a.row.version).cmp(&(&b.row.id, &b.row.version)));
    for (a, b) in submissions.iter().zip(submissions.iter().skip(1)) {
        if (&a.row.id, &a.row.version) == (&b.row.id, &b.row.version) {
            let what = format!("`{}@{}` is given twice", a.row.id, a.row.version);
            return Err(Error::author(what, None));
        }
    }
    let mut namespaces = BTreeMap::new();
    for skill in &submissions {
        let namespace = skill.row.id.namespace();
        if !namespaces.contains_key(namespace) {
            namespaces.insert(namespace.to_owned(), keys::generate()?);
        }
    }
    let keys = Keys {
        root: keys::generate()?,
        targets: keys::generate()?,
        online: keys::generate()?,
        namespaces,
    };
    let fresh = fresh::registry(&keys, &submissions, roles::RELEASE, now)?;
    for part in ["metadata", "targets"] {
        let path = dir.join(part);
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", path)(e));
            }
            _ => {}
        }
    }
    match write::apply(dir, &fresh.steps)? {
        Applied::All => Ok(fresh.fingerprint),
        Applied::Conflict(path) => {
            Err(Error::author(format!("somebody else created `{path}` at the same time"), None))
        }
    }
}
