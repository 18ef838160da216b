//! What a run costs the core, counted and not timed: twice the steps are twice the work.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use coldframe_lang::graph::Graph;
use serde_json::json;
use support::*;

fn work(graph: Graph) -> u64 {
    let mut run = Run::new(&Arc::new(graph));
    let report = runtime().block_on(run.go()).unwrap();
    assert_eq!(shown(&report.state), "succeeded -> {}");
    report.work
}

/// Twice the size is no more than a little over twice the work, and the work per step is small.
#[track_caller]
fn check(size: usize, per_step: u64, graph: impl Fn(usize) -> Graph) {
    let (one, two) = (work(graph(size)), work(graph(2 * size)));
    assert!(two <= one * 21 / 10, "{one} for {size}, {two} for twice as many");
    assert!(one <= per_step * size as u64, "{one} for {size}");
}

#[test]
fn a_chain() {
    check(500, 8, |size| {
        let steps = (0..size).map(|n| {
            let before = n.checked_sub(1).map_or("inputs.n".to_owned(), |n| format!("s{n}.v"));
            set(&format!("s{n}"), &[("v", path(&before))])
        });
        graph(steps.collect(), &[])
    });
}

#[test]
fn many_steps_side_by_side() {
    check(500, 20, |size| {
        let steps = (0..size).map(|n| uses(&format!("s{n}"), "add", &[("x", lit(json!(n)))]));
        graph(steps.collect(), &[])
    });
}

#[test]
fn a_map_of_many_items() {
    check(500, 40, |size| {
        let items = lit((0..size).map(|n| json!(n)).collect());
        graph(vec![map("m", items, vec![uses("u", "add", &[("x", path("item"))])], None)], &[])
    });
}

#[test]
fn a_loop_of_many_turns() {
    check(2500, 40, |size| {
        let body = vec![set("s", &[("i", path("index"))])];
        graph(vec![looped("l", times(u32::try_from(size).unwrap()), body, None)], &[])
    });
}
