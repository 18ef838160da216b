//! Each kind of step and each key that all steps share, in small runs.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use coldframe_format::Caps;
use coldframe_journal::{ErrorKind, Event, Next, Waiting};
use coldframe_lang::graph::*;
use coldframe_lang::template::Template;
use serde_json::json;
use support::*;

const SECOND: Duration = Duration::from_secs(1);

fn retry(max: u32) -> Retry {
    let on = vec![RetryOn::Transient];
    Retry { max, backoff: Backoff::Constant, delay: SECOND, delay_max: 60 * SECOND, on }
}

#[test]
fn a_map_runs_its_block_for_each_item() {
    let one = || vec![add_one("more", "item")];
    check(
        vec![map("m", path("inputs.list"), one(), None)],
        &[("out", path("m"))],
        r#"succeeded -> {"out":[{"more":2},{"more":3},{"more":4}]}"#,
    );
    check(
        vec![map("m", path("inputs.list"), one(), Some(path("more")))],
        &[("out", path("m[1]"))],
        r#"succeeded -> {"out":3}"#,
    );
    let keyed = vec![set("s", &[("k", path("item.key")), ("i", path("index"))])];
    check(
        vec![map("m", path("inputs.object"), keyed, Some(path("s")))],
        &[("out", path("m"))],
        r#"succeeded -> {"out":{"a":{"i":0,"k":"a"},"b":{"i":1,"k":"b"}}}"#,
    );
    check(
        vec![map("m", lit(json!([])), one(), None)],
        &[("out", path("m"))],
        r#"succeeded -> {"out":[]}"#,
    );
    check(
        vec![map("m", path("inputs.n"), one(), None)],
        &[],
        "failed [expr.failed] `over` is a number, expected a list or an object -> {}",
    );
    let few = map("m", path("inputs.list"), one(), None).with(|step| {
        let StepKind::Map(map) = &mut step.kind else { unreachable!() };
        map.max = 2;
    });
    check(vec![few], &[], "stopped [limit.fan-out] `over` has 3 items, and `max` allows 2 -> {}");
}

/// A block that fails for the second of three items.
fn picky(what: OnItemError) -> Node {
    let fail = uses("bad", "fail", &[]).with(|step| step.when = Some(when("item == 2")));
    let steps = vec![fail, add_one("good", "item")];
    on_item_error(map("m", path("inputs.list"), steps, Some(path("good"))), what)
}

#[test]
fn a_failing_item_does_what_the_map_says() {
    let out = [("out", path("m"))];
    check(vec![picky(OnItemError::Fail)], &out, "failed [guest.error] no luck -> {}");
    check(vec![picky(OnItemError::Skip)], &out, r#"succeeded -> {"out":[2,4]}"#);
    check(
        vec![picky(OnItemError::Collect)],
        &out,
        r#"succeeded -> {"out":[{"ok":2},{"error":{"kind":"guest.error","message":"no luck"}},{"ok":4}]}"#,
    );
}

#[test]
fn a_map_works_on_so_many_items_at_once() {
    let naps =
        map("m", path("inputs.list"), vec![uses("z", "nap", &[("ms", lit(json!(5)))])], None);
    for (side_by_side, expected) in [(1, [0, 0, 0]), (2, [0, 1, 1]), (16, [0, 1, 2])] {
        let node = Node {
            step: naps.step.clone(),
            blocks: vec![(vec![uses("z", "nap", &[("ms", lit(json!(5)))])], None)],
        }
        .with(|step| {
            let StepKind::Map(map) = &mut step.kind else { unreachable!() };
            map.max_concurrent = side_by_side;
        });
        let run = check(vec![node], &[], "succeeded -> {}");
        // How many were under way when each began.
        let mut live = 0;
        let mut found = Vec::new();
        for line in run.history() {
            if line.starts_with("step_started m[") {
                found.push(live);
                live += 1;
            } else if line.starts_with("step_succeeded m[") {
                live -= 1;
            }
        }
        assert_eq!(found, expected, "{:?}", run.history());
    }
}

#[test]
fn a_loop_carries_its_state() {
    let count = Loop {
        state: Some(lit(json!({ "n": 0 }))),
        whilst: Some(when("loop.state.n < 3")),
        next: Some(Template::Map([("n".to_owned(), expr("loop.state.n + 1"))].into())),
        on_max: OnMax::Fail,
        ..times(5)
    };
    let body = || vec![set("s", &[("n", path("loop.state.n")), ("i", path("loop.index"))])];
    let out = [("out", path("l"))];
    check(
        vec![looped("l", count.clone(), body(), Some(path("s.i")))],
        &out,
        r#"succeeded -> {"out":{"count":3,"ended_by":"while","last":2,"state":{"n":3}}}"#,
    );
    // The third and last iteration is enough.
    check(
        vec![looped("l", Loop { max: 3, ..count.clone() }, body(), Some(path("s.i")))],
        &[("out", path("l.ended_by"))],
        r#"succeeded -> {"out":"while"}"#,
    );
    check(
        vec![looped("l", Loop { max: 2, ..count.clone() }, body(), None)],
        &out,
        "stopped [limit.iterations] 2 iterations were not enough -> {}",
    );
    check(
        vec![looped("l", Loop { max: 2, on_max: OnMax::Stop, ..count.clone() }, body(), None)],
        &[("out", path("l.ended_by"))],
        r#"succeeded -> {"out":"max"}"#,
    );
    check(
        vec![looped("l", Loop { until: Some(when("s.i == 1")), ..count.clone() }, body(), None)],
        &out,
        r#"succeeded -> {"out":{"count":2,"ended_by":"until","last":{"s":{"i":1,"n":1}},"state":{"n":2}}}"#,
    );
    let never = Loop { whilst: Some(when("loop.state.n > 3")), ..count };
    check(
        vec![looped("l", never, body(), None)],
        &out,
        r#"succeeded -> {"out":{"count":0,"ended_by":"while","last":null,"state":{"n":0}}}"#,
    );
    check(
        vec![looped("l", times(2), vec![set("s", &[("i", path("index"))])], None)],
        &out,
        r#"succeeded -> {"out":{"count":2,"ended_by":"max","last":{"s":{"i":1}},"state":null}}"#,
    );
    check(
        vec![looped("l", times(3), vec![uses("f", "fail", &[])], None)],
        &out,
        "failed [guest.error] no luck -> {}",
    );
}

#[test]
fn a_switch_takes_the_first_case_that_applies() {
    let node = |default: bool| {
        let is = |values: &[i64]| CaseTest::Is(values.iter().map(|n| json!(n)).collect());
        let value = |n: i64| vec![set("s", &[("v", lit(json!(n)))])];
        let cases = vec![
            (is(&[1, 2]), value(10)),
            (CaseTest::When(when("inputs.n > 6")), value(20)),
            (is(&[5, 7]), value(30)),
        ];
        switch("w", Some(path("inputs.n")), cases, default.then(|| value(40)))
    };
    let after = || add_one("after", "w.s.v").with(|step| step.when = Some(when("inputs.n < 9")));
    for (n, expected) in [(2, 10), (7, 20), (5, 30), (6, 40)] {
        let graph = Arc::new(graph(vec![node(true), after()], &[("out", path("after"))]));
        let mut run = Run::new(&graph);
        run.inputs["n"] = json!(n);
        let report = runtime().block_on(run.go()).unwrap();
        let expected = format!("succeeded -> {{\"out\":{}}}", expected + 1);
        assert_eq!(shown(&report.state), expected, "{n}");
    }
    let graph = Arc::new(graph(vec![node(false)], &[("out", path("w"))]));
    let mut run = Run::new(&graph);
    run.inputs["n"] = json!(6);
    let report = runtime().block_on(run.go()).unwrap();
    assert_eq!(shown(&report.state), r#"succeeded -> {"out":null}"#);
    assert_eq!(report.state.steps["w"].status.as_str(), "skipped");
}

type Branched = (u64, Option<i64>);

/// A `parallel` of branches that come to a number after so many milliseconds; without a number they
/// fail.
fn branches(join: Join, what: &[Branched]) -> Node {
    let names = ["a", "b", "c", "d"];
    let branches = what.iter().enumerate().map(|(place, (ms, value))| {
        let nap = uses("z", "nap", &[("ms", lit(json!(ms)))]);
        let end = match value {
            Some(value) => set("v", &[("v", lit(json!(value)))]),
            None => uses("v", "fail", &[]),
        };
        let end = end.with(|step| step.needs = vec![]);
        // `v` comes after `z`.
        let end = end.with(|step| step.when = Some(when("z > -1")));
        (names[place], vec![nap, end], Some(path("v.v")))
    });
    parallel("p", join, branches.collect())
}

#[test]
fn every_join_is_decided_as_it_says() {
    let vote = |tie| Join::Vote(tie);
    let cases: &[(Join, &[Branched], &str)] = &[
        (Join::All, &[(1, Some(1)), (2, Some(2))], r#"succeeded -> {"out":{"a":1,"b":2}}"#),
        (Join::All, &[(90, Some(1)), (2, None)], "failed [guest.error] no luck -> {}"),
        (
            Join::Any,
            &[(9, Some(1)), (2, Some(2))],
            r#"succeeded -> {"out":{"branch":"b","value":2}}"#,
        ),
        (Join::Any, &[(2, None), (9, Some(2))], r#"succeeded -> {"out":{"branch":"b","value":2}}"#),
        (
            Join::Any,
            &[(2, None), (9, None)],
            "failed [join.failed] 0 of 2 branches succeeded, expected 1; the first failure: \
             guest.error: no luck -> {}",
        ),
        (
            Join::Quorum(2),
            &[(9, Some(1)), (2, Some(2)), (5, Some(3))],
            r#"succeeded -> {"out":{"a":null,"b":2,"c":3}}"#,
        ),
        (
            Join::Quorum(2),
            &[(90, Some(1)), (2, None), (5, None)],
            "failed [join.failed] 0 of 3 branches succeeded, expected 2; the first failure: \
             guest.error: no luck -> {}",
        ),
        (
            vote(Tie::Fail),
            &[(1, Some(1)), (2, Some(2)), (3, Some(2)), (4, None)],
            r#"succeeded -> {"out":{"of":4,"value":2,"votes":2}}"#,
        ),
        (
            vote(Tie::Fail),
            &[(1, Some(1)), (2, Some(2))],
            "failed [join.failed] 2 results have 1 vote each, and none has more -> {}",
        ),
        (
            vote(Tie::First),
            &[(3, Some(1)), (2, Some(2)), (1, Some(3))],
            r#"succeeded -> {"out":{"of":3,"value":1,"votes":1}}"#,
        ),
        (
            vote(Tie::First),
            &[(1, None), (1, None)],
            "failed [join.failed] 0 of 2 branches succeeded, expected 1; the first failure: \
             guest.error: no luck -> {}",
        ),
    ];
    for (join, what, expected) in cases {
        check(vec![branches(*join, what)], &[("out", path("p"))], expected);
    }
}

#[test]
fn a_parallel_s_output_sees_its_branches() {
    let node = branches(Join::Quorum(1), &[(1, Some(4)), (50, Some(2))]).with(|step| {
        let StepKind::Parallel(parallel) = &mut step.kind else { unreachable!() };
        parallel.output = Some(expr("branches.a + 1"));
    });
    check(vec![node], &[("out", path("p"))], r#"succeeded -> {"out":5}"#);
}

/// A loser is cancelled through its call, and what it consumed is charged.
#[test]
fn losers_are_cancelled_and_charged() {
    let node = parallel(
        "p",
        Join::Any,
        vec![
            ("slow", vec![uses("x", "slow", &[]), add_one("y", "x")], None),
            ("asks", vec![approve("ok", OnReject::Fail)], None),
            ("fast", vec![uses("z", "nap", &[("ms", lit(json!(3)))])], None),
        ],
    );
    let out = [("out", path("p.branch"))];
    let run = check(vec![node], &out, r#"succeeded -> {"out":"fast"}"#);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    for step in ["p.slow.x", "p.asks.ok"] {
        assert_eq!(state.steps[step].status.as_str(), "cancelled", "{step}");
    }
    assert!(!state.steps.contains_key("p.slow.y"), "it never began");
    assert_eq!(state.totals.fuel, 17, "seven of them are the loser's");
    assert_eq!(state.within("p.slow").fuel, 7);
}

#[test]
fn a_sub_pipeline_has_inputs_and_outputs_of_its_own() {
    let inner = sub(
        vec![uses("sum", "add", &[("n", path("inputs.n")), ("m", path("inputs.m"))])],
        &[("total", path("sum")), ("name", path("run.name"))],
    );
    let inner = Arc::new(inner);
    let out = [("out", path("t"))];
    let run = check(
        vec![child("t", Arc::clone(&inner), &[("n", path("inputs.n"))])],
        &out,
        r#"succeeded -> {"out":{"name":"test","total":8}}"#,
    );
    assert!(run.history().contains(&"step_succeeded t/sum".to_owned()), "{:?}", run.history());
    check(
        vec![child("t", inner, &[("n", lit(json!("five")))])],
        &out,
        r#"failed [invalid.input] input `n` does not match its schema: it is not of type "integer" -> {}"#,
    );
}

#[test]
fn a_sub_pipeline_never_has_more_rights() {
    let caps = |log, clock| Caps { log, clock, ..Caps::default() };
    let inner = Graph { caps: caps(true, true), ..sub(vec![uses("u", "add", &[])], &[]) };
    let node = child("t", Arc::new(inner), &[("n", lit(json!(1)))])
        .with(|step| step.caps = Some(caps(false, true)));
    let outer = Graph { caps: caps(false, true), ..support::graph_of(vec![node], &[]) };
    let run = check_graph(&Arc::new(outer), Limits::default(), "succeeded -> {}");
    let layers = run.table.grants.lock().unwrap()[0].clone();
    assert_eq!(layers, [caps(false, true), caps(false, true), caps(true, true)]);
}

#[test]
fn a_failed_try_is_followed_by_another() {
    let flaky = |n: u32| uses("f", "flaky", &[("n", lit(json!(n)))]);
    let out = [("out", path("f"))];
    check(vec![flaky(2)], &out, "failed [guest.error] not yet -> {}");
    let run = check(
        vec![flaky(2).with(|step| step.retry = Some(retry(2)))],
        &out,
        r#"succeeded -> {"out":3}"#,
    );
    let due: Vec<u64> = run
        .journal
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::AttemptFailed { next: Next::Retry { at_us }, .. } => Some(*at_us),
            _ => None,
        })
        .collect();
    assert_eq!(due, [1_000_007, 2_000_007], "a second after each failure");
    check(
        vec![flaky(3).with(|step| step.retry = Some(retry(2)))],
        &out,
        "failed [guest.error] not yet -> {}",
    );
    let asks = uses("f", "flaky", &[("n", lit(json!(1))), ("after_us", lit(json!(5_000_000)))]);
    let run = check(
        vec![asks.with(|step| step.retry = Some(retry(2)))],
        &out,
        r#"succeeded -> {"out":2}"#,
    );
    assert_eq!(run.journal.records.last().unwrap().at_us, 5_000_007, "as long as it asked");
    // What is not worth another try gets none; `any` and the kind itself are.
    let fail = |on: RetryOn| {
        uses("f", "fail", &[]).with(|step| step.retry = Some(Retry { on: vec![on], ..retry(3) }))
    };
    for (on, calls) in [
        (RetryOn::Transient, 1),
        (RetryOn::Any, 4),
        (RetryOn::Kind("guest.error".into()), 4),
        (RetryOn::Kind("guest.trap".into()), 1),
    ] {
        let run = check(vec![fail(on)], &out, "failed [guest.error] no luck -> {}");
        assert_eq!(run.table.count("fail"), calls);
    }
}

#[test]
fn a_block_is_tried_again_as_a_whole() {
    let steps = vec![
        uses("a", "add", &[("x", path("item"))]),
        uses("f", "flaky", &[("n", lit(json!(1)))]).with(|step| step.when = Some(when("a > 0"))),
    ];
    let node = map("m", lit(json!([1])), steps, None).with(|step| step.retry = Some(retry(1)));
    let run = check(vec![node], &[("out", path("m"))], r#"succeeded -> {"out":[{"a":1,"f":2}]}"#);
    assert_eq!(run.table.count("add"), 2);
    let history = run.history();
    assert!(history.contains(&"step_failed m[0].f".to_owned()), "{history:?}");
    assert!(history.contains(&"step_succeeded m#2[0].f".to_owned()), "{history:?}");
}

#[test]
fn a_fallback_takes_the_place_of_what_failed() {
    let out = [("out", path("f"))];
    let with = |fallback| uses("f", "fail", &[]).with(|step| step.fallback = Some(fallback));
    check(vec![with(Fallback::Value(path("inputs.n")))], &out, r#"succeeded -> {"out":5}"#);
    check(
        vec![with(Fallback::Uses(op("add", &[("x", path("inputs.n"))])))],
        &out,
        r#"succeeded -> {"out":5}"#,
    );
    check(vec![with(Fallback::Uses(op("fail", &[])))], &out, "failed [guest.error] no luck -> {}");
    let tried = with(Fallback::Value(lit(json!(9)))).with(|step| {
        step.retry = Some(Retry { on: vec![RetryOn::Any], ..retry(2) });
    });
    let run = check(vec![tried], &out, r#"succeeded -> {"out":9}"#);
    assert_eq!(run.table.count("fail"), 3, "only then");
    let held = map("f", path("inputs.list"), vec![uses("x", "fail", &[])], None)
        .with(|step| step.fallback = Some(Fallback::Value(lit(json!([])))));
    check(vec![held], &out, r#"succeeded -> {"out":[]}"#);
}

#[test]
fn a_step_that_may_fail_is_as_if_it_were_skipped() {
    let f = uses("f", "fail", &[]).with(|step| step.on_error = OnError::Continue);
    let after = set("s", &[("f", path("f")), ("n", path("inputs.n"))]);
    let run =
        check(vec![f, after], &[("out", path("s"))], r#"succeeded -> {"out":{"f":null,"n":5}}"#);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert_eq!(state.steps["f"].status.as_str(), "failed");
}

#[test]
fn a_timeout_is_for_all_tries_and_all_it_holds() {
    let out = [("out", path("f"))];
    let short = |step: &mut Step| step.timeout = Some(2 * SECOND);
    let expected = "stopped [limit.timeout] step `f` took longer than its timeout of 2s -> {}";
    let run = check(vec![uses("f", "slow", &[]).with(short)], &out, expected);
    let state = coldframe_journal::RunState::fold(&run.journal.records).unwrap();
    assert_eq!(state.totals.fuel, 7, "what it consumed is charged");
    let tries = uses("f", "flaky", &[("n", lit(json!(9)))])
        .with(short)
        .with(|step| step.retry = Some(retry(9)));
    let run = check(vec![tries], &out, expected);
    assert_eq!(run.table.count("flaky"), 2);
    check(vec![approve("f", OnReject::Fail).with(short)], &out, expected);
    check(vec![signal("f", "paid").with(short)], &out, expected);
    check(vec![pause("f", 5 * SECOND).with(short)], &out, expected);
    let held = || map("f", path("inputs.list"), vec![uses("x", "slow", &[])], None);
    check(vec![held().with(short)], &out, expected);
    let wall = held().with(|step| step.limits.wall = Some(SECOND));
    check(
        vec![wall],
        &out,
        "stopped [limit.deadline] step `f` ran into its wall limit of 1s -> {}",
    );
    let caught = held().with(short).with(|step| {
        step.retry = Some(Retry { on: vec![RetryOn::Any], ..retry(9) });
        step.fallback = Some(Fallback::Value(lit(json!("late"))));
    });
    check(vec![caught], &out, r#"succeeded -> {"out":"late"}"#);
}

#[test]
fn a_wait_lets_time_pass() {
    let run =
        check(vec![pause("w", 5 * SECOND)], &[("out", path("w"))], r#"succeeded -> {"out":null}"#);
    assert_eq!(run.journal.records.last().unwrap().at_us, 5_000_007);
    let mut long = Run::new(&Arc::new(graph(vec![pause("w", 600 * SECOND)], &[])));
    let state = runtime().block_on(long.go()).unwrap().state;
    assert!(state.is_suspended());
    assert_eq!(shown(&state), "suspended: w: Until { at_us: 600000007 }");
    long.linger = 900 * SECOND;
    let state = runtime().block_on(long.go()).unwrap().state;
    assert_eq!(shown(&state), "succeeded -> {}");
}

#[test]
fn a_decision_lets_a_suspended_run_go_on() {
    let nodes = || {
        let ask = approve("ok", OnReject::Fail).with(|step| {
            let StepKind::Approve(ask) = &mut step.kind else { unreachable!() };
            ask.show = Some(path("a"));
        });
        vec![add_one("a", "inputs.n"), ask, set("s", &[("by", path("ok.by"))])]
    };
    let graph = Arc::new(graph(nodes(), &[("out", path("s.by"))]));
    let runtime = runtime();
    let mut run = Run::new(&graph);
    let state = runtime.block_on(run.go()).unwrap().state;
    assert!(state.is_suspended());
    let (step, waiting) = state.waiting().next().unwrap();
    let show = Some(json!(6));
    assert_eq!((step, waiting), ("ok", &Waiting::Approval { message: "go?".into(), show }));
    // Nothing has changed, nobody has answered: still suspended.
    assert!(runtime.block_on(run.go()).unwrap().state.is_suspended());
    run.say(yes("ok"));
    let state = runtime.block_on(run.go()).unwrap().state;
    assert_eq!(shown(&state), r#"succeeded -> {"out":"ann"}"#);
    assert_eq!(run.table.count("add"), 1);

    let mut run = Run::new(&graph);
    runtime.block_on(run.go()).unwrap();
    run.say(no("ok"));
    let state = runtime.block_on(run.go()).unwrap().state;
    assert_eq!(shown(&state), "failed [approval.rejected] `ann` said no: not now -> {}");
    assert!(state.check(&yes("ok")).is_err());
}

#[test]
fn a_no_may_be_an_answer_too() {
    let graph = Arc::new(graph(vec![approve("ok", OnReject::Continue)], &[("out", path("ok"))]));
    let mut run = Run::new(&graph);
    let runtime = runtime();
    runtime.block_on(run.go()).unwrap();
    run.say(no("ok"));
    let state = runtime.block_on(run.go()).unwrap().state;
    let expected = r#"succeeded -> {"out":{"approved":false,"by":"ann","note":"not now"}}"#;
    assert_eq!(shown(&state), expected);
}

#[test]
fn a_signal_goes_to_all_who_wait_and_else_to_the_next() {
    let graph = Arc::new(graph(
        vec![signal("a", "paid"), signal("b", "paid"), signal("c", "sent")],
        &[("a", path("a")), ("b", path("b")), ("c", path("c"))],
    ));
    let mut run = Run::new(&graph);
    let runtime = runtime();
    runtime.block_on(run.go()).unwrap();
    run.say(Event::SignalReceived { name: "paid".into(), value: json!(3) });
    assert!(runtime.block_on(run.go()).unwrap().state.is_suspended());
    run.say(Event::SignalReceived { name: "sent".into(), value: json!("x") });
    let state = runtime.block_on(run.go()).unwrap().state;
    assert_eq!(shown(&state), r#"succeeded -> {"a":3,"b":3,"c":"x"}"#);

    let later = looped("l", times(2), vec![signal("s", "tick")], Some(path("s")));
    let graph = Arc::new(support::graph(vec![later], &[("out", path("l.last"))]));
    let mut run = Run::new(&graph);
    runtime.block_on(run.go()).unwrap();
    for value in [1, 2] {
        run.say(Event::SignalReceived { name: "tick".into(), value: json!(value) });
    }
    let state = runtime.block_on(run.go()).unwrap().state;
    assert_eq!(shown(&state), r#"succeeded -> {"out":2}"#);
}

/// One branch is answered while the other still runs.
#[test]
fn answers_come_while_the_run_goes_on() {
    let node = parallel(
        "p",
        Join::All,
        vec![
            ("asks", vec![approve("ok", OnReject::Fail), add_one("x", "inputs.n")], None),
            ("runs", vec![uses("z", "nap", &[("ms", lit(json!(50)))])], None),
        ],
    );
    let (sender, queue) = coldframe_engine::AnswerQueue::new();
    let mut run = Run::new(&Arc::new(graph(vec![node], &[])));
    run.answers = Arc::new(queue);
    let state = runtime().block_on(async {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let answer = |step: &str| coldframe_engine::Answer::Decision {
                step: step.into(),
                approved: true,
                by: "ann".into(),
                note: None,
            };
            sender.send(answer("p.nobody.ok")).unwrap();
            sender.send(answer("p.asks.ok")).unwrap();
        });
        run.go().await.unwrap().state
    });
    assert_eq!(shown(&state), "succeeded -> {}");
    let history = run.history();
    let at = |line: &str| history.iter().position(|found| found == line).unwrap();
    assert!(at("decision_made p.asks.ok") < at("step_succeeded p.runs.z"), "{history:?}");
}

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
