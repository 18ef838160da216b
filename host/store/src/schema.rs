//! The tables, and how a file of an older version becomes one of this version.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::StoreError;

/// One script per version of the format; `user_version` counts how many have run.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        created_us INTEGER NOT NULL,
        pipeline TEXT NOT NULL,
        spec_sha256 TEXT NOT NULL,
        source_name TEXT NOT NULL,
        spec TEXT NOT NULL,
        settings TEXT NOT NULL
    ) STRICT;
    CREATE TABLE events (
        run_id TEXT NOT NULL REFERENCES runs (run_id),
        seq INTEGER NOT NULL,
        at_us INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_time ON runs (created_us);
",
    "
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL REFERENCES runs (run_id),
        posted_us INTEGER NOT NULL,
        event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX inbox_by_run ON inbox (run_id, id);
",
    "
    CREATE TABLE blobs (
        digest TEXT PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;
",
    // Records that were there before hold their values themselves.
    "
    ALTER TABLE events ADD COLUMN is_split INTEGER NOT NULL DEFAULT 0;
",
];

/// Opens a connection with the settings every connection has.
pub(crate) fn connect(file: &Path) -> Result<Connection, StoreError> {
    let wrap = |source| StoreError::Database { path: file.to_owned(), source };
    let connection = Connection::open(file).map_err(wrap)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(wrap)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(wrap)?;
    Ok(connection)
}

/// Brings the file up to this version.
pub(crate) fn prepare(file: &Path) -> Result<(), StoreError> {
    let wrap = |source| StoreError::Database { path: file.to_owned(), source };
    let mut connection = connect(file)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
    };
    let found = version(&connection).map_err(wrap)?;
    if found == known {
        return Ok(());
    }
    if found > known {
        return Err(StoreError::Newer { path: file.to_owned(), found, known });
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(wrap)?;
    let change = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(wrap)?;
    // Read again under the lock: another process may have been quicker.
    let found = usize::try_from(version(&change).map_err(wrap)?).unwrap_or(0);
    for script in MIGRATIONS.iter().skip(found) {
        change.execute_batch(script).map_err(wrap)?;
    }
    change.pragma_update(None, "user_version", known).map_err(wrap)?;
    change.commit().map_err(wrap)
}
