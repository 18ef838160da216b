//! What is remembered of a registry between runs: whom to trust and what not to go back behind.
//!
//! ```text
//! <data dir>/registries/
//!   places/<digest of the location>   the fingerprint that was found there first
//!   <fingerprint>/first-root.json     the root that was trusted first
//!   <fingerprint>/root.json           the newest root reached from it
//!   <fingerprint>/last.json           timestamp and snapshot of the last state seen
//! ```
//!
//! The files are ours alone, so they are believed; they hold signed bytes that are verified again
//! all the same.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use coldframe_format::Digest;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::trust::Floor;

/// The memory of one registry.
#[derive(Debug)]
pub(crate) struct Floors {
    dir: PathBuf,
}

/// Timestamp and snapshot in one file, so that they always belong together.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    timestamp: String,
    snapshot: String,
}

impl Floors {
    /// The memory kept in `dir`.
    pub(crate) fn in_dir(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The memory of the registry whose first root has this digest.
    pub(crate) fn of(data_dir: &Path, fingerprint: &Digest) -> Self {
        Self::in_dir(data_dir.join("registries").join(fingerprint.hex()))
    }

    /// What was seen last; `first_root` where this is the first time.
    pub(crate) fn load(&self, first_root: &[u8]) -> Result<Floor, Error> {
        let root = self.read("root.json")?.unwrap_or_else(|| first_root.to_vec());
        let last = match self.read("last.json")? {
            Some(bytes) => {
                let last: Last = serde_json::from_slice(&bytes).map_err(|e| Error::State {
                    path: self.dir.join("last.json"),
                    why: e.to_string(),
                })?;
                Some((last.timestamp.into_bytes(), last.snapshot.into_bytes()))
            }
            None => None,
        };
        Ok(Floor { root, last })
    }

    /// The root that was trusted first, where it is remembered.
    pub(crate) fn first_root(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read("first-root.json")
    }

    /// Remembers a newer state. Does not touch the disk where nothing changed.
    pub(crate) fn save(&self, first_root: &[u8], old: &Floor, new: &Floor) -> Result<(), Error> {
        if old == new && self.dir.join("last.json").exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.dir).map_err(Error::io("create", &self.dir))?;
        let _lock = lock(&self.dir)?;
        // Somebody else may have seen an even newer state since we read ours.
        let current = self.load(first_root)?;
        if version(&current) > version(new) {
            return Ok(());
        }
        if self.first_root()?.is_none() {
            replace(&self.dir.join("first-root.json"), first_root)?;
        }
        replace(&self.dir.join("root.json"), &new.root)?;
        if let Some((timestamp, snapshot)) = &new.last {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let last = Last { timestamp: text(timestamp), snapshot: text(snapshot) };
            // Two strings: there is nothing that can fail.
            let bytes = serde_json::to_vec(&last).unwrap_or_default();
            replace(&self.dir.join("last.json"), &bytes)?;
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("read", path)(e)),
        }
    }
}

/// The fingerprint that was found at a location first, if it was ever used.
pub(crate) fn known_place(data_dir: &Path, location: &str) -> Result<Option<Digest>, Error> {
    let path = place(data_dir, location);
    match fs::read_to_string(&path) {
        Ok(text) => text.lines().next().unwrap_or_default().parse().map(Some).map_err(
            |e: coldframe_format::digest::DigestError| Error::State { path, why: e.to_string() },
        ),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// Remembers what was found at a location.
pub(crate) fn remember_place(
    data_dir: &Path,
    location: &str,
    fingerprint: &Digest,
) -> Result<(), Error> {
    let path = place(data_dir, location);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    // The second line is for people who look.
    replace(&path, format!("{fingerprint}\n{location}\n").as_bytes())
}

fn place(data_dir: &Path, location: &str) -> PathBuf {
    data_dir.join("registries").join("places").join(Digest::of(location.as_bytes()).hex())
}

/// The version of the timestamp, to tell which of two states is the newer one.
fn version(floor: &Floor) -> (u64, u64) {
    let of = |bytes: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(bytes)
            .ok()
            .and_then(|value| value.pointer("/signed/version")?.as_u64())
            .unwrap_or_default()
    };
    (of(&floor.root), floor.last.as_ref().map_or(0, |(timestamp, _)| of(timestamp)))
}

/// Holds everybody else off `dir` until it is dropped, also when the process dies.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    let file = File::open(dir).map_err(Error::io("open", dir))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|e| Error::io("lock", dir)(e.into()))?;
    Ok(file)
}

/// Puts `bytes` in place of a file at once: a reader sees the old content or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Unique among processes and threads, so that two writers never share a half-written file.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".{name}.{}.{count}.new", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    done.map_err(Error::io("write", path))
}
