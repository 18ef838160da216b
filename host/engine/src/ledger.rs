//! Budgets of fuel and money, as a tree: those of the run, of the steps in it, of the steps in
//! those. Reserved before a call and settled after it, in every account around the call, so that
//! steps side by side cannot overspend together.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_journal::receipt::{fuel_for, price_nano};

/// An account of the tree. Numbers are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId(u64);

/// The run's account, around all others.
pub const RUN: AccountId = AccountId(0);

/// All accounts that are open.
#[derive(Debug)]
pub struct Ledger {
    accounts: BTreeMap<AccountId, Account>,
    nano_per_mfuel: u64,
    next: u64,
}

#[derive(Debug)]
struct Account {
    parent: Option<AccountId>,
    owner: Owner,
    limits: Budget,
    fuel_left: u64,
    cost_left_nano: u64,
    /// Reservations that are not settled.
    held: u32,
}

/// How much there is of both; `None` is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Fuel units.
    pub fuel: Option<u64>,
    /// Nano-USD.
    pub cost_nano: Option<u64>,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The run's.
    Run,
    /// That of the step at this place.
    Step(Arc<str>),
}

/// Fuel set aside for one piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Fuel the work may consume.
    pub fuel: u64,
    /// Which bound made it this small.
    pub bound: Bound,
}

/// The bound that work runs into first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// What the work asked for.
    Wish,
    /// What was left of somebody's fuel, of so many units.
    Fuel(Owner, u64),
    /// What was left of somebody's money, of so many nano-USD.
    Cost(Owner, u64),
}

/// Why nothing was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// Others hold reservations in this account: what they do not use comes back.
    Wait(AccountId),
    /// Nothing is left, and nothing will come back.
    Spent(Bound),
}

impl Ledger {
    /// A ledger with the account of the run, at a price of `nano_per_mfuel` nano-USD per million
    /// units.
    pub fn new(run: Budget, nano_per_mfuel: u64) -> Self {
        let mut ledger = Self { accounts: BTreeMap::new(), nano_per_mfuel, next: 0 };
        ledger.add(None, Owner::Run, run);
        ledger
    }

    /// Opens an account within `parent`.
    pub fn open(&mut self, parent: AccountId, owner: Owner, limits: Budget) -> AccountId {
        self.add(Some(parent), owner, limits)
    }

    /// Forgets an account in which nothing is held any more.
    pub fn close(&mut self, account: AccountId) {
        self.accounts.remove(&account);
    }

    fn add(&mut self, parent: Option<AccountId>, owner: Owner, limits: Budget) -> AccountId {
        let id = AccountId(self.next);
        self.next += 1;
        let account = Account {
            parent,
            owner,
            limits,
            fuel_left: limits.fuel.unwrap_or(u64::MAX),
            cost_left_nano: limits.cost_nano.unwrap_or(u64::MAX),
            held: 0,
        };
        self.accounts.insert(id, account);
        id
    }

    /// Sets `wish` fuel aside in `account` and all around it. Less where less is left and nobody
    /// holds what could come back.
    pub fn reserve(&mut self, account: AccountId, wish: u64) -> Result<Reservation, Denied> {
        let mut got = Reservation { fuel: wish, bound: Bound::Wish };
        let mut waits = None;
        let mut at = Some(account);
        while let Some((id, found)) = at.and_then(|id| Some((id, self.accounts.get(&id)?))) {
            let by_cost = fuel_for(found.cost_left_nano, self.nano_per_mfuel);
            let left = found.fuel_left.min(by_cost);
            // The innermost of equal bounds is the one a person will look at.
            if left < got.fuel || (left == got.fuel && got.bound == Bound::Wish) {
                let bound = if found.fuel_left <= left {
                    found.limits.fuel.map(|fuel| Bound::Fuel(found.owner.clone(), fuel))
                } else {
                    found.limits.cost_nano.map(|nano| Bound::Cost(found.owner.clone(), nano))
                };
                waits = (found.held > 0 && left < wish).then_some(id);
                got = Reservation { fuel: left, bound: bound.unwrap_or(Bound::Wish) };
            }
            at = found.parent;
        }
        if let Some(waits) = waits {
            return Err(Denied::Wait(waits));
        }
        if got.fuel == 0 && wish > 0 {
            return Err(Denied::Spent(got.bound));
        }
        let price = price_nano(got.fuel, self.nano_per_mfuel);
        self.around(account, |account| {
            account.fuel_left = account.fuel_left.saturating_sub(got.fuel);
            account.cost_left_nano = account.cost_left_nano.saturating_sub(price);
            account.held += 1;
        });
        Ok(got)
    }

    /// Gives back what of `reserved` was not consumed.
    pub fn settle(&mut self, account: AccountId, reserved: u64, consumed: u64) {
        // A guest may overrun by the operator that noticed; nobody pays for it.
        let returned = reserved.saturating_sub(consumed);
        let paid = price_nano(reserved, self.nano_per_mfuel);
        let due = price_nano(consumed.min(reserved), self.nano_per_mfuel);
        self.around(account, |account| {
            account.fuel_left = account.fuel_left.saturating_add(returned);
            account.cost_left_nano = account.cost_left_nano.saturating_add(paid - due);
            account.held = account.held.saturating_sub(1);
        });
    }

    /// Takes what was consumed without a reservation: by an earlier process of the same run.
    pub fn spend(&mut self, account: AccountId, fuel: u64) {
        if fuel == 0 {
            return;
        }
        let price = price_nano(fuel, self.nano_per_mfuel);
        self.around(account, |account| {
            account.fuel_left = account.fuel_left.saturating_sub(fuel);
            account.cost_left_nano = account.cost_left_nano.saturating_sub(price);
        });
    }

    /// Does something to an account and to all around it.
    fn around(&mut self, account: AccountId, change: impl Fn(&mut Account)) {
        let mut at = Some(account);
        while let Some(found) = at.and_then(|id| self.accounts.get_mut(&id)) {
            change(found);
            at = found.parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuel(fuel: u64) -> Budget {
        Budget { fuel: Some(fuel), cost_nano: None }
    }

    fn got(fuel: u64, bound: Bound) -> Result<Reservation, Denied> {
        Ok(Reservation { fuel, bound })
    }

    #[test]
    fn two_steps_cannot_reserve_the_same_fuel() {
        let mut ledger = Ledger::new(fuel(100), 0);
        assert_eq!(ledger.reserve(RUN, 60), got(60, Bound::Wish));
        assert_eq!(ledger.reserve(RUN, 60), Err(Denied::Wait(RUN)));
        ledger.settle(RUN, 60, 10);
        assert_eq!(ledger.reserve(RUN, 60), got(60, Bound::Wish));
    }

    #[test]
    fn a_lone_step_gets_what_is_left_and_knows_why() {
        let mut ledger = Ledger::new(fuel(100), 0);
        ledger.spend(RUN, 70);
        let bound = Bound::Fuel(Owner::Run, 100);
        assert_eq!(ledger.reserve(RUN, 60), got(30, bound.clone()));
        ledger.settle(RUN, 30, 30);
        assert_eq!(ledger.reserve(RUN, 60), Err(Denied::Spent(bound)));
    }

    #[test]
    fn money_bounds_fuel_by_its_price() {
        // 50 nano-USD a million: 100 nano-USD buy two million units.
        let mut ledger = Ledger::new(Budget { fuel: None, cost_nano: Some(100) }, 50);
        let bound = Bound::Cost(Owner::Run, 100);
        assert_eq!(ledger.reserve(RUN, 3_000_000), got(2_000_000, bound.clone()));
        ledger.settle(RUN, 2_000_000, 500_000);
        assert_eq!(ledger.reserve(RUN, 3_000_000), got(1_500_000, bound));
    }

    /// What is spent inside is spent around; the tightest account says no, and says whose it is.
    #[test]
    fn an_account_lies_within_those_around_it() {
        let mut ledger = Ledger::new(fuel(100), 0);
        let owner = |name: &str| Owner::Step(name.into());
        let outer = ledger.open(RUN, owner("outer"), fuel(70));
        let inner = ledger.open(outer, owner("inner"), fuel(50));
        assert_eq!(ledger.reserve(inner, 80), got(50, Bound::Fuel(owner("inner"), 50)));
        // `inner` holds all of its own; what is left around it is 20 and 50.
        assert_eq!(ledger.reserve(outer, 80), Err(Denied::Wait(outer)));
        assert_eq!(ledger.reserve(RUN, 80), Err(Denied::Wait(RUN)));
        ledger.settle(inner, 50, 50);
        assert_eq!(ledger.reserve(outer, 80), got(20, Bound::Fuel(owner("outer"), 70)));
        ledger.settle(outer, 20, 20);
        let spent = Err(Denied::Spent(Bound::Fuel(owner("inner"), 50)));
        assert_eq!(ledger.reserve(inner, 1), spent);
        assert_eq!(ledger.reserve(RUN, 80), got(30, Bound::Fuel(Owner::Run, 100)));
    }
}
