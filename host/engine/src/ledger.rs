//! Budgets of fuel, money, bytes of the network, tokens and tries, as a tree: those of the run, of the steps
//! in it, of the steps in those. Reserved before a call and settled after it, in every account
//! around the call, so that steps side by side cannot overspend together.

mod share;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_journal::Receipt;
use coldframe_journal::receipt::{fuel_for, price_nano};
use coldframe_lang::graph::Limits;
use coldframe_lang::limits::WholeLimits;

use crate::ledger::share::Share;
use crate::limits::RunLimits;

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
    /// What is left of those limits that there are.
    left: Budget,
    /// Reservations that are not settled.
    held: u32,
    /// Those of them with bytes of the network.
    net_held: u32,
    /// Those of them with tokens.
    tokens_held: u32,
}

/// How much there is of each; `None` is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Fuel units.
    pub fuel: Option<u64>,
    /// Nano-USD.
    pub cost_nano: Option<u64>,
    /// Bytes of the network.
    pub net_bytes: Option<u64>,
    /// Tokens of language models.
    pub tokens: Option<u64>,
    /// Tries after the first of a step.
    pub retries: Option<u64>,
}

impl Budget {
    /// That of a run. Money is bounded only where somebody says so.
    pub fn of_run(limits: &RunLimits) -> Self {
        let WholeLimits { fuel, net_bytes, tokens, retries, .. } = limits.whole;
        Self {
            fuel: Some(fuel),
            cost_nano: limits.written.cost_nano,
            net_bytes: Some(net_bytes),
            tokens: Some(tokens),
            retries: Some(retries),
        }
    }

    /// What `limits` say of it.
    pub fn of(limits: &Limits) -> Self {
        let Limits { fuel, cost_nano, net_bytes, tokens, retries, .. } = *limits;
        Self { fuel, cost_nano, net_bytes, tokens, retries }
    }
}

/// What work asks for, holds, or took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of the network.
    pub net_bytes: u64,
    /// Tokens of language models.
    pub tokens: u64,
    /// Money for host services, nano-USD. Fuel is paid for beside it.
    pub services_nano: u64,
}

impl From<&Receipt> for Amounts {
    fn from(receipt: &Receipt) -> Self {
        let Receipt { fuel, net_bytes, tokens, services_nano, .. } = *receipt;
        Self { fuel, net_bytes, tokens, services_nano }
    }
}

impl Amounts {
    /// What is left of it without `other`.
    #[must_use]
    pub(crate) fn less(self, other: Self) -> Self {
        Self {
            fuel: self.fuel.saturating_sub(other.fuel),
            net_bytes: self.net_bytes.saturating_sub(other.net_bytes),
            tokens: self.tokens.saturating_sub(other.tokens),
            services_nano: self.services_nano.saturating_sub(other.services_nano),
        }
    }
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The run's.
    Run,
    /// That of the step at this place.
    Step(Arc<str>),
}

/// What is set aside for one piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// What the work may consume.
    pub amounts: Amounts,
    /// Which bound made the fuel this small.
    pub bound: Bound,
    /// Which bound made the bytes this few.
    pub net_bound: Bound,
    /// Which bound made the tokens this few.
    pub tokens_bound: Bound,
    /// Which bound made the money for services this little.
    pub services_bound: Bound,
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
    /// What was left of somebody's bytes of the network, of so many.
    Net(Owner, u64),
    /// What was left of somebody's tokens, of so many.
    Tokens(Owner, u64),
    /// What was left of somebody's tries, of so many.
    Retries(Owner, u64),
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
        let account =
            Account { parent, owner, limits, left: limits, held: 0, net_held: 0, tokens_held: 0 };
        self.accounts.insert(id, account);
        id
    }

    /// Sets `wish` aside in `account` and all around it. Less where less is left and nobody holds
    /// what could come back.
    pub fn reserve(&mut self, account: AccountId, wish: Amounts) -> Result<Reservation, Denied> {
        let mut fuel = Share::of(wish.fuel);
        let (mut net, mut tokens) = (Share::of(wish.net_bytes), Share::of(wish.tokens));
        let mut services = Share::of(wish.services_nano);
        for (id, found) in self.chain(account) {
            // What nobody bounds is skipped: it has nothing that could be left.
            let (left, owner) = (found.rests(), || found.owner.clone());
            if let Some((left, of)) = left.fuel {
                fuel.narrow(id, left, found.held > 0, || Bound::Fuel(owner(), of));
            }
            if let Some((purse, of)) = left.cost_nano {
                // Of money that services want too, fuel leaves them a half.
                let purse = purse / if wish.services_nano > 0 { 2 } else { 1 };
                let left = fuel_for(purse, self.nano_per_mfuel);
                fuel.narrow(id, left, found.held > 0, || Bound::Cost(owner(), of));
            }
            if let Some((left, of)) = left.net_bytes.filter(|_| wish.net_bytes > 0) {
                net.narrow(id, left, found.net_held > 0, || Bound::Net(owner(), of));
            }
            if let Some((left, of)) = left.tokens.filter(|_| wish.tokens > 0) {
                tokens.narrow(id, left, found.tokens_held > 0, || Bound::Tokens(owner(), of));
            }
        }
        let fuel_price = price_nano(fuel.got, self.nano_per_mfuel);
        for (id, found) in self.chain(account) {
            if let Some((purse, of)) = found.rests().cost_nano.filter(|_| wish.services_nano > 0) {
                let left = purse.saturating_sub(fuel_price);
                services.narrow(id, left, found.held > 0, || Bound::Cost(found.owner.clone(), of));
            }
        }
        let shares = [&fuel, &net, &tokens, &services];
        if let Some(waits) = shares.iter().find_map(|share| share.waits) {
            return Err(Denied::Wait(waits));
        }
        if let Some(share) = shares.into_iter().find(|share| share.got == 0 && share.wish > 0) {
            return Err(Denied::Spent(share.bound.clone()));
        }
        let amounts = Amounts {
            fuel: fuel.got,
            net_bytes: net.got,
            tokens: tokens.got,
            services_nano: services.got,
        };
        let price = self.price(amounts);
        self.around(account, |account| {
            account.take(amounts, price);
            account.held += 1;
            account.net_held += u32::from(amounts.net_bytes > 0);
            account.tokens_held += u32::from(amounts.tokens > 0);
        });
        Ok(Reservation {
            amounts,
            bound: fuel.bound,
            net_bound: net.bound,
            tokens_bound: tokens.bound,
            services_bound: services.bound,
        })
    }

    /// Gives back what of `reserved` was not consumed.
    pub fn settle(&mut self, account: AccountId, reserved: Amounts, consumed: Amounts) {
        // A guest may overrun by the operator that noticed; nobody pays for it. A provider that
        // takes more than was set aside is paid for all of it.
        let fuel = consumed.fuel.min(reserved.fuel);
        let (paid, due) = (self.price(reserved), self.price(Amounts { fuel, ..consumed }));
        let returned = reserved.less(consumed);
        let more = consumed.tokens.saturating_sub(reserved.tokens);
        self.around(account, |account| {
            let left = &mut account.left;
            change(&mut left.fuel, |left| left.saturating_add(returned.fuel));
            change(&mut left.cost_nano, |left| left.saturating_add(paid).saturating_sub(due));
            change(&mut left.net_bytes, |left| left.saturating_add(returned.net_bytes));
            change(&mut left.tokens, |left| {
                left.saturating_add(returned.tokens).saturating_sub(more)
            });
            account.held = account.held.saturating_sub(1);
            account.net_held = account.net_held.saturating_sub(u32::from(reserved.net_bytes > 0));
            account.tokens_held =
                account.tokens_held.saturating_sub(u32::from(reserved.tokens > 0));
        });
    }

    /// Takes what was consumed without a reservation: by an earlier process of the same run.
    pub fn spend(&mut self, account: AccountId, consumed: Amounts) {
        if consumed == Amounts::default() {
            return;
        }
        let price = self.price(consumed);
        self.around(account, |account| account.take(consumed, price));
    }

    /// Nano-USD of it all.
    fn price(&self, amounts: Amounts) -> u64 {
        price_nano(amounts.fuel, self.nano_per_mfuel).saturating_add(amounts.services_nano)
    }

    /// An account and all around it.
    fn chain(&self, account: AccountId) -> impl Iterator<Item = (AccountId, &Account)> {
        let find = |id: AccountId| Some((id, self.accounts.get(&id)?));
        std::iter::successors(find(account), move |(_, found)| found.parent.and_then(find))
    }

    /// The bound that allows no more tries, if there is one.
    pub fn tries_are_over(&self, account: AccountId) -> Option<Bound> {
        let mut at = Some(account);
        while let Some(found) = at.and_then(|id| self.accounts.get(&id)) {
            if let Some((0, of)) = found.rests().retries {
                return Some(Bound::Retries(found.owner.clone(), of));
            }
            at = found.parent;
        }
        None
    }

    /// Counts another try.
    pub fn count_retry(&mut self, account: AccountId) {
        self.around(account, |account| {
            change(&mut account.left.retries, |left| left.saturating_sub(1));
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

impl Account {
    fn take(&mut self, amounts: Amounts, price_nano: u64) {
        change(&mut self.left.fuel, |left| left.saturating_sub(amounts.fuel));
        change(&mut self.left.cost_nano, |left| left.saturating_sub(price_nano));
        change(&mut self.left.net_bytes, |left| left.saturating_sub(amounts.net_bytes));
        change(&mut self.left.tokens, |left| left.saturating_sub(amounts.tokens));
    }

    /// What is left of each limit there is, with the limit.
    fn rests(&self) -> Rests {
        let (left, of) = (&self.left, &self.limits);
        Rests {
            fuel: left.fuel.zip(of.fuel),
            cost_nano: left.cost_nano.zip(of.cost_nano),
            net_bytes: left.net_bytes.zip(of.net_bytes),
            tokens: left.tokens.zip(of.tokens),
            retries: left.retries.zip(of.retries),
        }
    }
}

/// Of each limit what is left, and how much it was.
struct Rests {
    fuel: Option<(u64, u64)>,
    cost_nano: Option<(u64, u64)>,
    net_bytes: Option<(u64, u64)>,
    tokens: Option<(u64, u64)>,
    retries: Option<(u64, u64)>,
}

/// Changes what is left of a limit, where there is one.
fn change(left: &mut Option<u64>, change: impl FnOnce(u64) -> u64) {
    *left = left.map(change);
}
