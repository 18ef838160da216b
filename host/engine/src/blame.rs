//! Which bound was hit, and whose it was.

use std::time::Duration;

use coldframe_journal::{ErrorKind, Failure};

use crate::invoke::{CallError, CallLimits};
use crate::ledger::{Bound, Owner};
use crate::step::Worker;
use crate::work::Fault;

impl Worker<'_> {
    /// Says which bound was hit, where the sandbox only knows that one was.
    pub(crate) fn blame(&self, error: CallError) -> Fault {
        let id = &self.task.path;
        let reserved = self.task.reservation.as_ref();
        let bound = reserved.map(|reservation| &reservation.bound);
        let net_bound = reserved.map(|reservation| &reservation.net_bound);
        let step = self.task.step();
        let call = step.map(|step| self.task.rights.bounds.call(step));
        match (error.kind, bound) {
            // An expression may hit its own bound with fuel to spare.
            (ErrorKind::LimitFuel, Some(Bound::Fuel(..) | Bound::Cost(..)))
                if self.left.fuel == 0 =>
            {
                bound.map_or_else(|| Fault::from(error), |bound| spent(id, bound))
            }
            (ErrorKind::LimitFuel, Some(Bound::Wish)) if self.left.fuel == 0 => {
                let fuel = self.receipt.fuel;
                let message = format!(
                    "step `{id}` used up the {fuel} fuel of a call; `limits: {{ call_fuel: ... }}` \
                     allows more"
                );
                CallError { message, ..error }.into()
            }
            // What is too much of something else leaves some of them.
            (ErrorKind::LimitNetBytes, _) if self.left.net_bytes == 0 => match net_bound {
                Some(bound @ Bound::Net(..)) => spent(id, bound),
                _ => error.into(),
            },
            (ErrorKind::LimitTokens, _) => match reserved.map(|held| &held.tokens_bound) {
                Some(bound @ Bound::Tokens(..)) => spent(id, bound),
                _ => error.into(),
            },
            (ErrorKind::LimitCost, _) => match reserved.map(|held| &held.services_bound) {
                Some(bound @ Bound::Cost(..)) => spent(id, bound),
                _ => error.into(),
            },
            (ErrorKind::LimitDeadline, _) if self.shared.clock.left().is_zero() => {
                let wall = self.shared.limits.whole.wall;
                let message = format!("step `{id}` ran into the run's wall limit of {wall:?}");
                let error = CallError::new(ErrorKind::LimitDeadline, message);
                Fault { error, is_spent: true, ends_run: true }
            }
            (ErrorKind::LimitDeadline, _) => {
                let own = step.and_then(|step| step.limits.wall);
                if let Some(wall) = own.filter(|wall| self.begun.elapsed() >= *wall) {
                    let error = CallError::new(ErrorKind::LimitDeadline, over(id, wall));
                    return Fault { error, is_spent: true, ends_run: false };
                }
                match call {
                    Some(CallLimits { wall, .. }) if self.begun.elapsed() >= wall => {
                        let message = format!(
                            "step `{id}` took longer than the {wall:?} of a call; `limits: {{ \
                             call_wall: ... }}` allows more"
                        );
                        CallError { message, ..error }.into()
                    }
                    _ => error.into(),
                }
            }
            _ => error.into(),
        }
    }
}

/// What it means that a step's own time is over.
pub(crate) fn over(id: &str, wall: Duration) -> String {
    format!("step `{id}` ran into its wall limit of {wall:?}")
}

impl Bound {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Wish | Self::Fuel(..) => ErrorKind::LimitFuel,
            Self::Cost(..) => ErrorKind::LimitCost,
            Self::Net(..) => ErrorKind::LimitNetBytes,
            Self::Tokens(..) => ErrorKind::LimitTokens,
            Self::Retries(..) => ErrorKind::LimitRetries,
        }
    }

    fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Wish => None,
            Self::Fuel(owner, _)
            | Self::Cost(owner, _)
            | Self::Net(owner, _)
            | Self::Tokens(owner, _)
            | Self::Retries(owner, _) => Some(owner),
        }
    }

    fn what(&self) -> String {
        match self {
            Self::Wish => "fuel limit of a call".to_owned(),
            Self::Fuel(_, fuel) => format!("fuel limit of {fuel}"),
            Self::Cost(_, nano) => format!("cost limit of {} USD", usd(*nano)),
            Self::Net(_, bytes) => format!("net_bytes limit of {bytes}"),
            Self::Tokens(_, tokens) => format!("tokens limit of {tokens}"),
            Self::Retries(_, tries) => format!("retries limit of {tries}"),
        }
    }
}

/// What it means that step `id` consumed all there was in somebody's account.
fn spent(id: &str, bound: &Bound) -> Fault {
    let (what, owner) = (bound.what(), bound.owner());
    let message = match owner {
        Some(Owner::Step(path)) if **path == *id => format!("step `{id}` used up its {what}"),
        Some(Owner::Step(path)) => format!("step `{path}` used up its {what}, in `{id}`"),
        Some(Owner::Run) | None => format!("step `{id}` used up the run's {what}"),
    };
    let ends_run = matches!(owner, Some(Owner::Run));
    Fault { error: CallError::new(bound.kind(), message), is_spent: true, ends_run }
}

/// Whose limit it is.
fn whose(bound: &Bound) -> String {
    let what = match bound {
        Bound::Wish => "fuel".to_owned(),
        bound => bound.what(),
    };
    match bound.owner() {
        Some(Owner::Step(path)) => format!("the {what} of step `{path}`"),
        Some(Owner::Run) | None => format!("the run's {what}"),
    }
}

/// What it means that there was nothing left in somebody's account before step `id` could start.
pub(crate) fn spent_before(id: &str, bound: &Bound) -> Fault {
    let fault = spent(id, bound);
    let message = format!("{} was spent before step `{id}` could start", whose(bound));
    Fault { error: CallError { message, ..fault.error }, ..fault }
}

/// What it means that step `id` failed with `failure` and there are no tries left.
pub(crate) fn no_more_tries(id: &str, bound: &Bound, failure: &Failure) -> Failure {
    let message = format!(
        "step `{id}` is not tried again, {} is used up; it failed with {}: {}",
        whose(bound),
        failure.kind,
        failure.message
    );
    Failure { kind: bound.kind(), message, transient: false, ..failure.clone() }
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
