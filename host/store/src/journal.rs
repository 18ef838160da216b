//! The journal of one run, as the engine sees it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use coldframe_engine::{Blob, Journal, JournalFailure};
use coldframe_journal::Record;

use crate::Store;
use crate::error::StoreError;
use crate::large;
use crate::lock::RunLock;
use crate::runs::NewRun;
use crate::writer::{Job, Writer};

/// Appends the records of one run. Holds the run's lock: while it lives nobody else drives it.
#[derive(Debug)]
pub struct SqliteJournal {
    run: String,
    /// What is written with the first record.
    row: Option<NewRun>,
    writer: Arc<Writer>,
    _lock: RunLock,
}

impl Store {
    /// Opens the journal of a new run. The run is there for others with its first record.
    pub fn create(&self, run: NewRun) -> Result<SqliteJournal, StoreError> {
        let lock = RunLock::take(&self.dir, &run.run_id)?;
        let (id, row) = (run.run_id.clone(), Some(run));
        Ok(SqliteJournal { run: id, row, writer: self.writer()?, _lock: lock })
    }

    /// Opens the journal of a run that is there already, to go on with it.
    pub fn resume(&self, run_id: &str) -> Result<SqliteJournal, StoreError> {
        let lock = RunLock::take(&self.dir, run_id)?;
        let run = run_id.to_owned();
        Ok(SqliteJournal { run, row: None, writer: self.writer()?, _lock: lock })
    }
}

impl Journal for SqliteJournal {
    fn append<'a>(
        &'a mut self,
        record: &'a Record,
        blob: Option<Blob>,
    ) -> Pin<Box<dyn Future<Output = Result<(), JournalFailure>> + Send + 'a>> {
        Box::pin(async move {
            let event = serde_json::to_string(&record.event)
                .map_err(|error| JournalFailure { message: error.to_string() })?;
            let mut blobs = Vec::from_iter(blob);
            let (event, is_split) = match large::split(&event) {
                Some(split) => {
                    blobs.extend(split.blobs);
                    (split.text, true)
                }
                None => (event, false),
            };
            let answer = self.writer.submit(Job {
                is_hint: record.event.is_hint(),
                row: self.row.take(),
                run: self.run.clone(),
                seq: record.seq,
                at_us: record.at_us,
                event,
                is_split,
                blobs,
            });
            if record.event.is_hint() {
                // Written in order with the next record, whose answer covers it.
                return Ok(());
            }
            match answer.await {
                Ok(written) => written.map_err(|message| JournalFailure { message }),
                Err(_) => Err(JournalFailure { message: "the writer is gone".to_owned() }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use coldframe_format::Digest;
    use coldframe_journal::event::FORMAT_VERSION;
    use coldframe_journal::{Event, Receipt, RunStatus};
    use serde_json::json;

    use super::*;
    use crate::Level;

    fn new_run(id: &str) -> NewRun {
        NewRun {
            run_id: id.into(),
            created_us: 5,
            pipeline: "p".into(),
            spec_sha256: "sha256:0".into(),
            source_name: "p.yml".into(),
            spec: "kind: Pipeline".into(),
            settings: "{}".into(),
        }
    }

    fn events() -> Vec<Record> {
        let events = [
            Event::RunStarted {
                version: FORMAT_VERSION,
                pipeline: "p".into(),
                spec_sha256: "sha256:0".into(),
                inputs: json!({"a": 1.5}),
            },
            Event::StepStarted { step: "a".into(), attempt: 1 },
            Event::StepSucceeded {
                step: "a".into(),
                output: json!([1, null]),
                receipt: Receipt { attempt: 1, fuel: 3, ..Receipt::default() },
            },
            Event::RunFinished {
                status: RunStatus::Succeeded,
                outputs: json!({}),
                failure: None,
                broken: Vec::new(),
            },
        ];
        let number = |(seq, event)| Record { seq: seq as u64, at_us: 9, event };
        events.into_iter().enumerate().map(number).collect()
    }

    async fn write(journal: &mut SqliteJournal, records: &[Record]) {
        for record in records {
            journal.append(record, None).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_appended_reads_back_in_another_store() {
        for level in [Level::Relaxed, Level::Strict] {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path(), level).unwrap();
            let mut journal = store.create(new_run("run-1")).unwrap();
            write(&mut journal, &events()).await;
            let found = Store::open(dir.path(), level).unwrap().run("run").unwrap();
            assert_eq!(found.records, events());
            assert_eq!(found.run, new_run("run-1"));
            assert_eq!(found.state, coldframe_journal::RunState::fold(&events()).unwrap());
        }
    }

    #[tokio::test]
    async fn a_run_is_there_with_its_first_record() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let mut journal = store.create(new_run("run-1")).unwrap();
        assert!(matches!(store.run("run-1"), Err(StoreError::UnknownRun(_))));
        write(&mut journal, &events()[..1]).await;
        assert_eq!(store.run("run-1").unwrap().records, events()[..1]);
        drop(journal);
        let error = store.create(new_run("run-1")).unwrap().append(&events()[2], None).await;
        assert!(error.unwrap_err().message.contains("another process"));
    }

    /// Bytes of the log beside the file.
    fn log(store: &Store) -> u64 {
        let log = store.file().with_extension("sqlite-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    }

    #[tokio::test]
    async fn a_short_log_is_left_for_later() {
        let dir = tempfile::tempdir().unwrap();
        let mut runs = 0;
        let mut lengths = Vec::new();
        while runs < 200 && lengths.last() != Some(&0) {
            let store = Store::open(dir.path(), Level::Strict).unwrap();
            let mut journal = store.create(new_run(&format!("run-{runs:03}"))).unwrap();
            write(&mut journal, &events()).await;
            runs += 1;
            drop((journal, store));
            lengths.push(log(&Store::open(dir.path(), Level::Strict).unwrap()));
        }
        assert!(lengths.is_sorted_by(|one, next| one < next || *next == 0), "{lengths:?}");
        assert!((10..100).contains(&runs), "{runs}");
        let store = Store::open(dir.path(), Level::Strict).unwrap();
        assert!(store.runs(200).unwrap().iter().all(|run| run.records == events()));
    }

    /// Three records with one long text in each.
    fn large() -> Vec<Record> {
        let long = json!({"bytes": "x".repeat(1 << 20), "$blob": ["\u{1}", 0.1]});
        let mut events = events();
        for record in &mut events {
            match &mut record.event {
                Event::RunStarted { inputs, .. } => inputs.clone_from(&long),
                Event::StepSucceeded { output, .. } => output.clone_from(&long),
                Event::RunFinished { outputs, .. } => *outputs = json!([long]),
                _ => {}
            }
        }
        events
    }

    #[tokio::test]
    async fn a_long_text_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let mut journal = store.create(new_run("run-1")).unwrap();
        write(&mut journal, &large()).await;
        drop((journal, store));
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        assert!(std::fs::metadata(store.file()).unwrap().len() < 3 << 19);
        assert_eq!(store.run("run").unwrap().records, large());
        let file = rusqlite::Connection::open(store.file()).unwrap();
        let check = |statement: &str, expected: &str| {
            file.execute_batch(statement).unwrap();
            let error = store.run("run").unwrap_err().to_string();
            let digest = Digest::of("x".repeat(1 << 20).as_bytes());
            let expected =
                format!("record 0 of run `run-1` is damaged: its value `{digest}` {expected}");
            assert_eq!(error, expected);
        };
        check("UPDATE blobs SET bytes = x'78'", "in the table `blobs` is not what it was");
        check("DELETE FROM blobs", "is missing from the table `blobs`");
    }

    #[tokio::test]
    async fn records_of_an_older_file_are_what_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let old = rusqlite::Connection::open(store.file()).unwrap();
        crate::runs::register(&old, &new_run("run-1")).unwrap();
        old.execute_batch("ALTER TABLE events DROP COLUMN is_split; PRAGMA user_version = 3")
            .unwrap();
        for record in large() {
            let event = serde_json::to_string(&record.event).unwrap();
            old.execute(
                "INSERT INTO events VALUES ('run-1', ?, 9, ?)",
                rusqlite::params![i64::try_from(record.seq).unwrap(), event],
            )
            .unwrap();
        }
        drop(old);
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        assert_eq!(store.run("run").unwrap().records, large());
    }

    #[tokio::test]
    async fn one_driver_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let mut journal = store.create(new_run("run-1")).unwrap();
        write(&mut journal, &events()[..1]).await;
        assert!(matches!(store.resume("run-1"), Err(StoreError::Busy(_))));
        drop(journal);
        let mut journal = store.resume("run-1").unwrap();
        // The record is there already, so somebody else must have written it.
        let error = journal.append(&events()[0], None).await.unwrap_err();
        assert!(error.message.contains("another process"), "{error}");
        write(&mut journal, &events()[1..]).await;
        assert_eq!(store.run("run-1").unwrap().records.len(), 4);
    }

    #[tokio::test]
    async fn many_runs_share_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), Level::Relaxed).unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20 {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let mut journal = store.create(new_run(&format!("run-{number:02}"))).unwrap();
                write(&mut journal, &events()).await;
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let runs = store.runs(100).unwrap();
        assert_eq!(runs.len(), 20);
        assert!(runs.iter().all(|run| run.records == events()));
        assert!(matches!(store.run("run-"), Err(StoreError::AmbiguousRun(_))));
        assert!(matches!(store.run("other"), Err(StoreError::UnknownRun(_))));
    }

    #[test]
    fn refuses_a_newer_file_and_an_unwritable_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Level::Relaxed).unwrap();
        let connection = rusqlite::Connection::open(store.file()).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = Store::open(dir.path(), Level::Relaxed).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Store::open(&file, Level::Relaxed).unwrap_err();
        assert!(error.to_string().contains("data directory"), "{error}");
    }
}
