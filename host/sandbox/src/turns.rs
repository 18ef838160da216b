//! Whose turn it is on a core. Components share the cores fairly, however many calls each of them
//! makes, and one that was quiet goes first.
//!
//! This is start-time fair queueing (Goyal, Vin and Cheng, 1996) with a component as the flow and
//! time on a core as the size: a turn is tagged with what its component had, or with where the
//! queue stands if that is more, and the least tag goes first. There is one turn more than there
//! are cores, for components that were quiet: such a call does not wait for a tick of others.
//!
//! The threads that run guests run all else too, and serve what is ready in order. Were all calls
//! ready all the time, a new one would wait there for a tick of each of them. Here they wait beside
//! that queue, and threads beyond the turns ([`THREADS_MORE`]) are free for what is no guest.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::engine::TICK;

/// Threads a runtime should have beyond the cores, so that guests do not keep them all.
pub const THREADS_MORE: usize = 2;

/// What a turn is charged when it begins, microseconds; at its end what was not used comes back.
const CHARGE_US: u64 = TICK.as_micros() as u64;

/// All turns there are.
pub(crate) struct Turns(Mutex<Queue>);

struct Queue {
    free: usize,
    /// The tag of the latest turn.
    now: u64,
    /// Those who wait, and how to tell them.
    waiting: BTreeMap<Ticket, Waker>,
    tickets: u64,
}

/// A place in the queue. The least is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ticket {
    was_busy: bool,
    tag: u64,
    number: u64,
}

/// What a component had of the cores, as a tag.
#[derive(Default)]
pub(crate) struct Share(AtomicU64);

/// The turns of one call.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    share: &'a Share,
    state: State,
}

enum State {
    Away,
    Waits(Ticket),
    Has { since: Instant },
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Turns {
    fn new(cores: usize) -> Self {
        let queue = Queue { free: cores + 1, now: 1, waiting: BTreeMap::new(), tickets: 0 };
        Self(Mutex::new(queue))
    }

    pub(crate) fn of<'a>(&'a self, share: &'a Share) -> Turn<'a> {
        Turn { turns: self, share, state: State::Away }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Whether there is a turn. The last one is for those who were quiet.
    fn has_one(&self, was_busy: bool) -> bool {
        self.free > usize::from(was_busy)
    }

    fn begin(&mut self, tag: u64) {
        self.free -= 1;
        self.now = self.now.max(tag);
    }

    /// Takes a turn back and gives it to whoever is next, who is to be told.
    fn end(&mut self) -> Option<Waker> {
        self.free += 1;
        let first = *self.waiting.first_key_value()?.0;
        if !self.has_one(first.was_busy) {
            return None;
        }
        let (ticket, waker) = self.waiting.pop_first()?;
        self.begin(ticket.tag);
        Some(waker)
    }
}

impl Turn<'_> {
    /// Waits for a turn, if it is not this call's turn already.
    pub(crate) fn poll_begin(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut queue = match &self.state {
            State::Has { .. } => return Poll::Ready(()),
            _ => self.turns.lock(),
        };
        if let State::Waits(ticket) = &self.state {
            if let Some(waker) = queue.waiting.get_mut(ticket) {
                waker.clone_from(cx.waker());
                return Poll::Pending;
            }
        } else {
            let had = self.share.0.load(Ordering::Relaxed);
            let (tag, was_busy) = (had.max(queue.now), had >= queue.now);
            self.share.0.store(tag + CHARGE_US, Ordering::Relaxed);
            if !queue.has_one(was_busy) {
                queue.tickets += 1;
                let ticket = Ticket { was_busy, tag, number: queue.tickets };
                queue.waiting.insert(ticket, cx.waker().clone());
                self.state = State::Waits(ticket);
                return Poll::Pending;
            }
            queue.begin(tag);
        }
        self.state = State::Has { since: Instant::now() };
        Poll::Ready(())
    }

    /// Gives the turn, or the place of one who waits, to others.
    pub(crate) fn end(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Away);
        let used = match &state {
            State::Away => return,
            State::Waits(_) => 0,
            State::Has { since } => u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let mut queue = self.turns.lock();
        let had = self.share.0.load(Ordering::Relaxed);
        self.share.0.store((had - CHARGE_US).saturating_add(used), Ordering::Relaxed);
        if let State::Waits(ticket) = &state
            && queue.waiting.remove(ticket).is_some()
        {
            return;
        }
        let next = queue.end();
        // Not under the lock: nobody knows what is done where it is told.
        drop(queue);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Does `work` in turns of `turn`: each lasts until the work has to wait for something or makes
/// room. What is inside of another call has the turn of that one, and none of its own.
pub(crate) async fn in_turns<T>(turn: Option<Turn<'_>>, work: impl Future<Output = T>) -> T {
    let (mut turn, mut work) = (turn, pin!(work));
    poll_fn(|cx| {
        if let Some(turn) = &mut turn {
            std::task::ready!(turn.poll_begin(cx));
        }
        let polled = work.as_mut().poll(cx);
        if let Some(turn) = &mut turn {
            turn.end();
        }
        polled
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    /// Whether each of them has a turn.
    fn ask(turns: &mut [Turn<'_>]) -> Vec<bool> {
        turns.iter_mut().map(|turn| turn.poll_begin(&context()).is_ready()).collect()
    }

    #[test]
    fn a_greedy_component_has_the_cores_and_a_quiet_one_goes_first() {
        let (turns, greedy, quiet) = (Turns::new(2), Share::default(), Share::default());
        let mut many: Vec<_> = (0..5).map(|_| turns.of(&greedy)).collect();
        assert_eq!(ask(&mut many), [true, true, false, false, false]);
        let other = Share::default();
        let mut few = [turns.of(&quiet), turns.of(&other)];
        assert_eq!(ask(&mut few), [true, false], "one turn is kept for whoever was quiet");
        many[0].end();
        assert_eq!(ask(&mut few), [true, true], "and they go first");
        assert_eq!(ask(&mut many[2..]), [false, false, false]);
        drop(few);
        assert_eq!(ask(&mut many[2..]), [true, false, false]);
    }

    /// Also where the busy one came first, and would have a turn only after that of the quiet ones.
    #[test]
    fn a_quiet_component_is_not_behind_a_busy_one() {
        let (turns, greedy) = (Turns::new(1), Share::default());
        let [one, two, three] = [(); 3].map(|()| Share::default());
        let mut many: Vec<_> = (0..2).map(|_| turns.of(&greedy)).collect();
        assert_eq!(ask(&mut many), [true, false]);
        let mut few = [turns.of(&one), turns.of(&two), turns.of(&three)];
        turns.lock().now += 2 * CHARGE_US;
        assert_eq!(ask(&mut few), [true, false, false]);
        few[0].end();
        assert_eq!(ask(&mut few[1..]), [true, false]);
        assert_eq!(ask(&mut many[1..]), [false]);
    }

    #[test]
    fn turns_go_round_among_equals() {
        let (turns, share) = (Turns::new(1), Share::default());
        let mut calls: Vec<_> = (0..3).map(|_| turns.of(&share)).collect();
        for round in 0..6 {
            let has: Vec<bool> = (0..3).map(|call| call == round % 3).collect();
            assert_eq!(ask(&mut calls), has);
            calls[round % 3].end();
        }
    }

    /// Who goes away while it waits, or before it learns that its turn has come, leaves no turn
    /// behind.
    #[test]
    fn turns_come_back() {
        let (turns, share) = (Turns::new(1), Share::default());
        let mut calls: Vec<_> = (0..4).map(|_| turns.of(&share)).collect();
        assert_eq!(ask(&mut calls), [true, false, false, false]);
        drop(calls.remove(2));
        calls[0].end();
        // Its turn has come, and it never hears of it.
        drop(calls.remove(1));
        assert_eq!(ask(&mut calls[1..]), [true]);
        calls.clear();
        let queue = turns.lock();
        assert_eq!((queue.free, queue.waiting.len()), (2, 0));
    }

    /// What was charged for a turn that was not used comes back.
    #[test]
    fn a_share_is_what_was_used() {
        let (turns, share) = (Turns::new(1), Share::default());
        for _ in 0..100 {
            let mut turn = turns.of(&share);
            assert!(turn.poll_begin(&context()).is_ready());
        }
        assert!(share.0.load(Ordering::Relaxed) < 20 * CHARGE_US);
    }
}
