//! Drives a graph: schedules steps, reserves budgets, records events.
//!
//! [`core`] decides and does nothing; [`driver`] does and decides nothing. The engine knows the
//! traits [`Invoke`], [`Journal`] and [`Observer`], never wasmtime, SQL or a terminal.

pub mod core;
pub mod driver;
pub mod invoke;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod observe;
pub mod ports;
mod scope;
pub mod step;

pub use driver::{EngineError, Host, RunOptions, RunReport, drive};
pub use invoke::{Call, CallError, CallLimits, CallReport, Invoke, MemoryMeter};
pub use journal::{Journal, JournalFailure, MemoryJournal};
pub use limits::RunLimits;
pub use observe::{Observer, Silent};
