//! `wait`: time, or a signal from outside.

use std::time::Duration;

/// What is waited for. A run that only waits is suspended.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// `wait: 5m`. Output: `null`.
    Duration(Duration),
    /// `wait: { signal: paid }`. Output: the value that came with the signal.
    Signal(String),
}
