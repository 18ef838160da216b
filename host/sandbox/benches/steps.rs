//! What a step costs at each layer, side by side in one run, against wasmtime itself.
//!
//! Every row is the median of several rounds; rounds of all rows alternate, so that a neighbour's
//! noise falls on all of them. `cargo xtask bench` builds what is needed and runs this. With a text
//! as argument, only the floor and the rows whose names contain it.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement prints its table and may panic"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::{
    Call, CallLimits, Cancel, Host, Invoke, Journal, LINGER, Layer, MemoryJournal, MemoryMeter,
    NoAnswers, RunLimits, RunOptions, Silent, drive,
};
use coldframe_format::{Caps, Digest, SkillId};
use coldframe_guests::{NO_OP, binary};
use coldframe_journal::RunStatus;
use coldframe_lang::graph::{Block, Graph, Limits, Map, OnItemError, Set, Step, StepKind, Uses};
use coldframe_lang::limits::Profile;
use coldframe_lang::template::{Path as ValuePath, Root, Segment, Template};
use coldframe_sandbox::worker::Worker;
use coldframe_sandbox::{Compiler, Isolation, Sandbox, SandboxConfig};
use coldframe_store::{Level, NewRun, Store};
use serde_json::json;
use tokio::sync::watch;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The row that the others are compared with.
const FLOOR: &str = "bare wasmtime: instantiate + call (the floor)";
/// Steps in a chain.
const CHAIN: usize = 1_000;
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
    let rows = steps(&runtime);
    print_steps(&rows);
    println!("\nfdatasync of 4 KiB, median: {} us", fdatasync_us());
    if let Some(binary) = std::env::var_os("COLDFRAME_BIN") {
        processes(Path::new(&binary));
    }
    println!("\nload at the end: {}", load());
}

/// A named row and its rounds, microseconds per step.
type Row = (&'static str, Vec<f64>);

/// Does [`CHAIN`] steps; knows which round it is.
type Work<'w> = Box<dyn Fn(usize) + 'w>;

fn steps(runtime: &tokio::runtime::Runtime) -> Vec<Row> {
    let floor = Floor::new();
    let sandbox = Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap();
    let skill = coldframe_client::unsigned("no-op", binary(NO_OP), &Caps::default()).unwrap();
    sandbox.load(&skill).unwrap();
    let outside = Sandbox::new(SandboxConfig {
        isolation: Isolation::Process,
        ..SandboxConfig::new(Compiler::Worker(Worker::this_program()))
    })
    .unwrap();
    outside.load(&skill).unwrap();
    let component = skill.component_digest();
    let graph = chain(component);
    let (sets, mapped) = (sets(), mapped(component));
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str, level| Arc::new(Store::open(&dir.path().join(name), level).unwrap());
    let (relaxed, strict) = (open("relaxed", Level::Relaxed), open("strict", Level::Strict));
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let through = |sandbox: &Arc<Sandbox>| {
        let sandbox = Arc::clone(sandbox);
        move |_| runtime.block_on(invoke(&sandbox, component, CHAIN))
    };
    let driven = |sandbox: &Arc<Sandbox>, graph: &Arc<Graph>| {
        let (sandbox, graph) = (Arc::clone(sandbox), Arc::clone(graph));
        move |_| run(runtime, &sandbox, &graph, &mut MemoryJournal::default())
    };
    let kept = |store: &Arc<Store>| {
        let (store, sandbox, graph) = (Arc::clone(store), Arc::clone(&sandbox), Arc::clone(&graph));
        move |round| run(runtime, &sandbox, &graph, &mut journal(&store, round))
    };
    let work: Vec<(&str, Work<'_>)> = vec![
        (FLOOR, Box::new(|_| runtime.block_on(floor.calls(CHAIN)))),
        ("`sandbox`: the same component, JSON in and out", Box::new(through(&sandbox))),
        ("`sandbox` with an executor: the same", Box::new(through(&outside))),
        ("`engine`, memory journal: a chain of 1,000 steps", Box::new(driven(&sandbox, &graph))),
        ("`engine`, memory journal: the same with an executor", Box::new(driven(&outside, &graph))),
        (
            "`engine`, memory journal: a chain of 1,000 `set` steps",
            Box::new(driven(&sandbox, &sets)),
        ),
        ("`engine`, memory journal: a `map` of 1,000 items", Box::new(driven(&sandbox, &mapped))),
        ("`engine`, relaxed journal", Box::new(kept(&relaxed))),
        ("`engine`, strict journal", Box::new(kept(&strict))),
    ];
    let is_wanted =
        |name: &str| name == FLOOR || only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut rows: Vec<(Row, Work<'_>)> = work
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, work)| ((name, vec![]), work))
        .collect();
    // The first round warms caches and is thrown away.
    for round in 0..=ROUNDS {
        for ((_, times), work) in &mut rows {
            let time = per_step(|| work(round));
            if round > 0 {
                times.push(time);
            }
        }
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

fn print_steps(rows: &[Row]) {
    let floor = median(&rows[0].1);
    println!("\n| layer | us per step | times the floor |\n|---|---|---|");
    for (name, row) in rows {
        let time = median(row);
        println!("| {name} | {time:.1} | {:.2} |", time / floor);
    }
}

/// Microseconds per step of something that does `CHAIN` of them.
fn per_step(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e6 / CHAIN as f64
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The least an embedding that limits fuel and time can do per call.
struct Floor {
    engine: Engine,
    pre: InstancePre<()>,
}

impl Floor {
    fn new() -> Self {
        let mut pools = PoolingAllocationConfig::new();
        pools.total_component_instances(32).total_core_instances(64).total_memories(64);
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .epoch_interruption(true)
            .cranelift_nan_canonicalization(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pools));
        let engine = Engine::new(&config).unwrap();
        let ticking = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(5));
                ticking.increment_epoch();
            }
        });
        let component = Component::from_binary(&engine, &binary(NO_OP)).unwrap();
        let pre = Linker::new(&engine).instantiate_pre(&component).unwrap();
        Self { engine, pre }
    }

    async fn calls(&self, count: usize) {
        for number in 0..count {
            let mut store = wasmtime::Store::new(&self.engine, ());
            store.set_fuel(2_000_000_000).unwrap();
            store.set_epoch_deadline(2_000);
            let instance = self.pre.instantiate_async(&mut store).await.unwrap();
            let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run").unwrap();
            let argument = u32::try_from(number).unwrap();
            assert_eq!(run.call_async(&mut store, (argument,)).await.unwrap().0, argument);
        }
    }
}

async fn invoke(sandbox: &Sandbox, component: Digest, count: usize) {
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

/// A call of the component's operation.
fn no_op(component: Digest, with: BTreeMap<String, Template>) -> StepKind {
    let (skill, version) = (SkillId::new("bench", "no-op").unwrap(), semver::Version::new(1, 0, 0));
    StepKind::Uses(Uses { with, ..Uses::new(skill, version, component, "run".into()) })
}

fn chain(component: Digest) -> Arc<Graph> {
    let step = |number: usize| {
        let x = match number.checked_sub(1) {
            None => Template::Literal(json!(7)),
            Some(before) => {
                let root = Root::Step(before, format!("s{before}"));
                Template::Path(ValuePath { root, segments: vec![] })
            }
        };
        let kind = no_op(component, BTreeMap::from([("x".into(), x)]));
        Step {
            needs: number.checked_sub(1).into_iter().collect(),
            ..Step::new(format!("s{number}"), kind)
        }
    };
    Arc::new(Graph::of_steps("chain", (0..CHAIN).map(step).collect()))
}

/// Each step takes the value of the one before.
fn sets() -> Arc<Graph> {
    let step = |number: usize| {
        let x = match number.checked_sub(1) {
            None => Template::Literal(json!(7)),
            Some(before) => {
                let root = Root::Step(before, format!("s{before}"));
                Template::Path(ValuePath { root, segments: vec![Segment::Key("x".into())] })
            }
        };
        let kind = StepKind::Set(Set { values: [("x".to_owned(), x)].into_iter().collect() });
        Step {
            needs: number.checked_sub(1).into_iter().collect(),
            ..Step::new(format!("s{number}"), kind)
        }
    };
    Arc::new(Graph::of_steps("sets", (0..CHAIN).map(step).collect()))
}

/// A call for each item of the input `items`, 16 at a time.
fn mapped(component: Digest) -> Arc<Graph> {
    let path = |root, segments| Template::Path(ValuePath { root, segments });
    let holder = StepKind::Map(Map {
        over: path(Root::Inputs, vec![Segment::Key("items".into())]),
        name: "item".into(),
        max: 10_000,
        max_concurrent: 16,
        on_error: OnItemError::Fail,
        block: 1,
    });
    let call = no_op(
        component,
        BTreeMap::from([("x".into(), path(Root::Item(0, "item".into()), vec![]))]),
    );
    let mut call = Step { block: 1, ..Step::new("call", call) };
    // Sixteen side by side have to fit the run's fuel.
    call.limits.fuel = Some(1_000_000);
    let mut graph = Graph::of_steps("mapped", vec![Step::new("each", holder), call]);
    graph.blocks = vec![
        Block { holder: None, steps: 0..1, output: None },
        Block { holder: Some(0), steps: 1..2, output: None },
    ];
    graph.assert_valid();
    Arc::new(graph)
}

fn journal(store: &Store, round: usize) -> coldframe_store::SqliteJournal {
    let run = NewRun {
        run_id: format!("round-{round}"),
        created_us: 0,
        pipeline: "chain".into(),
        spec_sha256: String::new(),
        source_name: String::new(),
        spec: String::new(),
        settings: String::new(),
    };
    store.create(run).unwrap()
}

fn run(
    runtime: &tokio::runtime::Runtime,
    sandbox: &Arc<Sandbox>,
    graph: &Arc<Graph>,
    journal: &mut dyn Journal,
) {
    let inputs = json!({ "items": (0..CHAIN).collect::<Vec<_>>() });
    let (_keep, cancel) = watch::channel(false);
    let invoke: Arc<dyn Invoke> = Arc::clone(sandbox) as _;
    let answers = Arc::new(NoAnswers);
    let host =
        Host { invoke, observer: Arc::new(Silent), now_us: || 0, cancel, answers, earlier: None };
    let options = RunOptions {
        run_id: "bench".into(),
        limits: RunLimits::new(&Limits::default(), &Limits::default(), Profile::Strict),
        operator_caps: None,
        evaluator: Digest::of(b"none"),
        nano_per_mfuel: 50,
        linger: LINGER,
    };
    let driven = drive(Arc::clone(graph), inputs, &[], journal, &host, options);
    let report = runtime.block_on(driven).unwrap();
    assert_eq!(report.state.finished.unwrap().status, RunStatus::Succeeded);
}

/// Whole processes: `/bin/true` for the machine's own cost, then `coldframe run` of three steps.
fn processes(binary: &Path) {
    let pipeline = "\
apiVersion: coldframe/v1
kind: Pipeline
metadata: { name: three }
steps:
  - { id: a, uses: std/hash#sha256, with: { text: hello } }
  - { id: b, uses: std/text#stats, with: { text: \"{{ a }}\" } }
  - { id: c, uses: std/hash#base64-encode, with: { text: \"{{ a }}\" } }
outputs: { out: \"{{ c }}\" }
";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("three.yml"), pipeline).unwrap();
    std::fs::write(dir.path().join("thousand.yml"), thousand()).unwrap();
    let time = |command: &mut Command| {
        let begun = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{command:?}");
        begun.elapsed().as_secs_f64() * 1e3
    };
    let coldframe = |arguments: [&str; 2], data: &Path| {
        let mut command = Command::new(binary);
        command.args(arguments).current_dir(&dir).env("COLDFRAME_DATA_DIR", data);
        command
    };
    let mut rows: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let warm = dir.path().join("warm");
    let three = ["run", "three.yml"];
    time(&mut coldframe(three, &warm));
    for round in 0..21 {
        let mut note = |name, ms| rows.entry(name).or_default().push(ms);
        note("1 `/bin/true`", time(&mut Command::new("/bin/true")));
        note("2 `coldframe --help`", time(Command::new(binary).arg("--help")));
        note("3 `coldframe run`, three steps, warm cache", time(&mut coldframe(three, &warm)));
        let check = ["check", "thousand.yml"];
        note("5 `coldframe check`, 1,000 steps", time(&mut coldframe(check, &warm)));
        if round < 5 {
            let cold = dir.path().join(format!("cold-{round}"));
            note("4 `coldframe run`, three steps, cold cache", time(&mut coldframe(three, &cold)));
        }
    }
    let base = median(&rows["1 `/bin/true`"]);
    println!("\n| whole process | ms | more than `/bin/true` |\n|---|---|---|");
    for (name, row) in &rows {
        let time = median(row);
        println!("| {} | {time:.1} | {:.1} |", &name[2..], time - base);
    }
}

/// A pipeline of 1,000 steps, each after the one before: calls, values and a map.
fn thousand() -> String {
    use std::fmt::Write as _;
    let mut text = "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: { name: thousand }\n\
                    steps:\n  - { id: s0, set: { text: hello } }\n"
        .to_owned();
    for n in 1..1_000 {
        let before = n - 1;
        let _ = match n % 4 {
            1 => writeln!(
                text,
                "  - {{ id: s{n}, uses: std/hash#sha256, with: {{ text: \"{{{{ s{before}.text }}}}\" }} }}"
            ),
            2 => writeln!(
                text,
                "  - {{ id: s{n}, uses: std/text#stats, with: {{ text: \"{{{{ s{before} }}}}\" }} }}"
            ),
            3 => writeln!(
                text,
                "  - {{ id: s{n}, map: {{ over: [1, 2], steps: [{{ id: x, set: {{ n: \"{{{{ item + s{before}.words }}}}\" }} }}], output: \"{{{{ x.n }}}}\" }} }}"
            ),
            _ => {
                writeln!(text, "  - {{ id: s{n}, set: {{ text: \"of {{{{ s{before}[0] }}}}\" }} }}")
            }
        };
    }
    text
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
