//! Who gets what, and which account says no.

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
