//! The tables, and how a file of an older version becomes one of this version.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

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

/// What the log of the runs may hold when a writer ends, bytes. More than this costs whoever comes next
/// more to read than it costs now to bring it into the file.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// Opens a connection to the file of the runs.
///
/// SQLite would bring the log into the file whenever the last one closes it, with three syncs: most
/// of what a short run takes. What is in the log is as safe as what is in the file.
pub(crate) fn connect_runs(file: &Path) -> Result<Connection, StoreError> {
    let wrap = |source| StoreError::Database { path: file.to_owned(), source };
    let connection = connect(file)?;
    keep_log(&connection, true).map_err(wrap)?;
    Ok(connection)
}

/// Closes the connection of who wrote runs.
pub(crate) fn close(connection: Connection, file: &Path) {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|log| log.len() > LOG_BYTES_MAX) {
        // Should this fail, the log stays, and whoever comes next reads it.
        let _ = keep_log(&connection, false);
    }
}

fn keep_log(connection: &Connection, keeps: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps).map(|_| ())
}

/// Opens the file and brings it up to this version.
pub(crate) fn open(file: &Path) -> Result<Connection, StoreError> {
    let wrap = |source| StoreError::Database { path: file.to_owned(), source };
    let mut connection = connect_runs(file)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
    };
    let found = version(&connection).map_err(wrap)?;
    if found == known {
        return Ok(connection);
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
    change.commit().map_err(wrap)?;
    Ok(connection)
}
