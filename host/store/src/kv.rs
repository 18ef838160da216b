//! Stores of keys and values that outlive runs, in a file of their own beside the journals.
//!
//! A store belongs to a namespace, which is the project it is used in. Bounds are checked in the
//! transaction that changes something, so that writers side by side cannot exceed them together.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use coldframe_engine::services::{KvAnswer, KvAsk, KvBound, KvChange, KvStore, ServiceError};
use coldframe_journal::ErrorKind;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::schema;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        namespace TEXT NOT NULL,
        store TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        dies_us INTEGER,
        PRIMARY KEY (namespace, store, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS entries_by_death ON entries (dies_us) WHERE dies_us IS NOT NULL;
    -- What each store holds, so that nobody has to count.
    CREATE TABLE IF NOT EXISTS totals (
        namespace TEXT NOT NULL,
        store TEXT NOT NULL,
        keys INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (namespace, store)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER IF NOT EXISTS entry_comes AFTER INSERT ON entries BEGIN
        INSERT INTO totals VALUES
            (new.namespace, new.store, 1, OCTET_LENGTH(new.key) + LENGTH(new.value))
        ON CONFLICT DO UPDATE SET keys = keys + 1, bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER IF NOT EXISTS entry_goes AFTER DELETE ON entries BEGIN
        UPDATE totals
        SET keys = keys - 1, bytes = bytes - OCTET_LENGTH(old.key) - LENGTH(old.value)
        WHERE namespace = old.namespace AND store = old.store;
    END;
    CREATE TRIGGER IF NOT EXISTS entry_changes AFTER UPDATE OF value ON entries BEGIN
        UPDATE totals SET bytes = bytes - LENGTH(old.value) + LENGTH(new.value)
        WHERE namespace = new.namespace AND store = new.store;
    END;
";

/// The stores of one namespace.
pub struct SqliteKv {
    namespace: String,
    connection: Mutex<Connection>,
    now_us: fn() -> i64,
}

impl SqliteKv {
    /// Opens the stores under `dir`, the data directory.
    pub fn open(dir: &Path, namespace: String) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir)
            .map_err(|source| StoreError::Directory { path: dir.to_owned(), source })?;
        let file = dir.join("kv.sqlite");
        let connection = schema::connect(&file)?;
        let wrap = |source| StoreError::Database { path: file.clone(), source };
        connection.pragma_update(None, "journal_mode", "WAL").map_err(wrap)?;
        // As with journals: what was acknowledged survives the process, not a power cut.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(wrap)?;
        connection.execute_batch(TABLE).map_err(wrap)?;
        Ok(Self { namespace, connection: Mutex::new(connection), now_us })
    }

    fn get(&self, at: &Connection, store: &str, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        let found = at
            .prepare_cached(
                "SELECT value FROM entries WHERE namespace = ?1 AND store = ?2 AND key = ?3
                 AND (dies_us IS NULL OR dies_us > ?4)",
            )?
            .query_row(params![self.namespace, store, key, (self.now_us)()], |row| row.get(0));
        found.optional()
    }

    fn keys(
        &self,
        at: &Connection,
        store: &str,
        after: Option<&str>,
        max: u32,
    ) -> rusqlite::Result<KvAnswer> {
        let mut found = at
            .prepare_cached(
                "SELECT key FROM entries WHERE namespace = ?1 AND store = ?2 AND key > ?3
                 AND (dies_us IS NULL OR dies_us > ?4) ORDER BY key LIMIT ?5",
            )?
            .query_map(
                // No key is empty.
                params![
                    self.namespace,
                    store,
                    after.unwrap_or_default(),
                    (self.now_us)(),
                    i64::from(max) + 1
                ],
                |row| row.get(0),
            )?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        let more = found.len() > max as usize;
        found.truncate(max as usize);
        Ok(KvAnswer::Keys(found, more))
    }

    fn change(
        &self,
        at: &Transaction<'_>,
        (store, key): (&str, &str),
        change: KvChange,
        bound: KvBound,
    ) -> Result<KvAnswer, Failure> {
        let (value, answer) = match change {
            KvChange::Delete => {
                at.execute(
                    "DELETE FROM entries WHERE namespace = ?1 AND store = ?2 AND key = ?3",
                    params![self.namespace, store, key],
                )?;
                return Ok(KvAnswer::Done);
            }
            KvChange::Set(value) => (value, KvAnswer::Done),
            KvChange::Add(delta) => {
                let old = match self.get(at, store, key)? {
                    None => 0,
                    Some(bytes) => number(&bytes).ok_or_else(|| {
                        ServiceError::new("the value of this key is not a number")
                    })?,
                };
                let new = old
                    .checked_add(delta)
                    .ok_or_else(|| ServiceError::new("the number would be too large"))?;
                (new.to_string().into_bytes(), KvAnswer::Number(new))
            }
            KvChange::Swap { old, new } => {
                let found = self.get(at, store, key)?;
                if found != old {
                    return Ok(KvAnswer::Swapped(Err(found)));
                }
                (new, KvAnswer::Swapped(Ok(())))
            }
        };
        self.put(at, (store, key), &value, bound)?;
        Ok(answer)
    }

    fn put(
        &self,
        at: &Transaction<'_>,
        (store, key): (&str, &str),
        value: &[u8],
        bound: KvBound,
    ) -> Result<(), Failure> {
        let now = (self.now_us)();
        // What is dead takes no room.
        at.execute("DELETE FROM entries WHERE dies_us <= ?1", params![now])?;
        let held: Option<(i64, i64)> = at
            .query_row(
                "SELECT keys, bytes FROM totals WHERE namespace = ?1 AND store = ?2",
                params![self.namespace, store],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let old = self.get(at, store, key)?.map(|value| (key.len() + value.len()) as u64);
        let (keys, bytes) = held.unwrap_or_default();
        let keys = keys.unsigned_abs().saturating_sub(u64::from(old.is_some()));
        let bytes = bytes.unsigned_abs().saturating_sub(old.unwrap_or(0));
        if keys >= bound.keys {
            let message = format!("the store `{store}` may hold {} keys", bound.keys);
            return Err(ServiceError::refused(ErrorKind::LimitKvKeys, message).into());
        }
        if bytes.saturating_add((key.len() + value.len()) as u64) > bound.bytes {
            let message = format!("the store `{store}` may hold {} bytes", bound.bytes);
            return Err(ServiceError::refused(ErrorKind::LimitKvBytes, message).into());
        }
        let dies = bound.ttl_s.map(|seconds| {
            let us = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
            now.saturating_add(us)
        });
        at.execute(
            "INSERT INTO entries (namespace, store, key, value, dies_us) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET value = excluded.value, dies_us = excluded.dies_us",
            params![self.namespace, store, key, value, dies],
        )?;
        Ok(())
    }
}

impl KvStore for SqliteKv {
    fn answer(&self, ask: KvAsk) -> Result<KvAnswer, ServiceError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match ask {
            KvAsk::Get { store, key } => {
                self.get(&connection, &store, &key).map(KvAnswer::Value).map_err(Failure::from)
            }
            KvAsk::Keys { store, after, max } => {
                self.keys(&connection, &store, after.as_deref(), max).map_err(Failure::from)
            }
            KvAsk::Change { store, key, change, bound } => connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(Failure::from)
                .and_then(|at| {
                    let answer = self.change(&at, (&store, &key), change, bound)?;
                    at.commit()?;
                    Ok(answer)
                }),
        };
        answer.map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Database(error) => ServiceError::new(format!("the store failed: {error}")),
        })
    }
}

enum Failure {
    Refused(ServiceError),
    Database(rusqlite::Error),
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn now_us() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: KvBound = KvBound { bytes: 20, keys: 2, ttl_s: None };

    fn open(dir: &Path, namespace: &str) -> SqliteKv {
        SqliteKv::open(dir, namespace.to_owned()).unwrap()
    }

    fn change(kv: &SqliteKv, key: &str, change: KvChange, bound: KvBound) -> String {
        let (store, key) = ("s".to_owned(), key.to_owned());
        match kv.answer(KvAsk::Change { store, key, change, bound }) {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => error.kind.map_or(error.message, |kind| kind.to_string()),
        }
    }

    fn set(kv: &SqliteKv, key: &str, value: &str, bound: KvBound) -> String {
        change(kv, key, KvChange::Set(value.into()), bound)
    }

    fn get(kv: &SqliteKv, key: &str) -> Option<String> {
        match kv.answer(KvAsk::Get { store: "s".to_owned(), key: key.to_owned() }).unwrap() {
            KvAnswer::Value(value) => value.map(|value| String::from_utf8(value).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_outlive_the_process_and_stay_in_their_namespace() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(set(&open(dir.path(), "a"), "k", "v", BOUND), "Done");
        assert_eq!(get(&open(dir.path(), "a"), "k").as_deref(), Some("v"));
        assert_eq!(get(&open(dir.path(), "b"), "k"), None);
        let a = open(dir.path(), "a");
        assert_eq!(change(&a, "k", KvChange::Delete, BOUND), "Done");
        assert_eq!(get(&a, "k"), None);
    }

    #[test]
    fn bounds_bite() {
        let dir = tempfile::tempdir().unwrap();
        let kv = open(dir.path(), "a");
        // Keys count too: 1 + 9 + 1 + 9 bytes.
        assert_eq!(set(&kv, "a", "123456789", BOUND), "Done");
        assert_eq!(set(&kv, "b", "1234567890", BOUND), "limit.kv-bytes");
        assert_eq!(set(&kv, "b", "123456789", BOUND), "Done");
        assert_eq!(set(&kv, "c", "", BOUND), "limit.kv-keys");
        // What takes the place of something is not one more.
        assert_eq!(set(&kv, "a", "x", BOUND), "Done");
        assert_eq!(get(&kv, "b").as_deref(), Some("123456789"));
    }

    #[test]
    fn what_is_dead_is_gone_and_takes_no_room() {
        let dir = tempfile::tempdir().unwrap();
        let mut kv = open(dir.path(), "a");
        kv.now_us = || 1_000_000;
        let bound = KvBound { ttl_s: Some(1), keys: 1, ..BOUND };
        assert_eq!(set(&kv, "a", "x", bound), "Done");
        kv.now_us = || 1_999_999;
        assert_eq!(get(&kv, "a").as_deref(), Some("x"));
        assert_eq!(set(&kv, "b", "x", bound), "limit.kv-keys");
        kv.now_us = || 2_000_000;
        assert_eq!(get(&kv, "a"), None);
        assert_eq!(set(&kv, "b", "x", bound), "Done");
    }

    #[test]
    fn numbers_and_swaps() {
        let dir = tempfile::tempdir().unwrap();
        let kv = open(dir.path(), "a");
        assert_eq!(change(&kv, "n", KvChange::Add(2), BOUND), "Number(2)");
        assert_eq!(change(&kv, "n", KvChange::Add(-5), BOUND), "Number(-3)");
        assert_eq!(
            change(&kv, "n", KvChange::Add(i64::MIN), BOUND),
            "the number would be too large"
        );
        let swap = |old: Option<&str>, new: &str| KvChange::Swap {
            old: old.map(|old| old.into()),
            new: new.into(),
        };
        assert_eq!(change(&kv, "n", swap(None, "x"), BOUND), "Swapped(Err(Some([45, 51])))");
        assert_eq!(change(&kv, "n", swap(Some("-3"), "x"), BOUND), "Swapped(Ok(()))");
        assert_eq!(
            change(&kv, "n", KvChange::Add(1), BOUND),
            "the value of this key is not a number"
        );
    }

    #[test]
    fn keys_come_in_pages() {
        let dir = tempfile::tempdir().unwrap();
        let kv = open(dir.path(), "a");
        let bound = KvBound { bytes: 100, keys: 10, ttl_s: None };
        for key in ["b", "a", "c"] {
            assert_eq!(set(&kv, key, "", bound), "Done");
        }
        let keys = |after: Option<&str>| {
            let after = after.map(str::to_owned);
            kv.answer(KvAsk::Keys { store: "s".to_owned(), after, max: 2 }).unwrap()
        };
        assert_eq!(keys(None), KvAnswer::Keys(vec!["a".to_owned(), "b".to_owned()], true));
        assert_eq!(keys(Some("b")), KvAnswer::Keys(vec!["c".to_owned()], false));
    }

    #[test]
    fn writers_side_by_side_cannot_exceed_a_bound_together() {
        let dir = tempfile::tempdir().unwrap();
        let bound = KvBound { bytes: 1000, keys: 10, ttl_s: None };
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let dir = dir.path();
                scope.spawn(move || {
                    let kv = open(dir, "a");
                    for key in 0..10 {
                        set(&kv, &format!("{writer}-{key}"), "", bound);
                    }
                });
            }
        });
        let kv = open(dir.path(), "a");
        match kv.answer(KvAsk::Keys { store: "s".to_owned(), after: None, max: 100 }).unwrap() {
            KvAnswer::Keys(keys, false) => assert_eq!(keys.len(), 10),
            other => panic!("{other:?}"),
        }
    }
}
