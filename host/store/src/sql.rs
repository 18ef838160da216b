//! SQLite files of an operator, as databases for skills.
//!
//! Every statement has a connection of its own, so that nothing of one is there for the next. What a
//! statement may do is decided by SQLite while it compiles it (the authorizer) and by how the file
//! is open, never by reading its text. It runs on a thread of its own, which nobody waits for when
//! the process ends; a bounded number of them for each database.

mod access;
mod statement;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use coldframe_engine::ports::BoxFuture;
use coldframe_engine::services::{Database, ServiceError, SqlAnswer, SqlAsk, SqlProblem};
use rusqlite::ErrorCode;
use tokio::sync::{Semaphore, oneshot};

use statement::run;

/// Statements of one database at the same time.
const STATEMENTS_MAX: usize = 4;

/// One file.
pub struct SqliteDatabase {
    file: PathBuf,
    /// A place for each statement that may run. Held by the thread, so that one that hangs in the
    /// middle of an instruction of the database keeps its place.
    places: Arc<Semaphore>,
}

/// Says that nobody waits for the answer any more.
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SqliteDatabase {
    /// The database in `file`, which must be there.
    pub fn open(file: &Path) -> Result<Self, String> {
        match access::open(file, false, Duration::ZERO) {
            // Whoever holds it locked may be done by the time somebody asks.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(error) => return Err(format!("{}: {}", file.display(), access::why(&error))),
            Ok(_) => {}
        }
        Ok(Self { file: file.to_owned(), places: Arc::new(Semaphore::new(STATEMENTS_MAX)) })
    }
}

impl Database for SqliteDatabase {
    fn answer(&self, ask: SqlAsk) -> BoxFuture<Result<SqlAnswer, ServiceError>> {
        let (file, places) = (self.file.clone(), Arc::clone(&self.places));
        Box::pin(async move {
            let bound = ask.bound;
            let time = Duration::from_micros(bound.time_us);
            let end = Instant::now().checked_add(time);
            let answered = async {
                let place = places.acquire_owned().await;
                let given_up = Arc::new(AtomicBool::new(false));
                let _give_up = GiveUp(Arc::clone(&given_up));
                let (done, answer) = oneshot::channel();
                let thread = std::thread::Builder::new().name("sqlite".to_owned());
                let started = thread.spawn(move || {
                    let _place = place;
                    let late = move || {
                        given_up.load(Ordering::Relaxed)
                            || end.is_some_and(|end| Instant::now() >= end)
                    };
                    // Nobody may wait any more.
                    let _ = done.send(run(&file, &ask, end, late));
                });
                let unavailable = |what: &str| Ok(SqlProblem::Unavailable(what.to_owned()).into());
                if started.is_err() {
                    return unavailable("this machine has no thread for it");
                }
                answer.await.unwrap_or_else(|_| unavailable("the database failed unexpectedly"))
            };
            match tokio::time::timeout(time, answered).await {
                Ok(answer) => answer,
                Err(_) => Err(bound.too_long()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
