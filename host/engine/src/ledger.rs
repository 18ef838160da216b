//! The run's budget of fuel and money: reserved before a call, settled after it, so that steps
//! side by side cannot overspend together.

use std::collections::BTreeMap;

use coldframe_journal::receipt::{fuel_for, price_nano};

/// What is left, and what is set aside for the steps that run.
#[derive(Debug, Clone)]
pub struct Ledger {
    fuel_left: u64,
    cost_left_nano: u64,
    nano_per_mfuel: u64,
    reserved: BTreeMap<usize, u64>,
}

/// Fuel set aside for one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Fuel the attempt may consume.
    pub fuel: u64,
    /// Which bound made it this small.
    pub bound: Bound,
}

/// The bound an attempt runs into first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The fuel of the step or the default of a call.
    StepFuel,
    /// `cost_usd` of the step.
    StepCost,
    /// What was left of the run's fuel.
    RunFuel,
    /// What was left of the run's money.
    RunCost,
}

/// What a step asks the ledger for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Fuel units.
    pub fuel: u64,
    /// The step's own `cost_usd`, nano-USD.
    pub cost_nano: Option<u64>,
}

impl Ledger {
    /// A ledger with `fuel` units and, if given, `cost_nano` nano-USD, at a price of
    /// `nano_per_mfuel` nano-USD per million units.
    pub fn new(fuel: u64, cost_nano: Option<u64>, nano_per_mfuel: u64) -> Self {
        Self {
            fuel_left: fuel,
            cost_left_nano: cost_nano.unwrap_or(u64::MAX),
            nano_per_mfuel,
            reserved: BTreeMap::new(),
        }
    }

    /// Fuel that is neither spent nor set aside and that the money left can pay for.
    pub fn available(&self) -> u64 {
        self.fuel_left.min(fuel_for(self.cost_left_nano, self.nano_per_mfuel))
    }

    /// Sets fuel aside for `step`. `None` when less than the wish is left while other steps hold
    /// reservations: what they do not use comes back, so waiting helps. Without others the step
    /// gets what there is; `None` then means that nothing is left at all.
    pub fn reserve(&mut self, step: usize, wish: Wish) -> Option<Reservation> {
        let by_cost = wish.cost_nano.map_or(u64::MAX, |nano| fuel_for(nano, self.nano_per_mfuel));
        let own = wish.fuel.min(by_cost);
        let fuel = own.min(self.available());
        if fuel < own && (fuel == 0 || !self.reserved.is_empty()) {
            return None;
        }
        let bound = if fuel < own {
            if self.fuel_left <= fuel { Bound::RunFuel } else { Bound::RunCost }
        } else if by_cost < wish.fuel {
            Bound::StepCost
        } else {
            Bound::StepFuel
        };
        self.fuel_left -= fuel;
        self.cost_left_nano -= price_nano(fuel, self.nano_per_mfuel);
        self.reserved.insert(step, fuel);
        Some(Reservation { fuel, bound })
    }

    /// Gives back what `step` did not consume.
    pub fn settle(&mut self, step: usize, consumed: u64) {
        let Some(reserved) = self.reserved.remove(&step) else { return };
        // A guest may overrun by the operator that noticed; the run pays for it.
        let returned = reserved.saturating_sub(consumed);
        self.fuel_left += returned;
        let paid = price_nano(reserved, self.nano_per_mfuel);
        let due = price_nano(consumed.min(reserved), self.nano_per_mfuel);
        self.cost_left_nano += paid - due;
    }

    /// Takes what an earlier process of the same run spent.
    pub fn spend(&mut self, fuel: u64, cost_nano: u64) {
        self.fuel_left = self.fuel_left.saturating_sub(fuel);
        self.cost_left_nano = self.cost_left_nano.saturating_sub(cost_nano);
    }

    /// Whether fuel, rather than money, is what ran out.
    pub fn is_out_of_fuel(&self) -> bool {
        self.fuel_left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(fuel: u64) -> Wish {
        Wish { fuel, cost_nano: None }
    }

    #[test]
    fn two_steps_cannot_reserve_the_same_fuel() {
        let mut ledger = Ledger::new(100, None, 0);
        assert_eq!(ledger.reserve(0, wish(60)).unwrap().fuel, 60);
        assert_eq!(ledger.reserve(1, wish(60)), None);
        ledger.settle(0, 10);
        let second = ledger.reserve(1, wish(60)).unwrap();
        assert_eq!(second, Reservation { fuel: 60, bound: Bound::StepFuel });
    }

    #[test]
    fn a_lone_step_gets_what_is_left_and_knows_why() {
        let mut ledger = Ledger::new(100, None, 0);
        ledger.spend(70, 0);
        assert_eq!(
            ledger.reserve(0, wish(60)),
            Some(Reservation { fuel: 30, bound: Bound::RunFuel })
        );
        ledger.settle(0, 30);
        assert_eq!(ledger.reserve(1, wish(60)), None);
        assert!(ledger.is_out_of_fuel());
    }

    #[test]
    fn money_bounds_fuel_by_its_price() {
        // 50 nano-USD a million: 100 nano-USD buy two million units.
        let mut ledger = Ledger::new(u64::MAX, Some(100), 50);
        let got = ledger.reserve(0, wish(3_000_000)).unwrap();
        assert_eq!(got, Reservation { fuel: 2_000_000, bound: Bound::RunCost });
        ledger.settle(0, 500_000);
        assert_eq!(ledger.available(), 1_500_000);
        let own = ledger.reserve(1, Wish { fuel: 10, cost_nano: Some(0) }).unwrap();
        assert_eq!(own, Reservation { fuel: 0, bound: Bound::StepCost });
    }
}
