//! Rules over outputs and results, and the gates before tries.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use coldframe_journal::{Event, RunState};
use coldframe_lang::graph::*;
use coldframe_lang::template::Template;
use serde_json::json;
use support::*;

const SECOND: Duration = Duration::from_secs(1);

fn add(id: &str, to: &str) -> Node {
    uses(id, "add", &[("x", path(to)), ("y", lit(json!(1)))])
}

fn ruled(nodes: Vec<Node>, outputs: &[(&str, Template)], rules: Vec<Policy>) -> Arc<Graph> {
    let mut graph = graph_of(nodes, outputs);
    graph.policies = rules;
    graph.assert_valid();
    Arc::new(graph)
}

fn of(step: &str) -> Subject {
    Subject::Step(step.into())
}

#[track_caller]
fn check_rules(
    nodes: Vec<Node>,
    outputs: &[(&str, Template)],
    rules: Vec<Policy>,
    expected: &str,
) -> Run {
    check_graph(&ruled(nodes, outputs, rules), Limits::default(), expected)
}

fn broken(run: &Run) -> Vec<String> {
    let receipts = run.journal.records.iter().filter_map(|record| record.event.receipt());
    receipts.flat_map(|receipt| &receipt.broken).map(|rule| rule.policy.clone()).collect()
}

#[test]
fn a_rule_that_holds_changes_nothing() {
    let rules = vec![
        rule("a", of("a"), "result < 100", Action::FailRun),
        rule("b", Subject::EveryStep, "step.attempts == 1", Action::FailStep),
        rule("c", Subject::Run, "result.out == 6", Action::FailRun),
        rule("d", Subject::Run, "steps.a.output == 6", Action::FailRun),
        rule("e", Subject::Run, "totals.fuel < 200", Action::FailRun),
        Policy {
            when: Some(when("result > 6")),
            ..rule("f", of("a"), "result > 100", Action::FailRun)
        },
    ];
    let run = check_rules(
        vec![add("a", "inputs.n")],
        &[("out", path("a"))],
        rules,
        r#"succeeded -> {"out":6}"#,
    );
    assert!(broken(&run).is_empty());
}

#[test]
fn a_warning_is_in_the_receipt() {
    let rules = vec![rule("small", Subject::EveryStep, "result < 3", Action::Warn)];
    let nodes = vec![map("m", path("inputs.list"), vec![add("a", "item")], Some(path("a[0]")))];
    // What a `map` comes to is a list, which is no number: that is a mistake, not a broken rule.
    let run = Run::new(&ruled(nodes, &[], rules));
    let mut run = run;
    let state = runtime().block_on(run.go()).unwrap().state;
    assert!(shown(&state).contains("expr.failed") || shown(&state).contains("undefined"));
    let rules = vec![rule("small", of("a"), "result < 3", Action::Warn)];
    let nodes = vec![map("m", path("inputs.list"), vec![add("a", "item")], Some(path("a")))];
    let run = check_rules(nodes, &[("out", path("m"))], rules, r#"succeeded -> {"out":[2,3,4]}"#);
    assert_eq!(broken(&run), ["small"; 2]);
}

#[test]
fn a_failing_step_has_its_retry_and_its_fallback() {
    let rules = || vec![rule("most", of("a"), "result > 100", Action::FailStep)];
    let out = [("out", path("a"))];
    let run = check_rules(
        vec![add("a", "inputs.n")],
        &out,
        rules(),
        "failed [policy.violated] rule `most`: `result > 100` is not true -> {}",
    );
    assert_eq!(run.table.count("add"), 1);
    let node = add("a", "inputs.n").with(|step| {
        let on = vec![RetryOn::Kind("policy.violated".into())];
        let retry =
            Retry { max: 2, backoff: Backoff::Constant, delay: SECOND, delay_max: SECOND, on };
        step.retry = Some(retry);
        step.fallback = Some(Fallback::Value(lit(json!(101))));
    });
    let run = check_rules(vec![node], &out, rules(), r#"succeeded -> {"out":101}"#);
    assert_eq!(run.table.count("add"), 3);
    let node = add("a", "inputs.n").with(|step| step.on_error = OnError::Continue);
    check_rules(vec![node], &[], rules(), "succeeded -> {}");
    // What takes the place of a step is looked at as well.
    let node =
        add("a", "inputs.n").with(|step| step.fallback = Some(Fallback::Value(lit(json!(1)))));
    let expected = "failed [policy.violated] rule `most`: `result > 100` is not true -> {}";
    check_rules(vec![node], &out, rules(), expected);
}

#[test]
fn a_run_that_fails_by_a_rule_cannot_be_caught() {
    let rules = vec![rule("most", of("a"), "result > 100", Action::FailRun)];
    let node = add("a", "inputs.n").with(|step| {
        step.on_error = OnError::Continue;
        step.fallback = Some(Fallback::Value(lit(json!(101))));
    });
    let expected = "failed [policy.violated] rule `most`: `result > 100` is not true -> {}";
    check_rules(vec![node, add("b", "inputs.n")], &[], rules, expected);
}

#[test]
fn outputs_that_break_a_rule_do_not_get_out() {
    let rules = vec![rule("most", Subject::Run, "result.out > 100", Action::FailRun)];
    let run = check_rules(
        vec![add("a", "inputs.n")],
        &[("out", path("a"))],
        rules,
        "failed [policy.violated] rule `most`: `result.out > 100` is not true -> {}",
    );
    let Event::RunFinished { broken, .. } = &run.journal.records.last().unwrap().event else {
        panic!()
    };
    assert_eq!(broken[0].policy, "most");
}

fn asking(subject: Subject) -> Arc<Graph> {
    let rules = vec![rule("ask", subject, "totals.fuel < 1", Action::RequireApproval)];
    let nodes = vec![add("a", "inputs.n"), add("b", "a")];
    ruled(nodes, &[("out", path("b"))], rules)
}

#[test]
fn a_person_lets_an_output_count() {
    for (subject, waits, yes, no) in
        [(of("a"), "a", yes("a"), no("a")), (Subject::Run, "ask", released(true), released(false))]
    {
        let graph = asking(subject);
        let mut run = Run::new(&graph);
        let state = runtime().block_on(run.go()).unwrap().state;
        assert!(state.is_suspended());
        assert_eq!(state.waiting().next().unwrap().0, waits);
        run.say(yes);
        let state = runtime().block_on(run.go()).unwrap().state;
        assert_eq!(shown(&state), r#"succeeded -> {"out":7}"#);
        assert_eq!(run.table.count("add"), 2);

        let mut run = Run::new(&graph);
        runtime().block_on(run.go()).unwrap();
        run.say(no);
        let state = runtime().block_on(run.go()).unwrap().state;
        assert!(
            shown(&state).starts_with("failed [approval.rejected] `ann` said no where rule `ask`"),
            "{}",
            shown(&state)
        );
        assert!(shown(&state).ends_with("-> {}"));
    }
}

#[test]
fn a_run_that_is_held_can_be_stopped() {
    let mut run = Run::new(&asking(Subject::Run));
    runtime().block_on(run.go()).unwrap();
    run.cancel.0.send(true).unwrap();
    let state = runtime().block_on(run.go()).unwrap().state;
    assert_eq!(state.finished.unwrap().status.as_str(), "cancelled");
}

#[test]
fn a_sub_pipeline_has_its_own_rules() {
    let around = |action: Action, on: Subject| {
        let rules = vec![rule("in", on, "totals.fuel < 1", action)];
        let mut inner = graph_of(vec![add("a", "inputs.n")], &[("out", path("a"))]);
        let schema = json!({ "type": "integer" });
        inner.inputs.insert("n".into(), Input { schema, default: None });
        inner.policies = rules;
        let node = child("c", Arc::new(inner), &[("n", path("inputs.n"))]).with(|step| {
            step.fallback = Some(Fallback::Value(lit(json!({ "out": 0 }))));
        });
        Arc::new(graph(vec![node], &[("out", path("c.out"))]))
    };
    let check = |graph: Arc<Graph>, expected: &str| {
        check_graph(&graph, Limits::default(), expected);
    };
    check(around(Action::Warn, Subject::Run), r#"succeeded -> {"out":6}"#);
    // The run that fails is the sub-pipeline's, and what runs it may catch that.
    check(around(Action::FailRun, Subject::Run), r#"succeeded -> {"out":0}"#);
    let mut run = Run::new(&around(Action::RequireApproval, Subject::Run));
    let state = runtime().block_on(run.go()).unwrap().state;
    assert_eq!(state.waiting().next().unwrap().0, "c");
    run.say(yes("c"));
    let state = runtime().block_on(run.go()).unwrap().state;
    assert_eq!(shown(&state), r#"succeeded -> {"out":6}"#);
}

#[test]
fn what_holds_others_and_what_waits_is_looked_at_too() {
    for node in [
        approve("x", OnReject::Fail),
        pause("x", SECOND),
        map("x", path("inputs.list"), vec![add("a", "item")], None),
        looped("x", times(2), vec![add("a", "inputs.n")], None),
        parallel("x", Join::All, vec![("b", vec![add("a", "inputs.n")], None)]),
    ] {
        let rules = vec![rule("never", of("x"), "step.attempts < 1", Action::FailStep)];
        let mut run = Run::new(&ruled(vec![node], &[], rules));
        let mut state = runtime().block_on(run.go()).unwrap().state;
        if run.answer_all() {
            state = runtime().block_on(run.go()).unwrap().state;
        }
        let expected =
            "failed [policy.violated] rule `never`: `step.attempts < 1` is not true -> {}";
        assert_eq!(shown(&state), expected);
    }
}

/// The process dies after any record.
#[test]
fn rules_survive_crashes() {
    for action in [Action::Warn, Action::FailStep, Action::FailRun, Action::RequireApproval] {
        for subject in [of("a"), of("m"), Subject::Run] {
            let rules = vec![rule("r", subject.clone(), "totals.fuel < 1", action)];
            let nodes = vec![
                map("m", path("inputs.list"), vec![add("a", "item")], Some(path("a"))),
                add("b", "m[1]"),
            ];
            let graph = ruled(nodes, &[("out", path("b"))], rules);
            let whole = to_the_end(&mut Run::new(&graph));
            for kept in 0.. {
                let mut run = Run::new(&graph);
                run.journal.left = Some(kept);
                let failed = loop {
                    match runtime().block_on(run.go()) {
                        Ok(report) if report.state.finished.is_some() => break false,
                        Ok(_) => assert!(run.answer_all()),
                        Err(_) => break true,
                    }
                };
                if !failed {
                    break;
                }
                run.journal.left = None;
                let state = to_the_end(&mut run);
                assert_eq!(shown(&state), shown(&whole), "{action:?} {subject:?} {kept}");
            }
        }
    }
}

fn to_the_end(run: &mut Run) -> RunState {
    loop {
        let state = runtime().block_on(run.go()).unwrap().state;
        if state.finished.is_some() {
            return state;
        }
        assert!(run.answer_all());
    }
}

fn limited(id: &str, max: u32, group: Option<&str>) -> Node {
    let group = group.map(str::to_owned);
    add(id, "inputs.n").with(|step| {
        step.rate_limit = Some(RateLimit { group, max, per: 10 * SECOND });
    })
}

/// When tries began, in whole seconds.
fn begun(run: &Run) -> Vec<u64> {
    let started = run.journal.records.iter().filter(
        |record| matches!(&record.event, Event::StepStarted { step, .. } if !step.ends_with('m')),
    );
    started.map(|record| record.at_us / 1_000_000).collect()
}

#[test]
fn no_more_tries_begin_than_may() {
    let run = check(
        vec![map("m", path("inputs.list"), vec![limited("a", 2, None)], None)],
        &[],
        "succeeded -> {}",
    );
    assert_eq!(begun(&run), [0, 0, 10]);
    let nodes = ["a", "b", "c", "d", "e"].map(|id| limited(id, 2, Some("g")));
    let run = check(nodes.into(), &[], "succeeded -> {}");
    assert_eq!(begun(&run), [0, 0, 10, 10, 20]);
    let nodes = ["a", "b", "c"].map(|id| limited(id, 1, None));
    assert_eq!(begun(&check(nodes.into(), &[], "succeeded -> {}")), [0, 0, 0]);
    // What is skipped did nothing.
    let skipped = limited("a", 1, Some("g")).with(|step| step.when = Some(when("inputs.n == 4")));
    let run = check(vec![skipped, limited("b", 1, Some("g"))], &[], "succeeded -> {}");
    assert_eq!(begun(&run), [0, 0]);
}

#[test]
fn a_limit_counts_on_after_a_crash() {
    let nodes = ["a", "b", "c"].map(|id| limited(id, 1, Some("g")));
    let graph = Arc::new(graph(nodes.into(), &[]));
    let mut run = Run::new(&graph);
    run.journal.left = Some(3);
    runtime().block_on(run.go()).unwrap_err();
    run.journal.left = None;
    runtime().block_on(run.go()).unwrap();
    assert_eq!(begun(&run), [0, 10, 20]);
}

#[test]
fn what_keeps_failing_is_left_alone() {
    let breaker = CircuitBreaker { group: None, failures: 2, open_for: 10 * SECOND };
    let fail = uses("f", "fail", &[]).with(|step| step.circuit_breaker = Some(breaker.clone()));
    let one_by_one = map("m", lit(json!([1, 2, 3, 4])), vec![fail], None).with(|step| {
        let StepKind::Map(map) = &mut step.kind else { unreachable!() };
        map.max_concurrent = 1;
        map.on_error = OnItemError::Skip;
    });
    let run = check(vec![one_by_one], &[], "succeeded -> {}");
    assert_eq!(run.table.count("fail"), 2);
    let kinds: Vec<&str> = run
        .journal
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::StepFailed { failure, .. } => Some(failure.kind.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["guest.error", "guest.error", "breaker.open", "breaker.open"]);

    // After a while one try is let through, and its end decides.
    let flaky = uses("f", "flaky", &[("n", lit(json!(2)))]).with(|step| {
        step.circuit_breaker = Some(breaker.clone());
        let on = vec![RetryOn::Any];
        let (delay, delay_max) = (4 * SECOND, 4 * SECOND);
        step.retry = Some(Retry { max: 9, backoff: Backoff::Constant, delay, delay_max, on });
    });
    let run = check(vec![flaky], &[("out", path("f"))], r#"succeeded -> {"out":3}"#);
    assert_eq!(run.table.count("flaky"), 3);
    // Tries at 0 and 4 fail and open it until 14; those at 8 and 12 are refused.
    assert_eq!(begun(&run), [0, 4, 8, 12, 16]);
}
