//! What a run came to, as values that policies and tests can look at.

use coldframe_journal::{Record, RunState, StepStatus};
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
    for step in graph.root() {
        let found = state.steps.get(&step.id);
        let over = state.finished.is_some();
        let status = match state.status(&step.id) {
            StepStatus::Waiting if over => "not_run",
            status => status.as_str(),
        };
        let within = state.within(&step.id);
        let failure = found.and_then(|found| found.failure.as_ref());
        steps.insert(
            step.id.clone(),
            json!({
                "status": status,
                "output": found.and_then(|found| found.output.as_deref()),
                "attempts": found.map_or(0, |found| found.attempts),
                "fuel": within.fuel,
                "cost_usd": usd(within.cost_nano),
                "error": failure.map(|failure| json!({
                    "kind": failure.kind,
                    "message": failure.message,
                })),
            }),
        );
    }
    Value::Object(steps)
}

/// `totals`: `{attempts, fuel, cost_usd, wall_us, memory_peak_bytes, host_calls}`.
pub fn totals(state: &RunState) -> Value {
    let totals = &state.totals;
    json!({
        "attempts": totals.attempts,
        "fuel": totals.fuel,
        "cost_usd": usd(totals.cost_nano),
        "wall_us": totals.wall_us,
        "memory_peak_bytes": totals.memory_peak_bytes,
        "host_calls": totals.host_calls,
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
fn usd(nano: u64) -> Value {
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
