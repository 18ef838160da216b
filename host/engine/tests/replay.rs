//! Journals that say something else than what comes out when they are run again.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use coldframe_engine::{EngineError, Replayed, Taken};
use coldframe_journal::{ErrorKind, Event};
use coldframe_lang::graph::*;
use serde_json::json;
use support::*;

fn run_of(nodes: Vec<Node>) -> Run {
    let graph = Arc::new(graph(nodes, &[("out", path("b"))]));
    let mut run = Run::new(&graph);
    runtime().block_on(run.go()).unwrap();
    run
}

fn chain() -> Run {
    let add = |id: &str, to| uses(id, "add", &[("x", path(to)), ("y", expr("1 + 1"))]);
    run_of(vec![add("a", "inputs.n"), add("b", "a")])
}

fn again(run: &Run) -> Replayed {
    try_again(run).unwrap()
}

fn try_again(run: &Run) -> Result<Replayed, EngineError> {
    again_in(run, Arc::default())
}

fn again_in(run: &Run, table: Arc<Table>) -> Result<Replayed, EngineError> {
    runtime().block_on(run.replay_in(table))
}

/// Changes the record of the end of `step` and gives what the replay says of it.
fn changed(step: &str, change: impl Fn(&mut Event)) -> Vec<String> {
    let mut run = chain();
    for record in &mut run.journal.records {
        if record.event.step() == Some(step) && record.event.name() == "step_succeeded" {
            change(&mut record.event);
        }
    }
    let line = |difference: &coldframe_engine::Difference| {
        let step = difference.step.as_deref().unwrap_or("run");
        format!("{step} {}: {} {}", difference.what, difference.recorded, difference.found)
    };
    again(&run).differences.iter().map(line).collect()
}

#[test]
fn what_was_written_is_compared() {
    assert_eq!(changed("a", |_| {}), Vec::<String>::new());
    let fuel = changed("a", |event| event.receipt_mut().unwrap().fuel += 1);
    assert_eq!(fuel[0], "a receipt.fuel: 106 105");
    let output = changed("b", |event| {
        if let Event::StepSucceeded { output, .. } = event {
            *output = json!(10);
        }
    });
    // What follows from it differs as well: the run's output was made from the value before.
    assert_eq!(output[0], "b output: 10 9");
    assert_eq!(output[1], r#"run outputs: {"out":9} {"out":10}"#);
    let digest = changed("a", |event| {
        event.receipt_mut().unwrap().input_sha256 = Some("sha256:0".into());
    });
    assert!(digest[0].starts_with("a receipt.input_sha256"), "{digest:?}");
    let failed = changed("a", |event| {
        let receipt = event.receipt_mut().unwrap().clone();
        let failure = coldframe_journal::Failure::new(ErrorKind::GuestError, "no", Some("a"));
        *event = Event::StepFailed { step: "a".into(), failure, receipt };
    });
    assert_eq!(failed.len(), 1);
    assert!(failed[0].starts_with("a event: {\"step_failed\""), "{failed:?}");
}

#[test]
fn time_is_not_compared() {
    let wall = changed("a", |event| event.receipt_mut().unwrap().wall_us = 77);
    assert_eq!(wall, Vec::<String>::new());
}

/// What time did not end then, it must not end on a slower machine.
#[test]
fn walls_do_not_end_what_they_did_not_end() {
    let limit = std::time::Duration::from_secs(1);
    let add = uses("b", "add", &[("x", expr("1 + 1"))]).with(|step| step.limits.wall = Some(limit));
    let run = run_of(vec![add]);
    let table = Arc::new(Table::default());
    assert_eq!(again_in(&run, Arc::clone(&table)).unwrap().differences, []);
    let walls = |table: &Table| table.walls.lock().unwrap().clone();
    assert!(walls(&run.table).iter().all(|wall| *wall <= limit), "{:?}", walls(&run.table));
    let (then, now) = (walls(&run.table).len(), walls(&table));
    assert_eq!((now.len(), then), (2, 2));
    assert!(now.iter().all(|wall| *wall > limit * 3600), "{now:?}");
}

#[test]
fn another_order_is_another_run() {
    let mut run = chain();
    let records = &mut run.journal.records;
    // The second step starts before the first one has ended.
    let at = records.iter().position(|r| r.event.name() == "step_succeeded").unwrap();
    records.swap(at, at + 1);
    for (seq, record) in records.iter_mut().enumerate() {
        record.seq = seq as u64;
    }
    // Refused as no journal, or seen to be another run.
    assert!(try_again(&run).is_ok_and(|found| !found.differences.is_empty()));
}

#[test]
fn a_lost_recording_is_a_difference() {
    let lost = changed("a", |event| {
        event.receipt_mut().unwrap().recording = Some("sha256:1".into());
    });
    assert_eq!(lost, ["a recording: sha256:1 it is not in the journal, or is not what it was"]);
}

#[test]
fn what_is_not_made_again_is_said() {
    let mut run = chain();
    for record in &mut run.journal.records {
        if let Some(receipt) = record.event.receipt_mut() {
            receipt.unrecorded = true;
        }
    }
    let found = again(&run);
    assert_eq!(found.differences, []);
    assert_eq!(found.taken.iter().map(|(_, why)| *why).collect::<Vec<_>>(), [Taken::TooLarge; 2]);

    let slow = uses("s", "slow", &[]).with(|step| {
        step.timeout = Some(std::time::Duration::from_secs(2));
        step.on_error = OnError::Continue;
    });
    let run = run_of(vec![slow, uses("b", "add", &[("x", lit(json!(1)))])]);
    let found = again(&run);
    assert_eq!(found.differences, [], "{:#?}", run.history());
    assert_eq!(found.taken.iter().map(|(_, why)| *why).collect::<Vec<_>>(), [Taken::Time]);
}

/// Another pipeline, or another text of it, is not what ran.
#[test]
fn another_text() {
    let mut run = chain();
    if let Event::RunStarted { spec_sha256, .. } = &mut run.journal.records[0].event {
        *spec_sha256 = "sha256:0".into();
    }
    let found = again(&run);
    assert_eq!((found.differences[0].seq, found.differences[0].what.as_str()), (0, "event"));
}
