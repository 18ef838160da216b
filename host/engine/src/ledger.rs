//! Budgets of fuel, money, bytes of the network, tokens and tries, as a tree: those of the run, of the steps
//! in it, of the steps in those. Reserved before a call and settled after it, in every account
//! around the call, so that steps side by side cannot overspend together.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_journal::Receipt;
use coldframe_journal::receipt::{fuel_for, price_nano};
use coldframe_lang::graph::Limits;
use coldframe_lang::limits::WholeLimits;

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

/// What work gets of one thing, and which account says so.
struct Share {
    wish: u64,
    got: u64,
    bound: Bound,
    /// The account in which others hold what could come back.
    waits: Option<AccountId>,
}

impl Share {
    fn of(wish: u64) -> Self {
        Self { wish, got: wish, bound: Bound::Wish, waits: None }
    }

    /// No more than what is left in an account. The innermost of equal bounds is the one a person
    /// will look at.
    fn narrow(&mut self, id: AccountId, left: u64, is_held: bool, bound: impl FnOnce() -> Bound) {
        if left < self.got || (left == self.got && self.bound == Bound::Wish) {
            self.waits = (is_held && left < self.wish).then_some(id);
            self.got = left;
            self.bound = bound();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuel(fuel: u64) -> Budget {
        Budget { fuel: Some(fuel), ..Budget::default() }
    }

    fn of(fuel: u64) -> Amounts {
        Amounts { fuel, ..Amounts::default() }
    }

    fn net(net_bytes: u64) -> Amounts {
        Amounts { fuel: 1, net_bytes, ..Amounts::default() }
    }

    fn got(fuel: u64, bound: Bound) -> Result<Reservation, Denied> {
        Ok(Reservation {
            amounts: of(fuel),
            bound,
            net_bound: Bound::Wish,
            tokens_bound: Bound::Wish,
            services_bound: Bound::Wish,
        })
    }

    #[test]
    fn two_steps_cannot_reserve_the_same_fuel() {
        let mut ledger = Ledger::new(fuel(100), 0);
        assert_eq!(ledger.reserve(RUN, of(60)), got(60, Bound::Wish));
        assert_eq!(ledger.reserve(RUN, of(60)), Err(Denied::Wait(RUN)));
        ledger.settle(RUN, of(60), of(10));
        assert_eq!(ledger.reserve(RUN, of(60)), got(60, Bound::Wish));
    }

    #[test]
    fn a_lone_step_gets_what_is_left_and_knows_why() {
        let mut ledger = Ledger::new(fuel(100), 0);
        ledger.spend(RUN, of(70));
        let bound = Bound::Fuel(Owner::Run, 100);
        assert_eq!(ledger.reserve(RUN, of(60)), got(30, bound.clone()));
        ledger.settle(RUN, of(30), of(30));
        assert_eq!(ledger.reserve(RUN, of(60)), Err(Denied::Spent(bound)));
    }

    #[test]
    fn money_bounds_fuel_by_its_price() {
        // 50 nano-USD a million: 100 nano-USD buy two million units.
        let mut ledger = Ledger::new(Budget { cost_nano: Some(100), ..Budget::default() }, 50);
        let bound = Bound::Cost(Owner::Run, 100);
        assert_eq!(ledger.reserve(RUN, of(3_000_000)), got(2_000_000, bound.clone()));
        ledger.settle(RUN, of(2_000_000), of(500_000));
        assert_eq!(ledger.reserve(RUN, of(3_000_000)), got(1_500_000, bound));
    }

    /// An account that bounds nothing says no to nothing, whatever went through it.
    #[test]
    fn what_has_no_limit_is_never_spent() {
        let most = |of: u64| Amounts { fuel: of, net_bytes: of, tokens: of, services_nano: of };
        for price in [0, 50] {
            let mut ledger = Ledger::new(Budget::default(), price);
            let inner = ledger.open(RUN, Owner::Step("inner".into()), Budget::default());
            for _ in 0..3 {
                ledger.spend(inner, most(u64::MAX));
                ledger.count_retry(inner);
                let reserved = ledger.reserve(inner, most(u64::MAX)).unwrap();
                assert_eq!((reserved.amounts, reserved.bound), (most(u64::MAX), Bound::Wish));
            }
            assert_eq!(ledger.tries_are_over(inner), None);
        }
        // One with a limit on something else does not stand in the way either.
        let mut ledger = Ledger::new(Budget { tokens: Some(1), ..Budget::default() }, 50);
        ledger.spend(RUN, of(u64::MAX));
        assert_eq!(ledger.reserve(RUN, of(60)), got(60, Bound::Wish));
    }

    /// What is spent inside is spent around; the tightest account says no, and says whose it is.
    #[test]
    fn an_account_lies_within_those_around_it() {
        let mut ledger = Ledger::new(fuel(100), 0);
        let owner = |name: &str| Owner::Step(name.into());
        let outer = ledger.open(RUN, owner("outer"), fuel(70));
        let inner = ledger.open(outer, owner("inner"), fuel(50));
        assert_eq!(ledger.reserve(inner, of(80)), got(50, Bound::Fuel(owner("inner"), 50)));
        // `inner` holds all of its own; what is left around it is 20 and 50.
        assert_eq!(ledger.reserve(outer, of(80)), Err(Denied::Wait(outer)));
        assert_eq!(ledger.reserve(RUN, of(80)), Err(Denied::Wait(RUN)));
        ledger.settle(inner, of(50), of(50));
        assert_eq!(ledger.reserve(outer, of(80)), got(20, Bound::Fuel(owner("outer"), 70)));
        ledger.settle(outer, of(20), of(20));
        let spent = Err(Denied::Spent(Bound::Fuel(owner("inner"), 50)));
        assert_eq!(ledger.reserve(inner, of(1)), spent);
        assert_eq!(ledger.reserve(RUN, of(80)), got(30, Bound::Fuel(Owner::Run, 100)));
    }

    /// Of two calls that could move all there is, the second waits for what the first leaves.
    #[test]
    fn two_steps_cannot_reserve_the_same_bytes() {
        let budget = Budget { net_bytes: Some(100), ..Budget::default() };
        let mut ledger = Ledger::new(budget, 0);
        let first = ledger.reserve(RUN, net(60)).unwrap();
        assert_eq!(first.amounts, net(60));
        assert_eq!(ledger.reserve(RUN, net(60)), Err(Denied::Wait(RUN)));
        // What moves nothing waits for nothing, and holds back nobody.
        assert_eq!(ledger.reserve(RUN, of(5)), got(5, Bound::Wish));
        ledger.settle(RUN, net(60), net(50));
        let second = ledger.reserve(RUN, net(60)).unwrap();
        let bound = Bound::Net(Owner::Run, 100);
        assert_eq!((second.amounts, second.net_bound), (net(50), bound.clone()));
        ledger.settle(RUN, net(50), net(50));
        assert_eq!(ledger.reserve(RUN, net(1)), Err(Denied::Spent(bound)));
        assert_eq!(ledger.reserve(RUN, of(5)), got(5, Bound::Wish));
    }

    fn ask(tokens: u64, services_nano: u64) -> Amounts {
        Amounts { fuel: 1, tokens, services_nano, ..Amounts::default() }
    }

    /// Of two calls that could take all tokens there are, the second waits for what the first leaves.
    #[test]
    fn two_steps_cannot_reserve_the_same_tokens() {
        let budget = Budget { tokens: Some(100), ..Budget::default() };
        let mut ledger = Ledger::new(budget, 0);
        let first = ledger.reserve(RUN, ask(60, 0)).unwrap();
        assert_eq!(first.amounts, ask(60, 0));
        assert_eq!(ledger.reserve(RUN, ask(60, 0)), Err(Denied::Wait(RUN)));
        assert_eq!(ledger.reserve(RUN, of(5)), got(5, Bound::Wish));
        ledger.settle(RUN, ask(60, 0), ask(50, 0));
        let second = ledger.reserve(RUN, ask(60, 0)).unwrap();
        let bound = Bound::Tokens(Owner::Run, 100);
        assert_eq!((second.amounts, second.tokens_bound), (ask(50, 0), bound.clone()));
        // The provider took more than it was asked for: that is gone too.
        ledger.settle(RUN, ask(50, 0), ask(70, 0));
        assert_eq!(ledger.reserve(RUN, ask(1, 0)), Err(Denied::Spent(bound)));
    }

    /// Money for services comes out of the same purse as that for fuel, which leaves it a half.
    #[test]
    fn two_steps_cannot_reserve_the_same_money() {
        // A unit of fuel costs a nano-USD.
        let budget = Budget { cost_nano: Some(100), ..Budget::default() };
        let mut ledger = Ledger::new(budget, 1_000_000);
        let wish = |fuel| Amounts { fuel, ..ask(1, 80) };
        let bound = Bound::Cost(Owner::Run, 100);
        let first = ledger.reserve(RUN, wish(1000)).unwrap();
        let amounts = Amounts { fuel: 50, ..ask(1, 50) };
        assert_eq!((first.amounts, first.services_bound), (amounts, bound.clone()));
        assert_eq!(ledger.reserve(RUN, wish(10)), Err(Denied::Wait(RUN)));
        ledger.settle(RUN, amounts, Amounts { fuel: 10, ..ask(1, 20) });
        let second = ledger.reserve(RUN, wish(10)).unwrap();
        assert_eq!(second.amounts, Amounts { fuel: 10, ..ask(1, 60) });
        ledger.settle(RUN, second.amounts, second.amounts);
        assert_eq!(ledger.reserve(RUN, wish(1)), Err(Denied::Spent(bound)));
    }

    #[test]
    fn tries_are_counted_in_every_account_around() {
        let budget = |retries| Budget { retries: Some(retries), ..Budget::default() };
        let mut ledger = Ledger::new(budget(3), 0);
        let step = ledger.open(RUN, Owner::Step("a".into()), budget(2));
        for _ in 0..2 {
            assert_eq!(ledger.tries_are_over(step), None);
            ledger.count_retry(step);
        }
        let own = Bound::Retries(Owner::Step("a".into()), 2);
        assert_eq!(ledger.tries_are_over(step), Some(own));
        assert_eq!(ledger.tries_are_over(RUN), None);
        ledger.count_retry(RUN);
        assert_eq!(ledger.tries_are_over(RUN), Some(Bound::Retries(Owner::Run, 3)));
    }

    proptest::proptest! {
        /// Whatever is reserved and settled side by side, no account is overspent.
        #[test]
        fn no_account_is_overspent(
            limits in proptest::collection::vec(
                (0..4_usize, 1..200_u64, 1..200_u64, 0..200_u64), 1..5),
            moves in proptest::collection::vec(
                (0..5_usize, (0..150_u64, 0..150_u64), (0..150_u64, 0..150_u64), 0..3_usize), 1..60),
        ) {
            let budget = |fuel, cost, net| Budget {
                fuel: Some(fuel),
                cost_nano: Some(cost),
                net_bytes: Some(net),
                ..Budget::default()
            };
            // A unit of fuel costs a nano-USD.
            let mut ledger = Ledger::new(budget(500, 400, 300), 1_000_000);
            let mut accounts = vec![(RUN, None, (500_u64, 400_u64), 300_u64)];
            for (parent, fuel, cost, net) in limits {
                let parent = parent % accounts.len();
                let id = ledger.open(accounts[parent].0, Owner::Run, budget(fuel, cost, net));
                accounts.push((id, Some(parent), (fuel, cost), net));
            }
            let mut spent = vec![Amounts::default(); accounts.len()];
            let mut live: Vec<(usize, Amounts, Amounts)> = Vec::new();
            for (account, wish, consumed, ends) in moves {
                let account = account % accounts.len();
                // What is asked for money alone comes out of the same account as that for fuel.
                let services_nano = consumed.1 / 2;
                let wish =
                    Amounts { fuel: wish.0, net_bytes: wish.1, tokens: 0, services_nano };
                if let Ok(Reservation { amounts, .. }) = ledger.reserve(accounts[account].0, wish) {
                    let consumed = Amounts {
                        fuel: consumed.0.min(amounts.fuel),
                        net_bytes: consumed.1.min(amounts.net_bytes),
                        ..amounts
                    };
                    live.push((account, amounts, consumed));
                }
                for _ in 0..ends.min(live.len()) {
                    let (account, reserved, consumed) = live.remove(0);
                    ledger.settle(accounts[account].0, reserved, consumed);
                    let mut at = Some(account);
                    while let Some(index) = at {
                        spent[index].fuel += consumed.fuel;
                        spent[index].services_nano += consumed.services_nano;
                        spent[index].net_bytes += consumed.net_bytes;
                        let (fuel, cost) = accounts[index].2;
                        proptest::prop_assert!(spent[index].fuel <= fuel);
                        let money = spent[index].fuel + spent[index].services_nano;
                        proptest::prop_assert!(money <= cost);
                        proptest::prop_assert!(spent[index].net_bytes <= accounts[index].3);
                        at = accounts[index].1;
                    }
                }
            }
        }
    }
}
