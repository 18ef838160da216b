//! `wasi:clocks`, coarse: a fine clock is what side channels are measured with. What a guest reads
//! is on the call's tape.

use std::time::{Duration, Instant, SystemTime};

use coldframe_engine::tape::Observed;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use crate::state::CallState;

/// What a guest can tell apart.
const RESOLUTION: Duration = Duration::from_millis(1);
/// Nanoseconds of that.
const NANOS: u64 = 1_000_000;

/// Adds `wasi:clocks/wall-clock`.
pub(crate) fn add_wall(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<_, Clocks>(linker, |state| Clock(state))
}

/// Adds `wasi:clocks/monotonic-clock`.
pub(crate) fn add_monotonic(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    monotonic_clock::add_to_linker::<_, Clocks>(linker, |state| Clock(state))
}

struct Clocks;

impl HasData for Clocks {
    type Data<'a> = Clock<'a>;
}

/// A call that asks for the time.
struct Clock<'a>(&'a mut CallState);

impl wall_clock::Host for Clock<'_> {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.0.host_calls += 1;
        let now = || whole_millis(WallClock.now());
        let time = Duration::from_millis(self.0.deck().number(Observed::WallMs, now)?);
        Ok(wall_clock::Datetime { seconds: time.as_secs(), nanoseconds: time.subsec_nanos() })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        wall_clock::Host::resolution(&mut self.0.clocks())
    }
}

impl monotonic_clock::Host for Clock<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        let deck = self.0.deck();
        let mut clocks = self.0.clocks();
        let now = move || monotonic_clock::Host::now(&mut clocks).map_or(0, |nanos| nanos / NANOS);
        Ok(deck.number(Observed::MonotonicMs, now)?.saturating_mul(NANOS))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::resolution(&mut self.0.clocks())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        // Nobody waits for a time that has passed already.
        let when = if self.0.deck().plays() { 0 } else { when };
        self.0.clocks().subscribe_instant(when)
    }

    fn subscribe_duration(&mut self, time: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let time = if self.0.deck().plays() { 0 } else { time };
        self.0.clocks().subscribe_duration(time)
    }
}

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
