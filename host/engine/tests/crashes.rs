//! A crash after any record, in runs of every kind of step: what was done stays done, and the end
//! is the same.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::EngineError;
use coldframe_journal::{Event, RunState};
use coldframe_lang::graph::*;
use coldframe_lang::template::Template;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

/// Drives until the run has ended, answering what is asked.
async fn to_the_end(run: &mut Run) -> Result<RunState, EngineError> {
    loop {
        let state = run.go().await?.state;
        if state.finished.is_some() {
            return Ok(state);
        }
        if !run.answer_all() {
            run.linger = Duration::from_secs(1_000_000);
        }
    }
}

/// What a run leaves: its end, its outputs, and how each step ended.
fn left(state: &RunState) -> (String, BTreeMap<String, (String, Value)>) {
    let step = |(place, step): (&String, &coldframe_journal::StepState)| {
        let output = step.output.as_ref().map_or(Value::Null, |output| Value::clone(output));
        (place.clone(), (step.status.to_string(), output))
    };
    (shown(state), state.steps.iter().map(step).collect())
}

/// Breaks the journal after `kept` records and drives the rest; `None` where the run had ended.
async fn broken(graph: &Arc<Graph>, kept: usize) -> Option<(RunState, Run)> {
    let mut run = Run::new(graph);
    run.journal.left = Some(kept);
    match to_the_end(&mut run).await {
        Ok(_) => return None,
        Err(EngineError::Journal(_)) => {}
        Err(other) => panic!("{other}"),
    }
    run.journal.left = None;
    // The answer may be what was lost: it is given again.
    let state = to_the_end(&mut run).await.unwrap();
    run.replays().await;
    Some((state, run))
}

/// No step starts again that has ended.
fn no_step_twice(run: &Run) {
    let mut ended = std::collections::BTreeSet::new();
    for record in &run.journal.records {
        let Some(step) = record.event.step() else { continue };
        assert!(!ended.contains(step), "{} after its end", record.event.name());
        if matches!(
            record.event,
            Event::StepSucceeded { .. }
                | Event::StepFailed { .. }
                | Event::StepSkipped { .. }
                | Event::StepCancelled { .. }
        ) {
            ended.insert(step.to_owned());
        }
    }
}

fn check(nodes: Vec<Node>, outputs: &[(&str, Template)]) {
    check_with(nodes, outputs, left);
}

/// For runs in which something fails: whether what runs beside it comes to its end depends on when
/// the crash was, and the end of the run does not.
fn check_end(nodes: Vec<Node>, outputs: &[(&str, Template)]) {
    check_with(nodes, outputs, shown);
}

fn check_with<L: PartialEq + std::fmt::Debug>(
    nodes: Vec<Node>,
    outputs: &[(&str, Template)],
    left: impl Fn(&RunState) -> L,
) {
    let graph = Arc::new(graph(nodes, outputs));
    let whole = runtime().block_on(async {
        let mut run = Run::new(&graph);
        to_the_end(&mut run).await.unwrap()
    });
    for kept in 0.. {
        let Some((state, run)) = runtime().block_on(broken(&graph, kept)) else {
            assert!(kept > 3);
            break;
        };
        no_step_twice(&run);
        assert_eq!(left(&state), left(&whole), "after {kept} records: {:#?}", run.history());
        assert!(state.totals.fuel <= 10_000_000_000);
    }
}

fn add(id: &str, to: &str) -> Node {
    uses(id, "add", &[("x", path(to)), ("y", lit(json!(1)))])
}

fn state_of(count: u32) -> Loop {
    Loop {
        state: Some(lit(json!(0))),
        whilst: Some(when("loop.state < 9")),
        next: Some(expr("loop.state + 1")),
        ..times(count)
    }
}

#[test]
fn in_each_kind() {
    let out = [("out", path("k"))];
    check(vec![map("k", path("inputs.list"), vec![add("a", "item")], Some(path("a")))], &out);
    check(vec![looped("k", state_of(3), vec![add("a", "loop.state")], Some(path("a")))], &out);
    let is = CaseTest::Is(vec![json!(5)]);
    let cases = vec![(is, vec![add("a", "inputs.n"), add("b", "a")])];
    check(vec![switch("k", Some(path("inputs.n")), cases, None)], &out);
    let inner = Arc::new(graph(vec![add("a", "run.id")], &[("a", path("a"))]));
    check(vec![child("k", inner, &[])], &out);
    check(vec![approve("k", OnReject::Fail), add("b", "k")], &out);
    check(vec![signal("k", "go"), add("b", "k")], &out);
    check(vec![pause("k", Duration::from_secs(90)), add("b", "k")], &out);
    let failing = uses("f", "fail", &[]).with(|step| step.when = Some(when("item == 2")));
    for what in [OnItemError::Collect, OnItemError::Skip, OnItemError::Fail] {
        let failing = Node { step: failing.step.clone(), blocks: vec![] };
        let node = map("k", path("inputs.list"), vec![failing, add("a", "item")], None);
        check_end(vec![on_item_error(node, what)], &out);
    }
}

#[test]
fn in_each_join() {
    for join in [Join::All, Join::Quorum(2), Join::Vote(Tie::First)] {
        let branch = |id| vec![add("a", "inputs.n"), add(id, "a")];
        let node = parallel(
            "k",
            join,
            vec![("x", branch("b"), Some(path("b"))), ("y", branch("c"), Some(path("c")))],
        );
        check(vec![node], &[("out", path("k"))]);
    }
}

#[test]
fn in_what_fails_and_is_tried_again() {
    let retry = || Retry {
        max: 2,
        backoff: Backoff::Constant,
        delay: Duration::from_secs(1),
        delay_max: Duration::from_secs(9),
        on: vec![RetryOn::Any],
    };
    let fail = |id: &str| uses(id, "fail", &[]).with(|step| step.retry = Some(retry()));
    let out = [("out", path("k"))];
    check(vec![fail("k"), add("b", "inputs.n")], &out);
    let back = fail("k").with(|step| step.fallback = Some(Fallback::Value(path("inputs.n"))));
    check(vec![back, add("b", "k")], &out);
    let on = fail("k").with(|step| step.on_error = OnError::Continue);
    check(vec![on, add("b", "inputs.n")], &out);
    let held =
        || map("k", lit(json!([1, 2])), vec![add("a", "item"), uses("f", "fail", &[])], None);
    check_end(vec![held().with(|step| step.retry = Some(retry()))], &out);
    let caught = held().with(|step| {
        step.retry = Some(retry());
        step.fallback = Some(Fallback::Value(lit(json!(0))));
    });
    check_end(vec![caught, add("b", "inputs.n")], &out);
}

/// Losers of a join, and steps whose time is over.
#[test]
fn in_what_is_cancelled() {
    let nap = |id: &str, ms: u32| uses(id, "nap", &[("ms", lit(json!(ms)))]);
    let branches = || {
        let slow = vec![uses("s", "slow", &[]), add("a", "s")];
        let fast = vec![nap("n", 5), add("b", "n")];
        vec![("slow", slow, None), ("fast", fast, None)]
    };
    check_end(vec![parallel("k", Join::Any, branches())], &[("out", path("k"))]);
    let late = parallel("k", Join::All, branches()).with(|step| {
        step.timeout = Some(Duration::from_secs(2));
        step.fallback = Some(Fallback::Value(lit(json!("late"))));
    });
    check_end(vec![late, add("b", "inputs.n")], &[("out", path("k")), ("b", path("b"))]);
}

/// An approval in a loop in a branch.
#[test]
fn in_questions_deep_inside() {
    let asks = looped(
        "l",
        state_of(2),
        vec![
            approve("ok", OnReject::Fail),
            add("a", "loop.state").with(|s| s.when = Some(when("ok.approved"))),
        ],
        Some(path("a")),
    );
    let node = parallel(
        "k",
        Join::All,
        vec![
            ("asks", vec![asks], None),
            ("runs", vec![map("m", path("inputs.list"), vec![add("a", "item")], None)], None),
        ],
    );
    check(vec![node], &[("out", path("k"))]);
}

/// Somebody stops the run, and the process dies on the way: it is still stopped.
#[test]
fn in_a_run_that_is_stopped() {
    let node = map("m", path("inputs.list"), vec![uses("x", "slow", &[])], None);
    let graph = Arc::new(graph(vec![node, approve("ok", OnReject::Fail)], &[]));
    for kept in 0.. {
        let mut run = Run::new(&graph);
        run.journal.left = Some(kept);
        let cancel = run.cancel.0.clone();
        let ended = runtime().block_on(async {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                cancel.send(true).unwrap();
                std::future::pending::<()>().await;
            });
            run.go().await
        });
        if ended.is_ok() {
            assert!(kept > 8);
            return;
        }
        let halted = run.history().contains(&"run_halted".to_owned());
        run.journal.left = None;
        run.cancel.0.send(!halted).unwrap();
        let state = runtime().block_on(run.go()).unwrap().state;
        let expected = "cancelled [pipeline.cancelled] the run was cancelled -> {}";
        assert_eq!(shown(&state), expected, "after {kept}: {:#?}", run.history());
        no_step_twice(&run);
        runtime().block_on(run.replays());
    }
}

/// Steps that may stand anywhere, from a few numbers.
fn any_node(depth: u32) -> BoxedStrategy<NodePlan> {
    let leaf = prop_oneof![
        Just(NodePlan::Add),
        Just(NodePlan::Sum),
        Just(NodePlan::Set),
        Just(NodePlan::Ask),
        Just(NodePlan::Skipped),
        Just(NodePlan::May),
    ];
    leaf.prop_recursive(depth, 16, 3, |inner| {
        let block = proptest::collection::vec(inner, 1..3);
        prop_oneof![
            (block.clone(), 0..3_usize).prop_map(|(b, n)| NodePlan::Map(b, n)),
            (block.clone(), 1..3_u32).prop_map(|(b, n)| NodePlan::Loop(b, n)),
            (block.clone(), 0..3_i64).prop_map(|(b, n)| NodePlan::Switch(b, n)),
            (block.clone(), block.clone()).prop_map(|(a, b)| NodePlan::Parallel(a, b)),
            block.prop_map(NodePlan::Child),
        ]
    })
    .boxed()
}

#[derive(Debug, Clone)]
enum NodePlan {
    Add,
    /// Adds the step before it.
    Sum,
    Set,
    Ask,
    Skipped,
    May,
    Map(Vec<NodePlan>, usize),
    Loop(Vec<NodePlan>, u32),
    Switch(Vec<NodePlan>, i64),
    Parallel(Vec<NodePlan>, Vec<NodePlan>),
    Child(Vec<NodePlan>),
}

fn build(plans: &[NodePlan], prefix: &str) -> Vec<Node> {
    let mut before: Option<String> = None;
    let mut nodes = Vec::new();
    for (place, plan) in plans.iter().enumerate() {
        let id = format!("{prefix}{}", ["a", "b", "c"][place]);
        let block = |plans: &[NodePlan]| build(plans, &id);
        let before_it = before.clone().unwrap_or_else(|| "run".into());
        nodes.push(match plan {
            NodePlan::Add => uses(&id, "add", &[("x", lit(json!(place)))]),
            NodePlan::Sum => uses(&id, "add", &[("x", lit(json!(1))), ("y", path(&before_it))]),
            NodePlan::Set => set(&id, &[("v", path(&before_it))]),
            NodePlan::Ask => approve(&id, OnReject::Fail),
            NodePlan::Skipped => uses(&id, "add", &[]).with(|s| s.when = Some(when("1 > 2"))),
            NodePlan::May => uses(&id, "fail", &[]).with(|s| s.on_error = OnError::Continue),
            NodePlan::Map(steps, n) => map(&id, lit(json!(vec![7; *n])), block(steps), None),
            NodePlan::Loop(steps, n) => looped(&id, state_of(*n), block(steps), None),
            NodePlan::Switch(steps, n) => {
                let case = (CaseTest::Is(vec![json!(0)]), block(steps));
                let other = (CaseTest::Is(vec![json!(1)]), vec![set("s", &[])]);
                switch(&id, Some(lit(json!(n))), vec![case, other], None)
            }
            NodePlan::Parallel(a, b) => {
                let branches = vec![("x", block(a), None), ("y", block(b), None)];
                parallel(&id, Join::All, branches)
            }
            NodePlan::Child(steps) => {
                let steps = block(steps);
                let last = steps.last().unwrap().step.id.clone();
                child(&id, Arc::new(graph(steps, &[("last", path(&last))])), &[])
            }
        });
        before = Some(id);
    }
    nodes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn in_any_pipeline(plans in proptest::collection::vec(any_node(3), 1..4), cut in any::<prop::sample::Index>()) {
        let graph = Arc::new(graph(build(&plans, ""), &[]));
        let (whole, count) = runtime().block_on(async {
            let mut run = Run::new(&graph);
            let state = to_the_end(&mut run).await.unwrap();
            (state, run.journal.records.len())
        });
        prop_assert_eq!(whole.finished.as_ref().unwrap().status.as_str(), "succeeded");
        for kept in [cut.index(count), cut.index(count) / 2] {
            if let Some((state, run)) = runtime().block_on(broken(&graph, kept)) {
                no_step_twice(&run);
                prop_assert_eq!(left(&state), left(&whole), "after {} records", kept);
            }
        }
        for step in whole.steps.keys() {
            let id = coldframe_engine::place::split(step).1;
            let found = coldframe_engine::place::find(&graph, step).unwrap();
            prop_assert_eq!(&found.step.id, id);
        }
    }

    /// A journal in which records are lost, doubled or in another order is refused or driven on, and
    /// never a panic.
    #[test]
    fn in_a_journal_that_was_damaged(
        plans in proptest::collection::vec(any_node(3), 1..4),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3_u8), 1..4),
    ) {
        let graph = Arc::new(graph(build(&plans, ""), &[]));
        let mut run = Run::new(&graph);
        runtime().block_on(to_the_end(&mut run)).unwrap();
        let records = &mut run.journal.records;
        records.pop();
        for (one, other, what) in damage {
            if records.len() < 2 {
                break;
            }
            let (one, other) = (one.index(records.len()), other.index(records.len()));
            match what {
                0 => drop(records.remove(one)),
                1 => records.swap(one, other),
                _ => records.insert(one, records[other].clone()),
            }
        }
        for (seq, record) in records.iter_mut().enumerate() {
            record.seq = seq as u64;
        }
        let _ = runtime().block_on(run.try_go());
    }
}
