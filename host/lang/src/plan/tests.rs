//! Bounds, rights and data paths of small graphs.

use std::time::Duration;

use serde_json::json;

use super::{Defaults, bound, plan};
use crate::graph::{
    Block, Fallback, Graph, Limits, Loop, Map, OnItemError, OnMax, Retry, RetryOn, Step, StepKind,
    Wait,
};
use crate::template::Template;
use crate::tests::{catalog_of_tests, compiled};

const DEFAULTS: Defaults = Defaults {
    run_tokens: 1000,
    call_fuel: 2_000_000_000,
    call_wall: Duration::from_secs(10),
    run_fuel: 10_000_000_000,
    run_wall: Duration::from_secs(120),
    nano_per_mfuel: 50,
};

const HEAD: &str = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: t }\n";

/// A graph of one holder whose block has one step.
fn holding(kind: StepKind, inner: Step) -> Graph {
    let inner = Step { block: 1, yaml_path: "steps[0].x.steps[0]".into(), ..inner };
    let holder = Step { yaml_path: "steps[0]".into(), ..Step::new("holder", kind) };
    let mut graph = Graph::of_steps("t", vec![holder, inner]);
    graph.blocks = vec![
        Block { holder: None, steps: 0..1, output: None },
        Block { holder: Some(0), steps: 1..2, output: None },
    ];
    graph.assert_valid();
    graph
}

/// One call with 3 million units of fuel and a second of time, tried three times.
fn call() -> Step {
    let text = format!(
        "{HEAD}steps:\n  - {{ id: a, uses: std/text#stats, with: {{ text: hi }}, \
         limits: {{ fuel: 3e6, call_wall: 1s }} }}\n"
    );
    let step = compiled(&text).graph.unwrap().steps.remove(0);
    let retry = Retry {
        max: 2,
        backoff: crate::graph::Backoff::Constant,
        delay: Duration::from_secs(5),
        delay_max: Duration::from_secs(5),
        on: vec![RetryOn::Any],
    };
    Step { retry: Some(retry), ..step }
}

#[track_caller]
fn check(graph: &Graph, expected: &str) {
    let bound = bound::of(graph, &DEFAULTS);
    let found = format!(
        "{} calls, {} fuel, {} open, {} nano, {:?}, waits {}",
        bound.calls,
        bound.fuel,
        bound.open_calls,
        bound.cost_nano,
        bound.declared_wall,
        bound.open_waits
    );
    assert_eq!(found, expected);
}

fn map(max: u32, max_concurrent: u32, over: Template) -> StepKind {
    let on_error = OnItemError::Fail;
    StepKind::Map(Map { over, name: "item".into(), max, max_concurrent, on_error, block: 1 })
}

#[test]
fn tries_items_and_iterations_multiply() {
    check(
        &Graph::of_steps("t", vec![call()]),
        "3 calls, 3000000 fuel, 0 open, 150 nano, 13s, waits 0",
    );
    let paths = Template::Literal(json!({}));
    let over_input = || {
        let path = crate::template::Path { root: crate::template::Root::Inputs, segments: vec![] };
        Template::Path(path)
    };
    check(
        &holding(map(10, 4, over_input()), call()),
        "30 calls, 30000000 fuel, 0 open, 1500 nano, 39s, waits 0",
    );
    check(&holding(map(10, 4, paths), call()), "0 calls, 0 fuel, 0 open, 0 nano, 0ns, waits 0");
    check(
        &holding(map(10, 4, Template::Literal(json!([1, 2]))), call()),
        "6 calls, 6000000 fuel, 0 open, 300 nano, 13s, waits 0",
    );
    let looped = StepKind::Loop(Loop {
        state: None,
        whilst: None,
        until: None,
        max: 5,
        next: None,
        on_max: OnMax::Stop,
        block: 1,
    });
    check(&holding(looped, call()), "15 calls, 15000000 fuel, 0 open, 750 nano, 65s, waits 0");
}

/// The time of a step is that of all its tries; its calls and its items are bounded by theirs.
#[test]
fn what_bounds_calls_and_what_bounds_the_whole() {
    let mut step = call();
    step.limits.wall = Some(Duration::from_secs(7));
    check(
        &Graph::of_steps("t", vec![step]),
        "3 calls, 3000000 fuel, 0 open, 150 nano, 7s, waits 0",
    );
    let mut graph = holding(map(10, 4, Template::Text(vec![])), call());
    graph.steps[1].limits.fuel = None;
    check(&graph, "30 calls, 0 fuel, 30 open, 0 nano, 39s, waits 0");
    graph.limits = Limits { call_fuel: Some(1_000), fan_out: Some(4), ..Limits::default() };
    check(&graph, "12 calls, 12000 fuel, 0 open, 12 nano, 13s, waits 0");
}

#[test]
fn a_holders_limits_bound_all_it_holds() {
    let mut graph = holding(map(10, 4, Template::List(vec![])), call());
    graph.steps[0].kind = map(10, 4, Template::Text(vec![]));
    graph.steps[0].limits = Limits { fuel: Some(5_000_000), ..Limits::default() };
    check(&graph, "30 calls, 5000000 fuel, 0 open, 250 nano, 39s, waits 0");
}

/// Its tries share what the limits say; the fallback comes after them and has as much again, also
/// of time.
#[test]
fn a_fallback_has_limits_of_its_own() {
    let uses = |step: &Step| match &step.kind {
        StepKind::Uses(uses) => Some(Fallback::Uses(uses.clone())),
        _ => None,
    };
    let step = call();
    let step = Step { fallback: uses(&step), timeout: Some(Duration::from_secs(4)), ..step };
    check(
        &Graph::of_steps("t", vec![step]),
        "4 calls, 6000000 fuel, 0 open, 300 nano, 5s, waits 0",
    );
}

#[track_caller]
fn check_lines(graph: &Graph, expected: &[&str]) {
    let lines = bound::of(graph, &DEFAULTS).lines;
    let found: Vec<String> = lines
        .iter()
        .map(|line| format!("{}{} {}", " ".repeat(line.depth), line.id, line.sum))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn lines_tell_how_the_calls_add_up() {
    let list = |items: serde_json::Value| map(10, 4, Template::Literal(items));
    check_lines(
        &holding(list(json!([1, 2])), call()),
        &["holder 2 items x 3 calls = 6 calls", " a 3 tries x 1 call = 3 calls"],
    );
    let plain = Step { retry: None, ..call() };
    check_lines(
        &holding(list(json!([1])), plain),
        &["holder 1 item x 1 call = 1 call", " a 1 call"],
    );
    let fallback = match &call().kind {
        StepKind::Uses(uses) => Some(Fallback::Uses(uses.clone())),
        _ => None,
    };
    check_lines(
        &Graph::of_steps("t", vec![Step { fallback, ..call() }]),
        &["a 3 tries x 1 call + 1 call of the fallback = 4 calls"],
    );
    let silent = Step::new("s", StepKind::Wait(Wait::Duration(Duration::ZERO)));
    check_lines(&holding(list(json!([1, 2])), silent), &["holder 2 items, no calls"]);
}

#[test]
fn questions_without_a_timeout_are_open() {
    let wait = || Step::new("w", StepKind::Wait(Wait::Signal("paid".into())));
    let until = Step { timeout: Some(Duration::from_secs(9)), ..wait() };
    check(
        &Graph::of_steps("t", vec![wait(), until]),
        "0 calls, 0 fuel, 0 open, 0 nano, 0ns, waits 1",
    );
}

#[test]
fn more_than_the_pipeline_allows_is_an_excess() {
    let mut graph = holding(map(1_000, 4, Template::Text(vec![])), call());
    graph.limits.fuel = Some(1_000_000_000);
    let found = plan(&graph, &catalog_of_tests(), &DEFAULTS);
    let excess: Vec<_> = found.excess.iter().map(|e| (e.limit, e.allowed, e.bound)).collect();
    assert_eq!(excess, [("fuel", 1_000_000_000, 3_000_000_000)]);
    graph.limits.fuel = Some(3_000_000_000);
    assert_eq!(plan(&graph, &catalog_of_tests(), &DEFAULTS).excess, []);
}

#[test]
fn numbers_saturate() {
    let mut inner = call();
    inner.limits.fuel = Some(u64::MAX);
    let graph = holding(map(u32::MAX, 1, Template::Text(vec![])), inner);
    assert_eq!(bound::of(&graph, &DEFAULTS).fuel, u64::MAX);
}

#[test]
fn rights_are_the_narrowest_of_all_layers() {
    let text = format!(
        "{HEAD}caps: {{ http: [\"GET https://api.example.com/v1/**\", \"https://other.example.com\"] }}\n\
         steps:\n  - {{ id: a, uses: std/web#get, with: {{ url: x }} }}\n"
    );
    let graph = compiled(&text).graph.unwrap();
    let found = plan(&graph, &catalog_of_tests(), &DEFAULTS);
    let rights: Vec<String> = found
        .rights
        .iter()
        .map(|rights| {
            let http: Vec<String> = rights.caps.http.iter().map(ToString::to_string).collect();
            format!("{} {} {http:?}", rights.id, rights.skill)
        })
        .collect();
    assert_eq!(rights, ["a std/web [\"GET https://api.example.com/v1/**\"]"]);
    assert!(found.paths.is_empty());
    assert_eq!(found.skills[0].steps, ["a"]);
}

#[test]
fn data_paths_lead_from_readers_to_writers() {
    let text = format!(
        "{HEAD}caps: {{ http: [\"GET https://api.example.com/**\"] }}\nsteps:
  - {{ id: a, uses: std/web#get, with: {{ url: x }} }}
  - {{ id: b, set: {{ n: \"{{{{ a }}}}\" }} }}
  - {{ id: c, uses: std/web#get, with: {{ url: \"{{{{ b.n }}}}\" }} }}
  - {{ id: d, uses: std/web#get, with: {{ url: y }} }}
"
    );
    let graph = compiled(&text).graph.unwrap();
    let mut rights = super::rights::of(&graph, &catalog_of_tests());
    assert!(super::paths::of(&graph, &rights).is_empty(), "nobody writes");
    for one in rights.iter_mut().filter(|one| one.id == "c" || one.id == "d") {
        one.caps.http = vec!["POST https://evil.example.com".parse().unwrap()];
    }
    let found = super::paths::of(&graph, &rights);
    let ways: Vec<String> = found.iter().map(|path| path.steps.join(" -> ")).collect();
    assert_eq!(ways, ["a -> b -> c"]);
}
