//! What can be asked of files. Paths are canonical and lie in the project.

use serde::{Deserialize, Serialize};

/// A question about files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FsAsk {
    /// Bytes of a file, from `offset`, at most `max`.
    Read {
        /// The file.
        path: String,
        /// Where to begin.
        offset: u64,
        /// At most so many bytes.
        max: u64,
    },
    /// What a file or folder is.
    Stat(String),
    /// What is in a folder, by name.
    List {
        /// The folder.
        path: String,
        /// More entries than this are refused.
        max: u32,
    },
    /// Changes a file.
    Write(FsWrite),
    /// Removes a file, or a folder with nothing in it.
    Remove(String),
}

/// Bytes to be written. Folders on the way are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FsWrite {
    /// The file.
    pub path: String,
    /// What it holds then; with `append`, what comes behind what it holds. Otherwise the file has
    /// the old bytes or the new ones at any time, never some of both.
    pub bytes: Vec<u8>,
    /// Whether what is there stays.
    pub append: bool,
}

/// An answer about files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FsAnswer {
    /// Bytes; fewer than asked for at the end of the file.
    Bytes(Vec<u8>),
    /// What it is.
    Entry(FsEntry),
    /// What is in a folder, by name.
    Entries(Vec<FsEntry>),
    /// It is done.
    Done,
    /// It can't be done; the guest is told.
    Problem(FsProblem),
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FsEntry {
    /// Its name, without the folders around it.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Bytes of a file, 0 of a folder.
    pub size: u64,
}

/// Why something can't be done with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FsProblem {
    /// There is no such file or folder.
    NotFound,
    /// A folder where a file is expected, or the other way round.
    WrongKind,
    /// The folder has something in it.
    NotEmpty,
    /// The machine said no.
    Failed(String),
}
