//! What becomes of steps that fail or take too long: retries, fallbacks, timeouts.

mod support;

use std::time::Duration;

use coldframe_journal::{Event, Next};
use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

const SECOND: Duration = Duration::from_secs(1);

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
