//! Each kind of step that holds others, in small runs.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use coldframe_format::Caps;
use coldframe_lang::graph::*;
use coldframe_lang::template::Template;
use serde_json::json;
use support::*;

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
