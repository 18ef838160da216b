//! Where the files of a registry lie: a directory, or the tree inside the binary.
//!
//! Nothing read here is trusted; every byte is checked against signed metadata afterwards.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::error::Error;

/// Bytes from a file: borrowed where they are part of the binary.
pub type Bytes = Cow<'static, [u8]>;

/// A read-only set of files with paths like `metadata/timestamp.json`.
pub trait Tree: Send + Sync + std::fmt::Debug {
    /// The whole file, or `None` where there is none. A file of more than `max` bytes is an error,
    /// found out without reading more than `max + 1` of them.
    fn read(&self, path: &str, max: u64) -> Result<Option<Bytes>, Error>;

    /// What to call a file in a message.
    fn name(&self, path: &str) -> String;

    /// Whether there is a file of this path.
    fn has(&self, path: &str) -> bool;
}

/// A registry in a directory.
#[derive(Debug)]
pub struct DirTree {
    dir: PathBuf,
}

impl DirTree {
    /// The registry in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Tree for DirTree {
    fn read(&self, path: &str, max: u64) -> Result<Option<Bytes>, Error> {
        let full = self.dir.join(path);
        let metadata = match std::fs::metadata(&full) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", full)(e)),
        };
        // Opening a pipe would wait for its other end.
        if !metadata.is_file() {
            return Err(Error::io("read", full)(std::io::Error::other("not a regular file")));
        }
        let file = File::open(&full).map_err(Error::io("read", &full))?;
        let mut bytes = Vec::with_capacity(metadata.len().min(max) as usize);
        file.take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(Error::io("read", &full))?;
        if bytes.len() as u64 > max {
            // The size of the file where it is known, else what was read.
            let found = metadata.len().max(bytes.len() as u64);
            return Err(too_long(self.name(path), max, found));
        }
        Ok(Some(Cow::Owned(bytes)))
    }

    fn name(&self, path: &str) -> String {
        self.dir.join(path).display().to_string()
    }

    fn has(&self, path: &str) -> bool {
        self.dir.join(path).exists()
    }
}

static BUILTIN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../builtin");

/// The registry of built-in skills that is part of the binary.
#[derive(Debug)]
pub struct EmbeddedTree;

impl Tree for EmbeddedTree {
    fn read(&self, path: &str, max: u64) -> Result<Option<Bytes>, Error> {
        let Some(file) = BUILTIN.get_file(path) else { return Ok(None) };
        let bytes = file.contents();
        if bytes.len() as u64 > max {
            return Err(too_long(self.name(path), max, bytes.len() as u64));
        }
        Ok(Some(Cow::Borrowed(bytes)))
    }

    fn name(&self, path: &str) -> String {
        format!("builtin:{path}")
    }

    fn has(&self, path: &str) -> bool {
        BUILTIN.get_file(path).is_some()
    }
}

fn too_long(file: String, max: u64, found: u64) -> Error {
    Error::Length { file, expected: format!("at most {max}"), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_cap_and_not_beyond() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"12345").unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        let tree = DirTree::new(dir.path());
        assert_eq!(tree.read("file", 5).unwrap().as_deref(), Some(&b"12345"[..]));
        let error = tree.read("file", 4).unwrap_err();
        assert_eq!(error.kind(), "registry.length");
        assert!(error.to_string().ends_with("has 5 bytes, expected at most 4"), "{error}");
        assert!(tree.read("other", 4).unwrap().is_none());
        assert_eq!(tree.read("folder", 4).unwrap_err().kind(), "registry.io");
    }
}
