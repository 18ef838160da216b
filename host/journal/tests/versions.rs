//! Journals of earlier versions are read for good: the files here are never changed.

use coldframe_journal::{Record, RunState};

#[test]
fn version_1() {
    let text = include_str!("data/version-1.jsonl");
    let records: Vec<Record> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let state = RunState::fold(&records).unwrap();
    let steps: Vec<String> =
        state.steps.iter().map(|(step, state)| format!("{step} {}", state.status)).collect();
    assert_eq!(steps, ["a succeeded", "b failed", "c skipped"]);
    assert_eq!((state.totals.attempts, state.totals.fuel), (3, 10));
    assert_eq!(state.finished.unwrap().failure.unwrap().message, "no luck");
    for (record, line) in records.iter().zip(text.lines()) {
        assert_eq!(serde_json::to_string(record).unwrap(), line, "and written the same");
    }
}
