//! Answers to a run while it is driven, out of its inbox.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use coldframe_engine::{Answer, Answers};
use coldframe_journal::{Event, Record};
use coldframe_store::{SqliteJournal, Store, StoreError};

use crate::output;

/// How often the inbox is looked into.
const POLL: Duration = Duration::from_millis(200);

/// The inbox of one run.
pub(crate) struct Inbox {
    store: Store,
    run_id: String,
    /// The answer that was handed out last. It is forgotten when the next one is asked for: by
    /// then the run has journalled it.
    last: AtomicI64,
}

impl Inbox {
    /// The inbox of a run.
    pub(crate) fn new(store: Store, run_id: String) -> Self {
        Self { store, run_id, last: AtomicI64::new(0) }
    }

    /// Whether something waits that was not handed out.
    pub(crate) fn has_more(&self) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        self.store.posts(&self.run_id, last).is_ok_and(|posts| !posts.is_empty())
    }

    /// Forgets the answer that was handed out last: the run has journalled it.
    pub(crate) fn close(&self) {
        let last = self.last.load(Ordering::Relaxed);
        if last > 0 {
            // Where this fails the answer is handed out again by a later process, and refused.
            let _ = self.store.taken(last);
        }
    }

    /// The journal of the run and what is in it; none where somebody else drives the run.
    pub(crate) fn resume(&self) -> Result<Option<(SqliteJournal, Vec<Record>)>, StoreError> {
        match self.store.resume(&self.run_id) {
            Ok(journal) => Ok(Some((journal, self.store.run(&self.run_id)?.records))),
            Err(StoreError::Busy(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn look(&self) -> Option<Answer> {
        let last = self.last.load(Ordering::Relaxed);
        self.close();
        let post = match self.store.posts(&self.run_id, last) {
            Ok(posts) => posts.into_iter().next()?,
            Err(error) => {
                output::warn(&format!("the answers to the run cannot be read: {error}"));
                return None;
            }
        };
        self.last.store(post.id, Ordering::Relaxed);
        match post.event {
            Event::DecisionMade { step, approved, by, note } => {
                Some(Answer::Decision { step, approved, by, note })
            }
            Event::SignalReceived { name, value } => Some(Answer::Signal { name, value }),
            // Nothing else is ever posted.
            _ => None,
        }
    }
}

impl Answers for Inbox {
    fn next<'a>(&'a self) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            loop {
                if let Some(answer) = self.look() {
                    return answer;
                }
                tokio::time::sleep(POLL).await;
            }
        })
    }
}
