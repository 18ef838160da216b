//! What can go wrong with the store.

use std::path::PathBuf;

use coldframe_journal::JournalError;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be made or written.
    #[error("failed to use the data directory `{}`: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("failed to use the run database `{}`: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The file belongs to a newer version.
    #[error("the run database `{}` has format {found}, this version reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// There is no such run.
    #[error("there is no run `{0}`")]
    UnknownRun(String),
    /// More than one run begins like that.
    #[error("`{0}` begins more than one run, give more of the id")]
    AmbiguousRun(String),
    /// Somebody else drives the run right now.
    #[error("run `{0}` is being driven by another process")]
    Busy(String),
    /// A record does not read back.
    #[error("record {seq} of run `{run}` is damaged: {message}")]
    Damaged {
        /// The run.
        run: String,
        /// The record.
        seq: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The records do not fit together.
    #[error("the journal of run `{run}` is damaged: {source}")]
    Inconsistent {
        /// The run.
        run: String,
        /// The cause.
        source: JournalError,
    },
}
