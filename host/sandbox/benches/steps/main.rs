//! What a step costs at each layer, side by side in one run, against wasmtime itself.
//!
//! Every row is the median of several rounds; rounds of all rows alternate, so that a neighbour's
//! noise falls on all of them. Everything runs on threads of the runtime, as it does in `coldframe`.
//! `cargo xtask bench` builds what is needed and runs this. With a text as argument, only the floor
//! and the rows whose names contain it; with a number, so many rounds.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement prints its table and may panic"
)]

mod floor;
mod many;
mod processes;
mod shapes;
mod socket;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use coldframe_engine::{
    Call, CallLimits, Cancel, Host, Invoke, Journal, Layer, MemoryJournal, MemoryMeter, NoAnswers,
    RunLimits, RunOptions, Silent, drive,
};
use coldframe_format::{Caps, Digest};
use coldframe_guests::{NO_OP, binary};
use coldframe_journal::RunStatus;
use coldframe_lang::graph::{Graph, Limits};
use coldframe_lang::limits::Profile;
use coldframe_sandbox::worker::Worker;
use coldframe_sandbox::{Compiler, Isolation, Sandbox, SandboxConfig};
use coldframe_store::{Level, NewRun, SqliteJournal, Store};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::floor::Floor;
use crate::shapes::{CHAIN, chain, mapped, sets};
use crate::socket::Echo;

/// The row that the others are compared with.
const FLOOR: &str = "bare wasmtime: instantiate + call (the floor)";
/// Rounds of each row; the median is printed.
const ROUNDS: usize = 9;

fn main() {
    // The executor of the row with `process` isolation is this program.
    if coldframe_sandbox::worker::become_worker().is_some() {
        return;
    }
    println!("machine: {}", machine());
    println!("load at the start: {}", load());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let only = arguments.iter().find(|argument| argument.parse::<usize>().is_err());
    print_steps(&steps(&runtime, rounds, only.map(String::as_str)));
    if only.is_none() {
        println!("\nmemory of a run that waits: {} KiB", many::waiting_kib(&runtime));
        println!("fdatasync of 4 KiB, median: {} us", fdatasync_us());
    }
    if let Some(binary) = std::env::var_os("COLDFRAME_BIN") {
        processes::print(Path::new(&binary));
    }
    println!("\nload at the end: {}", load());
}

/// A named row and its rounds, microseconds per step.
type Row = (&'static str, Vec<f64>);

/// Does as many steps as the number says; knows which round it is.
type Work<'w> = (usize, Box<dyn Fn(usize) + 'w>);

fn steps(runtime: &Runtime, rounds: usize, only: Option<&str>) -> Vec<Row> {
    let (floor, zeroed) = (Arc::new(Floor::new(false)), Arc::new(Floor::new(true)));
    let sandbox = Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap();
    let skill = coldframe_client::unsigned("no-op", binary(NO_OP), &Caps::default()).unwrap();
    sandbox.load(&skill).unwrap();
    let outside = Sandbox::new(SandboxConfig {
        isolation: Isolation::Process,
        ..SandboxConfig::new(Compiler::Worker(Worker::this_program()))
    })
    .unwrap();
    let inside = runtime.enter();
    outside.load(&skill).unwrap();
    drop(inside);
    let component = skill.component_digest();
    let graph = chain(component, CHAIN);
    let (sets, mapped, ten) = (sets(), mapped(component), chain(component, many::STEPS));
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str, level| Arc::new(Store::open(&dir.path().join(name), level).unwrap());
    let (relaxed, strict) = (open("relaxed", Level::Relaxed), open("strict", Level::Strict));
    let there_and_back = Echo::new();
    let bare = |floor: &Arc<Floor>| {
        let floor = Arc::clone(floor);
        each(move |_| on(runtime, Arc::clone(&floor).calls(CHAIN)))
    };
    let through = |sandbox: &Arc<Sandbox>| {
        let sandbox = Arc::clone(sandbox);
        each(move |_| on(runtime, invoke(Arc::clone(&sandbox), component, CHAIN)))
    };
    let driven = |sandbox: &Arc<Sandbox>, graph: &Arc<Graph>| {
        let (sandbox, graph) = (Arc::clone(sandbox), Arc::clone(graph));
        each(move |_| on(runtime, run(&sandbox, &graph, MemoryJournal::default())))
    };
    let kept = |store: &Arc<Store>| {
        let (store, sandbox, graph) = (Arc::clone(store), Arc::clone(&sandbox), Arc::clone(&graph));
        each(move |round| on(runtime, run(&sandbox, &graph, journal(&store, round, 0))))
    };
    let at_once = |runs: usize| {
        let (sandbox, ten) = (Arc::clone(&sandbox), Arc::clone(&ten));
        let work = move |_| {
            many::at_once(runtime, runs, |_| run(&sandbox, &ten, MemoryJournal::default()));
        };
        (runs * many::STEPS, Box::new(work) as Box<dyn Fn(usize)>)
    };
    let kept_at_once = |runs: usize| {
        let (sandbox, ten, store) = (Arc::clone(&sandbox), Arc::clone(&ten), Arc::clone(&relaxed));
        let work = move |round| {
            many::at_once(runtime, runs, |one| {
                run(&sandbox, &ten, journal(&store, round, 1 + one + runs))
            });
        };
        (runs * many::STEPS, Box::new(work) as Box<dyn Fn(usize)>)
    };
    let work: Vec<(&str, Work<'_>)> = vec![
        (FLOOR, bare(&floor)),
        ("bare wasmtime: the same, stacks zeroed between calls", bare(&zeroed)),
        ("`sandbox`: the same component, JSON in and out", through(&sandbox)),
        (
            "a socket: 200 bytes to another thread and back",
            each(move |_| there_and_back.calls(CHAIN)),
        ),
        ("`sandbox` with an executor: the same", through(&outside)),
        ("`engine`, memory journal: a chain of 1,000 steps", driven(&sandbox, &graph)),
        ("`engine`, memory journal: the same with an executor", driven(&outside, &graph)),
        ("`engine`, memory journal: a chain of 1,000 `set` steps", driven(&sandbox, &sets)),
        ("`engine`, memory journal: a `map` of 1,000 items", driven(&sandbox, &mapped)),
        ("`engine`, memory journal: 100 pipelines of 10 steps at once", at_once(100)),
        ("`engine`, memory journal: 1,000 pipelines of 10 steps at once", at_once(1_000)),
        ("`engine`, relaxed journal", kept(&relaxed)),
        ("`engine`, relaxed journal: 100 pipelines of 10 steps at once", kept_at_once(100)),
        ("`engine`, relaxed journal: 1,000 pipelines of 10 steps at once", kept_at_once(1_000)),
        ("`engine`, strict journal", kept(&strict)),
    ];
    let is_wanted = |name: &str| name == FLOOR || only.is_none_or(|only| name.contains(only));
    let mut rows: Vec<(Row, Work<'_>)> = work
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, work)| ((name, vec![]), work))
        .collect();
    // The first round warms caches and is thrown away.
    for round in 0..=rounds {
        for ((_, times), (steps, work)) in &mut rows {
            let begun = Instant::now();
            work(round);
            if round > 0 {
                times.push(begun.elapsed().as_secs_f64() * 1e6 / *steps as f64);
            }
        }
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

/// Work of [`CHAIN`] steps.
fn each<'w>(work: impl Fn(usize) + 'w) -> Work<'w> {
    (CHAIN, Box::new(work))
}

/// Does something on a thread of the runtime.
fn on(runtime: &Runtime, work: impl Future<Output = ()> + Send + 'static) {
    runtime.block_on(runtime.spawn(work)).unwrap();
}

fn print_steps(rows: &[Row]) {
    let floor = median(&rows[0].1);
    println!("\n| layer | us per step | times the floor |\n|---|---|---|");
    for (name, row) in rows {
        let time = median(row);
        println!("| {name} | {time:.1} | {:.2} |", time / floor);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn invoke(sandbox: Arc<Sandbox>, component: Digest, count: usize) {
    let memory = Arc::new(MemoryMeter::new(u64::MAX));
    for number in 0..count {
        let call = Call {
            component,
            operation: "run".into(),
            input: json!({ "x": number }),
            grants: [Layer::new("the bench", Caps::default())].into(),
            limits: CallLimits::default(),
            memory: Arc::clone(&memory),
            cancel: Cancel::default(),
            tape: None,
            tools: Arc::default(),
        };
        assert_eq!(sandbox.invoke(call).await.result, Ok(json!(number)));
    }
}

fn journal(store: &Store, round: usize, number: usize) -> SqliteJournal {
    let run = NewRun {
        run_id: format!("round-{round}-{number}"),
        created_us: 0,
        pipeline: "chain".into(),
        spec_sha256: String::new(),
        source_name: String::new(),
        spec: String::new(),
        settings: String::new(),
    };
    store.create(run).unwrap()
}

/// A run of `graph`, from its start to its success.
fn run(
    sandbox: &Arc<Sandbox>,
    graph: &Arc<Graph>,
    mut journal: impl Journal + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let (sandbox, graph) = (Arc::clone(sandbox), Arc::clone(graph));
    async move {
        let inputs = json!({ "items": (0..CHAIN).collect::<Vec<_>>() });
        let (_keep, cancel) = watch::channel(false);
        let (host, options) = around(sandbox, cancel);
        let report = drive(graph, inputs, &[], &mut journal, &host, options).await.unwrap();
        assert_eq!(report.state.finished.unwrap().status, RunStatus::Succeeded);
    }
}

/// What a run needs beside its graph.
fn around(invoke: Arc<dyn Invoke>, cancel: watch::Receiver<bool>) -> (Host, RunOptions) {
    let (observer, answers) = (Arc::new(Silent), Arc::new(NoAnswers));
    let host = Host { invoke, observer, now_us: || 0, cancel, answers, earlier: None };
    let options = RunOptions {
        run_id: "bench".into(),
        limits: RunLimits::new(&Limits::default(), &Limits::default(), Profile::Strict),
        operator_caps: None,
        evaluator: Digest::of(b"none"),
        nano_per_mfuel: 50,
        linger: many::LINGER,
    };
    (host, options)
}

/// The disk's own cost of a durable write, microseconds.
fn fdatasync_us() -> u128 {
    use std::io::Write as _;
    let mut file = tempfile::tempfile().unwrap();
    let mut times: Vec<u128> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']))
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
