//! `loop`: a block again and again, with a state that is carried along.

use coldframe_journal::event::{EndedBy, Head, Outcome, Turn};
use coldframe_journal::{ErrorKind, Failure};
use coldframe_lang::graph::{Loop, OnMax};
use serde_json::{Value, json};

use super::{Halt, Holder, HolderEnd, lost};
use crate::invoke::CallError;
use crate::scope::{Local, Scope};
use crate::step::Worker;
use crate::work::End;

pub(super) async fn head(worker: &mut Worker<'_>, looped: &Loop) -> Result<End, CallError> {
    let state = match &looped.state {
        Some(state) => worker.fill(state).await?,
        None => Value::Null,
    };
    let goes_on = match &looped.whilst {
        Some(whilst) => {
            let scope = worker.scope().with(worker.index(), Local::turn(&state, 0));
            worker.condition(&scope, "while", whilst).await?
        }
        None => true,
    };
    Ok(End::Entered(Head::State { state, goes_on }))
}

/// What follows from iteration `slot`, whose steps stand in the worker's scope.
pub(crate) async fn turn(
    worker: &mut Worker<'_>,
    looped: &Loop,
    slot: usize,
) -> Result<Turn, CallError> {
    let scope = std::sync::Arc::clone(worker.scope());
    let next = match &looped.next {
        Some(next) => Some(worker.fill(next).await?),
        None => None,
    };
    if let Some(until) = &looped.until
        && worker.condition(&scope, "until", until).await?
    {
        return Ok(Turn { state: next, ended_by: Some(EndedBy::Until) });
    }
    // Asked behind the last iteration too: a loop whose work is done did not run out of turns.
    if let Some(whilst) = &looped.whilst {
        let state = match &next {
            Some(state) => state,
            None => state_of(&scope),
        };
        let local = Local::turn(state, slot + 1);
        let later = match scope.parent() {
            Some(around) => around.with(worker.index(), local),
            None => Scope::new(None, Some(worker.index()), local, 0..0),
        };
        if !worker.condition(&later, "while", whilst).await? {
            return Ok(Turn { state: next, ended_by: Some(EndedBy::While) });
        }
    }
    Ok(Turn { state: next, ended_by: at_max(looped, slot) })
}

/// What follows from iteration `slot` of a loop that only `max` ends.
pub(crate) fn plain_turn(looped: &Loop, slot: usize) -> Turn {
    Turn { state: None, ended_by: at_max(looped, slot) }
}

fn at_max(looped: &Loop, slot: usize) -> Option<EndedBy> {
    (slot + 1 >= looped.max as usize).then_some(EndedBy::Max)
}

fn state_of(scope: &Scope) -> &Value {
    scope.turn_state().unwrap_or(&Value::Null)
}

/// The state, and how far it got.
#[derive(Debug)]
pub(super) struct Running {
    state: Value,
    last: Value,
    /// Iterations begun.
    begun: usize,
    max: usize,
    on_max: OnMax,
    ended_by: Option<EndedBy>,
    failed: Option<Failure>,
    path: String,
}

impl Running {
    pub(super) fn new(looped: &Loop, state: Value, goes_on: bool, path: &str) -> Self {
        let nothing = (looped.max == 0).then_some(EndedBy::Max);
        Self {
            state,
            last: Value::Null,
            begun: 0,
            max: looped.max as usize,
            on_max: looped.on_max,
            ended_by: if goes_on { nothing } else { Some(EndedBy::While) },
            failed: None,
            path: path.to_owned(),
        }
    }
}

impl Holder for Running {
    fn open(&mut self, live: usize) -> Option<(usize, Local)> {
        if live > 0 || self.ended_by.is_some() || self.failed.is_some() {
            return None;
        }
        let slot = self.begun;
        self.begun += 1;
        Some((slot, Local::turn(&self.state, slot)))
    }

    fn ended(&mut self, slot: usize, outcome: Outcome, turn: Option<Turn>) -> Option<Halt> {
        match outcome {
            Outcome::Done(value) => {
                self.last = value;
                let at_max = (slot + 1 >= self.max).then_some(EndedBy::Max);
                match turn {
                    Some(Turn { state, ended_by }) => {
                        if let Some(state) = state {
                            self.state = state;
                        }
                        self.ended_by = ended_by.or(at_max);
                    }
                    None => self.ended_by = at_max,
                }
            }
            Outcome::Failed(failure) => self.failed = Some(failure),
            Outcome::Cancelled => self.failed = Some(lost()),
        }
        None
    }

    fn end(&mut self) -> HolderEnd {
        if let Some(failure) = self.failed.take() {
            return HolderEnd::Failed(failure);
        }
        let ended_by = self.ended_by.unwrap_or(EndedBy::Max);
        if ended_by == EndedBy::Max && self.on_max == OnMax::Fail {
            let message = format!("{} iterations were not enough", self.max);
            return HolderEnd::Failed(Failure::new(
                ErrorKind::LimitIterations,
                message,
                Some(&self.path),
            ));
        }
        HolderEnd::Output(json!({
            "state": std::mem::take(&mut self.state),
            "count": self.begun,
            "ended_by": ended_by.as_str(),
            "last": std::mem::take(&mut self.last),
        }))
    }
}
