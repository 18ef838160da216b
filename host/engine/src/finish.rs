//! The end of a run: its outputs, the rules over them, and the record that follows.

use coldframe_journal::{Broken, Event, Failure, RunStatus, Waiting};
use serde_json::{Map, Value};

use crate::core::Core;
use crate::invoke::CallError;
use crate::rules::{self, Verdict};
use crate::scope::Local;
use crate::step::Shared;

/// The record of a run whose steps have all ended: that it is over, or that a rule wants a person's
/// word first.
pub(crate) async fn event(
    core: &Core,
    shared: &Shared,
    status: RunStatus,
    reason: Option<Failure>,
    released: Option<(Value, Vec<Broken>)>,
) -> Event {
    if let Some((outputs, broken)) = released {
        return Event::RunFinished { status, outputs, failure: reason, broken };
    }
    let (mut status, outputs, mut reason) = outputs(core, shared, status, reason).await;
    let mut broken = Vec::new();
    if reason.is_none() {
        match judge(core, shared, &outputs).await {
            Ok(found) => broken = found,
            Err(CallError { kind, message, .. }) => {
                reason = Some(Failure::new(kind, message, None));
            }
        }
    }
    match rules::verdict(&broken, None) {
        Verdict::Counts => {}
        Verdict::Fails(failure) => reason = Some(failure),
        Verdict::Asks { policy, message } => {
            let waiting = Waiting::Release { policy, message, output: outputs };
            return Event::RunHeld { waiting, broken };
        }
    }
    // What a rule is against does not get out.
    let withheld = status == RunStatus::Succeeded && reason.is_some();
    if withheld {
        status = RunStatus::Failed;
    }
    let outputs = if withheld { Value::Object(Map::new()) } else { outputs };
    Event::RunFinished { status, outputs, failure: reason, broken }
}

/// The rules over the run that do not hold.
async fn judge(core: &Core, shared: &Shared, outputs: &Value) -> Result<Vec<Broken>, CallError> {
    if !rules::judges_run(core.graph()) {
        return Ok(Vec::new());
    }
    let Some(scope) = core.root_scope() else { return Ok(Vec::new()) };
    let totals = &core.state().totals;
    let local = Local::Claim {
        result: rules::result(outputs, totals.cost_nano, totals.fuel),
        subject: None,
        steps: Some(core.root_steps()),
        totals: crate::facts::totals_of(totals),
    };
    shared.judge_run(&scope.with(0, local), core.graph()).await
}

async fn outputs(
    core: &Core,
    shared: &Shared,
    mut status: RunStatus,
    mut reason: Option<Failure>,
) -> (RunStatus, Value, Option<Failure>) {
    let mut outputs = Map::new();
    let scope = core.root_scope();
    for (name, template) in &core.graph().outputs {
        let Some(scope) = &scope else { break };
        // After a failure only what is there whole is given out.
        let whole = template.roots().into_iter().all(|root| scope.root(root).is_some());
        if reason.is_some() && !whole {
            continue;
        }
        match shared.output(scope, template).await {
            Ok(value) => {
                outputs.insert(name.clone(), value);
            }
            Err(_) if reason.is_some() => {}
            Err(CallError { kind, message, .. }) => {
                let message = format!("output `{name}`: {message}");
                reason = Some(Failure::new(kind, message, None));
                status = RunStatus::Failed;
            }
        }
    }
    (status, Value::Object(outputs), reason)
}
