//! Where the records of a run go, as a trait; and the journal that keeps nothing.

use std::future::Future;
use std::pin::Pin;

use coldframe_journal::Record;

/// Why a record was not kept. The run stops: what is not journalled did not happen.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the journal: {message}")]
pub struct JournalFailure {
    /// The cause, for people.
    pub message: String,
}

/// The journal of one run.
pub trait Journal: Send {
    /// Appends a record. When the future is done the record is as durable as the journal's level
    /// promises, except for hints (`Event::is_hint`), which ride with the next record.
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>>;
}

/// Keeps the records in memory: gone with the process.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// Everything appended so far.
    pub records: Vec<Record>,
}

impl Journal for MemoryJournal {
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>> {
        self.records.push(record.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
