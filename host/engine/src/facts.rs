//! What a run came to, as values that policies and tests can look at.

use std::collections::BTreeMap;

use coldframe_journal::{Record, RunState, StepState, StepStatus, Totals};
use coldframe_lang::graph::Graph;
use serde_json::{Map, Value, json};

/// `result`: the outputs by name, and `status`, `outputs`, `error`, `total_cost_usd` and
/// `total_fuel`. A run that is not over is `suspended`, and has no outputs.
pub fn result(_graph: &Graph, state: &RunState) -> Value {
    let finished = state.finished.as_ref();
    let outputs = finished.map_or_else(|| json!({}), |finished| finished.outputs.clone());
    let status = finished.map_or("suspended", |finished| finished.status.as_str());
    let failure = finished.and_then(|finished| finished.failure.as_ref());
    let mut result = outputs.as_object().cloned().unwrap_or_default();
    result.insert("status".to_owned(), json!(status));
    result.insert("outputs".to_owned(), outputs);
    result.insert(
        "error".to_owned(),
        failure.map_or(Value::Null, |failure| {
            json!({ "kind": failure.kind, "message": failure.message, "step": failure.step })
        }),
    );
    result.insert("total_cost_usd".to_owned(), usd(state.totals.cost_nano));
    result.insert("total_fuel".to_owned(), json!(state.totals.fuel));
    Value::Object(result)
}

/// `steps`: what each step of the pipeline's own block came to, by id:
/// `{status, output, attempts, fuel, cost_usd, error}`.
pub fn steps(graph: &Graph, state: &RunState) -> Value {
    let mut steps = Map::new();
    let over = state.finished.is_some();
    // In one walk, since a run can have many steps.
    let mut spent: BTreeMap<&str, Spent> = BTreeMap::new();
    for (place, step) in &state.steps {
        let end = place.find(['[', '.', '/', '#']).unwrap_or(place.len());
        let Some(receipt) = &step.receipt else { continue };
        let sum = spent.entry(place.get(..end).unwrap_or_default()).or_default();
        *sum = sum.plus(receipt.fuel, receipt.cost_nano);
    }
    for step in graph.root() {
        let found = state.steps.get(&step.id);
        let attempts = found.map_or(0, |found| found.attempts);
        let spent = spent.get(step.id.as_str()).copied().unwrap_or_default();
        steps.insert(step.id.clone(), self::step(found, attempts, spent, over));
    }
    Value::Object(steps)
}

/// What one step came to. Where the run `is_over`, one that never began did not run.
pub(crate) fn step(found: Option<&StepState>, attempts: u32, spent: Spent, is_over: bool) -> Value {
    let status = match found.map_or(StepStatus::Waiting, |found| found.status) {
        StepStatus::Waiting if is_over => "not_run",
        status => status.as_str(),
    };
    let failure = found.and_then(|found| found.failure.as_ref());
    json!({
        "status": status,
        "output": found.and_then(|found| found.output.as_deref()),
        "attempts": attempts,
        "fuel": spent.fuel,
        "cost_usd": usd(spent.cost_nano),
        "error": failure.map(|failure| json!({
            "kind": failure.kind,
            "message": failure.message,
        })),
    })
}

/// What was consumed so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) fuel: u64,
    pub(crate) cost_nano: u64,
}

impl Spent {
    /// Both together.
    pub(crate) fn plus(self, fuel: u64, cost_nano: u64) -> Self {
        Self {
            fuel: self.fuel.saturating_add(fuel),
            cost_nano: self.cost_nano.saturating_add(cost_nano),
        }
    }
}

/// `totals`: `{attempts, fuel, cost_usd, wall_us, memory_peak_bytes, host_calls,
/// net_bytes, tokens}`.
pub fn totals(state: &RunState) -> Value {
    totals_of(&state.totals)
}

/// The same of any sums.
pub(crate) fn totals_of(totals: &Totals) -> Value {
    json!({
        "attempts": totals.attempts,
        "fuel": totals.fuel,
        "cost_usd": usd(totals.cost_nano),
        "wall_us": totals.wall_us,
        "memory_peak_bytes": totals.memory_peak_bytes,
        "host_calls": totals.host_calls,
        "net_bytes": totals.net_bytes,
        "tokens": totals.tokens,
    })
}

/// `events`: every record, `{seq, event, …}` with the fields of its event beside its name.
pub fn events(records: &[Record]) -> Value {
    let one = |record: &Record| {
        let mut fields = Map::new();
        // An event is written as its name, or as `{name: {fields}}`.
        if let Ok(Value::Object(event)) = serde_json::to_value(&record.event)
            && let Some(Value::Object(inner)) = event.into_iter().next().map(|(_, inner)| inner)
        {
            fields = inner;
        }
        fields.insert("seq".to_owned(), json!(record.seq));
        fields.insert("event".to_owned(), json!(record.event.name()));
        Value::Object(fields)
    };
    records.iter().map(one).collect()
}

/// Nano-USD as a number of USD, for comparisons in expressions. Nothing is summed or kept in it.
pub(crate) fn usd(nano: u64) -> Value {
    crate::step::usd(nano).parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use coldframe_journal::Event;

    use super::*;

    #[test]
    fn money_is_a_number_and_events_are_flat() {
        assert_eq!(usd(10_000_000), json!(0.01));
        assert_eq!(usd(0), json!(0));
        let started = Event::StepStarted { step: "a".into(), attempt: 2 };
        let records = [
            Record { seq: 4, at_us: 9, event: started },
            Record { seq: 5, at_us: 9, event: Event::RunResumed },
        ];
        let expected = json!([
            { "seq": 4, "event": "step_started", "step": "a", "attempt": 2 },
            { "seq": 5, "event": "run_resumed" },
        ]);
        assert_eq!(events(&records), expected);
    }
}
