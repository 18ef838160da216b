//! Results of calls that may be used again in the same run: `cache`.
//!
//! It is filled from the journal as well, so that a resumed run repeats no call either.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use coldframe_journal::Receipt;
use serde_json::Value;

/// The outputs of equal calls: of one component, one operation and one input.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    slots: Mutex<BTreeMap<Key, Slot>>,
}

type Key = (String, String, String);

/// The output of one call, once there is one. Whoever makes the call holds the lock: equal calls
/// side by side wait for the first.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Arc<Value>>>>;

impl Memo {
    /// The place of the call that `receipt` is about; none where its input is not known.
    pub(crate) fn slot(&self, receipt: &Receipt) -> Option<Slot> {
        let key =
            (receipt.component.clone()?, receipt.operation.clone()?, receipt.input_sha256.clone()?);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(slots.entry(key).or_default()))
    }

    /// Takes an output from the journal.
    pub(crate) fn recall(&self, receipt: &Receipt, output: &Arc<Value>) {
        // Where somebody makes the call right now, they will fill it themselves.
        if let Some(slot) = self.slot(receipt)
            && let Ok(mut slot) = slot.try_lock()
        {
            slot.get_or_insert_with(|| Arc::clone(output));
        }
    }
}
