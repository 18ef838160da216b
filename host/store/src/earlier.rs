//! What calls of earlier runs came to, in a file of its own beside the journals.
//!
//! Nothing depends on it: whatever cannot be read or written is as if it were not there. It holds at
//! most [`BYTES_MAX`]; what was kept first goes first.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use coldframe_engine::{EarlierCalls, Remembered};
use coldframe_format::Digest;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::schema;

/// All outputs together, bytes.
const BYTES_MAX: i64 = 256 << 20;
/// The largest output that is kept, bytes of JSON.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key BLOB NOT NULL UNIQUE,
        -- Of the output, so that a damaged one is not taken for one.
        sha256 BLOB NOT NULL,
        output TEXT NOT NULL,
        fuel INTEGER NOT NULL,
        memory_peak_bytes INTEGER NOT NULL
    ) STRICT;
    -- What all of them hold, so that nobody has to count.
    CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL) STRICT;
    INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT * FROM total);
    CREATE TRIGGER IF NOT EXISTS call_comes AFTER INSERT ON calls BEGIN
        UPDATE total SET bytes = bytes + OCTET_LENGTH(new.output);
    END;
    CREATE TRIGGER IF NOT EXISTS call_goes AFTER DELETE ON calls BEGIN
        UPDATE total SET bytes = bytes - OCTET_LENGTH(old.output);
    END;
";

/// The calls of all runs under one data directory.
pub struct SqliteEarlier {
    file: PathBuf,
    bytes_max: i64,
    connection: Mutex<State>,
}

/// A run that calls nothing which is worth keeping opens nothing.
enum State {
    Unused,
    Open(Connection),
    Broken,
}

impl SqliteEarlier {
    /// The calls under `dir`, the data directory.
    pub fn new(dir: &Path) -> Self {
        let file = dir.join("calls.sqlite");
        Self { file, bytes_max: BYTES_MAX, connection: Mutex::new(State::Unused) }
    }

    /// Does something with the open file; `None` where that fails, or where there is none yet and
    /// nothing to put into it.
    fn with<T>(
        &self,
        writes: bool,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let mut state = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Unused) {
            if !writes && !self.file.exists() {
                return None;
            }
            *state = match open(&self.file) {
                Ok(connection) => State::Open(connection),
                Err(error) => {
                    tracing::warn!(%error, "calls of earlier runs are not remembered");
                    State::Broken
                }
            };
        }
        let State::Open(connection) = &mut *state else { return None };
        match work(connection) {
            Ok(found) => Some(found),
            Err(error) => {
                tracing::warn!(%error, "calls are not remembered any more");
                *state = State::Broken;
                None
            }
        }
    }
}

impl EarlierCalls for SqliteEarlier {
    fn find(&self, key: Digest) -> Option<Remembered> {
        let (sha256, output, fuel, memory) = self
            .with(false, |connection| {
                let mut select = connection.prepare_cached(
                    "SELECT sha256, output, fuel, memory_peak_bytes FROM calls WHERE key = ?1",
                )?;
                let row = select.query_row([key.as_bytes()], |row| {
                    let sha256: [u8; 32] = row.get(0)?;
                    let output: String = row.get(1)?;
                    Ok((sha256, output, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
                });
                row.optional()
            })
            .flatten()?;
        (*Digest::of(output.as_bytes()).as_bytes() == sha256).then_some(())?;
        Some(Remembered {
            output: serde_json::from_str(&output).ok()?,
            fuel: u64::try_from(fuel).ok()?,
            memory_peak_bytes: u64::try_from(memory).ok()?,
        })
    }

    fn keep(&self, key: Digest, remembered: &Remembered) {
        let (Ok(fuel), Ok(memory)) =
            (i64::try_from(remembered.fuel), i64::try_from(remembered.memory_peak_bytes))
        else {
            return;
        };
        let output = remembered.output.to_string();
        if output.len() > OUTPUT_BYTES_MAX {
            return;
        }
        let sha256 = Digest::of(output.as_bytes());
        let _kept = self.with(true, |connection| {
            let at = connection.transaction()?;
            at.execute(
                "INSERT OR IGNORE INTO calls (key, sha256, output, fuel, memory_peak_bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![key.as_bytes(), sha256.as_bytes(), output, fuel, memory],
            )?;
            // One more makes room by those before it, a few at a time.
            while at.query_row("SELECT bytes FROM total", [], |row| row.get::<_, i64>(0))?
                > self.bytes_max
            {
                at.execute(
                    "DELETE FROM calls WHERE id IN (SELECT id FROM calls ORDER BY id LIMIT 16)",
                    [],
                )?;
            }
            at.commit()
        });
    }
}

fn open(file: &Path) -> Result<Connection, StoreError> {
    let connection = schema::connect(file)?;
    let wrap = |source| StoreError::Database { path: file.to_owned(), source };
    connection.pragma_update(None, "journal_mode", "WAL").map_err(wrap)?;
    connection.pragma_update(None, "synchronous", "OFF").map_err(wrap)?;
    connection.execute_batch(TABLE).map_err(wrap)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn remembered(output: &str, fuel: u64) -> Remembered {
        Remembered { output: json!(output), fuel, memory_peak_bytes: 65_536 }
    }

    #[test]
    fn what_is_kept_is_found_by_others() {
        let dir = tempfile::tempdir().unwrap();
        let (key, kept) = (Digest::of(b"a"), remembered("x", 5));
        let calls = SqliteEarlier::new(dir.path());
        assert_eq!(calls.find(key), None);
        assert!(!dir.path().join("calls.sqlite").exists());
        calls.keep(key, &kept);
        let other = SqliteEarlier::new(dir.path());
        assert_eq!(other.find(key), Some(kept));
        assert_eq!(other.find(Digest::of(b"b")), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let calls = SqliteEarlier { bytes_max: 20_000, ..SqliteEarlier::new(dir.path()) };
        let key = |number: u8| Digest::of(&[number]);
        for number in 0..100 {
            calls.keep(key(number), &remembered(&"x".repeat(998), 5));
        }
        let there: Vec<u8> = (0..100).filter(|number| calls.find(key(*number)).is_some()).collect();
        assert!((4..=20).contains(&there.len()), "{there:?}");
        assert_eq!(there.last(), Some(&99));
    }

    #[test]
    fn what_is_large_or_damaged_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let calls = SqliteEarlier::new(dir.path());
        let key = Digest::of(b"a");
        calls.keep(key, &remembered(&"x".repeat(OUTPUT_BYTES_MAX), 5));
        assert_eq!(calls.find(key), None);
        calls.keep(key, &remembered("x", 5));
        calls.with(true, |at| at.execute("UPDATE calls SET output = '\"y\"'", [])).unwrap();
        assert_eq!(calls.find(key), None);
        drop(calls);
        std::fs::write(dir.path().join("calls.sqlite"), "no database").unwrap();
        std::fs::remove_file(dir.path().join("calls.sqlite-wal")).ok();
        let calls = SqliteEarlier::new(dir.path());
        calls.keep(key, &remembered("x", 5));
        assert_eq!(calls.find(key), None);
    }
}
