//! A lock per run, so that two processes never drive the same one.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::StoreError;

/// Held while a process drives a run. The kernel gives it up when the process is gone, however
/// it went.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    /// Takes the lock of `run` or says who is in the way.
    pub(crate) fn take(dir: &Path, run: &str) -> Result<Self, StoreError> {
        let folder = dir.join("locks");
        let path = folder.join(run);
        let wrap = |source| StoreError::Directory { path: path.clone(), source };
        std::fs::create_dir_all(&folder).map_err(wrap)?;
        let file = File::create(&path).map_err(wrap)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Busy(run.to_owned())),
            Err(errno) => Err(wrap(errno.into())),
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Left-over files are harmless: the lock is on the open file, not on its name.
        let _ = std::fs::remove_file(&self.path);
    }
}
