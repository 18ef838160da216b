//! Runs of hand-made graphs against a table of operations: order, budgets, crashes, cancellation.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldframe_engine::{
    Call, CallError, CallReport, EngineError, Host, Invoke, LINGER, MemoryJournal, NoAnswers,
    RunLimits, RunOptions, Silent, drive,
};
use coldframe_format::Digest;
use coldframe_journal::{ErrorKind, Event, RunState, RunStatus, StepStatus};
use coldframe_lang::graph::{Graph, Limits, Step, StepKind, Uses};
use coldframe_lang::limits::Profile;
use coldframe_lang::template::{Expr, Path, Root, Segment, Template};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::Breaking;
use tokio::sync::watch;

/// A table of operations: `add` sums, `fail` fails, `burn` takes all fuel it may have, `slow` never
/// ends, `eval` stands for the evaluator and knows `yes`, `no` and `sum`.
#[derive(Default)]
struct Table {
    calls: Mutex<BTreeMap<String, u32>>,
    running: AtomicU32,
    most_running: AtomicU32,
}

impl Invoke for Table {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(async move {
            let key = format!("{} {}", call.operation, call.input);
            *self.calls.lock().unwrap().entry(key).or_default() += 1;
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_running.fetch_max(running, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let (result, fuel) = answer(&call).await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            let fuel = fuel.min(call.limits.fuel);
            CallReport { fuel, memory_peak_bytes: 65_536, ..CallReport::of(result) }
        })
    }
}

async fn answer(call: &Call) -> (Result<Value, CallError>, u64) {
    let sum = |value: &Value| match value {
        Value::Object(map) => map.values().filter_map(Value::as_i64).sum::<i64>(),
        other => other.as_i64().unwrap_or(0),
    };
    match call.operation.as_str() {
        "add" if call.limits.fuel < 100 => {
            (Err(CallError::new(ErrorKind::LimitFuel, "out of fuel")), call.limits.fuel)
        }
        "add" => (Ok(json!(sum(&call.input))), 100),
        "fail" => (Err(CallError::new(ErrorKind::GuestError, "no luck")), 10),
        "burn" => (Err(CallError::new(ErrorKind::LimitFuel, "out of fuel")), u64::MAX),
        "slow" => {
            call.cancel.cancelled().await;
            (Err(CallError::new(ErrorKind::PipelineCancelled, "cancelled")), 7)
        }
        "eval" => (Ok(json!(call.input["source"] == "yes")), 5),
        other => panic!("no operation `{other}`"),
    }
}

fn step(id: &str, kind: StepKind, needs: &[usize]) -> Step {
    Step { needs: needs.to_vec(), ..Step::new(id, kind) }
}

fn uses(operation: &str, with: &[(&str, Template)]) -> StepKind {
    StepKind::Uses(Uses {
        with: with.iter().map(|(name, template)| ((*name).into(), template.clone())).collect(),
        ..support::table_of(operation)
    })
}

fn output(index: usize, id: &str) -> Template {
    Template::Path(Path { root: Root::Step(index, id.into()), segments: vec![] })
}

fn one() -> Template {
    Template::Literal(json!(1))
}

fn graph(steps: Vec<Step>, outputs: &[(&str, Template)]) -> Arc<Graph> {
    Arc::new(Graph {
        outputs: outputs.iter().map(|(name, t)| ((*name).to_owned(), t.clone())).collect(),
        ..Graph::of_steps("test", steps)
    })
}

/// `a` to `d`: a diamond whose outputs are 1, 2, 3 and 5.
fn diamond() -> Arc<Graph> {
    let steps = vec![
        step("a", uses("add", &[("x", one())]), &[]),
        step("b", uses("add", &[("x", output(0, "a")), ("y", one())]), &[0]),
        step("c", uses("add", &[("x", output(0, "a")), ("y", Template::Literal(json!(2)))]), &[0]),
        step("d", uses("add", &[("x", output(1, "b")), ("y", output(2, "c"))]), &[1, 2]),
    ];
    graph(steps, &[("sum", output(3, "d"))])
}

fn options(limits: &Limits) -> RunOptions {
    RunOptions {
        run_id: "run".into(),
        limits: RunLimits::new(&Limits::default(), limits, Profile::Strict),
        operator_caps: None,
        evaluator: Digest::of(b"evaluator"),
        nano_per_mfuel: 1_000_000,
        linger: LINGER,
    }
}

fn host(table: &Arc<Table>) -> (Host, watch::Sender<bool>) {
    let (sender, cancel) = watch::channel(false);
    let invoke: Arc<dyn Invoke> = Arc::clone(table) as _;
    let answers = Arc::new(NoAnswers);
    (
        Host { invoke, observer: Arc::new(Silent), now_us: || 7, cancel, answers, earlier: None },
        sender,
    )
}

async fn run(graph: &Arc<Graph>, limits: Limits) -> (RunState, Arc<Table>) {
    let table = Arc::new(Table::default());
    let (host, _keep) = host(&table);
    let mut journal = MemoryJournal::default();
    let started = drive(Arc::clone(graph), json!({}), &[], &mut journal, &host, options(&limits));
    let report = started.await.unwrap();
    assert_eq!(RunState::fold(&journal.records).unwrap(), report.state, "replay gives the state");
    (report.state, table)
}

fn shown(state: &RunState) -> String {
    let steps: Vec<String> =
        state.steps.iter().map(|(id, step)| format!("{id} {}", step.status)).collect();
    let finished = state.finished.as_ref().unwrap();
    let failure = finished.failure.as_ref().map(|f| format!(" [{}] {}", f.kind, f.message));
    format!(
        "{}{}: {} -> {}",
        finished.status.as_str(),
        failure.unwrap_or_default(),
        steps.join(", "),
        finished.outputs
    )
}

#[track_caller]
fn check(graph: &Arc<Graph>, limits: Limits, expected: &str) -> Arc<Table> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (state, table) = runtime.block_on(run(graph, limits));
    assert_eq!(shown(&state), expected);
    table
}

#[test]
fn values_flow_along_the_edges() {
    let expected = r#"succeeded: a succeeded, b succeeded, c succeeded, d succeeded -> {"sum":5}"#;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (state, table) = runtime.block_on(run(&diamond(), Limits::default()));
    assert_eq!(shown(&state), expected);
    assert_eq!(state.totals.fuel, 400);
    assert_eq!(state.totals.cost_nano, 400);
    assert_eq!(table.most_running.load(Ordering::SeqCst), 2, "b and c run side by side");
}

#[test]
fn a_failure_stops_what_depends_on_it_and_keeps_the_rest() {
    let steps = vec![
        step("a", uses("add", &[("x", one())]), &[]),
        step("b", uses("fail", &[]), &[0]),
        step("c", uses("add", &[("x", output(1, "b"))]), &[1]),
    ];
    let graph = graph(steps, &[("first", output(0, "a")), ("last", output(2, "c"))]);
    check(
        &graph,
        Limits::default(),
        r#"failed [guest.error] no luck: a succeeded, b failed -> {"first":1}"#,
    );
}

#[test]
fn conditions_skip_and_skipped_outputs_are_null() {
    let expr = |source: &str| Expr { source: source.into(), roots: vec![], path: None };
    let mut yes = step("yes", uses("add", &[("x", one())]), &[]);
    yes.when = Some(expr("yes"));
    let mut no = step("no", uses("add", &[("x", one())]), &[]);
    no.when = Some(expr("no"));
    let graph = graph(vec![yes, no], &[("a", output(0, "yes")), ("b", output(1, "no"))]);
    let table = check(
        &graph,
        Limits::default(),
        r#"succeeded: yes succeeded, no skipped -> {"a":1,"b":null}"#,
    );
    assert_eq!(
        table.calls.lock().unwrap().iter().filter(|(key, _)| key.starts_with("add")).count(),
        1
    );
}

#[test]
fn an_undefined_path_names_itself() {
    let path = Path {
        root: Root::Step(0, "a".into()),
        segments: vec![Segment::Key("b".into()), Segment::Index(2)],
    };
    let steps = vec![
        step("a", uses("add", &[("x", one())]), &[]),
        step("c", uses("add", &[("x", Template::Path(path))]), &[0]),
    ];
    check(
        &graph(steps, &[]),
        Limits::default(),
        "failed [expr.failed] `a.b[2]` is undefined: a succeeded, c failed -> {}",
    );
}

/// Fuel of the run: just enough passes, one less is stopped and says so.
#[test]
fn the_run_s_fuel_bites() {
    let fuel = |fuel| Limits { fuel: Some(fuel), ..Limits::default() };
    check(
        &diamond(),
        fuel(400),
        r#"succeeded: a succeeded, b succeeded, c succeeded, d succeeded -> {"sum":5}"#,
    );
    check(
        &diamond(),
        fuel(399),
        "stopped [limit.fuel] step `d` used up the run's fuel limit of 399: \
         a succeeded, b succeeded, c succeeded, d failed -> {}",
    );
    check(
        &diamond(),
        fuel(300),
        "stopped [limit.fuel] the run's fuel limit of 300 was spent before step `d` could start: \
         a succeeded, b succeeded, c succeeded -> {}",
    );
}

/// Money: a unit of fuel costs one nano-USD here.
#[test]
fn the_run_s_money_bites() {
    let cost = |cost| Limits { cost_nano: Some(cost), ..Limits::default() };
    check(
        &diamond(),
        cost(400),
        r#"succeeded: a succeeded, b succeeded, c succeeded, d succeeded -> {"sum":5}"#,
    );
    check(
        &diamond(),
        cost(399),
        "stopped [limit.cost] step `d` used up the run's cost limit of 0.000000399 USD: \
         a succeeded, b succeeded, c succeeded, d failed -> {}",
    );
}

#[test]
fn the_step_s_own_bounds_bite() {
    let mut a = step("a", uses("add", &[("x", one())]), &[]);
    a.limits.fuel = Some(99);
    let own = graph(vec![a.clone()], &[]);
    check(
        &own,
        Limits::default(),
        "stopped [limit.fuel] step `a` used up its fuel limit of 99: a failed -> {}",
    );
    a.limits = Limits { cost_nano: Some(99), ..Limits::default() };
    check(
        &graph(vec![a], &[]),
        Limits::default(),
        "stopped [limit.cost] step `a` used up its cost limit of 0.000000099 USD: a failed -> {}",
    );
}

/// Side by side, three steps that each take all they may have never spend more than the run has.
#[test]
fn parallel_steps_cannot_overspend_together() {
    let steps = (0..3).map(|n| step(&format!("s{n}"), uses("burn", &[]), &[])).collect();
    let graph = graph(steps, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limits = Limits { fuel: Some(3_000_000_000), ..Limits::default() };
    let (state, _) = runtime.block_on(run(&graph, limits));
    assert!(state.totals.fuel <= 3_000_000_000, "{}", state.totals.fuel);
    assert_eq!(state.finished.unwrap().status, RunStatus::Stopped);
}

#[test]
fn cancelling_ends_the_run_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for width in [1, 2] {
        let steps = (0..width).map(|n| step(&format!("s{n}"), uses("slow", &[]), &[])).collect();
        let graph = graph(steps, &[]);
        let table = Arc::new(Table::default());
        let (host, cancel) = host(&table);
        let mut journal = MemoryJournal::default();
        let state = runtime.block_on(async {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                cancel.send(true).unwrap();
                // The channel stays open until the run has heard.
                tokio::time::sleep(Duration::from_secs(5)).await;
            });
            let options = options(&Limits::default());
            drive(graph, json!({}), &[], &mut journal, &host, options).await
        });
        assert_eq!(state.unwrap().state.finished.unwrap().status, RunStatus::Cancelled);
    }
}

/// Stops after `kept` records as a crash would, then goes on with what was kept.
async fn crash_and_resume(graph: &Arc<Graph>, kept: usize) -> (RunState, Arc<Table>, bool) {
    let table = Arc::new(Table::default());
    let (host, _keep) = host(&table);
    let mut journal = Breaking { left: Some(kept), ..Breaking::default() };
    let first =
        drive(Arc::clone(graph), json!({}), &[], &mut journal, &host, options(&Limits::default()))
            .await;
    match first {
        Ok(report) => return (report.state, table, true),
        Err(EngineError::Journal(_)) => {}
        Err(other) => panic!("{other}"),
    }
    journal.left = None;
    let past = journal.records.clone();
    let options = options(&Limits::default());
    let report =
        drive(Arc::clone(graph), json!({}), &past, &mut journal, &host, options).await.unwrap();
    assert_eq!(RunState::fold(&journal.records).unwrap(), report.state);
    (report.state, table, false)
}

/// Crash after each event: the resumed run has the same result and repeats no completed step.
#[test]
fn a_crash_after_any_event_changes_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let graph = diamond();
    for kept in 0.. {
        let (state, _, whole) = runtime.block_on(crash_and_resume(&graph, kept));
        let finished = state.finished.as_ref().unwrap();
        assert_eq!(finished.outputs, json!({"sum": 5}), "after {kept} records");
        assert!(state.steps.values().all(|step| step.status == StepStatus::Succeeded));
        if whole {
            assert_eq!(kept, 10, "started, four times two, finished");
            break;
        }
    }
}

/// A random graph: step `n` adds some of the steps before it.
fn random_graph() -> impl Strategy<Value = Arc<Graph>> {
    proptest::collection::vec(
        proptest::collection::vec(any::<proptest::sample::Index>(), 0..3),
        1..8,
    )
    .prop_map(|rows| {
        let steps = rows.iter().enumerate().map(|(n, picks)| {
            let mut needs: Vec<usize> =
                picks.iter().filter(|_| n > 0).map(|pick| pick.index(n)).collect();
            needs.sort_unstable();
            needs.dedup();
            let mut with = vec![("x".to_owned(), one())];
            with.extend(needs.iter().map(|n| (format!("v{n}"), output(*n, &format!("s{n}")))));
            let with: Vec<(&str, Template)> =
                with.iter().map(|(name, t)| (name.as_str(), t.clone())).collect();
            step(&format!("s{n}"), uses("add", &with), &needs)
        });
        let steps: Vec<Step> = steps.collect();
        let last = steps.len() - 1;
        graph(steps, &[("last", output(last, &format!("s{last}")))])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any graph, any crash: same outputs as an undisturbed run, no completed step repeated.
    #[test]
    fn crashes_do_not_change_results(graph in random_graph(), kept in 0usize..20) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (undisturbed, _) = runtime.block_on(run(&graph, Limits::default()));
        let (state, _, _) = runtime.block_on(crash_and_resume(&graph, kept));
        prop_assert_eq!(&state.finished.unwrap().outputs, &undisturbed.finished.unwrap().outputs);
        for (id, step) in &state.steps {
            prop_assert_eq!(step.status, StepStatus::Succeeded, "{}", id);
            prop_assert_eq!(&step.output, &undisturbed.steps[id].output);
        }
    }
}

#[test]
fn a_failed_run_that_is_resumed_stays_failed() {
    let steps = vec![step("a", uses("fail", &[]), &[]), step("b", uses("add", &[]), &[0])];
    let graph = graph(steps, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Started, a started, a failed; the end was lost.
    let (state, table, _) = runtime.block_on(crash_and_resume(&graph, 3));
    assert_eq!(state.finished.unwrap().status, RunStatus::Failed);
    assert_eq!(table.calls.lock().unwrap().len(), 1, "b never started");
}

#[test]
fn every_event_has_a_stable_text() {
    let event = Event::StepStarted { step: "a".into(), attempt: 2 };
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(text, r#"{"step_started":{"step":"a","attempt":2}}"#);
    assert_eq!(serde_json::to_string(&Event::RunResumed).unwrap(), r#""run_resumed""#);
}
