//! Blocks and their steps.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parts::{self, Line, duration, flow, list, number, opened, opened_list, text};
use super::values::{bare, condition, template, value};
use crate::fmt::tree::Written;
use crate::graph::{
    Backoff, Branch, CaseTest, CircuitBreaker, Fallback, Graph, Join, Loop, Map, OnError,
    OnItemError, OnMax, OnReject, Parallel, RateLimit, Retry, RetryOn, Step, StepKind, Switch, Tie,
    Uses, Wait,
};
use crate::patch::written;
use crate::template::Root;

/// The steps of a block. Blocks nest as deep as the text they came from.
pub(super) fn steps(graph: &Graph, block: usize) -> Written {
    let steps = graph.blocks.get(block).and_then(|block| graph.steps.get(block.steps.clone()));
    opened_list(steps.unwrap_or_default().iter().map(|step| self::step(graph, step)))
}

/// `steps` and `output` of a block.
fn block(graph: &Graph, index: usize) -> Vec<Line> {
    let output = graph.blocks.get(index).and_then(|block| block.output.as_ref());
    let mut lines = vec![("steps", steps(graph, index))];
    lines.extend(output.map(|output| ("output", template(output))));
    lines
}

fn step(graph: &Graph, step: &Step) -> Written {
    opened(lines(graph, step))
}

/// The keys of a step with their values.
pub(crate) fn lines(graph: &Graph, step: &Step) -> Vec<Line> {
    let mut lines = vec![("id", text(&step.id))];
    if step.name != step.id {
        lines.push(("name", text(&step.name)));
    }
    lines.extend(needs(graph, step));
    lines.extend(step.when.iter().map(|when| ("when", condition(when))));
    lines.extend(kind(graph, &step.kind));
    lines.extend(step.retry.iter().map(|retry| ("retry", self::retry(retry))));
    lines.extend(step.rate_limit.iter().map(|limit| ("rate_limit", rate_limit(limit))));
    let breaker = step.circuit_breaker.iter();
    lines.extend(breaker.map(|breaker| ("circuit_breaker", circuit_breaker(breaker))));
    lines.extend(step.timeout.map(|timeout| ("timeout", written::raw(duration(timeout)))));
    lines.extend(step.fallback.iter().map(|fallback| ("fallback", self::fallback(fallback))));
    if step.on_error == OnError::Continue {
        lines.push(("on_error", text("continue")));
    }
    lines.extend(parts::limits(&step.limits));
    lines.extend(parts::caps(step.caps.as_ref()));
    lines.extend(step.cache.map(|cache| ("cache", value(&Value::Bool(cache)))));
    lines
}

/// Those of `needs` that no reference implies.
fn needs(graph: &Graph, step: &Step) -> Option<Line> {
    let implied = implied(graph, step);
    let ids: Vec<Written> = step
        .needs
        .iter()
        .filter(|need| !implied.contains(need))
        .filter_map(|need| Some(text(&graph.steps.get(*need)?.id)))
        .collect();
    (!ids.is_empty()).then(|| ("needs", list(ids)))
}

/// The steps that a step, or one it holds, names in an expression.
pub(crate) fn implied(graph: &Graph, step: &Step) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![step];
    while let Some(next) = open.pop() {
        found.extend(next.roots().into_iter().filter_map(step_of));
        for index in next.kind.blocks() {
            let Some(block) = graph.blocks.get(index) else { continue };
            found.extend(block.output.iter().flat_map(|output| output.roots()).filter_map(step_of));
            open.extend(graph.steps.get(block.steps.clone()).unwrap_or_default());
        }
    }
    found
}

fn step_of(root: &Root) -> Option<usize> {
    match root {
        Root::Step(index, _) => Some(*index),
        _ => None,
    }
}

fn kind(graph: &Graph, kind: &StepKind) -> Vec<Line> {
    match kind {
        StepKind::Uses(uses) => self::uses(uses),
        StepKind::Set(set) => {
            let values = set.values.iter().map(|(name, value)| (name, template(value)));
            vec![("set", flow(values))]
        }
        StepKind::Map(map) => vec![("map", opened(self::map(graph, map)))],
        StepKind::Loop(looped) => vec![("loop", opened(self::looped(graph, looped)))],
        StepKind::Switch(switch) => vec![("switch", opened(self::switch(graph, switch)))],
        StepKind::Parallel(parallel) => vec![("parallel", opened(self::parallel(graph, parallel)))],
        StepKind::Pipeline(child) => {
            let reference = match &child.release {
                Some(release) => format!("{}@={}", release.id, release.version),
                None => child.source.clone(),
            };
            let mut lines = vec![("pipeline", text(&reference))];
            if !child.with.is_empty() {
                lines.push(("with", flow(child.with.iter().map(|(k, v)| (k, template(v))))));
            }
            lines
        }
        StepKind::Approve(ask) => {
            let mut lines = vec![("message", template(&ask.message))];
            lines.extend(ask.show.iter().map(|show| ("show", template(show))));
            if ask.on_reject == OnReject::Continue {
                lines.push(("on_reject", text("continue")));
            }
            vec![("approve", flow(lines))]
        }
        StepKind::Wait(Wait::Duration(time)) => vec![("wait", written::raw(duration(*time)))],
        StepKind::Wait(Wait::Signal(name)) => vec![("wait", flow([("signal", text(name))]))],
    }
}

fn uses(uses: &Uses) -> Vec<Line> {
    let reference = format!("{}@={}#{}", uses.skill, uses.version, uses.operation);
    let mut lines = vec![("uses", text(&reference))];
    if !uses.with.is_empty() {
        lines.push(("with", flow(uses.with.iter().map(|(name, value)| (name, template(value))))));
    }
    lines
}

fn map(graph: &Graph, map: &Map) -> Vec<Line> {
    let mut lines = vec![("over", bare(&map.over))];
    if map.name != "item" {
        lines.push(("as", text(&map.name)));
    }
    lines.push(("max", number(map.max)));
    lines.push(("max_concurrent", number(map.max_concurrent)));
    match map.on_error {
        OnItemError::Fail => {}
        OnItemError::Skip => lines.push(("on_error", text("skip"))),
        OnItemError::Collect => lines.push(("on_error", text("collect"))),
    }
    lines.extend(block(graph, map.block));
    lines
}

fn looped(graph: &Graph, looped: &Loop) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(looped.state.iter().map(|state| ("state", template(state))));
    lines.extend(looped.whilst.iter().map(|whilst| ("while", condition(whilst))));
    lines.push(("max", number(looped.max)));
    let mut inner = block(graph, looped.block).into_iter();
    lines.extend(inner.next());
    lines.extend(looped.until.iter().map(|until| ("until", condition(until))));
    lines.extend(looped.next.iter().map(|next| ("next", template(next))));
    let on_max = match looped.on_max {
        OnMax::Fail => "fail",
        OnMax::Stop => "stop",
    };
    lines.push(("on_max", text(on_max)));
    lines.extend(inner);
    lines
}

fn switch(graph: &Graph, switch: &Switch) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(switch.on.iter().map(|on| ("on", bare(on))));
    let cases = switch.cases.iter().map(|case| {
        let test = match &case.test {
            CaseTest::Is(values) => match values.as_slice() {
                [one] if !one.is_array() => ("is", value(one)),
                many => ("is", list(many.iter().map(value))),
            },
            CaseTest::When(when) => ("when", condition(when)),
        };
        opened(std::iter::once(test).chain(block(graph, case.block)))
    });
    if !switch.cases.is_empty() {
        lines.push(("cases", opened_list(cases)));
    }
    lines.extend(switch.default.map(|default| ("default", opened(block(graph, default)))));
    lines
}

fn parallel(graph: &Graph, parallel: &Parallel) -> Vec<Line> {
    let join = match parallel.join {
        Join::All => None,
        Join::Any => Some(text("any")),
        Join::Quorum(count) => Some(flow([("quorum", number(count))])),
        Join::Vote(Tie::Fail) => Some(flow([("vote", flow([("tie", text("fail"))]))])),
        Join::Vote(Tie::First) => Some(flow([("vote", flow([("tie", text("first"))]))])),
    };
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(join.map(|join| ("join", join)));
    let branch = |branch: &Branch| (branch.name.clone(), opened(block(graph, branch.block)));
    lines.push(("branches", opened(parallel.branches.iter().map(branch))));
    lines.extend(parallel.output.iter().map(|output| ("output", template(output))));
    lines
}

fn retry(retry: &Retry) -> Written {
    let backoff = match retry.backoff {
        Backoff::Constant => "constant",
        Backoff::Linear => "linear",
        Backoff::Exponential => "exponential",
    };
    let on = retry.on.iter().map(|on| match on {
        RetryOn::Transient => text("transient"),
        RetryOn::Any => text("any"),
        RetryOn::Kind(kind) => text(kind),
    });
    flow([
        ("max", number(retry.max)),
        ("backoff", text(backoff)),
        ("delay", written::raw(duration(retry.delay))),
        ("max_delay", written::raw(duration(retry.delay_max))),
        ("on", list(on)),
    ])
}

fn rate_limit(limit: &RateLimit) -> Written {
    let mut lines = vec![("max", number(limit.max)), ("per", written::raw(duration(limit.per)))];
    lines.extend(limit.group.iter().map(|group| ("group", text(group))));
    flow(lines)
}

fn circuit_breaker(breaker: &CircuitBreaker) -> Written {
    let open_for = written::raw(duration(breaker.open_for));
    let mut lines = vec![("failures", number(breaker.failures)), ("open_for", open_for)];
    lines.extend(breaker.group.iter().map(|group| ("group", text(group))));
    flow(lines)
}

fn fallback(fallback: &Fallback) -> Written {
    match fallback {
        Fallback::Value(value) => flow([("value", template(value))]),
        Fallback::Uses(call) => flow(uses(call)),
    }
}
