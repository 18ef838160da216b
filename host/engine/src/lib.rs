//! Drives a graph: schedules steps, reserves budgets, records events.
//!
//! [`core`] decides and does nothing; [`driver`] does and decides nothing. The engine knows the
//! traits [`Invoke`], [`Journal`] and [`Observer`], never wasmtime, SQL or a terminal.

pub mod answers;
mod blame;
pub mod cancel;
pub mod core;
pub mod driver;
pub mod earlier;
pub mod facts;
mod finish;
pub mod host;
pub mod invoke;
pub mod journal;
mod kinds;
mod layers;
pub mod ledger;
pub mod limits;
mod memo;
pub mod observe;
pub mod place;
mod plan;
pub mod ports;
pub mod replay;
mod rules;
mod scope;
pub mod services;
pub mod step;
pub mod tape;
mod work;

pub use answers::{Answer, AnswerQueue, Answers, NoAnswers};
pub use cancel::Cancel;
pub use driver::drive;
pub use earlier::{EarlierCalls, Remembered};
pub use host::{EngineError, Host, LINGER, RunOptions, RunReport};
pub use invoke::{Call, CallError, CallLimits, CallReport, Invoke, MemoryMeter};
pub use journal::{Blob, Journal, JournalFailure, MemoryJournal};
pub use layers::{Layer, Layers};
pub use limits::RunLimits;
pub use observe::{Observer, Silent};
pub use replay::{Difference, Replay, Replayed, Taken, replay};
pub use tape::{Recording, Tape};
