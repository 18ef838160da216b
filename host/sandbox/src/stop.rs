//! Ends a call from the outside: a refused request stops the guest where it stands.

use std::sync::{Mutex, PoisonError};

use coldframe_engine::CallError;
use tokio::sync::Notify;

/// Set at most once. Whoever runs the call waits for it beside the guest.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    error: Mutex<Option<CallError>>,
    set: Notify,
}

impl Stop {
    /// Ends the call with `error`, unless something else already has.
    pub(crate) fn set(&self, error: CallError) {
        let mut slot = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(error);
        drop(slot);
        self.set.notify_one();
    }

    /// Why the call was ended, if it was.
    pub(crate) fn get(&self) -> Option<CallError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the call is ended.
    pub(crate) async fn wait(&self) -> CallError {
        loop {
            if let Some(error) = self.get() {
                return error;
            }
            self.set.notified().await;
        }
    }
}
