//! What work gets of one thing, narrowed by one account after the other.

use super::{AccountId, Bound};

/// What work gets of one thing, and which account says so.
pub(super) struct Share {
    pub(super) wish: u64,
    pub(super) got: u64,
    pub(super) bound: Bound,
    /// The account in which others hold what could come back.
    pub(super) waits: Option<AccountId>,
}

impl Share {
    pub(super) fn of(wish: u64) -> Self {
        Self { wish, got: wish, bound: Bound::Wish, waits: None }
    }

    /// No more than what is left in an account. The innermost of equal bounds is the one a person
    /// will look at.
    pub(super) fn narrow(
        &mut self,
        id: AccountId,
        left: u64,
        is_held: bool,
        bound: impl FnOnce() -> Bound,
    ) {
        if left < self.got || (left == self.got && self.bound == Bound::Wish) {
            self.waits = (is_held && left < self.wish).then_some(id);
            self.got = left;
            self.bound = bound();
        }
    }
}
