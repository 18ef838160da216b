//! Runs and their records, read back.

use coldframe_format::Digest;
use coldframe_journal::{Record, RunState};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::StoreError;
use crate::{Store, large};

/// A run to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Unique and sortable by time.
    pub run_id: String,
    /// Microseconds since 1970.
    pub created_us: u64,
    /// The pipeline's name.
    pub pipeline: String,
    /// Digest of `spec`.
    pub spec_sha256: String,
    /// What the file was called.
    pub source_name: String,
    /// The pipeline's text: a resumed run runs what was started, not what the file says now.
    pub spec: String,
    /// What else is needed to go on, as JSON: pins, limits, the evaluator.
    pub settings: String,
}

/// A run that was registered.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// As registered.
    pub run: NewRun,
    /// Its records, in order.
    pub records: Vec<Record>,
    /// Their fold.
    pub state: RunState,
}

impl Store {
    /// The run whose id begins with `prefix`.
    pub fn run(&self, prefix: &str) -> Result<RunRow, StoreError> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT * FROM runs WHERE run_id >= ?1 AND run_id < ?1 || '~' LIMIT 2")
            .map_err(|source| self.wrap(source))?;
        let rows = statement.query_map(params![prefix], new_run).map_err(|e| self.wrap(e))?;
        let mut found = rows.collect::<Result<Vec<_>, _>>().map_err(|e| self.wrap(e))?;
        match (found.pop(), found.pop()) {
            (None, _) => Err(StoreError::UnknownRun(prefix.to_owned())),
            (Some(_), Some(_)) => Err(StoreError::AmbiguousRun(prefix.to_owned())),
            (Some(run), None) => self.with_records(&connection, run),
        }
    }

    /// The newest `count` runs, newest first.
    pub fn runs(&self, count: usize) -> Result<Vec<RunRow>, StoreError> {
        let connection = self.connection()?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut statement = connection
            .prepare("SELECT * FROM runs ORDER BY created_us DESC, run_id DESC LIMIT ?")
            .map_err(|source| self.wrap(source))?;
        let rows = statement.query_map(params![count], new_run).map_err(|e| self.wrap(e))?;
        let found = rows.collect::<Result<Vec<_>, _>>().map_err(|e| self.wrap(e))?;
        found.into_iter().map(|run| self.with_records(&connection, run)).collect()
    }

    fn with_records(&self, connection: &Connection, run: NewRun) -> Result<RunRow, StoreError> {
        let mut statement = connection
            .prepare_cached(
                "SELECT seq, at_us, event, is_split FROM events WHERE run_id = ? ORDER BY seq",
            )
            .map_err(|source| self.wrap(source))?;
        let mut rows = statement.query(params![run.run_id]).map_err(|e| self.wrap(e))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.wrap(e))? {
            let read = |index| row.get::<_, i64>(index).map(|n| u64::try_from(n).unwrap_or(0));
            let seq = read(0).map_err(|e| self.wrap(e))?;
            let at_us = read(1).map_err(|e| self.wrap(e))?;
            let mut text: String = row.get(2).map_err(|e| self.wrap(e))?;
            let damaged = |message| StoreError::Damaged { run: run.run_id.clone(), seq, message };
            if row.get(3).map_err(|e| self.wrap(e))? {
                text = large::join(&text, |digest| {
                    bytes(connection, digest).map_err(Unjoined::Database)
                })
                .map_err(|error| match error {
                    Unjoined::Damaged(message) => damaged(message),
                    Unjoined::Database(source) => self.wrap(source),
                })?;
            }
            let event = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
            records.push(Record { seq, at_us, event });
        }
        let state = RunState::fold(&records)
            .map_err(|source| StoreError::Inconsistent { run: run.run_id.clone(), source })?;
        Ok(RunRow { run, records, state })
    }

    /// What a record names by its digest. `None` where it is not here, or is not what it was.
    pub fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let connection = self.connection()?;
        let found = bytes(&connection, digest).map_err(|source| self.wrap(source))?;
        Ok(found.filter(|bytes| Digest::of(bytes) == digest))
    }

    /// Whether nobody drives the run right now.
    pub fn is_idle(&self, run_id: &str) -> bool {
        crate::lock::RunLock::take(&self.dir, run_id).is_ok()
    }

    /// The newest run of all, if there is one.
    pub fn newest(&self) -> Result<Option<String>, StoreError> {
        self.connection()?
            .query_row(
                "SELECT run_id FROM runs ORDER BY created_us DESC, run_id DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()
            .map_err(|source| self.wrap(source))
    }

    pub(crate) fn wrap(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Database { path: self.file(), source }
    }
}

/// Why the long texts of a record are not to be had.
enum Unjoined {
    Damaged(String),
    Database(rusqlite::Error),
}

impl From<String> for Unjoined {
    fn from(message: String) -> Self {
        Self::Damaged(message)
    }
}

/// Writes the row of a new run.
pub(crate) fn register(connection: &Connection, run: &NewRun) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO runs (run_id, created_us, pipeline, spec_sha256, source_name, spec, settings)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            run.run_id,
            i64::try_from(run.created_us).ok(),
            run.pipeline,
            run.spec_sha256,
            run.source_name,
            run.spec,
            run.settings,
        ])
        .map(|_rows| ())
}

fn bytes(connection: &Connection, digest: Digest) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT bytes FROM blobs WHERE digest = ?")?
        .query_row(params![digest.to_string()], |row| row.get(0))
        .optional()
}

fn new_run(row: &Row<'_>) -> rusqlite::Result<NewRun> {
    Ok(NewRun {
        run_id: row.get("run_id")?,
        created_us: u64::try_from(row.get::<_, i64>("created_us")?).unwrap_or(0),
        pipeline: row.get("pipeline")?,
        spec_sha256: row.get("spec_sha256")?,
        source_name: row.get("source_name")?,
        spec: row.get("spec")?,
        settings: row.get("settings")?,
    })
}
