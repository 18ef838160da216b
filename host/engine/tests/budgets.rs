//! What steps share: the outputs of equal calls, budgets, and the end of a run.

mod support;

use std::sync::Arc;
use std::time::Duration;

use coldframe_journal::ErrorKind;
use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn equal_calls_are_made_once() {
    let call =
        |id: &str| uses(id, "add", &[("x", lit(json!(4)))]).with(|step| step.cache = Some(true));
    let held = map("m", path("inputs.list"), vec![call("c")], Some(path("c")));
    let run = check(
        vec![held, call("again")],
        &[("m", path("m")), ("again", path("again"))],
        r#"succeeded -> {"again":4,"m":[4,4,4]}"#,
    );
    assert_eq!(run.table.count("add"), 1);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert_eq!(state.totals.fuel, 100);
    let cached =
        state.steps.values().filter(|s| s.receipt.as_ref().is_some_and(|r| r.cached)).count();
    assert_eq!(cached, 3);
}

/// No account of the tree is overspent, and the one that is empty is named.
#[test]
fn budgets_lie_within_those_around_them() {
    let fuel = |fuel| Limits { fuel: Some(fuel), ..Limits::default() };
    let body = || vec![uses("u", "add", &[("x", path("item"))])];
    let node =
        |limit| map("m", path("inputs.list"), body(), None).with(|step| step.limits = fuel(limit));
    let after = || add_one("after", "inputs.n").with(|step| step.when = Some(when("inputs.n > 1")));
    check(vec![node(300), after()], &[], "succeeded -> {}");
    check(
        vec![node(299), after()],
        &[],
        "stopped [limit.fuel] step `m` used up its fuel limit of 299, in `m[2].u` -> {}",
    );
    check(
        vec![node(200), after()],
        &[],
        "stopped [limit.fuel] the fuel limit of 200 of step `m` was spent before step `m[2].u` \
         could start -> {}",
    );
    // Whose limit it is decides who may go on.
    let caught = node(200).with(|step| step.on_error = OnError::Continue);
    check(vec![caught, after()], &[("out", path("after"))], r#"succeeded -> {"out":6}"#);
    // The run's own is nobody's to catch.
    let caught = node(1000).with(|step| step.on_error = OnError::Continue);
    let graph = Arc::new(graph(vec![caught], &[]));
    let run = check_graph(
        &graph,
        fuel(250),
        "stopped [limit.fuel] step `m[2].u` used up the run's fuel limit of 250 -> {}",
    );
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert!(state.totals.fuel <= 250);
    let inner =
        Graph { limits: fuel(150), ..sub(vec![add_one("a", "inputs.n"), add_one("b", "a")], &[]) };
    check(
        vec![child("t", Arc::new(inner), &[("n", lit(json!(1)))])],
        &[],
        "stopped [limit.fuel] step `t` used up its fuel limit of 150, in `t/b` -> {}",
    );
}

/// The limits of a step are for its tries: what takes their place has as much again, and no more
/// than what is around the step.
#[test]
fn a_fallback_can_rescue_a_step_that_spent_its_fuel() {
    let fuel = |fuel| Limits { fuel: Some(fuel), ..Limits::default() };
    let rescued = |limit| {
        uses("u", "burn", &[]).with(|step| {
            step.limits = fuel(limit);
            step.retry = Some(Retry { on: vec![RetryOn::Any], ..retry(2) });
            step.fallback = Some(Fallback::Uses(op("add", &[("x", path("inputs.n"))])));
        })
    };
    let out = [("out", path("u"))];
    let run = check(vec![rescued(150)], &out, r#"succeeded -> {"out":5}"#);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert_eq!(state.totals.fuel, 250, "all of the tries', and the fallback's");
    let small = "stopped [limit.fuel] step `u` used up its fuel limit of 50 -> {}";
    check(vec![rescued(50)], &out, small);
    let whole = Arc::new(graph(vec![rescued(150)], &out));
    check_graph(
        &whole,
        fuel(200),
        "stopped [limit.fuel] step `u` used up the run's fuel limit of 200 -> {}",
    );
    let held = map("m", lit(json!([1])), vec![rescued(150)], None);
    let held = held.with(|step| step.limits = fuel(200));
    check(
        vec![held],
        &[],
        "stopped [limit.fuel] step `m` used up its fuel limit of 200, in `m[0].u` -> {}",
    );
}

/// Branches that take all they may have never spend more than what is around them has.
#[test]
fn branches_cannot_overspend_together() {
    let burn = || uses("u", "burn", &[]).with(|step| step.on_error = OnError::Continue);
    let names = ["a", "b", "c", "d"];
    let branch = |name| (name, vec![map("m", path("inputs.list"), vec![burn()], None)], None);
    let node = parallel("p", Join::Quorum(1), names.map(branch).into());
    let node = node.with(|step| {
        step.limits.fuel = Some(5_000_000_000);
        step.limits.cost_nano = Some(4_500_000_000);
        step.on_error = OnError::Continue;
    });
    let graph =
        Arc::new(graph(vec![node, add_one("after", "inputs.n")], &[("out", path("after"))]));
    let run = check_graph(&graph, Limits::default(), r#"succeeded -> {"out":6}"#);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert!(state.within("p").fuel <= 4_500_000_000, "{:?}", state.within("p"));
    assert!(state.within("p").fuel >= 4_000_000_000, "{:?}", state.within("p"));
}

#[test]
fn stopping_a_run_ends_all_it_holds() {
    let node = parallel(
        "p",
        Join::All,
        vec![
            ("a", vec![map("m", path("inputs.list"), vec![uses("x", "slow", &[])], None)], None),
            ("b", vec![approve("ok", OnReject::Fail)], None),
        ],
    );
    let mut run = Run::new(&Arc::new(graph(vec![node], &[])));
    let cancel = run.cancel.0.clone();
    let state = runtime().block_on(async {
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            cancel.send(true).unwrap();
        });
        run.go().await.unwrap().state
    });
    assert_eq!(shown(&state), "cancelled [pipeline.cancelled] the run was cancelled -> {}");
    assert!(state.steps.values().all(|step| step.status.as_str() == "cancelled"), "{state:#?}");
    assert_eq!(state.totals.fuel, 21);
    let failure = state.finished.unwrap().failure.unwrap();
    assert_eq!(failure.kind, ErrorKind::PipelineCancelled);
}
