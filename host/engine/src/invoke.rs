//! The call of one operation, as the engine sees it. The sandbox implements it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coldframe_format::Digest;
use coldframe_journal::{Asked, ErrorKind};
use coldframe_lang::graph::Tool;
pub use coldframe_lang::limits::CallLimits;
use serde_json::Value;

use crate::cancel::Cancel;
use crate::layers::Layers;
use crate::tape::{Recording, Tape};

/// Calls operations of components that were loaded before.
pub trait Invoke: Send + Sync {
    /// Runs one operation in a fresh instance. Never panics on anything a guest does. A call that
    /// is cancelled reports what it consumed until then, with the kind `pipeline.cancelled`;
    /// dropping the future stops the guest and discards its instance too, without a report.
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>>;
}

/// One operation to call, with everything it may use.
#[derive(Debug, Clone)]
pub struct Call {
    /// The component, loaded under this digest.
    pub component: Digest,
    /// The operation's name, as in `coldframe_format::Operation::name`.
    pub operation: String,
    /// An object: parameter name (JSON spelling) to value.
    pub input: Value,
    /// Each layer that has a say beside the skill's own ceiling, which the loader knows.
    pub grants: Layers,
    /// What the call may spend.
    pub limits: CallLimits,
    /// Linear memory of all live calls of the run, shared between them.
    pub memory: Arc<MemoryMeter>,
    /// Ends the call before its time. It still gives a report.
    pub cancel: Cancel,
    /// What it hears: with a tape what is on that, and nobody is asked; without one the world, and
    /// that is recorded.
    pub tape: Option<Arc<Tape>>,
    /// What it may call as tools, if it is granted that too; all of them loaded before.
    pub tools: Arc<[Tool]>,
}

/// What a call came to, whether it succeeded or not.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// The output as JSON (the `ok` side of a `result`), or why there is none.
    pub result: Result<Value, CallError>,
    /// Fuel consumed.
    pub fuel: u64,
    /// Wall time, microseconds.
    pub wall_us: u64,
    /// The most linear memory the call held, bytes.
    pub memory_peak_bytes: u64,
    /// Calls from the guest to host services.
    pub host_calls: u64,
    /// Bytes sent and received over the network.
    pub net_bytes: u64,
    /// Tokens of language models.
    pub tokens: u64,
    /// What host services cost, nano-USD.
    pub services_nano: u64,
    /// Tools that it called, and those they called.
    pub tool_calls: u64,
    /// What the guest logged, sanitised, oldest first.
    pub logs: Vec<String>,
    /// The rights it asked for.
    pub asked: Vec<Asked>,
    /// What the guest heard. Nothing where it heard a tape.
    pub recording: Recording,
}

impl CallReport {
    /// A report of what took nothing.
    pub fn of(result: Result<Value, CallError>) -> Self {
        Self {
            result,
            fuel: 0,
            wall_us: 0,
            memory_peak_bytes: 0,
            host_calls: 0,
            net_bytes: 0,
            tokens: 0,
            services_nano: 0,
            tool_calls: 0,
            logs: Vec::new(),
            asked: Vec::new(),
            recording: Recording::Nothing,
        }
    }
}

/// Why a call has no output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The stable kind.
    pub kind: ErrorKind,
    /// One line for people. Text that came from the guest is escaped already.
    pub message: String,
    /// Whether trying again may help.
    pub transient: bool,
    /// How long the callee asked to be left alone, microseconds.
    pub retry_after_us: Option<u64>,
}

impl CallError {
    /// A failure that trying again will not cure.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), transient: false, retry_after_us: None }
    }
}

/// Linear memory in use by all live calls of a run, or of a step that holds others, and its bound.
#[derive(Debug)]
pub struct MemoryMeter {
    used: AtomicU64,
    max: u64,
    around: Option<Arc<MemoryMeter>>,
}

impl MemoryMeter {
    /// A meter that allows `max` bytes at any one time.
    pub fn new(max: u64) -> Self {
        Self { used: AtomicU64::new(0), max, around: None }
    }

    /// A meter that allows `max` bytes of those that `around` allows.
    pub fn within(around: Arc<Self>, max: u64) -> Self {
        Self { used: AtomicU64::new(0), max, around: Some(around) }
    }

    /// Takes `bytes` if this meter and all around it still have them.
    pub fn take(&self, bytes: u64) -> bool {
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|next| *next <= self.max)
            })
            .is_ok();
        if taken && self.around.as_ref().is_some_and(|around| !around.take(bytes)) {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        taken
    }

    /// Gives `bytes` back.
    pub fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(around) = &self.around {
            around.give_back(bytes);
        }
    }

    /// The bound, bytes.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The meter around this one.
    pub fn around(&self) -> Option<&Arc<Self>> {
        self.around.as_ref()
    }
}
