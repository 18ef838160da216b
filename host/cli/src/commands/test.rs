//! `coldframe test FILE…`: runs the tests that pipelines bring along.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::loading;
use crate::output::{self, DIM, Format, GREEN, RED, YELLOW};
use crate::project::Project;
use crate::testing::{self, Outcome, Ready};

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The pipelines
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only tests whose names contain this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many tests run at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
}

pub(crate) fn run(global: &Global, args: &TestArgs) -> Result<(), Fail> {
    let runtime = loading::runtime()?;
    let mut reports = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    for file in &args.files {
        let tests = prepare(global, args, file)?;
        let outcomes = runtime.block_on(all(tests, usize::from(args.jobs)));
        let good = outcomes.iter().filter(|outcome| outcome.problems.is_empty()).count();
        passed += good;
        failed += outcomes.len() - good;
        match global.format() {
            Format::Json => reports.push(json!({
                "file": file.display().to_string(),
                "tests": outcomes.iter().map(testing::to_json).collect::<Vec<Value>>(),
            })),
            Format::Text => print(global, file, &outcomes),
        }
    }
    if global.format() == Format::Json {
        output::json(&json!({
            "files": reports, "passed": passed, "failed": failed, "ok": failed == 0,
        }));
    } else {
        let tests = output::count(passed + failed, "test");
        let (mark, word) = if failed == 0 { (GREEN, "passed") } else { (RED, "failed") };
        output::note(&format!("{mark}{word}{mark:#}: {tests}, {passed} passed, {failed} failed"));
    }
    if failed == 0 { Ok(()) } else { Err(Fail::said(Exit::Problems)) }
}

/// Compiles a file and loads what each of its tests needs.
fn prepare(global: &Global, args: &TestArgs, file: &Path) -> Result<Vec<Ready>, Fail> {
    let project = Project::of_file(global, file)?;
    let graph = Arc::new(project.compile_file(global, file)?.graph);
    let wanted = |name: &str| args.only.as_ref().is_none_or(|part| name.contains(part));
    graph
        .tests
        .iter()
        .filter(|test| wanted(&test.name))
        .map(|test| testing::ready(global, &project, &graph, test))
        .collect()
}

/// Runs tests side by side; outcomes in the order of the file.
async fn all(tests: Vec<Ready>, jobs: usize) -> Vec<Outcome> {
    let permits = Arc::new(Semaphore::new(jobs));
    let running: Vec<_> = tests
        .into_iter()
        .map(|ready| {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move {
                let _permit = permits.acquire_owned().await;
                testing::run(ready).await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in running {
        if let Ok(outcome) = task.await {
            outcomes.push(outcome);
        }
    }
    outcomes
}

fn print(global: &Global, file: &Path, outcomes: &[Outcome]) {
    let name = file.display();
    if outcomes.is_empty() {
        output::note(&format!("{YELLOW}-{YELLOW:#} {name}  {DIM}no tests{DIM:#}"));
        return;
    }
    let bad = outcomes.iter().any(|outcome| !outcome.problems.is_empty());
    if global.quiet && !bad {
        return;
    }
    output::note(&format!("{name}"));
    for outcome in outcomes {
        let time = output::time(outcome.wall_us);
        if outcome.problems.is_empty() {
            output::note(&format!("  {GREEN}✓{GREEN:#} {}  {DIM}{time}{DIM:#}", outcome.name));
            continue;
        }
        output::note(&format!(
            "  {RED}✗{RED:#} {}  {DIM}line {}, {time}{DIM:#}",
            outcome.name, outcome.line
        ));
        for problem in &outcome.problems {
            output::note(&format!("      {}", problem.what));
            for line in &problem.why {
                output::note(&format!("        {line}"));
            }
        }
    }
}
