//! Whether an assertion holds, and what stood on both sides where it does not.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::{Call, CallLimits, Cancel, Invoke, Layers, MemoryMeter, facts};
use coldframe_format::Digest;
use coldframe_journal::{Record, RunState, StepStatus};
use coldframe_lang::expr::sides::sides;
use coldframe_lang::graph::Graph;
use coldframe_lang::template::{Expr, Root};
use serde_json::{Map, Value, json};

use super::Problem;

/// Bounds of one assertion.
const FUEL: u64 = 500_000_000;
const MEMORY_BYTES: u64 = 64 << 20;
const WALL: Duration = Duration::from_secs(10);

/// The longest value that is shown, characters.
const SHOWN_CHARS: usize = 400;

/// What assertions see.
pub(super) struct Facts {
    values: Map<String, Value>,
}

impl Facts {
    pub(super) fn new(graph: &Graph, inputs: &Value, state: &RunState, records: &[Record]) -> Self {
        let mut values = Map::new();
        // A step that did not run is undefined.
        for step in graph.root() {
            let found = state.steps.get(&step.id).filter(|s| s.status == StepStatus::Succeeded);
            if let Some(output) = found.and_then(|step| step.output.as_ref()) {
                values.insert(step.id.clone(), (**output).clone());
            }
        }
        values.insert("inputs".to_owned(), inputs.clone());
        values.insert("run".to_owned(), json!({ "id": "test", "name": graph.name }));
        values.insert("result".to_owned(), facts::result(graph, state));
        values.insert("steps".to_owned(), facts::steps(graph, state));
        values.insert("totals".to_owned(), facts::totals(state));
        values.insert("events".to_owned(), facts::events(records));
        Self { values }
    }

    /// What is wrong with an assertion, if anything is.
    pub(super) async fn check(
        &self,
        invoke: &dyn Invoke,
        evaluator: Digest,
        assert: &Expr,
    ) -> Option<Problem> {
        let what = format!("not true: {}", assert.source);
        let why = match self.value(invoke, evaluator, &assert.source, &assert.roots).await {
            Ok(Value::Bool(true)) => return None,
            Ok(Value::Bool(false)) => self.both_sides(invoke, evaluator, assert).await,
            Ok(other) => vec![format!("it is {}, expected true or false", cut(&other))],
            Err(message) => vec![message],
        };
        Some(Problem { what, why })
    }

    /// The values on both sides of a comparison; else the values of what the assertion names.
    async fn both_sides(
        &self,
        invoke: &dyn Invoke,
        evaluator: Digest,
        assert: &Expr,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let Some(sides) = sides(&assert.source) else {
            for root in assert.roots.iter().filter(|root| matches!(root, Root::Step(..))) {
                let value = self.values.get(root.name()).map_or("undefined".to_owned(), cut);
                lines.push(format!("{}: {value}", root.name()));
            }
            return lines;
        };
        for (name, side) in [("left:  ", sides.left), ("right: ", sides.right)] {
            let value = match self.value(invoke, evaluator, side, &assert.roots).await {
                Ok(value) => cut(&value),
                Err(message) => message,
            };
            lines.push(format!("{name}{value}"));
        }
        lines
    }

    async fn value(
        &self,
        invoke: &dyn Invoke,
        evaluator: Digest,
        source: &str,
        roots: &[Root],
    ) -> Result<Value, String> {
        let mut vars = Map::new();
        let mut absent = Vec::new();
        for root in roots {
            match self.values.get(root.name()) {
                Some(value) => {
                    vars.insert(root.name().to_owned(), value.clone());
                }
                None => absent.push(root.name()),
            }
        }
        let call = Call {
            component: evaluator,
            operation: "eval".to_owned(),
            input: json!({ "source": source, "vars": vars, "absent": absent }),
            grants: Layers::default(),
            limits: CallLimits {
                fuel: FUEL,
                wall: WALL,
                memory_bytes: MEMORY_BYTES,
                ..CallLimits::default()
            },
            memory: Arc::new(MemoryMeter::new(u64::MAX)),
            cancel: Cancel::default(),
            tape: None,
            tools: Arc::default(),
        };
        let found = invoke.invoke(call).await.result;
        found.map_err(|error| coldframe_engine::step::located(&error.message, source))
    }
}

/// A value in a line.
fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}… ({} bytes)", text.get(..at).unwrap_or_default(), text.len()),
        None => text,
    }
}
