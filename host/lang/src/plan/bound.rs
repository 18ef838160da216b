//! The most that a run can take: sums over steps, products over tries, iterations and items.

use std::time::Duration;

use serde_json::Value;

use super::Defaults;
use crate::graph::{Block, Fallback, Graph, Limits, Retry, Step, StepKind, Wait};
use crate::limits::tighter;
use crate::template::Template;

/// The most that something can take. Numbers saturate; nothing is ever counted too low.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bound {
    /// Calls of operations, tries included.
    pub calls: u64,
    /// Fuel of the calls that declare theirs.
    pub fuel: u64,
    /// Calls without a fuel limit of their own.
    pub open_calls: u64,
    /// Nano-USD of the calls that declare a cost limit or a fuel limit.
    pub cost_nano: u64,
    /// Wall time along the longest way, with the default of a call where none is declared. Without
    /// waiting for people and signals.
    pub wall: Duration,
    /// The same, as far as the file declares it.
    pub declared_wall: Duration,
    /// Questions to people and waits for signals that no timeout ends.
    pub open_waits: u64,
    /// How the numbers came about, one line per step that is multiplied or declares something,
    /// each before those of the steps it holds.
    pub lines: Vec<Line>,
}

/// One line of the arithmetic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The step's place in the source.
    pub yaml_path: String,
    /// Its id.
    pub id: String,
    /// How many of these lines stand for steps around it.
    pub depth: usize,
    /// `500 items x 3 calls = 1500 calls`
    pub sum: String,
    /// What the calls that declare their fuel come to.
    pub fuel: u64,
    /// How many of the calls declare none.
    pub open_calls: u64,
}

/// A bound that is more than a limit of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The limit: `fuel`, `cost_usd` or `wall`.
    pub limit: &'static str,
    /// What the file allows, in the unit of the limit (fuel, nano-USD, microseconds).
    pub allowed: u64,
    /// What its steps may take at most.
    pub bound: u64,
}

/// The bound of a whole pipeline.
pub fn of(graph: &Graph, defaults: &Defaults) -> Bound {
    let around = Around { defaults, written: Limits::default() };
    block(graph, 0, &around.within(&graph.limits))
}

/// What is known around a step: the defaults, and what the file writes for each call.
struct Around<'d> {
    defaults: &'d Defaults,
    written: Limits,
}

impl Around<'_> {
    /// The same within a step or pipeline that writes `own`.
    fn within(&self, own: &Limits) -> Self {
        let Limits { call_fuel, call_wall, fan_out, .. } = *own;
        let own = Limits { call_fuel, call_wall, fan_out, ..Limits::default() };
        Self { defaults: self.defaults, written: self.written.min(&own) }
    }
}

/// Where the declared bound is more than the pipeline's declared limits.
pub fn excess(graph: &Graph, bound: &Bound) -> Vec<Excess> {
    let wall = micros(bound.declared_wall);
    [
        ("fuel", graph.limits.fuel, bound.fuel),
        ("cost_usd", graph.limits.cost_nano, bound.cost_nano),
        ("wall", graph.limits.wall.map(micros), wall),
    ]
    .into_iter()
    .filter_map(|(limit, allowed, bound)| {
        let allowed = allowed?;
        (bound > allowed).then_some(Excess { limit, allowed, bound })
    })
    .collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Depth is that of the blocks, which the compiler bounds.
fn block(graph: &Graph, index: usize, around: &Around<'_>) -> Bound {
    let Some(Block { steps, .. }) = graph.blocks.get(index) else { return Bound::default() };
    let mut all = Bound::default();
    // When each step of the block has ended at the latest: with defaults, and as declared.
    let mut ends: Vec<(Duration, Duration)> = Vec::with_capacity(steps.len());
    for one in graph.steps.get(steps.clone()).unwrap_or_default() {
        let own = step(graph, one, around);
        let begin = one
            .needs
            .iter()
            .filter_map(|need| ends.get(need.checked_sub(steps.start)?).copied())
            .fold((Duration::ZERO, Duration::ZERO), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        let end = (begin.0.saturating_add(own.wall), begin.1.saturating_add(own.declared_wall));
        ends.push(end);
        all.wall = all.wall.max(end.0);
        all.declared_wall = all.declared_wall.max(end.1);
        all.beside(own);
    }
    all
}

impl Bound {
    /// Adds what happens beside or after this, without its time.
    fn beside(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.open_calls = self.open_calls.saturating_add(other.open_calls);
        self.cost_nano = self.cost_nano.saturating_add(other.cost_nano);
        self.open_waits = self.open_waits.saturating_add(other.open_waits);
        self.lines.extend(other.lines);
    }

    /// So many times, all in all.
    fn times(mut self, count: u64) -> Self {
        self.calls = self.calls.saturating_mul(count);
        self.fuel = self.fuel.saturating_mul(count);
        self.open_calls = self.open_calls.saturating_mul(count);
        self.cost_nano = self.cost_nano.saturating_mul(count);
        self.open_waits = self.open_waits.saturating_mul(count);
        self
    }

    /// So many times one after the other.
    fn lasting(mut self, count: u64) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.wall = self.wall.saturating_mul(count);
        self.declared_wall = self.declared_wall.saturating_mul(count);
        self
    }

    /// The larger of both, number by number: one of them happens.
    fn or(mut self, other: Self) -> Self {
        self.calls = self.calls.max(other.calls);
        self.fuel = self.fuel.max(other.fuel);
        self.open_calls = self.open_calls.max(other.open_calls);
        self.cost_nano = self.cost_nano.max(other.cost_nano);
        self.wall = self.wall.max(other.wall);
        self.declared_wall = self.declared_wall.max(other.declared_wall);
        self.open_waits = self.open_waits.max(other.open_waits);
        self.lines.extend(other.lines);
        self
    }
}

fn step(graph: &Graph, step: &Step, around: &Around<'_>) -> Bound {
    let around = &around.within(&step.limits);
    let Once { bound, factor, calls } = once(graph, step, around);
    let tries = 1 + u64::from(step.retry.as_ref().map_or(0, |retry| retry.max));
    let mut bound = bound.times(tries).lasting(tries);
    if let Some(retry) = &step.retry {
        let delays = delays(retry);
        bound.wall = bound.wall.saturating_add(delays);
        bound.declared_wall = bound.declared_wall.saturating_add(delays);
    }
    if let Some(wall) = step.limits.wall {
        // It bounds all tries together.
        bound.wall = bound.wall.min(wall);
        bound.declared_wall = match step.kind.holds() {
            true => wall,
            false => bound.declared_wall.min(wall),
        };
    }
    cap(&mut bound, &step.limits, around);
    if let Some(timeout) = step.timeout {
        bound.wall = bound.wall.min(timeout);
        bound.declared_wall = timeout.min(bound.declared_wall);
        bound.open_waits = 0;
    }
    let falls_back = matches!(step.fallback, Some(Fallback::Uses(_)));
    if falls_back {
        // It comes after the tries: their timeout is over, and it has as much as they had.
        let other = call(step, around);
        bound.wall = bound.wall.saturating_add(other.wall);
        bound.declared_wall = bound.declared_wall.saturating_add(other.declared_wall);
        bound.beside(other);
    }
    let is_limited =
        (step.limits.fuel.is_some() || step.limits.call_fuel.is_some()) && bound.calls > 0;
    if tries > 1 || factor.is_some() || falls_back || is_limited {
        let tries = (tries > 1).then(|| format!("{tries} tries"));
        let factors: Vec<String> = tries.into_iter().chain(factor).collect();
        bound.lines.iter_mut().for_each(|line| line.depth += 1);
        let line = Line {
            yaml_path: step.yaml_path.clone(),
            id: step.id.clone(),
            depth: 0,
            sum: sum(factors, calls, falls_back, bound.calls),
            fuel: bound.fuel,
            open_calls: bound.open_calls,
        };
        bound.lines.insert(0, line);
    }
    bound
}

/// `3 tries x 2 calls + 1 call of the fallback = 7 calls`
fn sum(mut factors: Vec<String>, calls: u64, falls_back: bool, all: u64) -> String {
    let several = |n: u64| if n == 1 { "1 call".to_owned() } else { format!("{n} calls") };
    if all == 0 {
        return format!("{}, no calls", factors.join(" x "));
    }
    factors.push(several(calls));
    let is_plain = factors.len() == 1 && !falls_back;
    let fallback = if falls_back { " + 1 call of the fallback" } else { "" };
    let total = if is_plain { String::new() } else { format!(" = {}", several(all)) };
    format!("{}{fallback}{total}", factors.join(" x "))
}

/// A limit of fuel or money bounds all tries of a step and all it holds together.
fn cap(bound: &mut Bound, limits: &Limits, around: &Around<'_>) {
    if let Some(fuel) = limits.fuel
        && (bound.open_calls > 0 || bound.fuel > fuel)
    {
        bound.fuel = fuel;
        bound.open_calls = 0;
        bound.cost_nano = price(fuel, around);
    }
    if let Some(cost) = limits.cost_nano {
        bound.cost_nano = if bound.open_calls > 0 { cost } else { bound.cost_nano.min(cost) };
    }
}

/// One try of a step.
struct Once {
    bound: Bound,
    /// What multiplies the calls of the step's block: `500 items`.
    factor: Option<String>,
    /// The calls that it multiplies.
    calls: u64,
}

impl From<Bound> for Once {
    fn from(bound: Bound) -> Self {
        Self { factor: None, calls: bound.calls, bound }
    }
}

fn once(graph: &Graph, step: &Step, around: &Around<'_>) -> Once {
    match &step.kind {
        StepKind::Uses(_) => call(step, around).into(),
        StepKind::Set(_) => Bound::default().into(),
        StepKind::Map(map) => {
            let count = literal_len(&map.over).map_or(u64::from(map.max), |len| len as u64);
            let count =
                count.min(u64::from(map.max)).min(around.written.fan_out.unwrap_or(u64::MAX));
            let at_once = u64::from(map.max_concurrent).min(count).max(1);
            let body = block(graph, map.block, around);
            let calls = body.calls;
            let bound = body.times(count).lasting(count.div_ceil(at_once));
            Once { bound, factor: Some(factor(count, "item")), calls }
        }
        StepKind::Loop(looped) => {
            let count = u64::from(looped.max);
            let body = block(graph, looped.block, around);
            let calls = body.calls;
            let bound = body.times(count).lasting(count);
            Once { bound, factor: Some(factor(count, "iteration")), calls }
        }
        StepKind::Switch(switch) => {
            let cases = switch.cases.iter().map(|case| case.block).chain(switch.default);
            let worst =
                cases.fold(Bound::default(), |worst, case| worst.or(block(graph, case, around)));
            worst.into()
        }
        StepKind::Parallel(parallel) => {
            let mut all = Bound::default();
            for branch in &parallel.branches {
                let one = block(graph, branch.block, around);
                all.wall = all.wall.max(one.wall);
                all.declared_wall = all.declared_wall.max(one.declared_wall);
                all.beside(one);
            }
            all.into()
        }
        StepKind::Pipeline(child) => {
            let mut bound = block(&child.graph, 0, &around.within(&child.graph.limits));
            for line in &mut bound.lines {
                line.yaml_path = format!("{}/{}", step.yaml_path, line.yaml_path);
            }
            cap(&mut bound, &child.graph.limits, around);
            bound.into()
        }
        StepKind::Approve(_) | StepKind::Wait(Wait::Signal(_)) => {
            Bound { open_waits: 1, ..Bound::default() }.into()
        }
        StepKind::Wait(Wait::Duration(time)) => {
            Bound { wall: *time, declared_wall: *time, ..Bound::default() }.into()
        }
    }
}

fn factor(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn call(step: &Step, around: &Around<'_>) -> Bound {
    let Limits { fuel, wall, cost_nano, .. } = step.limits;
    let fuel = tighter(fuel, around.written.call_fuel);
    let wall = tighter(wall, around.written.call_wall);
    let cost = cost_nano.or_else(|| fuel.map(|fuel| price(fuel, around)));
    Bound {
        calls: 1,
        fuel: fuel.unwrap_or(0),
        open_calls: u64::from(fuel.is_none()),
        cost_nano: cost.unwrap_or(0),
        wall: wall.unwrap_or(around.defaults.call_wall),
        declared_wall: wall.unwrap_or(Duration::ZERO),
        open_waits: 0,
        lines: Vec::new(),
    }
}

/// Nano-USD, rounded up.
fn price(fuel: u64, around: &Around<'_>) -> u64 {
    let nano = (u128::from(fuel) * u128::from(around.defaults.nano_per_mfuel)).div_ceil(1_000_000);
    u64::try_from(nano).unwrap_or(u64::MAX)
}

/// All delays between tries. A thousand tries are written, not counted: from some try on all
/// delays are the longest one.
fn delays(retry: &Retry) -> Duration {
    const COUNTED: u32 = 64;
    let counted = retry.max.min(COUNTED);
    let first: Duration = (0..counted).map(|n| retry.delay_before(n + 2)).sum();
    let rest = retry.delay_max.saturating_mul(retry.max - counted);
    first.saturating_add(rest)
}

fn literal_len(over: &Template) -> Option<usize> {
    match over {
        Template::Literal(Value::Array(items)) => Some(items.len()),
        Template::Literal(Value::Object(entries)) => Some(entries.len()),
        Template::List(items) => Some(items.len()),
        Template::Map(entries) => Some(entries.len()),
        _ => None,
    }
}
