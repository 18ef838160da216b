//! From a compiled pipeline to a run: inputs bound, components loaded, the engine driven.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use coldframe_engine::{
    Answers, EarlierCalls, Host, Invoke, Journal, LINGER, MemoryJournal, NoAnswers, Observer,
    RunLimits, RunOptions, drive,
};
use coldframe_format::{Caps, Digest};
use coldframe_journal::Record;
use coldframe_lang::graph::{Action, Adapters, Graph, Limits, Model, StepKind, Tool, Wait};
use coldframe_lang::limits::Profile;
use coldframe_sandbox::{Sandbox, SandboxConfig};
use coldframe_store::{Level, RunRow, SqliteEarlier, SqliteJournal, Store};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::adapters;
use crate::answers::Inbox;
use crate::args::{Global, LimitArgs};
use crate::exit::{Exit, Fail};
use crate::inputs::Given;
use crate::live::Live;
use crate::output::{self, Format};
use crate::project::{Project, VerifiedSkillRef};
use crate::settings::{Settings, pins};
use crate::{place, report, services, walls};

/// The operator's price of a million units of fuel, nano-USD: a second of one core is about 10^9
/// units, and 0.00005 USD buy it.
pub(crate) const NANO_PER_MFUEL: u64 = 50;

/// What the operator says about limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OperatorLimits {
    /// Nothing goes above these.
    pub(crate) bounds: Limits,
    /// The defaults where nobody says anything.
    pub(crate) profile: Profile,
}

/// Reads `--limit` flags and `--limits`.
pub(crate) fn limits(args: &LimitArgs) -> Result<OperatorLimits, Fail> {
    let mut limits = Limits::default();
    for pair in &args.limit {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Fail::usage(format!("`--limit {pair}` has no `=`"))
                .help("write --limit fuel=5e6, wall=3s, memory=64MiB or cost_usd=0.01; `coldframe explain limits` lists them all"));
        };
        limits.set(name, value).map_err(|error| {
            let fail = Fail::usage(format!("`--limit {pair}`: {error}"));
            match error.help() {
                Some(help) => fail.help(help),
                None => fail,
            }
        })?;
    }
    Ok(OperatorLimits { bounds: limits, profile: args.profile.into() })
}

/// Binds what was given to the pipeline's inputs.
pub(crate) fn bind(graph: &Graph, given: Given) -> Result<Value, Fail> {
    let mut values = given.values;
    let mut problems = Vec::new();
    for (name, text) in given.texts {
        match coldframe_lang::inputs::from_text(&graph.inputs, &name, &text) {
            Ok(value) => {
                values.insert(name, value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        match coldframe_lang::inputs::bind(&graph.inputs, values) {
            Ok(bound) => return Ok(bound),
            Err(found) => problems = found,
        }
    }
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let fail = Fail::new(Exit::Problems, lines.join("\n       "));
    Err(match problems.into_iter().find_map(|problem| problem.help) {
        Some(help) => fail.help(help),
        None => fail.help("give inputs with --input name=value, or --input name=@file"),
    })
}

/// The graph of a run, from the text and the pins it was started with.
pub(crate) fn recompile(global: &Global, row: &RunRow) -> Result<(Project, Graph), Fail> {
    let project = Project::pinned(global, &Settings::of(row)?)?;
    let mut graph = project.compile_text(global, &row.run.source_name, &row.run.spec)?;
    // As when the run began.
    coldframe_lang::passes::simplify(&mut graph);
    Ok((project, graph))
}

/// Where a run's records go.
pub(crate) enum Keeping {
    Memory(MemoryJournal),
    Disk(SqliteJournal),
}

/// Everything `drive_run` needs of a run.
pub(crate) struct Start {
    pub(crate) graph: Arc<Graph>,
    pub(crate) inputs: Value,
    /// The records there are already; none for a new run.
    pub(crate) past: Vec<Record>,
    pub(crate) keeping: Keeping,
    pub(crate) run_id: String,
    pub(crate) limits: OperatorLimits,
    /// Whether every call is made, also where an equal one of an earlier run is remembered.
    pub(crate) fresh: bool,
}

/// Everything a run calls, ready to be called.
pub(crate) struct Loaded {
    sandbox: Arc<Sandbox>,
    evaluator: Digest,
}

impl Loaded {
    /// Loads every component of the graph.
    pub(crate) fn new(
        global: &Global,
        project: &Project,
        graph: &Graph,
        services: &services::Ready,
    ) -> Result<Self, Fail> {
        let sandbox = sandbox_with(global, &graph.adapters, &graph.models, services)?;
        let evaluator = load(project, &sandbox, graph)?;
        Ok(Self { sandbox, evaluator })
    }

    /// To be called where the process ends soon: its memory goes with it.
    pub(crate) fn leave(&self) {
        self.sandbox.leave_pools();
    }
}

/// Drives a run to its end and prints what it came to.
pub(crate) fn drive_run(global: &Global, loaded: &Loaded, start: Start) -> Result<(), Fail> {
    let Start { graph, inputs, past, mut keeping, run_id, limits, fresh } = start;
    let evaluator = loaded.evaluator;
    let invoke: Arc<dyn Invoke> = Arc::clone(&loaded.sandbox) as _;
    let quiet = global.quiet || global.format() == Format::Json;
    let live = Live::new(&graph, quiet);
    live.catch_up(&past);
    let observer: Arc<dyn Observer> = Arc::new(live);
    let (stop, cancel) = tokio::sync::watch::channel(false);
    let inbox = match &keeping {
        Keeping::Disk(_) if asks(&graph) => {
            let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
            Some(Arc::new(Inbox::new(store, run_id.clone())))
        }
        Keeping::Disk(_) | Keeping::Memory(_) => None,
    };
    let answers: Arc<dyn Answers> = match &inbox {
        Some(inbox) => Arc::clone(inbox) as _,
        None => Arc::new(NoAnswers),
    };
    let earlier = match &keeping {
        Keeping::Disk(_) if !fresh => {
            Some(Arc::new(SqliteEarlier::new(&place::data_dir(global)?)) as Arc<dyn EarlierCalls>)
        }
        Keeping::Disk(_) | Keeping::Memory(_) => None,
    };
    let host = Host { invoke, observer, now_us, cancel, answers, earlier };
    let options = RunOptions {
        run_id: run_id.clone(),
        limits: RunLimits::new(&graph.limits, &limits.bounds, limits.profile),
        operator_caps: None,
        evaluator,
        nano_per_mfuel: NANO_PER_MFUEL,
        linger: LINGER,
    };
    let runtime = runtime()?;
    let driven = {
        let graph = Arc::clone(&graph);
        async move {
            let journal: &mut dyn Journal = match &mut keeping {
                Keeping::Memory(journal) => journal,
                Keeping::Disk(journal) => journal,
            };
            let report = drive(graph, inputs, &past, journal, &host, options).await;
            (report, keeping)
        }
    };
    let ended = runtime.block_on(async {
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = stop.send(true);
            }
            // Dropping the sender would say that nobody can cancel any more.
            std::future::pending::<()>().await;
        });
        // Among the threads that do the steps, so that none has to be woken for another.
        tokio::spawn(driven).await
    });
    let (report, keeping) =
        ended.unwrap_or_else(|lost| std::panic::resume_unwind(lost.into_panic()));
    let report = report?;
    let is_kept = matches!(keeping, Keeping::Disk(_));
    // Every record is written and the lock is free before anything is said.
    drop(keeping);
    if let Some(inbox) = inbox {
        inbox.close();
        // What came between the last look and the freed lock is ours to take up.
        if report.state.finished.is_none()
            && inbox.has_more()
            && let Some((journal, past)) = inbox.resume()?
        {
            let keeping = Keeping::Disk(journal);
            let inputs = Value::Null;
            return drive_run(
                global,
                loaded,
                Start { graph, inputs, past, keeping, run_id, limits, fresh },
            );
        }
    }
    if global.format() == Format::Json {
        output::json(&report::json(&run_id, &graph, &report.state));
    } else {
        if !global.quiet {
            report::summary(&graph, &report.state, report.wall_us);
        }
        report::failure(&run_id, &graph, &report.state);
        if is_kept && report.state.finished.is_none() {
            report::waiting(&run_id, &graph, &report.state);
        }
        if let Some(finished) = &report.state.finished {
            report::outputs(&graph, &finished.outputs);
        }
    }
    match report::exit(&report.state) {
        Exit::Done => Ok(()),
        exit => Err(Fail::said(exit)),
    }
}

/// Whether a run of the graph can come to wait for an answer from outside.
pub(crate) fn asks(graph: &Graph) -> bool {
    graph.with_children().into_iter().any(|graph| {
        graph
            .steps
            .iter()
            .any(|step| matches!(step.kind, StepKind::Approve(_) | StepKind::Wait(Wait::Signal(_))))
            || graph.policies.iter().any(|policy| policy.action == Action::RequireApproval)
    })
}

/// The sandbox, with its cache under the data directory and sockets for granted HTTP.
pub(crate) fn sandbox(global: &Global) -> Result<Arc<Sandbox>, Fail> {
    let config = SandboxConfig {
        http: Some(adapters::http(&Adapters::default())),
        ..walls::sandbox_config(global)?
    };
    Sandbox::new(config).map_err(|error| Fail::usage(error.to_string()))
}

/// The same with the ports that a pipeline wants and the services it is given.
pub(crate) fn sandbox_with(
    global: &Global,
    adapters: &Adapters,
    models: &[Model],
    services: &services::Ready,
) -> Result<Arc<Sandbox>, Fail> {
    let config = services::config(global, adapters, models, services)?;
    Sandbox::new(config).map_err(|error| Fail::usage(error.to_string()))
}

/// Loads every component of the graph, and the evaluator where an expression needs it. Gives the
/// evaluator's digest.
pub(crate) fn load(project: &Project, sandbox: &Sandbox, graph: &Graph) -> Result<Digest, Fail> {
    if coldframe_engine::core::needs_evaluator(graph) {
        return load_with_evaluator(project, sandbox, graph);
    }
    load_all(sandbox, &skills(project, graph)?)?;
    Ok(Digest::of(b"no expression"))
}

/// The skills of a graph, with the names they go by.
fn skills(project: &Project, graph: &Graph) -> Result<Vec<(VerifiedSkillRef, String)>, Fail> {
    let pins = pins(graph).skills.into_iter();
    pins.map(|((id, version), component)| {
        Ok((project.fetch(&id, &version, component)?, format!("{id}@{version}")))
    })
    .collect()
}

/// Loads every component of the graph, and the evaluator in any case.
pub(crate) fn load_with_evaluator(
    project: &Project,
    sandbox: &Sandbox,
    graph: &Graph,
) -> Result<Digest, Fail> {
    let mut skills = skills(project, graph)?;
    let evaluator = project.evaluator()?;
    let digest = evaluator.component_digest();
    skills.push((evaluator, "the expression evaluator".to_owned()));
    load_all(sandbox, &skills)?;
    Ok(digest)
}

/// Loads skills; those that have to be compiled side by side, as many as there are cores. Threads
/// for code that is there already would take longer than it does. Of several skills that cannot be
/// loaded, the first is the one that is named.
fn load_all(sandbox: &Sandbox, skills: &[(VerifiedSkillRef, String)]) -> Result<(), Fail> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some((skill, name)) = skills.get(at)
        {
            load_one(sandbox, skill, name).map_err(|fail| (at, fail))?;
        }
        Ok(())
    };
    let failed: Vec<(usize, Fail)> = std::thread::scope(|scope| {
        let compiles = skills.iter().filter(|(skill, _)| !sandbox.has_code(skill)).count();
        let more = cores.min(compiles).saturating_sub(1);
        let threads: Vec<_> = (0..more).map(|_| scope.spawn(work)).collect();
        let here = work();
        let there = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(lost) => std::panic::resume_unwind(lost),
        });
        std::iter::once(here).chain(there).filter_map(Result::err).collect()
    });
    match failed.into_iter().min_by_key(|(at, _)| *at) {
        Some((_, fail)) => Err(fail),
        None => Ok(()),
    }
}

/// The tools of a call without a pipeline, not loaded yet.
pub(crate) struct Tools {
    found: Vec<Tool>,
    project: Option<Project>,
}

/// Looks up what `--grant tools=` names.
pub(crate) fn tools(global: &Global, grants: &Caps) -> Result<Tools, Fail> {
    if grants.tools.is_empty() {
        return Ok(Tools { found: Vec::new(), project: None });
    }
    let project = Project::here(global)?;
    let found = project.tools(&grants.tools)?;
    Ok(Tools { found, project: Some(project) })
}

impl Tools {
    /// Loads them.
    pub(crate) fn load(self, sandbox: &Sandbox) -> Result<Arc<[Tool]>, Fail> {
        if let Some(project) = &self.project {
            let found = self.found.iter().map(|tool| {
                let skill = project.fetch(&tool.skill, &tool.version, tool.component)?;
                Ok((skill, format!("{}@{}", tool.skill, tool.version)))
            });
            load_all(sandbox, &found.collect::<Result<Vec<_>, Fail>>()?)?;
        }
        Ok(self.found.into())
    }
}

/// Loads one skill into the sandbox.
pub(crate) fn load_one(
    sandbox: &Sandbox,
    skill: &coldframe_client::VerifiedSkill,
    name: &str,
) -> Result<(), Fail> {
    // An executor that is started for it is heard where its calls are made.
    let _inside = runtime()?.enter();
    sandbox.load(skill).map(|_loaded| ()).map_err(|error| {
        let exit = if error.kind.is_stop() { Exit::Stopped } else { Exit::Problems };
        Fail::new(exit, format!("{name}: {}: {}", error.kind, error.message)).kind(error.kind)
    })
}

/// The threads everything asynchronous runs on, started when they are first asked for.
pub(crate) fn runtime() -> Result<&'static Runtime, Fail> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores + coldframe_sandbox::THREADS_MORE)
        .enable_all()
        .build()
        .map_err(|error| Fail::usage(format!("failed to start threads: {error}")))?;
    Ok(RUNTIME.get_or_init(|| started))
}

/// The time, microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
}

/// A run id: unique, and sorted by time.
pub(crate) fn new_run_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
