//! `switch`: the block of the first case that applies.

use coldframe_journal::Failure;
use coldframe_journal::event::{Head, Outcome, Turn};
use coldframe_lang::graph::{CaseTest, Switch};
use serde_json::Value;

use super::{Halt, Holder, HolderEnd, lost};
use crate::invoke::CallError;
use crate::scope::Local;
use crate::step::Worker;
use crate::work::End;

pub(super) async fn head(worker: &mut Worker<'_>, switch: &Switch) -> Result<End, CallError> {
    let on = match &switch.on {
        Some(on) => worker.fill(on).await?,
        None => Value::Null,
    };
    for (case, found) in switch.cases.iter().enumerate() {
        let applies = match &found.test {
            CaseTest::Is(values) => values.iter().any(|value| same(value, &on)),
            CaseTest::When(when) => {
                let scope = std::sync::Arc::clone(worker.scope());
                worker.condition(&scope, "when", when).await?
            }
        };
        if applies {
            return Ok(End::Entered(Head::Case(case)));
        }
    }
    Ok(match switch.default {
        Some(_) => End::Entered(Head::Case(switch.cases.len())),
        None => End::Skipped,
    })
}

/// Whether two values are equal to a person: `1` is `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// The chosen case, and what it came to.
#[derive(Debug)]
pub(super) struct Running {
    case: Option<usize>,
    result: Result<Value, Failure>,
}

impl Running {
    pub(super) fn new(case: usize) -> Self {
        Self { case: Some(case), result: Err(lost()) }
    }
}

impl Holder for Running {
    fn open(&mut self, _live: usize) -> Option<(usize, Local)> {
        self.case.take().map(|case| (case, Local::Nothing))
    }

    fn ended(&mut self, _slot: usize, outcome: Outcome, _turn: Option<Turn>) -> Option<Halt> {
        self.result = match outcome {
            Outcome::Done(value) => Ok(value),
            Outcome::Failed(failure) => Err(failure),
            Outcome::Cancelled => Err(lost()),
        };
        None
    }

    fn end(&mut self) -> HolderEnd {
        match std::mem::replace(&mut self.result, Err(lost())) {
            Ok(value) => HolderEnd::Output(value),
            Err(failure) => HolderEnd::Failed(failure),
        }
    }
}
