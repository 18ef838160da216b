//! One piece of work: conditions, templates, calls, account.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_format::{Cap, Digest, canonical};
use coldframe_journal::receipt::price_nano;
use coldframe_journal::{ErrorKind, Receipt};
use coldframe_lang::graph::{Step, StepKind, Uses};
use coldframe_lang::limits::ShapeLimits;
use coldframe_lang::template::{Expr, Template};
use serde_json::{Map, Value, json};

use crate::cancel::Cancel;
use crate::earlier::{Earlier, Remembered};
use crate::invoke::{Call, CallError, CallLimits, CallReport, Invoke};
use crate::journal::Blob;
use crate::kinds;
use crate::layers::{self, Layer, Layers};
use crate::ledger::Amounts;
use crate::limits::{RunClock, RunLimits};
use crate::memo::Memo;
use crate::scope::{Scope, collect, fill};
use crate::tape::Recording;
use crate::work::{Done, End, Task, What};

pub use crate::blame::usd;

/// Fuel one expression may consume.
const EXPR_FUEL_MAX: u64 = 200_000_000;
/// Linear memory of the evaluator, bytes.
const EXPR_MEMORY_BYTES: u64 = 32 << 20;
/// Wall time of one expression.
const EXPR_WALL_MAX: Duration = Duration::from_secs(5);

/// What all work of a run shares.
pub(crate) struct Shared {
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) limits: RunLimits,
    pub(crate) evaluator: Digest,
    pub(crate) clock: Arc<RunClock>,
    pub(crate) nano_per_mfuel: u64,
    pub(crate) memo: Arc<Memo>,
    pub(crate) earlier: Earlier,
}

/// One piece of work while it is done.
pub(crate) struct Worker<'w> {
    pub(crate) shared: &'w Shared,
    pub(crate) task: &'w Task,
    cancel: &'w Cancel,
    pub(crate) begun: Instant,
    /// What of the reservation is left.
    pub(crate) left: Amounts,
    pub(crate) receipt: Receipt,
    logs: Vec<String>,
    recording: Recording,
}

impl Shared {
    /// Does one piece of work. Every outcome is a value.
    pub(crate) async fn perform(&self, task: Task, cancel: Cancel) -> Done {
        let begun = Instant::now();
        let left = task.reservation.as_ref().map_or_else(Amounts::default, |held| held.amounts);
        let receipt = Receipt { attempt: task.attempt, ..Receipt::default() };
        let mut worker = Worker {
            shared: self,
            task: &task,
            cancel: &cancel,
            begun,
            left,
            receipt,
            logs: Vec::new(),
            recording: Recording::Nothing,
        };
        let end = match worker.body().await {
            Ok(End::Output(output)) => match worker.judge_output(&output).await {
                Ok(broken) => {
                    worker.receipt.broken = broken;
                    End::Output(output)
                }
                Err(error) => End::Failed(worker.blame(error)),
            },
            Ok(end) => end,
            Err(error) => End::Failed(worker.blame(error)),
        };
        let Worker { mut receipt, logs, recording, .. } = worker;
        let recording = match recording {
            Recording::Nothing => None,
            Recording::Whole(tape) => {
                let blob = Blob::new(tape.to_bytes());
                receipt.recording = Some(blob.digest.to_string());
                Some(blob)
            }
            Recording::TooLarge => {
                receipt.unrecorded = true;
                None
            }
        };
        receipt.wall_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        receipt.cost_nano =
            price_nano(receipt.fuel, self.nano_per_mfuel).saturating_add(receipt.services_nano);
        if let End::Output(output) = &end {
            receipt.output_sha256 = Some(canonical::digest(output).to_string());
        }
        Done { task: task.id, path: task.path, end, receipt, logs, recording }
    }
}

impl Shared {
    /// Fills a template outside of any step: an output of the run. What expressions consume here
    /// is bounded by their own limits.
    pub(crate) async fn output(
        &self,
        scope: &Scope,
        template: &Template,
    ) -> Result<Value, CallError> {
        let mut expressions = Vec::new();
        collect(template, &mut expressions);
        let mut values = VecDeque::with_capacity(expressions.len());
        for expr in expressions {
            let memory = Arc::new(crate::invoke::MemoryMeter::new(EXPR_MEMORY_BYTES));
            let cancel = Cancel::default();
            let call = self.expression(scope, expr, u64::MAX, EXPR_WALL_MAX, memory, cancel);
            let report = self.invoke.invoke(call).await;
            values.push_back(report.result.map_err(|error| in_expression(expr, error))?);
        }
        fill(template, scope, &mut values)
    }

    fn expression(
        &self,
        scope: &Scope,
        expr: &Expr,
        fuel: u64,
        wall: Duration,
        memory: Arc<crate::invoke::MemoryMeter>,
        cancel: Cancel,
    ) -> Call {
        Call {
            component: self.evaluator,
            operation: "eval".to_owned(),
            input: json!({
                "source": expr.source,
                "vars": scope.variables(expr),
                "absent": scope.absent(expr),
            }),
            grants: Layers::default(),
            limits: CallLimits {
                fuel: fuel.min(EXPR_FUEL_MAX),
                wall,
                memory_bytes: EXPR_MEMORY_BYTES,
                ..self.limits.call
            },
            memory,
            cancel,
            tape: None,
            tools: Arc::default(),
        }
    }
}

impl Worker<'_> {
    pub(crate) fn scope(&self) -> &Arc<Scope> {
        &self.task.scope
    }

    /// What bounds the form of the step.
    pub(crate) fn shape(&self) -> ShapeLimits {
        let bounds = &self.task.rights.bounds;
        self.task.step().map_or(self.shared.limits.shape, |step| bounds.shape(step))
    }

    /// The step's index in its graph.
    pub(crate) fn index(&self) -> usize {
        self.task.step
    }

    async fn body(&mut self) -> Result<End, CallError> {
        let task = self.task;
        let step = task
            .step()
            .ok_or_else(|| CallError::new(ErrorKind::HostBug, "there is no such step"))?;
        if self.shared.clock.left().is_zero() {
            return Err(CallError::new(ErrorKind::LimitDeadline, "the run's time is over"));
        }
        match &task.what {
            What::Attempt => {
                if let Some(when) = &step.when
                    && !self.condition(&task.scope, "when", when).await?
                {
                    return Ok(End::Skipped);
                }
                kinds::attempt(self, step).await
            }
            What::Fallback => kinds::fallback(self, step).await,
            What::Close { block, slot } => self.close(step, *block, *slot).await,
            What::Finish { value } => {
                let StepKind::Parallel(parallel) = &step.kind else {
                    return Ok(End::Output(value.clone()));
                };
                let Some(output) = &parallel.output else {
                    return Ok(End::Output(value.clone()));
                };
                let local = crate::scope::Local::Branches(value.clone());
                let scope = task.scope.with(task.step, local);
                self.fill_in(&scope, output).await.map(End::Output)
            }
        }
    }

    /// What a block of `step` comes to.
    async fn close(&mut self, step: &Step, block: usize, slot: usize) -> Result<End, CallError> {
        if let StepKind::Pipeline(child) = &step.kind {
            let mut outputs = Map::new();
            for (name, template) in &child.graph.outputs {
                let value = self.fill(template).await.map_err(|error| {
                    let message = format!("output `{name}`: {}", error.message);
                    CallError { message, ..error }
                })?;
                outputs.insert(name.clone(), value);
            }
            let outputs = Value::Object(outputs);
            self.receipt.broken = self.judge_child(&child.graph, &outputs).await?;
            return Ok(End::Closed(outputs, None));
        }
        let graph = &self.task.plan.graph;
        let output = graph.blocks.get(block).and_then(|block| block.output.as_ref());
        let value = match output {
            Some(output) => self.fill(output).await?,
            None => self.task.scope.block_value(graph),
        };
        let turn = match &step.kind {
            StepKind::Loop(looped) => Some(kinds::looped::turn(self, looped, slot).await?),
            _ => None,
        };
        Ok(End::Closed(value, turn))
    }

    /// Calls an operation, or takes the output of an equal call where the step allows that.
    pub(crate) async fn call(
        &mut self,
        step: &Step,
        uses: &Uses,
        input: Value,
    ) -> Result<Value, CallError> {
        self.receipt.component = Some(uses.component.to_string());
        self.receipt.operation = Some(uses.to_string());
        self.receipt.input_sha256 = Some(canonical::digest(&input).to_string());
        let slot = match step.cache {
            Some(true) => self.shared.memo.slot(&self.receipt),
            Some(false) | None => None,
        };
        let Some(slot) = slot else { return self.known(step, uses, input).await };
        let mut known = tokio::select! {
            known = slot.lock() => known,
            () = self.cancel.cancelled() => return Err(cancelled()),
        };
        if let Some(output) = &*known {
            self.receipt.cached = true;
            return Ok(Value::clone(output));
        }
        let output = self.known(step, uses, input).await?;
        *known = Some(Arc::new(output.clone()));
        Ok(output)
    }

    /// Calls an operation, or takes what an equal call of an earlier run came to.
    async fn known(&mut self, step: &Step, uses: &Uses, input: Value) -> Result<Value, CallError> {
        let call = self.operation_call(step, uses, input);
        let earlier = &self.shared.earlier;
        let is_kept = uses.pure && step.cache != Some(false);
        let input = self.receipt.input_sha256.as_deref().filter(|_| is_kept);
        let Some(key) = input.and_then(|input| earlier.key(&call, input)) else {
            return self.invoke(call).await;
        };
        if let Some(Remembered { output, fuel, memory_peak_bytes }) = earlier.find(key, &call) {
            self.left = self.left.less(Amounts { fuel, ..Amounts::default() });
            let receipt = &mut self.receipt;
            receipt.remembered = true;
            receipt.fuel = receipt.fuel.saturating_add(fuel);
            receipt.memory_peak_bytes = receipt.memory_peak_bytes.max(memory_peak_bytes);
            return Ok(output);
        }
        let before = self.left.fuel;
        let operation = (call.component, call.operation.clone());
        let (output, memory_peak_bytes) = self.report(call).await;
        let output = output?;
        let fuel = before.saturating_sub(self.left.fuel);
        let remembered = Remembered { output, fuel, memory_peak_bytes };
        earlier.keep(key, operation, &remembered);
        Ok(remembered.output)
    }

    fn operation_call(&self, step: &Step, uses: &Uses, input: Value) -> Call {
        let grants = match &step.caps {
            Some(caps) => layers::with(&self.task.rights.grants, [Layer::of_step(&step.id, caps)]),
            None => Arc::clone(&self.task.rights.grants),
        };
        let bounds = self.task.rights.bounds.call(step);
        Call {
            component: uses.component,
            operation: uses.operation.clone(),
            input,
            grants,
            limits: CallLimits {
                fuel: self.left.fuel.min(bounds.fuel),
                wall: self.shared.clock.within(bounds.wall),
                net_bytes: bounds.net_bytes.min(self.left.net_bytes),
                tokens: bounds.tokens.min(self.left.tokens),
                services_nano: bounds.services_nano.min(self.left.services_nano),
                ..bounds
            },
            memory: Arc::clone(&self.task.rights.memory),
            cancel: self.cancel.clone(),
            tape: self.task.tape.clone(),
            tools: match uses.asks.has(Cap::Tools) {
                true => Arc::clone(&self.task.plan.graph.tools),
                false => Arc::default(),
            },
        }
    }

    async fn invoke(&mut self, call: Call) -> Result<Value, CallError> {
        self.report(call).await.0
    }

    /// Makes a call and takes its account; gives its outcome and the most memory it held, bytes.
    async fn report(&mut self, call: Call) -> (Result<Value, CallError>, u64) {
        if self.cancel.is_cancelled() {
            return (Err(cancelled()), 0);
        }
        let CallReport {
            result,
            fuel,
            wall_us: _,
            memory_peak_bytes,
            host_calls,
            net_bytes,
            tokens,
            services_nano,
            tool_calls: _,
            mut logs,
            mut asked,
            recording,
        } = self.shared.invoke.invoke(call).await;
        self.left = self.left.less(Amounts { fuel, net_bytes, tokens, services_nano });
        let receipt = &mut self.receipt;
        receipt.fuel = receipt.fuel.saturating_add(fuel);
        receipt.host_calls = receipt.host_calls.saturating_add(host_calls);
        receipt.net_bytes = receipt.net_bytes.saturating_add(net_bytes);
        receipt.tokens = receipt.tokens.saturating_add(tokens);
        receipt.services_nano = receipt.services_nano.saturating_add(services_nano);
        receipt.memory_peak_bytes = receipt.memory_peak_bytes.max(memory_peak_bytes);
        self.logs.append(&mut logs);
        receipt.asked.append(&mut asked);
        // The evaluator asks nothing, so there is one at most.
        if recording != Recording::Nothing {
            self.recording = recording;
        }
        (result, memory_peak_bytes)
    }

    /// Whether `when`, which stands behind `key`, is true.
    pub(crate) async fn condition(
        &mut self,
        scope: &Scope,
        key: &str,
        when: &Expr,
    ) -> Result<bool, CallError> {
        let value = match &when.path {
            Some(path) => scope.path(path)?.into_owned(),
            None => match self.evaluate(scope, when).await {
                // What is asked of a skipped step is not true.
                Err(error)
                    if error.kind == ErrorKind::ExprFailed && !scope.absent(when).is_empty() =>
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
            other => Err(not_a_condition(key, when, &other)),
        }
    }

    /// Fills a template from what the step sees.
    pub(crate) async fn fill(&mut self, template: &Template) -> Result<Value, CallError> {
        let task = self.task;
        self.fill_in(&task.scope, template).await
    }

    async fn fill_in(&mut self, scope: &Scope, template: &Template) -> Result<Value, CallError> {
        let mut expressions = Vec::new();
        collect(template, &mut expressions);
        let mut values = VecDeque::with_capacity(expressions.len());
        for expr in expressions {
            values.push_back(self.evaluate(scope, expr).await?);
        }
        fill(template, scope, &mut values)
    }

    /// The value of an expression, computed in the sandbox by the evaluator component.
    async fn evaluate(&mut self, scope: &Scope, expr: &Expr) -> Result<Value, CallError> {
        let wall = match self.task.step() {
            Some(step) => {
                let own = self.task.rights.bounds.call(step).wall;
                self.shared.clock.within(own.min(EXPR_WALL_MAX))
            }
            None => EXPR_WALL_MAX,
        };
        let memory = Arc::clone(&self.task.rights.memory);
        let cancel = self.cancel.clone();
        let call = self.shared.expression(scope, expr, self.left.fuel, wall, memory, cancel);
        self.invoke(call).await.map_err(|error| in_expression(expr, error))
    }
}

pub(crate) fn cancelled() -> CallError {
    CallError::new(ErrorKind::PipelineCancelled, "the call was cancelled")
}

/// A condition that is something else.
pub(crate) fn not_a_condition(key: &str, expr: &Expr, found: &Value) -> CallError {
    let found = crate::scope::kind_of(found);
    let message = format!("`{key}: {}` is {found}, expected true or false", expr.source);
    CallError::new(ErrorKind::ExprFailed, message)
}

fn in_expression(expr: &Expr, error: CallError) -> CallError {
    let kind = match error.kind {
        ErrorKind::GuestError => ErrorKind::ExprFailed,
        other => other,
    };
    let message = located(&error.message, &expr.source);
    // In one line, whatever it has.
    let source = expr.source.split_whitespace().collect::<Vec<_>>().join(" ");
    let source = if expr.source.contains('\n') { &source } else { &expr.source };
    CallError { kind, message: format!("in `{source}`: {message}"), ..error }
}

/// What the evaluator says of an expression. It names the line, `(in <expression>:2)`, which says
/// something only where there are several.
pub fn located(message: &str, source: &str) -> String {
    const MARK: &str = " (in <expression>:";
    let Some((before, rest)) = message.split_once(MARK) else { return message.to_owned() };
    let Some((line, behind)) = rest.split_once(')') else { return message.to_owned() };
    if source.trim().contains('\n') {
        format!("{before} (in its line {line}){behind}")
    } else {
        format!("{before}{behind}")
    }
}
