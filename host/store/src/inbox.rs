//! Answers to runs: decisions and signals, kept from the moment they are given until the run that
//! they are for has journalled them.

use coldframe_journal::Event;
use rusqlite::params;

use crate::Store;
use crate::error::StoreError;

/// An answer that waits for its run.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Answers of a run are taken in the order of their ids.
    pub id: i64,
    /// `DecisionMade` or `SignalReceived`.
    pub event: Event,
}

impl Store {
    /// Keeps an answer for a run. When this returns, the answer survives the process.
    pub fn post(&self, run_id: &str, posted_us: u64, event: &Event) -> Result<(), StoreError> {
        let text = serde_json::to_string(event)
            .map_err(|error| self.wrap(rusqlite::Error::ToSqlConversionFailure(error.into())))?;
        self.connection()?
            .execute(
                "INSERT INTO inbox (run_id, posted_us, event) VALUES (?, ?, ?)",
                params![run_id, i64::try_from(posted_us).ok().unwrap_or(i64::MAX), text],
            )
            .map(|_rows| ())
            .map_err(|source| self.wrap(source))
    }

    /// The answers that wait for a run, with ids above `after`, oldest first.
    pub fn posts(&self, run_id: &str, after: i64) -> Result<Vec<Post>, StoreError> {
        let connection = self.connection()?;
        let wrap = |source| self.wrap(source);
        let mut select = connection
            .prepare("SELECT id, event FROM inbox WHERE run_id = ? AND id > ? ORDER BY id")
            .map_err(wrap)?;
        let rows = select
            .query_map(params![run_id, after], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })
            .map_err(wrap)?;
        let mut posts = Vec::new();
        for row in rows {
            let (id, text) = row.map_err(wrap)?;
            let event = serde_json::from_str(&text).map_err(|error| {
                wrap(rusqlite::Error::FromSqlConversionFailure(
                    1,
                    rusqlite::types::Type::Text,
                    error.into(),
                ))
            })?;
            posts.push(Post { id, event });
        }
        Ok(posts)
    }

    /// Forgets an answer that its run has journalled, or that meant nothing to it.
    pub fn taken(&self, id: i64) -> Result<(), StoreError> {
        self.connection()?
            .execute("DELETE FROM inbox WHERE id = ?", params![id])
            .map(|_rows| ())
            .map_err(|source| self.wrap(source))
    }
}

#[cfg(test)]
mod tests {
    use coldframe_engine::Journal as _;
    use coldframe_journal::{Event, Record};

    use crate::{Level, NewRun, Store};

    fn signal(name: &str) -> Event {
        Event::SignalReceived { name: name.into(), value: serde_json::json!(name) }
    }

    #[tokio::test]
    async fn answers_are_kept_until_they_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        for id in ["run-1", "run-2"] {
            let run = NewRun {
                run_id: id.into(),
                created_us: 5,
                pipeline: "p".into(),
                spec_sha256: String::new(),
                source_name: String::new(),
                spec: String::new(),
                settings: "{}".into(),
            };
            let first = Record { seq: 0, at_us: 1, event: signal("first") };
            store.create(run).unwrap().append(&first, None).await.unwrap();
        }
        store.post("run-1", 1, &signal("a")).unwrap();
        store.post("run-2", 2, &signal("other")).unwrap();
        store.post("run-1", 3, &signal("b")).unwrap();
        let again = Store::open(dir.path(), Level::Relaxed).unwrap();
        let posts = again.posts("run-1", 0).unwrap();
        let events: Vec<_> = posts.iter().map(|post| post.event.clone()).collect();
        assert_eq!(events, [signal("a"), signal("b")]);
        assert_eq!(again.posts("run-1", posts[0].id).unwrap().len(), 1);
        again.taken(posts[0].id).unwrap();
        assert_eq!(store.posts("run-1", 0).unwrap(), posts[1..]);
        // There is no such run to answer.
        assert!(store.post("run-9", 1, &signal("c")).is_err());
    }

    #[test]
    fn a_file_of_the_first_version_gets_an_inbox() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let old = rusqlite::Connection::open(store.file()).unwrap();
        old.execute_batch(
            "ALTER TABLE events DROP COLUMN is_split; DROP TABLE inbox; DROP TABLE blobs;
             PRAGMA user_version = 1",
        )
        .unwrap();
        drop(old);
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        assert_eq!(store.posts("none", 0).unwrap(), []);
    }
}
