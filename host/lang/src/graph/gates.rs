//! When a try of a step may begin: not too often, and not while what it does keeps failing.

use std::time::Duration;

/// At most `max` tries are begun within any stretch of `per`, those of all steps of the group
/// together. More wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// Steps with equal groups count together; without one a step counts alone, wherever and
    /// however often it runs.
    pub group: Option<String>,
    /// Tries.
    pub max: u32,
    /// How long.
    pub per: Duration,
}

/// After `failures` failed tries in a row, those of all steps of the group together, tries fail at
/// once with `breaker.open` for a while. Then one is let through, and its end decides.
///
/// The pattern is Nygard's, "Release It!".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// As in [`RateLimit`].
    pub group: Option<String>,
    /// Failed tries in a row.
    pub failures: u32,
    /// From the last of them on.
    pub open_for: Duration,
}
