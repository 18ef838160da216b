//! Steps that wait: for time, for a person, for a signal.

mod support;

use std::sync::Arc;
use std::time::Duration;

use coldframe_journal::{Event, Waiting};
use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

const SECOND: Duration = Duration::from_secs(1);

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
