//! Which bound was hit, and whose it was.

use coldframe_journal::ErrorKind;

use crate::invoke::CallError;
use crate::ledger::{Bound, Owner};
use crate::step::Worker;
use crate::work::Fault;

impl Worker<'_> {
    /// Says which bound was hit, where the sandbox only knows that one was.
    pub(crate) fn blame(&self, error: CallError) -> Fault {
        let id = &self.task.path;
        let bound = self.task.reservation.as_ref().map(|reservation| &reservation.bound);
        match (error.kind, bound) {
            // An expression may hit its own bound with fuel to spare.
            (ErrorKind::LimitFuel, Some(Bound::Fuel(..) | Bound::Cost(..)))
                if self.fuel_left == 0 =>
            {
                bound.map_or_else(|| Fault::from(error), |bound| spent(id, bound))
            }
            (ErrorKind::LimitFuel, Some(Bound::Wish)) if self.fuel_left == 0 => {
                let fuel = self.receipt.fuel;
                let message = format!(
                    "step `{id}` used up the {fuel} fuel of a call; `limits: {{ fuel: ... }}` \
                     on the step allows more"
                );
                CallError { message, ..error }.into()
            }
            (ErrorKind::LimitDeadline, _) if self.shared.clock.left().is_zero() => {
                let wall = self.shared.limits.wall;
                let message = format!("step `{id}` ran into the run's wall limit of {wall:?}");
                let error = CallError::new(ErrorKind::LimitDeadline, message);
                Fault { error, is_spent: true, ends_run: true }
            }
            (ErrorKind::LimitDeadline, _)
                if self.task.step().is_some_and(|step| step.limits.wall.is_none()) =>
            {
                let wall = self.shared.limits.call.wall;
                let message = format!(
                    "step `{id}` took longer than the {wall:?} of a call; `limits: {{ wall: ... }}` \
                     on the step allows more"
                );
                CallError { message, ..error }.into()
            }
            _ => error.into(),
        }
    }
}

/// What it means that step `id` consumed all there was in somebody's account.
fn spent(id: &str, bound: &Bound) -> Fault {
    let (kind, what, owner) = match bound {
        Bound::Wish => (ErrorKind::LimitFuel, "fuel limit of a call".to_owned(), None),
        Bound::Fuel(owner, fuel) => {
            (ErrorKind::LimitFuel, format!("fuel limit of {fuel}"), Some(owner))
        }
        Bound::Cost(owner, nano) => {
            (ErrorKind::LimitCost, format!("cost limit of {} USD", usd(*nano)), Some(owner))
        }
    };
    let message = match owner {
        Some(Owner::Step(path)) if **path == *id => format!("step `{id}` used up its {what}"),
        Some(Owner::Step(path)) => format!("step `{path}` used up its {what}, in `{id}`"),
        Some(Owner::Run) | None => format!("step `{id}` used up the run's {what}"),
    };
    let ends_run = matches!(owner, Some(Owner::Run));
    Fault { error: CallError::new(kind, message), is_spent: true, ends_run }
}

/// What it means that there was nothing left in somebody's account before step `id` could start.
pub(crate) fn spent_before(id: &str, bound: &Bound) -> Fault {
    let fault = spent(id, bound);
    let what = match bound {
        Bound::Wish => "fuel".to_owned(),
        Bound::Fuel(_, fuel) => format!("fuel limit of {fuel}"),
        Bound::Cost(_, nano) => format!("cost limit of {} USD", usd(*nano)),
    };
    let whose = match bound {
        Bound::Fuel(Owner::Step(path), _) | Bound::Cost(Owner::Step(path), _) => {
            format!("the {what} of step `{path}`")
        }
        Bound::Wish | Bound::Fuel(Owner::Run, _) | Bound::Cost(Owner::Run, _) => {
            format!("the run's {what}")
        }
    };
    let message = format!("{whose} was spent before step `{id}` could start");
    Fault { error: CallError { message, ..fault.error }, ..fault }
}

/// Nano-USD as a decimal number of USD, without trailing zeros.
pub fn usd(nano: u64) -> String {
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::usd;

    #[test]
    fn money_is_printed_exactly() {
        for (nano, text) in
            [(0, "0"), (1, "0.000000001"), (10_000_000, "0.01"), (2_500_000_000, "2.5")]
        {
            assert_eq!(usd(nano), text);
        }
    }
}
