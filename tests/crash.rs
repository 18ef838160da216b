//! Processes that die: `kill -9` in the middle of a run, and what `runs resume` makes of it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::world::{COLDFRAME, World};

/// Splits a long text over and over: each step takes long enough to be killed in.
const PIPELINE: &str = r#"
apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: long }
inputs: { text: { type: string } }
limits: { fuel: 2e10, wall: 300s }
steps:
  - { id: a, uses: std/text#stats, with: { text: "{{ inputs.text }}" } }
  - { id: b, uses: std/text#stats, with: { text: "{{ inputs.text }}" }, needs: a }
  - { id: c, uses: std/text#stats, with: { text: "{{ inputs.text }}" }, needs: b }
  - { id: d, uses: std/text#stats, with: { text: "{{ inputs.text }}" }, needs: c }
outputs: { words: "{{ d.words }}" }
"#;

/// The tests.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("crash/kill_9_and_resume", || kill_and_resume().map_err(Failed::from))]
}

fn kill_and_resume() -> Result<(), String> {
    let world = World::new();
    std::fs::write(world.work().join("long.yml"), PIPELINE).map_err(|e| e.to_string())?;
    let text = "the quick brown fox jumps over the lazy dog. ".repeat(22_000);
    std::fs::write(world.work().join("text.txt"), text).map_err(|e| e.to_string())?;
    let run = ["run", "long.yml", "--input", "text=@text.txt", "--quiet", "--fresh"];
    let undisturbed = world.coldframe(&run);
    let expected = String::from_utf8_lossy(&undisturbed.stdout).into_owned();
    if !undisturbed.status.success() || expected.trim() != "198000" {
        return Err(format!("the undisturbed run gave {undisturbed:?}"));
    }

    // Machines differ in speed: rounds go on until enough of them died between two steps.
    let mut killed_between = 0;
    for round in 0..40 {
        if killed_between == 4 {
            return Ok(());
        }
        let last = newest(&world)?;
        let mut child = world
            .command(COLDFRAME)
            .args(run)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        wait_for_steps(&world, &last, round % 4)?;
        child.kill().map_err(|e| e.to_string())?;
        child.wait().map_err(|e| e.to_string())?;

        let before = events(&world)?;
        if before.iter().any(|event| event.contains("run_finished")) {
            continue;
        }
        let done = succeeded(&before);
        killed_between += usize::from(!done.is_empty());
        let resumed = world.coldframe(&["runs", "resume", "--quiet"]);
        if resumed.stdout != undisturbed.stdout || !resumed.status.success() {
            return Err(format!("after {before:#?} the resumed run gave {resumed:?}"));
        }
        let after = events(&world)?;
        if after.get(..before.len()) != Some(&before[..]) {
            return Err(format!("records were lost: {before:#?} became {after:#?}"));
        }
        for step in done {
            let starts = after.iter().filter(|e| e.contains("step_started") && e.contains(&step));
            if starts.count() != 1 {
                return Err(format!("completed step {step} was repeated: {after:#?}"));
            }
        }
    }
    Err(format!("only {killed_between} of 40 rounds were killed between two steps"))
}

/// Waits until a run newer than `last` has completed `count` steps, or is over.
fn wait_for_steps(world: &World, last: &str, count: usize) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if newest(world)? != last {
            let events = events(world)?;
            let over = events.iter().any(|event| event.contains("run_finished"));
            if over || (!events.is_empty() && succeeded(&events).len() >= count) {
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Err("the run did not get that far within a minute".to_owned())
}

/// The id of the newest run.
fn newest(world: &World) -> Result<String, String> {
    let output = world.coldframe(&["runs", "list", "--count", "1", "--format", "json"]);
    let list: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("{e}: {output:?}"))?;
    let id = list.pointer("/0/run_id").and_then(serde_json::Value::as_str);
    id.map(str::to_owned).ok_or_else(|| format!("no run in {list}"))
}

/// The records of the newest run, a line of JSON each.
fn events(world: &World) -> Result<Vec<String>, String> {
    let output = world.coldframe(&["runs", "show", "--events", "--format", "json"]);
    if !output.status.success() {
        return Err(format!("`runs show` gave {output:?}"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn succeeded(events: &[String]) -> Vec<String> {
    let step = |event: &String| {
        let event: serde_json::Value = serde_json::from_str(event).ok()?;
        let id = event.pointer("/event/step_succeeded/step")?.as_str()?;
        Some(format!("\"{id}\""))
    };
    events.iter().filter_map(step).collect()
}
