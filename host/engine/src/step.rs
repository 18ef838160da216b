//! One attempt of one step: condition, arguments, call, account.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_format::{Caps, Digest, canonical};
use coldframe_journal::receipt::price_nano;
use coldframe_journal::{ErrorKind, Receipt};
use coldframe_lang::graph::{Graph, Set, Step, StepKind, Uses};
use coldframe_lang::template::{Expr, Template};
use serde_json::{Map, Value, json};

use crate::invoke::{Call, CallError, CallLimits, CallReport, Invoke, MemoryMeter};
use crate::ledger::{Bound, Reservation};
use crate::limits::RunLimits;
use crate::scope::{Scope, collect, fill};

/// Fuel one expression may consume.
const EXPR_FUEL_MAX: u64 = 200_000_000;
/// Linear memory of the evaluator, bytes.
const EXPR_MEMORY_BYTES: u64 = 32 << 20;
/// Wall time of one expression.
const EXPR_WALL_MAX: Duration = Duration::from_secs(5);

/// What every attempt of a run shares.
pub(crate) struct Shared {
    pub(crate) graph: Arc<Graph>,
    pub(crate) scope: Scope,
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) limits: RunLimits,
    pub(crate) operator_caps: Option<Caps>,
    pub(crate) evaluator: Digest,
    pub(crate) memory: Arc<MemoryMeter>,
    pub(crate) deadline: Instant,
    pub(crate) nano_per_mfuel: u64,
}

/// How an attempt ended.
pub(crate) struct Attempt {
    pub(crate) step: usize,
    pub(crate) end: End,
    pub(crate) receipt: Receipt,
    pub(crate) logs: Vec<String>,
}

/// The three ends of an attempt.
pub(crate) enum End {
    Output(Value),
    Skipped,
    Failed(CallError),
}

/// Consumption while an attempt is under way.
struct Meter {
    fuel_left: u64,
    receipt: Receipt,
    logs: Vec<String>,
}

impl Meter {
    fn add(&mut self, report: &mut CallReport) {
        self.fuel_left = self.fuel_left.saturating_sub(report.fuel);
        self.receipt.fuel = self.receipt.fuel.saturating_add(report.fuel);
        self.receipt.host_calls += report.host_calls;
        let peak = self.receipt.memory_peak_bytes.max(report.memory_peak_bytes);
        self.receipt.memory_peak_bytes = peak;
        self.logs.append(&mut report.logs);
    }
}

impl Shared {
    /// Runs one attempt. Every outcome is a value.
    pub(crate) async fn attempt(
        &self,
        index: usize,
        attempt: u32,
        reservation: Reservation,
    ) -> Attempt {
        let begun = Instant::now();
        let receipt = Receipt { attempt, ..Receipt::default() };
        let mut meter = Meter { fuel_left: reservation.fuel, receipt, logs: Vec::new() };
        let end = match self.graph.steps.get(index) {
            None => End::Failed(CallError::new(ErrorKind::HostBug, "no such step")),
            Some(step) => self
                .body(step, &mut meter)
                .await
                .unwrap_or_else(|error| End::Failed(self.blame(step, reservation, error))),
        };
        let Meter { mut receipt, logs, .. } = meter;
        receipt.wall_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        receipt.cost_nano = price_nano(receipt.fuel, self.nano_per_mfuel);
        if let End::Output(output) = &end {
            receipt.output_sha256 = Some(canonical::digest(output).to_string());
        }
        Attempt { step: index, end, receipt, logs }
    }

    async fn body(&self, step: &Step, meter: &mut Meter) -> Result<End, CallError> {
        if let Some(when) = &step.when
            && !self.condition(step, when, meter).await?
        {
            return Ok(End::Skipped);
        }
        match &step.kind {
            StepKind::Set(Set { values }) => {
                let mut output = Map::new();
                for (name, template) in values {
                    output.insert(name.clone(), self.fill(step, template, meter).await?);
                }
                Ok(End::Output(Value::Object(output)))
            }
            StepKind::Uses(Uses { skill, version, component, operation, with }) => {
                let mut input = Map::new();
                for (name, template) in with {
                    input.insert(name.clone(), self.fill(step, template, meter).await?);
                }
                let input = Value::Object(input);
                meter.receipt.component = Some(component.to_string());
                meter.receipt.operation = Some(format!("{skill}@{version}#{operation}"));
                meter.receipt.input_sha256 = Some(canonical::digest(&input).to_string());
                let mut grants = vec![self.graph.caps.clone()];
                grants.extend(step.caps.clone());
                grants.extend(self.operator_caps.clone());
                let call = Call {
                    component: *component,
                    operation: operation.clone(),
                    input,
                    grants,
                    limits: CallLimits {
                        fuel: meter.fuel_left,
                        wall: self.wall_left(step),
                        memory_bytes: self.limits.step_memory(step),
                        ..self.limits.call
                    },
                    memory: Arc::clone(&self.memory),
                };
                let mut report = self.invoke.invoke(call).await;
                meter.add(&mut report);
                report.result.map(End::Output)
            }
            other => Err(CallError::new(
                ErrorKind::HostBug,
                format!("`{}` is not a step that runs yet", other.key()),
            )),
        }
    }

    async fn condition(
        &self,
        step: &Step,
        when: &Expr,
        meter: &mut Meter,
    ) -> Result<bool, CallError> {
        let value = match &when.path {
            Some(path) => self.scope.path(path)?,
            None => match self.evaluate(step, when, meter).await {
                // What is asked of a skipped step is not true.
                Err(error)
                    if error.kind == ErrorKind::ExprFailed
                        && !self.scope.absent(when).is_empty() =>
                {
                    return Ok(false);
                }
                evaluated => evaluated?,
            },
        };
        match value {
            Value::Bool(value) => Ok(value),
            // A path into a skipped step: what depends on it does not happen either.
            Value::Null => Ok(false),
            other => {
                let found = crate::scope::kind_of(&other);
                let message = format!("`when: {}` is {found}, expected true or false", when.source);
                Err(CallError::new(ErrorKind::ExprFailed, message))
            }
        }
    }

    /// Fills a template of `step`.
    async fn fill(
        &self,
        step: &Step,
        template: &Template,
        meter: &mut Meter,
    ) -> Result<Value, CallError> {
        let mut expressions = Vec::new();
        collect(template, &mut expressions);
        let mut values = VecDeque::with_capacity(expressions.len());
        for expr in expressions {
            values.push_back(self.evaluate(step, expr, meter).await?);
        }
        fill(template, &self.scope, &mut values)
    }

    /// The value of an expression, computed in the sandbox by the evaluator component.
    async fn evaluate(
        &self,
        step: &Step,
        expr: &Expr,
        meter: &mut Meter,
    ) -> Result<Value, CallError> {
        let wall = self.wall_left(step).min(EXPR_WALL_MAX);
        let call = self.expression_call(expr, meter.fuel_left, wall);
        let mut report = self.invoke.invoke(call).await;
        meter.add(&mut report);
        report.result.map_err(|error| in_expression(expr, error))
    }

    fn expression_call(&self, expr: &Expr, fuel: u64, wall: Duration) -> Call {
        Call {
            component: self.evaluator,
            operation: "eval".to_owned(),
            input: json!({
                "source": expr.source,
                "vars": self.scope.variables(expr),
                "absent": self.scope.absent(expr),
            }),
            grants: Vec::new(),
            limits: CallLimits {
                fuel: fuel.min(EXPR_FUEL_MAX),
                wall,
                memory_bytes: EXPR_MEMORY_BYTES,
                ..self.limits.call
            },
            memory: Arc::clone(&self.memory),
        }
    }

    /// Fills a template outside of any step: an output of the run. What expressions consume here
    /// is bounded by their own limits.
    pub(crate) async fn output(&self, template: &Template) -> Result<Value, CallError> {
        let mut expressions = Vec::new();
        collect(template, &mut expressions);
        let mut values = VecDeque::with_capacity(expressions.len());
        for expr in expressions {
            let report = self.invoke.invoke(self.expression_call(expr, u64::MAX, EXPR_WALL_MAX));
            values.push_back(report.await.result.map_err(|error| in_expression(expr, error))?);
        }
        fill(template, &self.scope, &mut values)
    }

    fn wall_left(&self, step: &Step) -> Duration {
        let run = self.deadline.saturating_duration_since(Instant::now());
        step.limits.wall.unwrap_or(self.limits.call.wall).min(run)
    }

    /// Says which bound was hit, where the sandbox only knows that one was.
    fn blame(&self, step: &Step, reservation: Reservation, error: CallError) -> CallError {
        let id = &step.id;
        match (error.kind, reservation.bound) {
            (ErrorKind::LimitFuel, Bound::RunFuel) => {
                let fuel = self.limits.fuel;
                let message = format!("step `{id}` used up the run's fuel limit of {fuel}");
                CallError::new(ErrorKind::LimitFuel, message)
            }
            (ErrorKind::LimitFuel, Bound::StepFuel) => {
                let fuel = reservation.fuel;
                let message = match step.limits.fuel {
                    Some(_) => format!("step `{id}` used up its fuel limit of {fuel}"),
                    None => format!(
                        "step `{id}` used up the {fuel} fuel of a call; `limits: {{ fuel: ... }}` \
                         on the step allows more"
                    ),
                };
                CallError::new(ErrorKind::LimitFuel, message)
            }
            (ErrorKind::LimitFuel, Bound::RunCost) => {
                let usd = usd(self.limits.cost_nano.unwrap_or(u64::MAX));
                let message = format!("step `{id}` used up the run's cost limit of {usd} USD");
                CallError::new(ErrorKind::LimitCost, message)
            }
            (ErrorKind::LimitFuel, Bound::StepCost) => {
                let usd = usd(step.limits.cost_nano.unwrap_or(u64::MAX));
                let message = format!("step `{id}` used up its cost limit of {usd} USD");
                CallError::new(ErrorKind::LimitCost, message)
            }
            (ErrorKind::LimitDeadline, _) if Instant::now() >= self.deadline => {
                let wall = self.limits.wall;
                let message = format!("step `{id}` ran into the run's wall limit of {wall:?}");
                CallError::new(ErrorKind::LimitDeadline, message)
            }
            (ErrorKind::LimitDeadline, _) if step.limits.wall.is_none() => {
                let wall = self.limits.call.wall;
                let message = format!(
                    "step `{id}` took longer than the {wall:?} of a call; `limits: {{ wall: ... }}` \
                     on the step allows more"
                );
                CallError::new(ErrorKind::LimitDeadline, message)
            }
            _ => error,
        }
    }
}

fn in_expression(expr: &Expr, error: CallError) -> CallError {
    let kind = match error.kind {
        ErrorKind::GuestError => ErrorKind::ExprFailed,
        other => other,
    };
    CallError { kind, message: format!("in `{}`: {}", expr.source, error.message), ..error }
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
