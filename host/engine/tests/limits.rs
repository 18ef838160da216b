//! Limits that calls of a run share, and those of its form.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

/// A call for each of the items, three of them, side by side.
fn fetches(bytes: u64, limits: Limits) -> Node {
    let body = vec![uses("u", "fetch", &[("bytes", lit(json!(bytes)))])];
    map("m", path("inputs.list"), body, None).with(|step| step.limits = limits)
}

/// What is set aside for all that is under way is never more than there is, whoever bounds it.
#[test]
fn calls_side_by_side_cannot_overspend_the_network() {
    let net =
        |whole, call| Limits { net_bytes: Some(whole), call_net_bytes: call, ..Limits::default() };
    for (limits, expected, most) in [
        (net(300, Some(100)), "succeeded -> {}", 300),
        (
            net(200, Some(100)),
            "stopped [limit.net-bytes] step `m` used up its net_bytes limit of 200, in `m[2].u` -> {}",
            200,
        ),
        // A call may take all there is, so the calls take turns.
        (net(300, None), "succeeded -> {}", 300),
        (
            net(100, Some(100)),
            "stopped [limit.net-bytes] the net_bytes limit of 100 of step `m` was spent before step `m[1].u` could start -> {}",
            100,
        ),
    ] {
        // Of 200 the third gets what the others left.
        let bytes = if limits.net_bytes == Some(200) { 90 } else { 100 };
        let run = check(vec![fetches(bytes, limits)], &[], expected);
        assert_eq!(run.table.net.lock().unwrap().1, most);
    }
}

#[test]
fn the_network_of_a_run_is_what_the_operator_says() {
    let operator = Limits { net_bytes: Some(250), ..Limits::default() };
    let graph = Arc::new(graph(vec![fetches(100, Limits::default())], &[]));
    let run = check_graph(
        &graph,
        operator,
        "stopped [limit.net-bytes] step `m[2].u` used up the run's net_bytes limit of 250 -> {}",
    );
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert_eq!(state.totals.net_bytes, 250);
}

fn flaky(id: &str, tries: u64) -> Node {
    uses(id, "flaky", &[("n", lit(json!(tries))), ("id", lit(json!(id)))]).with(|step| {
        step.retry = Some(Retry {
            max: 5,
            backoff: Backoff::Constant,
            delay: Duration::from_millis(1),
            delay_max: Duration::from_millis(1),
            on: vec![RetryOn::Any],
        });
    })
}

#[test]
fn tries_are_shared_by_all_steps() {
    let retries = |count| Limits { retries: Some(count), ..Limits::default() };
    let nodes = || {
        let second = flaky("b", 2).with(|step| step.when = Some(when("a > 0")));
        vec![flaky("a", 2), second]
    };
    check_graph(&Arc::new(graph(nodes(), &[])), retries(4), "succeeded -> {}");
    check_graph(
        &Arc::new(graph(nodes(), &[])),
        retries(3),
        "stopped [limit.retries] step `b` is not tried again, the run's retries limit of 3 is used \
         up; it failed with guest.error: not yet -> {}",
    );
    let own = flaky("a", 2).with(|step| step.limits = retries(1));
    check(
        vec![own],
        &[],
        "stopped [limit.retries] step `a` is not tried again, the retries limit of 1 of step `a` is \
         used up; it failed with guest.error: not yet -> {}",
    );
    // What takes its place needs no try.
    let value = Some(Fallback::Value(lit(json!(7))));
    let caught = flaky("a", 2).with(|step| {
        step.limits = retries(0);
        step.fallback = value;
    });
    check(vec![caught], &[("a", path("a"))], r#"succeeded -> {"a":7}"#);
}

/// The time of a step is that of all its tries.
#[test]
fn the_wall_of_a_step_bounds_its_tries() {
    let step = |wall: u64| {
        let mut limits = Limits { wall: Some(Duration::from_millis(wall)), ..Limits::default() };
        limits.retries = Some(1000);
        let node = uses("a", "fail", &[]);
        node.with(|step| {
            step.limits = limits;
            step.retry = Some(Retry {
                max: 3,
                backoff: Backoff::Constant,
                delay: Duration::from_secs(1),
                delay_max: Duration::from_secs(1),
                on: vec![RetryOn::Any],
            });
        })
    };
    check(vec![step(9_000)], &[], "failed [guest.error] no luck -> {}");
    check(
        vec![step(1_500)],
        &[],
        "stopped [limit.deadline] step `a` ran into its wall limit of 1.5s -> {}",
    );
}

#[test]
fn the_tightest_of_what_is_around_a_map_or_pipeline_holds() {
    let fan_out = |count| Limits { fan_out: Some(count), ..Limits::default() };
    let body = || vec![add_one("u", "item")];
    let node =
        |limits| map("m", path("inputs.list"), body(), None).with(|step| step.limits = limits);
    check(vec![node(fan_out(3))], &[], "succeeded -> {}");
    check(
        vec![node(fan_out(2))],
        &[],
        "stopped [limit.fan-out] `over` has 3 items, and the limit `fan_out` is 2 -> {}",
    );
    let depth = |count| Limits { depth: Some(count), ..Limits::default() };
    let inner = || Arc::new(sub(vec![add_one("a", "inputs.n")], &[]));
    let outer = || {
        let with = [("n", path("inputs.n"))];
        Arc::new(sub(vec![child("in", inner(), &with)], &[]))
    };
    let node = |limits| child("t", outer(), &[("n", lit(json!(1)))]).with(|s| s.limits = limits);
    check(vec![node(depth(2))], &[], "succeeded -> {}");
    check(
        vec![node(depth(1))],
        &[],
        "stopped [limit.depth] `test` is a pipeline too deep, the limit `depth` is 1 -> {}",
    );
}
