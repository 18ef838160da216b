//! What a run came to, for programs and for people.

use coldframe_engine::core::statuses;
use coldframe_engine::step::usd;
use coldframe_journal::{RunState, RunStatus, StepStatus};
use coldframe_lang::graph::Graph;
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::{self, GREEN, RED, YELLOW};

/// The run as one JSON value:
/// `{run_id, status, outputs, steps: [{id, yaml_path, status, receipt, error}], totals, error}`.
pub(crate) fn json(run_id: &str, graph: &Graph, state: &RunState) -> Value {
    let steps = statuses(graph, state).map(|(step, status)| {
        let found = state.steps.get(&step.id);
        let error = found.and_then(|found| found.failure.as_ref()).map(|failure| {
            json!({ "kind": failure.kind, "message": failure.message, "line": step.line })
        });
        json!({
            "id": step.id,
            "yaml_path": step.yaml_path,
            "status": status_text(status, state.finished.is_some()),
            "receipt": found.and_then(|found| found.receipt.as_ref()),
            "error": error,
        })
    });
    let steps: Vec<Value> = steps.collect();
    let finished = state.finished.as_ref();
    let failure = finished.and_then(|finished| finished.failure.as_ref());
    json!({
        "run_id": run_id,
        "status": finished.map_or("unfinished", |finished| finished.status.as_str()),
        "outputs": finished.map_or(&Value::Null, |finished| &finished.outputs),
        "steps": steps,
        "totals": totals(state),
        "error": failure.map(|failure| json!({
            "kind": failure.kind,
            "message": failure.message,
            "step": failure.step,
        })),
    })
}

fn totals(state: &RunState) -> Value {
    let totals = &state.totals;
    json!({
        "attempts": totals.attempts,
        "fuel": totals.fuel,
        "cost_nano": totals.cost_nano,
        "cost_usd": usd(totals.cost_nano),
        "wall_us": totals.wall_us,
        "memory_peak_bytes": totals.memory_peak_bytes,
        "host_calls": totals.host_calls,
    })
}

/// A step nothing happened to in a run that is over did not run; it does not wait.
pub(crate) fn status_text(status: StepStatus, is_over: bool) -> &'static str {
    match status {
        StepStatus::Waiting if is_over => "not_run",
        StepStatus::Running | StepStatus::Interrupted if is_over => "cancelled",
        StepStatus::Waiting
        | StepStatus::Running
        | StepStatus::Interrupted
        | StepStatus::Succeeded
        | StepStatus::Failed
        | StepStatus::Skipped => status.as_str(),
    }
}

/// The closing line for people, on stderr.
pub(crate) fn summary(graph: &Graph, state: &RunState, wall_us: u64) {
    let Some(finished) = &state.finished else { return };
    let (mark, word) = match finished.status {
        RunStatus::Succeeded => (GREEN, "succeeded"),
        RunStatus::Failed => (RED, "failed"),
        RunStatus::Stopped => (RED, "stopped"),
        RunStatus::Cancelled => (YELLOW, "cancelled"),
    };
    let done = state.steps.values().filter(|step| step.status == StepStatus::Succeeded).count();
    let steps = output::count(graph.steps.len(), "step");
    output::note(&format!(
        "{mark}{word}{mark:#}: {done} of {steps} in {}, {} fuel, {}",
        output::time(wall_us),
        output::large(state.totals.fuel),
        output::money(state.totals.cost_nano),
    ));
}

/// Why a run did not succeed, on stderr, also where only results are asked for.
pub(crate) fn failure(run_id: &str, graph: &Graph, state: &RunState) {
    if let Some(failure) = state.finished.as_ref().and_then(|finished| finished.failure.as_ref()) {
        let at = failure.step.as_ref().and_then(|id| graph.steps.iter().find(|s| s.id == *id));
        let place = match at {
            Some(step) => {
                format!(" in step `{}` (line {}, {})", step.id, step.line, step.yaml_path)
            }
            None => String::new(),
        };
        output::note(&format!("{RED}error{RED:#}[{}]{place}: {}", failure.kind, failure.message));
        output::note(&format!("see `coldframe runs show {run_id}`"));
    }
}

/// The outputs for people, on stdout: one alone as it is, several as YAML in the file's order.
pub(crate) fn outputs(graph: &Graph, outputs: &Value) {
    let found = |name: &String| Some((name.clone(), outputs.get(name)?.clone()));
    let ordered: IndexMap<String, Value> = graph.outputs.keys().filter_map(found).collect();
    match ordered.len() {
        0 => {}
        1 => ordered.values().for_each(output::value),
        _ => output::yaml(&ordered),
    }
}

/// What the process ends with after this run.
pub(crate) fn exit(state: &RunState) -> Exit {
    match state.finished.as_ref().map(|finished| finished.status) {
        Some(RunStatus::Succeeded) => Exit::Done,
        Some(RunStatus::Stopped) => Exit::Stopped,
        Some(RunStatus::Cancelled) => Exit::Cancelled,
        Some(RunStatus::Failed) => match &state.finished {
            Some(finished)
                if finished.failure.as_ref().is_some_and(|failure| {
                    failure.kind == coldframe_journal::ErrorKind::HostBug
                }) =>
            {
                Exit::Bug
            }
            _ => Exit::RunFailed,
        },
        None => Exit::Bug,
    }
}
