//! `wasi:clocks`, coarse: a fine clock is what side channels are measured with.

use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// What a guest can tell apart.
const RESOLUTION: Duration = Duration::from_millis(1);

/// The time of day, in whole milliseconds.
pub(crate) struct WallClock;

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Duration::from_millis(whole_millis(now))
    }
}

/// Time since the guest first asked, in whole milliseconds.
pub(crate) struct MonotonicClock(Instant);

impl MonotonicClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        nanos(RESOLUTION)
    }

    fn now(&self) -> u64 {
        nanos(Duration::from_millis(whole_millis(self.0.elapsed())))
    }
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_below_a_millisecond_shows() {
        assert_eq!(WallClock.now().subsec_nanos() % 1_000_000, 0);
        let clock = MonotonicClock::new();
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.now() >= 2_000_000);
        assert_eq!(clock.now() % 1_000_000, 0);
    }
}
