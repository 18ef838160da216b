//! Calls that equal ones of earlier runs stand for: which, and that nothing else differs.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use coldframe_engine::{EarlierCalls, Remembered};
use coldframe_format::Digest;
use coldframe_journal::{Event, RunState};
use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

/// Keeps everything.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<Digest, Remembered>>);

impl EarlierCalls for Kept {
    fn find(&self, key: Digest) -> Option<Remembered> {
        self.0.lock().unwrap().get(&key).cloned()
    }

    fn keep(&self, key: Digest, remembered: &Remembered) {
        self.0.lock().unwrap().insert(key, remembered.clone());
    }
}

/// Runs the step once, then changed; gives how both ended, how often the operation was called in
/// the second run, and its state.
fn second(node: impl Fn() -> Node, change: impl FnOnce(&mut Step)) -> (String, u32, RunState) {
    let kept: Arc<dyn EarlierCalls> = Arc::new(Kept::default());
    let go = |node: Node| {
        let graph = Arc::new(graph(vec![node], &[]));
        let mut run = Run::new(&graph);
        run.earlier = Some(Arc::clone(&kept));
        let report = runtime().block_on(run.go()).unwrap();
        runtime().block_on(run.replays());
        (run, report.state)
    };
    let (_, first) = go(node());
    assert!(first.steps.values().all(|step| !step.receipt.as_ref().unwrap().remembered));
    let (run, state) = go(node().with(change));
    let calls = run.table.count("work") + run.table.count("add");
    let statuses = format!("{:?}, {}", first.finished.unwrap().status, shown(&state));
    (statuses, calls, state)
}

fn work(fuel: u64) -> Node {
    uses("a", "work", &[("fuel", lit(json!(fuel)))])
}

#[track_caller]
fn check_calls(
    node: impl Fn() -> Node,
    change: impl FnOnce(&mut Step),
    ended: &str,
    expected: u32,
) {
    let (found, calls, _) = second(node, change);
    assert_eq!((found.as_str(), calls), (ended, expected));
}

#[test]
fn what_was_made_is_not_made_again() {
    check_calls(|| work(1_000_000), |_| (), "Succeeded, succeeded -> {}", 0);
    // Less is made as fast as it is found.
    check_calls(|| work(999_999), |_| (), "Succeeded, succeeded -> {}", 1);
    check_calls(
        || work(1_000_000),
        |step| step.cache = Some(true),
        "Succeeded, succeeded -> {}",
        0,
    );
    check_calls(
        || work(1_000_000),
        |step| step.cache = Some(false),
        "Succeeded, succeeded -> {}",
        1,
    );
    // What asks for something may hear something else.
    let add = || uses("a", "add", &[("x", lit(json!(1)))]);
    check_calls(add, |_| (), "Succeeded, succeeded -> {}", 1);
}

#[test]
fn failures_are_made_again() {
    let (ended, calls, _) = second(|| work(13), |_| ());
    assert!(ended.starts_with("Failed, failed"), "{ended}");
    assert_eq!(calls, 1);
}

/// A limit ends a call whatever is remembered.
#[test]
fn limits_bite() {
    let few = |step: &mut Step| step.limits.fuel = Some(999_999);
    let (ended, calls, _) = second(|| work(1_000_000), few);
    assert!(ended.contains("limit.fuel"), "{ended}");
    assert_eq!(calls, 1);
    // Another bound of the form is another call.
    let small = |step: &mut Step| step.limits.output_bytes = Some(1000);
    check_calls(|| work(1_000_000), small, "Succeeded, succeeded -> {}", 1);
}

/// What a run comes to does not depend on what ran before it.
#[test]
fn it_costs_what_it_cost() {
    let (_, calls, state) = second(|| work(3_000_000), |_| ());
    assert_eq!(calls, 0);
    assert_eq!(state.totals.fuel, 3_000_000);
    let receipt = state.steps.values().next().unwrap().receipt.clone().unwrap();
    assert!(receipt.remembered && !receipt.cached, "{receipt:?}");
    assert_eq!((receipt.fuel, receipt.memory_peak_bytes), (3_000_000, 65_536));
    assert_eq!(receipt.cost_nano, 3_000_000);
}

/// A journal that says of a remembered call what it does not come to.
#[test]
fn replays_make_it_again() {
    let kept: Arc<dyn EarlierCalls> = Arc::new(Kept::default());
    let graph = Arc::new(graph(vec![work(1_000_000)], &[]));
    let mut run = Run::new(&graph);
    for _ in 0..2 {
        run = Run::new(&graph);
        run.earlier = Some(Arc::clone(&kept));
        runtime().block_on(run.go()).unwrap();
    }
    for record in &mut run.journal.records {
        if let Event::StepSucceeded { receipt, .. } = &mut record.event {
            assert!(receipt.remembered);
            receipt.fuel += 1;
        }
    }
    let replayed = runtime().block_on(run.replay_in(Arc::default())).unwrap();
    let what: Vec<&str> = replayed.differences.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(what, ["receipt.fuel"]);
}
