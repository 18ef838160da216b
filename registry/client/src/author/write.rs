//! A change to a registry as a list of writes, in an order in which a crash does no harm.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::error::Error;
use crate::floors;

/// One file to write.
#[derive(Debug, Clone)]
pub(super) struct Step {
    path: String,
    bytes: Vec<u8>,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// The name says the content: whatever is there may be replaced by it.
    Content,
    /// Nothing may be there: whoever comes second has lost.
    New,
    /// Takes the place of the old file at once.
    Replace,
}

/// What came of the writes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// All of them are on the disk.
    All,
    /// Somebody else created this file first; nothing points to what was written so far.
    Conflict(String),
}

impl Step {
    pub(super) fn content(path: String, bytes: &[u8]) -> Self {
        Self { path, bytes: bytes.to_vec(), how: How::Content }
    }

    pub(super) fn new_file(path: String, bytes: Vec<u8>) -> Self {
        Self { path, bytes, how: How::New }
    }

    pub(super) fn replace(path: String, bytes: Vec<u8>) -> Self {
        Self { path, bytes, how: How::Replace }
    }

    fn apply(&self, dir: &Path) -> Result<Applied, Error> {
        let path = dir.join(&self.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        match self.how {
            How::Content => {
                let same = fs::read(&path).is_ok_and(|bytes| bytes == self.bytes);
                if !same {
                    floors::replace(&path, &self.bytes)?;
                }
            }
            How::Replace => floors::replace(&path, &self.bytes)?,
            How::New => {
                let file = OpenOptions::new().write(true).create_new(true).open(&path);
                let mut file = match file {
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                        return Ok(Applied::Conflict(self.path.clone()));
                    }
                    other => other.map_err(Error::io("create", &path))?,
                };
                file.write_all(&self.bytes).map_err(Error::io("write", &path))?;
                file.sync_all().map_err(Error::io("write", &path))?;
            }
        }
        Ok(Applied::All)
    }
}

/// Writes the files one after the other.
pub(super) fn apply(dir: &Path, steps: &[Step]) -> Result<Applied, Error> {
    for step in steps {
        let applied = step.apply(dir)?;
        if applied != Applied::All {
            return Ok(applied);
        }
    }
    Ok(Applied::All)
}

/// A crash in the middle of a write: the bytes that a half-done step leaves behind.
#[cfg(test)]
pub(super) fn apply_half(dir: &Path, step: &Step) {
    let path = dir.join(&step.path);
    let half = step.bytes.get(..step.bytes.len() / 2).unwrap_or_default();
    match step.how {
        // Written elsewhere and moved: what stays is a file of another name.
        How::Content | How::Replace => {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path.with_file_name(".half.new"), half).unwrap();
        }
        How::New => fs::write(path, half).unwrap(),
    }
}
