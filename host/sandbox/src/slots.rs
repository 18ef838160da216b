//! The slots of the pools: one component does not fill them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use coldframe_format::Digest;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// The slots of the pools. One component gets three quarters of them at most.
pub(crate) struct Slots {
    all: Semaphore,
    share: u32,
    /// By component; there are as many as are loaded.
    shares: Mutex<HashMap<Digest, Arc<Semaphore>>>,
}

/// Slots that are taken until this is dropped.
pub(crate) struct Taken<'a> {
    _all: SemaphorePermit<'a>,
    _share: OwnedSemaphorePermit,
}

impl Slots {
    /// So many of them.
    pub(crate) fn new(count: u32) -> Self {
        let share = (count - count / 4).max(1);
        Self { all: Semaphore::new(count as usize), share, shares: Mutex::default() }
    }

    /// Waits until a call of `component` has `count` of them, all at once. Fails once they are
    /// closed, which they never are.
    pub(crate) async fn take(
        &self,
        component: Digest,
        count: u32,
    ) -> Result<Taken<'_>, AcquireError> {
        let share = self.share_of(component);
        let share = share.acquire_many_owned(count.min(self.share)).await?;
        Ok(Taken { _all: self.all.acquire_many(count).await?, _share: share })
    }

    fn share_of(&self, component: Digest) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(self.share as usize));
        Arc::clone(shares.entry(component).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Whoever fills its share waits, and nobody else does.
    #[test]
    fn one_component_leaves_slots_to_others() {
        let slots = Slots::new(8);
        let (greedy, other) = (Digest::of(b"greedy"), Digest::of(b"other"));
        let mut taken = Vec::new();
        for _ in 0..6 {
            let Poll::Ready(slot) = poll(pin!(slots.take(greedy, 1))) else { panic!("a slot") };
            taken.push(slot.unwrap());
        }
        assert!(poll(pin!(slots.take(greedy, 1))).is_pending());
        let two = poll(pin!(slots.take(other, 2)));
        assert!(two.is_ready());
        assert!(poll(pin!(slots.take(other, 1))).is_pending(), "all are taken");
        taken.pop();
        assert!(poll(pin!(slots.take(other, 1))).is_ready());
    }

    /// A call may want all there are, for its tools.
    #[test]
    fn a_call_gets_as_many_as_there_are() {
        for count in [1, 2, 3, 32] {
            let slots = Slots::new(count);
            assert!(poll(pin!(slots.take(Digest::of(b"x"), count))).is_ready());
        }
    }
}
