//! Everything on SQLite: journals of runs (one file, one writer thread, group commit), stores of keys
//! and values, what calls came to, and files of an operator that skills ask.
//!
//! # What each level loses
//!
//! | level | process killed | power cut |
//! |---|---|---|
//! | `memory` | everything | everything |
//! | `relaxed` | nothing acknowledged | the last moments |
//! | `strict` | nothing acknowledged | nothing acknowledged |

mod earlier;
mod error;
mod inbox;
mod journal;
mod kv;
mod large;
mod lock;
mod runs;
mod schema;
mod sql;
mod writer;

pub use earlier::SqliteEarlier;
pub use error::StoreError;
pub use inbox::Post;
pub use journal::SqliteJournal;
pub use kv::SqliteKv;
pub use lock::RunLock;
pub use runs::{NewRun, RunRow};
pub use sql::SqliteDatabase;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::Connection;
use writer::Writer;

/// How durable an acknowledged record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Survives the process: WAL, no sync per commit.
    Relaxed,
    /// Survives a power cut: a sync per group of commits.
    Strict,
}

/// The runs kept under one data directory.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    level: Level,
    /// What looked at the file when the store was opened serves whoever needs one first.
    first: Mutex<Option<Connection>>,
    /// Started with the first append, so that commands which only read start no thread.
    writer: OnceLock<Arc<Writer>>,
}

impl Store {
    /// Opens the store under `dir`, creating both where they are missing.
    pub fn open(dir: &Path, level: Level) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)
            .map_err(|source| StoreError::Directory { path: dir.to_owned(), source })?;
        let first = Mutex::new(Some(schema::open(&file(dir))?));
        Ok(Self { dir: dir.to_owned(), level, first, writer: OnceLock::new() })
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        file(&self.dir)
    }

    fn connection(&self) -> Result<Connection, StoreError> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or_else(|| schema::connect_runs(&self.file()), Ok)
    }

    fn writer(&self) -> Result<Arc<Writer>, StoreError> {
        if let Some(writer) = self.writer.get() {
            return Ok(Arc::clone(writer));
        }
        let writer = Arc::new(Writer::start(self.file(), self.connection()?, self.level)?);
        Ok(Arc::clone(self.writer.get_or_init(|| writer)))
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("runs.sqlite")
}
