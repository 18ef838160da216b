//! Runs the tests that a pipeline brings along.
//!
//! A test is a run with a journal in memory. It has no network: requests are answered from the
//! test's own recording. Operations that it stubs are not called.

mod assertion;
mod decisions;
mod stub;

use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::{AnswerQueue, Host, Invoke, MemoryJournal, RunLimits, RunOptions, drive};
use coldframe_format::Digest;
use coldframe_journal::{Record, RunState};
use coldframe_lang::graph::{Graph, Limits, Model, Test};
use coldframe_lang::limits::Profile;
use coldframe_ports::{Models, ModelsAlone, RecordedHttp, Secrets};
use coldframe_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::adapters;
use crate::args::Global;
use crate::exit::Fail;
use crate::loading::{self, NANO_PER_MFUEL};
use crate::project::Project;
use crate::walls;

use self::assertion::Facts;
use self::decisions::Decider;
use self::stub::Stubbed;

/// How long a test may take that says nothing.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What became of a test.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The test's name.
    pub(crate) name: String,
    /// Its line in the file.
    pub(crate) line: usize,
    /// What is wrong, each with the lines that explain it; nothing where it passed.
    pub(crate) problems: Vec<Problem>,
    /// Wall time, microseconds.
    pub(crate) wall_us: u64,
}

/// Something that is not as the test says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// In a line: the assertion that is not true, or why the run could not be judged.
    pub(crate) what: String,
    /// The values on both sides, or the reason.
    pub(crate) why: Vec<String>,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), why: Vec::new() }
    }
}

/// Everything a test needs that is loaded before it starts.
pub(crate) struct Ready {
    graph: Arc<Graph>,
    test: Test,
    invoke: Arc<dyn Invoke>,
    http: Arc<RecordedHttp>,
    evaluator: Digest,
    inputs: Value,
}

/// Loads what a test needs: a sandbox of its own, with its recording in place of the network.
pub(crate) fn ready(
    global: &Global,
    project: &Project,
    graph: &Arc<Graph>,
    test: &Test,
) -> Result<Ready, Fail> {
    let http = Arc::new(adapters::recorded(&test.http));
    // Models are asked through the same recording, which needs no key.
    let keyless = graph.models.iter().map(|model| Model { secret: None, ..model.clone() });
    let models: Arc<[Model]> = keyless.collect();
    let llm = Models::new(&models, Arc::clone(&http) as _, &Secrets::default());
    let config = SandboxConfig {
        http: Some(Arc::clone(&http) as _),
        services: Some(Arc::new(ModelsAlone::new(llm))),
        models: Some(models),
        ..walls::sandbox_config(global)?
    };
    let sandbox = Sandbox::new(config).map_err(|error| Fail::usage(error.to_string()))?;
    let evaluator = loading::load_with_evaluator(project, &sandbox, graph)?;
    let inner: Arc<dyn Invoke> = sandbox;
    let inputs =
        coldframe_lang::inputs::bind(&graph.inputs, test.input.clone().into_iter().collect())
            .map_err(|problems| {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Fail::usage(format!("test `{}`: {}", test.name, lines.join("; ")))
            })?;
    Ok(Ready {
        invoke: Arc::new(Stubbed::new(inner, graph, &test.stubs)),
        graph: Arc::clone(graph),
        test: test.clone(),
        http,
        evaluator,
        inputs,
    })
}

/// Runs a test and judges it.
pub(crate) async fn run(ready: Ready) -> Outcome {
    let begun = Instant::now();
    let timeout = ready.test.timeout.unwrap_or(TIMEOUT);
    let problems = match tokio::time::timeout(timeout, judged(&ready)).await {
        Ok(problems) => problems,
        Err(_) => vec![Problem::new(format!("took longer than {timeout:?}"))],
    };
    Outcome {
        name: ready.test.name,
        line: ready.test.line,
        problems,
        wall_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    }
}

async fn judged(ready: &Ready) -> Vec<Problem> {
    let (state, records) = match driven(ready).await {
        Ok(done) => done,
        Err(why) => return vec![Problem::new(why)],
    };
    let facts = Facts::new(&ready.graph, &ready.inputs, &state, &records);
    let mut problems = Vec::new();
    for assert in &ready.test.assert {
        problems.extend(facts.check(&*ready.invoke, ready.evaluator, assert).await);
    }
    // A recording that nobody asked for is a test of something else than it says.
    for unused in ready.http.unused() {
        let what =
            format!("`{} {}` is recorded, and nothing asked for it", unused.method, unused.url);
        problems.push(Problem::new(what));
    }
    if !problems.is_empty()
        && let Some(failure) = state.finished.and_then(|finished| finished.failure)
    {
        let at = failure.step.map_or_else(String::new, |step| format!(" in step `{step}`"));
        problems.push(Problem {
            what: format!("the run did not succeed{at}"),
            why: vec![format!("{}: {}", failure.kind, failure.message)],
        });
    }
    problems
}

async fn driven(ready: &Ready) -> Result<(RunState, Vec<Record>), String> {
    // Nobody cancels a test; the sender has to live as long as the run.
    let (_stop, cancel) = tokio::sync::watch::channel(false);
    let (sender, answers) = AnswerQueue::new();
    let decider = Decider::new(&ready.test.decisions, sender);
    let host = Host {
        invoke: Arc::clone(&ready.invoke),
        observer: Arc::new(decider),
        now_us: loading::now_us,
        cancel,
        answers: Arc::new(answers),
        earlier: None,
    };
    let options = RunOptions {
        run_id: "test".to_owned(),
        limits: RunLimits::new(&ready.graph.limits, &Limits::default(), Profile::Strict),
        operator_caps: None,
        evaluator: ready.evaluator,
        nano_per_mfuel: NANO_PER_MFUEL,
        linger: Duration::MAX,
    };
    let mut journal = MemoryJournal::default();
    let inputs = ready.inputs.clone();
    let report = drive(Arc::clone(&ready.graph), inputs, &[], &mut journal, &host, options)
        .await
        .map_err(|error| error.to_string())?;
    Ok((report.state, journal.records))
}

/// The outcome as JSON.
pub(crate) fn to_json(outcome: &Outcome) -> Value {
    json!({
        "name": outcome.name,
        "line": outcome.line,
        "passed": outcome.problems.is_empty(),
        "wall_us": outcome.wall_us,
        "problems": outcome.problems.iter().map(|problem| json!({
            "what": problem.what,
            "why": problem.why,
        })).collect::<Vec<_>>(),
    })
}
