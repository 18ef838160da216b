//! `retry`: when a failed step is tried again.

use std::time::Duration;

/// Every kind of failure, sorted. The journal has the same ones; a test of the engine compares.
pub const FAILURES: &[&str] = &[
    "approval.rejected",
    "breaker.open",
    "denied.address",
    "denied.capability",
    "denied.database",
    "denied.dns",
    "denied.host",
    "denied.import",
    "denied.model",
    "denied.path",
    "denied.secret",
    "denied.tool",
    "expr.failed",
    "guest.error",
    "guest.trap",
    "host.bug",
    "host.executor",
    "invalid.component",
    "invalid.input",
    "invalid.kind",
    "invalid.result",
    "join.failed",
    "limit.compile-memory",
    "limit.compile-time",
    "limit.cost",
    "limit.deadline",
    "limit.depth",
    "limit.disk",
    "limit.fan-out",
    "limit.fuel",
    "limit.handles",
    "limit.hostcall-bytes",
    "limit.instances",
    "limit.iterations",
    "limit.kv-bytes",
    "limit.kv-keys",
    "limit.log",
    "limit.memory",
    "limit.net-bytes",
    "limit.net-concurrency",
    "limit.output",
    "limit.random",
    "limit.retries",
    "limit.rows",
    "limit.stack",
    "limit.statement",
    "limit.structure",
    "limit.table",
    "limit.timeout",
    "limit.tokens",
    "limit.tool-calls",
    "pipeline.aborted",
    "pipeline.cancelled",
    "policy.violated",
    "replay.differs",
];

/// When and how often a step that failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The most tries after the first one.
    pub max: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The delay before the second try.
    pub delay: Duration,
    /// No delay is longer.
    pub delay_max: Duration,
    /// Which failures are worth another try; any of these.
    pub on: Vec<RetryOn>,
}

/// How the delay grows from try to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backoff {
    /// Always `delay`.
    Constant,
    /// `delay`, twice, three times `delay`.
    Linear,
    /// `delay`, twice, four times `delay`.
    #[default]
    Exponential,
}

/// A sort of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryOn {
    /// Those that say that trying again may help.
    Transient,
    /// Every failure.
    Any,
    /// Those of one kind, `guest.error`.
    Kind(String),
}

impl Retry {
    /// The delay before try `attempt` (from 2).
    pub fn delay_before(&self, attempt: u32) -> Duration {
        let tries = attempt.saturating_sub(2);
        let factor = match self.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => tries.saturating_add(1),
            Backoff::Exponential => 1_u32.checked_shl(tries).unwrap_or(u32::MAX),
        };
        self.delay.checked_mul(factor).unwrap_or(self.delay_max).min(self.delay_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_their_bound() {
        let delays = |backoff| {
            let retry = Retry {
                max: 9,
                backoff,
                delay: Duration::from_secs(1),
                delay_max: Duration::from_secs(5),
                on: Vec::new(),
            };
            [2, 3, 4, 5, 60].map(|attempt| retry.delay_before(attempt).as_secs())
        };
        assert_eq!(delays(Backoff::Constant), [1, 1, 1, 1, 1]);
        assert_eq!(delays(Backoff::Linear), [1, 2, 3, 4, 5]);
        assert_eq!(delays(Backoff::Exponential), [1, 2, 4, 5, 5]);
    }
}
