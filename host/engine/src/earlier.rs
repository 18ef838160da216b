//! What equal calls of earlier runs came to.
//!
//! Only calls of components that import nothing: what they come to depends on their arguments and
//! on what bounds them, and on nothing else. A call that is remembered is charged what it cost when
//! it was made, so that what a run comes to does not depend on what ran before it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use coldframe_format::Digest;
use serde_json::Value;

use crate::invoke::{Call, CallLimits};

/// A call that took less is made again as fast as it is looked up, about a millisecond of fuel.
const FUEL_MIN: u64 = 1_000_000;

/// Keeps what calls came to beyond the end of a run. Losing any of it loses no more than time.
pub trait EarlierCalls: Send + Sync {
    /// What is kept under `key`.
    fn find(&self, key: Digest) -> Option<Remembered>;

    /// Keeps what a call came to.
    fn keep(&self, key: Digest, remembered: &Remembered);
}

/// What a call came to, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Its output.
    pub output: Value,
    /// The fuel it took.
    pub fuel: u64,
    /// The most linear memory it held, bytes.
    pub memory_peak_bytes: u64,
}

/// What a run knows of earlier ones.
#[derive(Default)]
pub(crate) struct Earlier {
    calls: Option<Arc<dyn EarlierCalls>>,
    /// Operations that were found to take little: nothing is kept of them, and nothing looked for.
    small: Mutex<BTreeSet<(Digest, String)>>,
}

impl Earlier {
    pub(crate) fn new(calls: Option<Arc<dyn EarlierCalls>>) -> Self {
        Self { calls, small: Mutex::default() }
    }

    /// Where what `call` comes to is kept, if it is worth it. `input` is the digest of its input.
    pub(crate) fn key(&self, call: &Call, input: &str) -> Option<Digest> {
        self.calls.as_ref()?;
        let small = self.small.lock().unwrap_or_else(PoisonError::into_inner);
        if small.contains(&(call.component, call.operation.clone())) {
            return None;
        }
        // All that can end a call but what it spends, and that is compared with what it took.
        let form = CallLimits {
            fuel: 0,
            wall: Duration::ZERO,
            net_bytes: 0,
            tokens: 0,
            services_nano: 0,
            ..call.limits
        };
        // Another version may count fuel in another way.
        let version = concat!(env!("CARGO_PKG_VERSION"), " prices 2");
        let form = serde_json::to_string(&form).ok()?;
        let text = format!("{version} {} {} {input} {form}", call.component, call.operation);
        Some(Digest::of(text.as_bytes()))
    }

    /// What an equal call came to, where this one may spend as much.
    pub(crate) fn find(&self, key: Digest, call: &Call) -> Option<Remembered> {
        let found = self.calls.as_ref()?.find(key)?;
        (found.fuel < call.limits.fuel).then_some(found)
    }

    pub(crate) fn keep(&self, key: Digest, operation: (Digest, String), remembered: &Remembered) {
        if remembered.fuel < FUEL_MIN {
            self.small.lock().unwrap_or_else(PoisonError::into_inner).insert(operation);
        } else if let Some(calls) = &self.calls {
            calls.keep(key, remembered);
        }
    }
}
