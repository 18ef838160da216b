//! The events of a run and the state they fold into.
//!
//! A run is its journal: an append-only list of [`Record`]s. [`RunState`] is a fold over it and
//! nothing else, so a journal that is read back gives the state the run had.
//!
//! Pure: no clock, no I/O. Times are inputs, in microseconds since 1970.

pub mod event;
pub mod kind;
pub mod parts;
pub mod receipt;
pub mod state;
pub mod transition;

pub use event::{
    Broken, EndedBy, Event, Failure, Head, Next, Outcome, Record, RunStatus, Turn, Waiting,
};
pub use kind::ErrorKind;
pub use receipt::{Asked, Receipt, Totals};
pub use state::{JournalError, RunState, StepState};
pub use transition::StepStatus;
