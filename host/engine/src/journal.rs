//! Where the records of a run go, as a trait; and the journal that keeps nothing.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use coldframe_format::Digest;
use coldframe_journal::Record;

/// Why a record was not kept. The run stops: what is not journalled did not happen.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the journal: {message}")]
pub struct JournalFailure {
    /// The cause, for people.
    pub message: String,
}

/// Content under its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Of the bytes.
    pub digest: Digest,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// Names the content.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }
}

/// The journal of one run.
pub trait Journal: Send {
    /// Appends a record. When the future is done the record is as durable as the journal's level
    /// promises, except for hints (`Event::is_hint`), which ride with the next record.
    ///
    /// A `blob` is content that the record names by its digest. It is there whenever the record is.
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
        blob: Option<Blob>,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>>;
}

/// Keeps the records in memory: gone with the process.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// Everything appended so far.
    pub records: Vec<Record>,
    /// What the records name, by its digest.
    pub blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Journal for MemoryJournal {
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
        blob: Option<Blob>,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>> {
        self.blobs.extend(blob.map(|blob| (blob.digest, blob.bytes)));
        self.records.push(record.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
