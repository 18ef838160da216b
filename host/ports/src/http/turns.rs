//! Turns at a host: how many requests it is sent at one time and within a second, over everything
//! that this process sends.
//!
//! Each request brings its own bounds, and goes when both hold for all that is open and all that
//! began. Requests with the same bounds go in the order in which they came. Those with others are not
//! held up by them: who is bounded tighter gives way, and whoever waits too long is told so.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldframe_engine::ports::{HttpCause, HttpFailure, HttpPerHost};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A second, in microseconds.
const SECOND: u64 = 1_000_000;
/// As many as any bound on the requests of a second can ask for; older ones bound nobody.
const BEGUN_MAX: usize = 10_000;
/// So many hosts are remembered before those are forgotten where nothing happens.
const HOSTS_MANY: usize = 1_024;

static PROCESS: LazyLock<Arc<Turns>> = LazyLock::new(Arc::default);

/// Scheme, name, port.
pub(super) type Host = (String, String, u16);

/// The lines before all hosts.
pub(super) struct Turns {
    /// What the clock counts from.
    origin: Instant,
    lines: Mutex<Lines>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { origin: Instant::now(), lines: Mutex::default() }
    }
}

impl Turns {
    /// Those of this process.
    pub(super) fn of_process() -> Arc<Self> {
        Arc::clone(&PROCESS)
    }

    /// Waits for a turn until `deadline`. Dropped, it leaves the line.
    pub(super) async fn wait(
        self: &Arc<Self>,
        host: Host,
        bounds: HttpPerHost,
        deadline: Instant,
    ) -> Result<Turn, HttpFailure> {
        let (number, told) = self.lines().join(&host, bounds, self.now());
        let mut turn = Turn { turns: Arc::clone(self), host, waiting: Some((bounds, number)) };
        loop {
            let begun = self.lines().begin(&turn.host, bounds, number, self.now());
            let until = match begun {
                Ok(()) => {
                    turn.waiting = None;
                    return Ok(turn);
                }
                Err(until) => until.map(|at| self.origin + Duration::from_micros(at)),
            };
            if Instant::now() >= deadline {
                return Err(too_long(&turn.host, bounds));
            }
            let until = until.map_or(deadline, |until| until.min(deadline));
            tokio::select! {
                () = told.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_long((scheme, name, port): &Host, bounds: HttpPerHost) -> HttpFailure {
    let HttpPerHost { at_once, each_second } = bounds;
    let message = format!(
        "no turn at `{scheme}://{name}:{port}` within the time limit, where {at_once} requests may \
         be open at once and {each_second} begin in a second"
    );
    HttpFailure::new(HttpCause::Busy, message)
}

/// A place in a line, then a turn; dropped, it is another's.
pub(super) struct Turn {
    turns: Arc<Turns>,
    host: Host,
    waiting: Option<(HttpPerHost, u64)>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        match self.waiting {
            Some((bounds, number)) => lines.leave(&self.host, bounds, number),
            None => lines.end(&self.host),
        }
    }
}

/// All that is remembered. What time it is comes from outside, microseconds since any moment.
#[derive(Default)]
struct Lines {
    hosts: BTreeMap<Host, Line>,
    /// The number of the next who joins.
    next: u64,
    /// With so many hosts, idle ones are looked for.
    many: usize,
}

/// What one host is asked.
#[derive(Default)]
struct Line {
    open: u64,
    /// When the requests of the last second began.
    begun: VecDeque<u64>,
    /// Who waits, by their bounds and then in the order in which they came.
    waiting: BTreeMap<HttpPerHost, BTreeMap<u64, Arc<Notify>>>,
}

impl Lines {
    /// A place at the end of a line: its number, and what tells when it is worth asking again.
    fn join(&mut self, host: &Host, bounds: HttpPerHost, now: u64) -> (u64, Arc<Notify>) {
        if self.hosts.len() >= self.many.max(HOSTS_MANY) {
            self.hosts.retain(|_, line| !line.is_idle(now));
            // Twice as many, so that looking costs each of them once.
            self.many = self.hosts.len().saturating_mul(2);
        }
        let number = self.next;
        self.next += 1;
        let told = Arc::<Notify>::default();
        let line = self.hosts.entry(host.clone()).or_default();
        line.waiting.entry(bounds).or_default().insert(number, Arc::clone(&told));
        (number, told)
    }

    /// Begins, or says when it may be possible: at a time, or once somebody tells.
    fn begin(
        &mut self,
        host: &Host,
        bounds: HttpPerHost,
        number: u64,
        now: u64,
    ) -> Result<(), Option<u64>> {
        let line = self.hosts.get_mut(host).ok_or(None)?;
        line.may_begin(bounds, number, now)?;
        line.open += 1;
        line.begun.push_back(now);
        if line.begun.len() > BEGUN_MAX {
            line.begun.pop_front();
        }
        line.remove(bounds, number);
        Ok(())
    }

    /// Somebody waits no more.
    fn leave(&mut self, host: &Host, bounds: HttpPerHost, number: u64) {
        if let Some(line) = self.hosts.get_mut(host) {
            line.remove(bounds, number);
        }
    }

    /// A request is over.
    fn end(&mut self, host: &Host) {
        if let Some(line) = self.hosts.get_mut(host) {
            line.open = line.open.saturating_sub(1);
            line.tell();
        }
    }
}

impl Line {
    fn may_begin(&mut self, bounds: HttpPerHost, number: u64, now: u64) -> Result<(), Option<u64>> {
        let first = self.waiting.get(&bounds).and_then(|same| same.keys().next());
        if first != Some(&number) || self.open >= bounds.at_once {
            return Err(None);
        }
        while self.begun.front().is_some_and(|begun| begun.saturating_add(SECOND) <= now) {
            self.begun.pop_front();
        }
        let each_second = usize::try_from(bounds.each_second).unwrap_or(usize::MAX);
        // Once the first of as many as may be is a second old, there is room for one.
        let first = self.begun.len().checked_sub(each_second);
        match first.and_then(|place| self.begun.get(place)) {
            Some(begun) => Err(Some(begun.saturating_add(SECOND))),
            None => Ok(()),
        }
    }

    fn remove(&mut self, bounds: HttpPerHost, number: u64) {
        if let Some(same) = self.waiting.get_mut(&bounds) {
            same.remove(&number);
            if same.is_empty() {
                self.waiting.remove(&bounds);
            }
        }
        self.tell();
    }

    /// Tells the first of each, who may go now or know when.
    fn tell(&self) {
        for first in self.waiting.values().filter_map(|same| same.values().next()) {
            first.notify_one();
        }
    }

    fn is_idle(&self, now: u64) -> bool {
        let is_old = self.begun.back().is_none_or(|begun| begun.saturating_add(SECOND) <= now);
        self.open == 0 && self.waiting.is_empty() && is_old
    }
}
