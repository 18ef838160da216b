//! What a run came to, for programs and for people.

use std::collections::BTreeMap;

use coldframe_engine::step::usd;
use coldframe_journal::event::Waiting;
use coldframe_journal::{Failure, Receipt, RunState, RunStatus, StepStatus, Totals};
use coldframe_lang::graph::{Fallback, Graph, Step, StepKind};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::{self, GREEN, RED, YELLOW};
use crate::readable;

/// A step of a run, for a list.
pub(crate) struct Line<'r> {
    /// Its place in the run.
    pub(crate) place: &'r str,
    /// The step of the file.
    pub(crate) step: Option<&'r Step>,
    /// Where it stands.
    pub(crate) status: &'static str,
    /// Tries begun.
    pub(crate) attempts: u32,
    /// The account of its last try, without what it holds.
    pub(crate) receipt: Option<&'r Receipt>,
    /// What it came to with all it holds, and how long that took in microseconds; for a step that
    /// holds others and has begun.
    pub(crate) within: Option<(Totals, u64)>,
    /// Whether its fallback took its place.
    pub(crate) fell_back: bool,
    /// Why it failed.
    pub(crate) failure: Option<&'r Failure>,
    /// What it waits for.
    pub(crate) waiting: Option<&'r Waiting>,
}

/// From where the output of a step comes that made no call of its own.
pub(crate) fn taken(receipt: &Receipt) -> Option<&'static str> {
    match receipt {
        Receipt { cached: true, .. } => Some("reused"),
        Receipt { remembered: true, .. } => Some("remembered"),
        _ => None,
    }
}

/// The steps of a run: the pipeline's own in the order of the graph, and behind each one what it
/// held, in the order in which it happened.
pub(crate) fn lines<'r>(graph: &'r Graph, state: &'r RunState) -> Vec<Line<'r>> {
    let over = state.finished.is_some();
    let mut inside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for place in state.steps.keys() {
        let end = place.find(['[', '.', '/', '#']);
        if let Some(root) = end.and_then(|end| place.get(..end)) {
            inside.entry(root).or_default().push(place);
        }
    }
    let mut lines = Vec::new();
    let within = within(state);
    for step in graph.root() {
        lines.push(line(graph, state, &within, &step.id, over));
        for place in inside.get(step.id.as_str()).into_iter().flatten() {
            lines.push(line(graph, state, &within, place, over));
        }
    }
    lines
}

/// As `RunState::within` of every step, in one pass: runs can have many steps that hold others.
fn within(state: &RunState) -> BTreeMap<&str, Totals> {
    let mut found: BTreeMap<&str, Totals> = BTreeMap::new();
    for (place, step) in &state.steps {
        let around =
            place.match_indices(['[', '.', '/', '#']).filter_map(|(at, _)| place.get(..at));
        for around in around.chain([place.as_str()]) {
            let totals = found.entry(around).or_default();
            totals.merge(&step.spent);
            totals.attempts += u64::from(step.attempts);
        }
    }
    found
}

fn line<'r>(
    graph: &'r Graph,
    state: &'r RunState,
    within: &BTreeMap<&str, Totals>,
    place: &'r str,
    over: bool,
) -> Line<'r> {
    let found = state.steps.get(place);
    let here = coldframe_engine::place::find(graph, place);
    Line {
        place,
        step: here.map(|here| here.step),
        status: status_text(state.status(place), over),
        attempts: found.map_or(0, |found| found.attempts),
        receipt: found.and_then(|found| found.receipt.as_ref()),
        within: found.filter(|_| here.is_some_and(|here| here.step.kind.holds())).and_then(
            |found| {
                let took = found.moved_us.saturating_sub(found.began_us?);
                Some((within.get(place).copied().unwrap_or_default(), took))
            },
        ),
        fell_back: found.is_some_and(|found| found.fell_back),
        failure: found.and_then(|found| found.failure.as_ref()),
        waiting: found.and_then(|found| found.waiting.as_ref()),
    }
}

/// The run as one JSON value:
/// `{run_id, status, outputs, steps: [{id, yaml_path, status, receipt, error}], totals, error}`. A
/// step that holds others has `within`, what it came to with all of them; one whose fallback took
/// its place has `fallback: true`.
pub(crate) fn json(run_id: &str, graph: &Graph, state: &RunState) -> Value {
    let steps = lines(graph, state).into_iter().map(|line| {
        let at = line.step.map_or(0, |step| step.line);
        let error = line
            .failure
            .map(|failure| json!({ "kind": failure.kind, "message": failure.message, "line": at }));
        let mut step = json!({
            "id": line.place,
            "yaml_path": line.step.map(|step| &step.yaml_path),
            "status": line.status,
            "attempts": line.attempts,
            "receipt": line.receipt,
            "waiting": line.waiting,
            "error": error,
        });
        if let (Some((totals, wall_us)), Some(step)) = (line.within, step.as_object_mut()) {
            let within = Totals { wall_us, ..totals };
            step.insert("within".to_owned(), json!(within));
        }
        if let (true, Some(step)) = (line.fell_back, step.as_object_mut()) {
            step.insert("fallback".to_owned(), json!(true));
        }
        step
    });
    let steps: Vec<Value> = steps.collect();
    let finished = state.finished.as_ref();
    let failure = finished.and_then(|finished| finished.failure.as_ref());
    let open = if state.is_suspended() { "suspended" } else { "unfinished" };
    json!({
        "run_id": run_id,
        "status": finished.map_or(open, |finished| finished.status.as_str()),
        "outputs": finished.map_or(&Value::Null, |finished| &finished.outputs),
        "steps": steps,
        "totals": totals(state),
        "broken_rules": finished.map_or(&[][..], |finished| &finished.broken),
        "error": failure.map(|failure| json!({
            "kind": failure.kind,
            "message": failure.message,
            "step": failure.step,
        })),
    })
}

/// What a step does, in a few words.
pub(crate) fn what(step: &Step) -> String {
    match &step.kind {
        StepKind::Uses(uses) => uses.to_string(),
        StepKind::Pipeline(child) => child.source.clone(),
        other => other.key().to_owned(),
    }
}

/// The same once the fallback of a step took its place.
pub(crate) fn fallback(step: &Step) -> String {
    match &step.fallback {
        Some(Fallback::Uses(uses)) => format!("fallback {uses}"),
        Some(Fallback::Value(_)) | None => "fallback".to_owned(),
    }
}

fn totals(state: &RunState) -> Value {
    let totals = &state.totals;
    let mut shown = json!({
        "attempts": totals.attempts,
        "fuel": totals.fuel,
        "cost_nano": totals.cost_nano,
        "cost_usd": usd(totals.cost_nano),
        "wall_us": totals.wall_us,
        "memory_peak_bytes": totals.memory_peak_bytes,
        "host_calls": totals.host_calls,
        "net_bytes": totals.net_bytes,
    });
    // A run without models says nothing of them.
    if let Some(shown) = shown.as_object_mut().filter(|_| totals.tokens > 0) {
        shown.insert("tokens".to_owned(), json!(totals.tokens));
    }
    shown
}

/// A step nothing happened to in a run that is over did not run; it does not wait.
fn status_text(status: StepStatus, is_over: bool) -> &'static str {
    match status {
        StepStatus::Waiting if is_over => "not_run",
        StepStatus::Running
        | StepStatus::Interrupted
        | StepStatus::Entered
        | StepStatus::Suspended
        | StepStatus::Retrying
            if is_over =>
        {
            "cancelled"
        }
        status => status.as_str(),
    }
}

/// The closing line for people, on stderr.
pub(crate) fn summary(graph: &Graph, state: &RunState, wall_us: u64) {
    let Some(finished) = &state.finished else {
        output::note(&format!("{YELLOW}suspended{YELLOW:#} after {}", output::time(wall_us)));
        return;
    };
    let (mark, word) = match finished.status {
        RunStatus::Succeeded => (GREEN, "succeeded"),
        RunStatus::Failed => (RED, "failed"),
        RunStatus::Stopped => (RED, "stopped"),
        RunStatus::Cancelled => (YELLOW, "cancelled"),
    };
    let succeeded = |step: &&Step| state.status(&step.id) == StepStatus::Succeeded;
    let done = graph.root().iter().filter(succeeded).count();
    let steps = output::count(graph.root().len(), "step");
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
        let found = failure
            .step
            .as_ref()
            .and_then(|place| Some((place, coldframe_engine::place::find(graph, place)?.step)));
        let place = match found {
            Some((place, step)) => {
                format!(" in step `{place}` (line {}, {})", step.line, step.yaml_path)
            }
            None => String::new(),
        };
        output::note(&format!("{RED}error{RED:#}[{}]{place}: {}", failure.kind, failure.message));
        output::note(&format!(
            "see `coldframe runs show {run_id}`, and `coldframe explain {}`",
            failure.kind
        ));
    }
}

/// The outputs for people, on stdout: one alone as it is, several as YAML in the file's order.
pub(crate) fn outputs(graph: &Graph, outputs: &Value) {
    let found = |name: &String| Some((name.clone(), outputs.get(name)?.clone()));
    let ordered: IndexMap<String, Value> = graph.outputs.keys().filter_map(found).collect();
    match (ordered.len(), graph.outputs.len()) {
        (0, _) => {}
        (1, 1) => ordered.values().for_each(output::value),
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
        None if state.is_suspended() => Exit::Suspended,
        None => Exit::Bug,
    }
}

/// When a step that waits gives up, microseconds since 1970; none where nothing says so.
fn gives_up(graph: &Graph, state: &RunState, place: &str) -> Option<u64> {
    let timeout = coldframe_engine::place::find(graph, place)?.step.timeout?;
    let began_us = state.steps.get(place)?.began_us?;
    began_us.checked_add(u64::try_from(timeout.as_micros()).ok()?)
}

/// What a suspended run waits for, and the commands that go on with it, on stderr.
pub(crate) fn waiting(run_id: &str, graph: &Graph, state: &RunState) {
    for (place, waiting) in state.waiting() {
        let until = gives_up(graph, state, place);
        let until = until.map_or_else(String::new, |us| format!(", until {}", output::moment(us)));
        let head = format!("{YELLOW}?{YELLOW:#} {place}:");
        match waiting {
            Waiting::Approval { .. } | Waiting::Release { .. } => {
                let Some((message, show)) = waiting.question() else { continue };
                output::note(&format!("{head} {}", output::safe(message)));
                for line in show.into_iter().flat_map(readable::lines) {
                    output::note(format!("    {line}").trim_end());
                }
                output::note(&format!(
                    "  `coldframe runs approve {run_id} {place} --by NAME`, or `reject`{until}"
                ));
            }
            Waiting::Signal { name } => {
                output::note(&format!("{head} waits for the signal `{name}`{until}"));
                output::note(&format!("  `coldframe runs signal {run_id} {name} --data JSON`"));
            }
            Waiting::Until { at_us } => {
                output::note(&format!("{head} waits until {}", output::moment(*at_us)));
                output::note(&format!("  `coldframe runs resume {run_id}` goes on then"));
            }
        }
    }
}
