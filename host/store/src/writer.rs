//! The one thread that writes: it commits what is waiting, all at once, and answers everyone.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use coldframe_engine::Blob;
use rusqlite::{Connection, ErrorCode, params};
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::runs::{self, NewRun};
use crate::{Level, schema};

/// Records per commit at most: above this the sync no longer dominates.
const GROUP_MAX: usize = 256;

/// How long records that nobody waits for may lie before they are committed on their own. Most often
/// a record that somebody waits for comes first and takes them along.
const HINTS_WAIT: Duration = Duration::from_millis(2);

/// One record to write.
pub(crate) struct Job {
    /// Whether nobody waits for it.
    pub(crate) is_hint: bool,
    /// The run itself, if this is the first record of it.
    pub(crate) row: Option<NewRun>,
    pub(crate) run: String,
    pub(crate) seq: u64,
    pub(crate) at_us: u64,
    pub(crate) event: String,
    /// Whether long texts were taken out of `event`.
    pub(crate) is_split: bool,
    /// What the record names. It is committed with it, or neither is.
    pub(crate) blobs: Vec<Blob>,
}

type Answer = oneshot::Sender<Result<(), String>>;

/// The writer thread's near end.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<Sender<(Job, Answer)>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        file: PathBuf,
        connection: Connection,
        level: Level,
    ) -> Result<Self, StoreError> {
        let wrap = |source| StoreError::Database { path: file.clone(), source };
        let synchronous = match level {
            Level::Relaxed => "NORMAL",
            Level::Strict => "FULL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(wrap)?;
        let place = file.clone();
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                serve(&connection, &queue);
                schema::close(connection, &file);
            })
            .map_err(|source| StoreError::Directory { path: place, source })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Queues a job. The receiver answers once it is committed.
    pub(crate) fn submit(&self, job: Job) -> oneshot::Receiver<Result<(), String>> {
        let (answer, receiver) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A writer that is gone drops the answer, and the receiver says so.
            let _ = jobs.send((job, answer));
        }
        receiver
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue ends the thread once everything in it is written.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, queue: &Receiver<(Job, Answer)>) {
    while let Ok(first) = queue.recv() {
        let mut only_hints = first.0.is_hint;
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            let wait = if only_hints { HINTS_WAIT } else { Duration::ZERO };
            let Ok(next) = queue.recv_timeout(wait) else { break };
            only_hints &= next.0.is_hint;
            group.push(next);
        }
        commit(connection, group);
    }
}

fn commit(connection: &Connection, group: Vec<(Job, Answer)>) {
    let mut answers = Vec::with_capacity(group.len());
    let result = (|| {
        let change = connection.unchecked_transaction()?;
        for (job, answer) in group {
            // One refused row must not take its neighbours with it.
            answers.push((answer, write(&change, &job).map_err(|e| reason(&e, &job))));
        }
        change.commit()
    })();
    let failed = result.err().map(|error| error.to_string());
    for (answer, written) in answers {
        // Nobody waits for hints, so nobody may be there to hear.
        let _ = answer.send(match &failed {
            Some(error) => Err(error.clone()),
            None => written,
        });
    }
}

fn write(connection: &Connection, job: &Job) -> rusqlite::Result<()> {
    if let Some(run) = &job.row {
        runs::register(connection, run)?;
    }
    for blob in &job.blobs {
        connection
            .prepare_cached("INSERT OR IGNORE INTO blobs (digest, bytes) VALUES (?, ?)")?
            .execute(params![blob.digest.to_string(), blob.bytes])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO events (run_id, seq, at_us, event, is_split) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job.run,
            i64::try_from(job.seq).ok(),
            i64::try_from(job.at_us).ok(),
            job.event,
            job.is_split,
        ])
        .map(|_rows| ())
}

fn reason(error: &rusqlite::Error, job: &Job) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => format!(
            "record {} of run `{}` is there already: another process drives the run",
            job.seq, job.run
        ),
        _ => error.to_string(),
    }
}
