//! The compile worker from outside: what it gives, what it refuses, what its walls stop.
//!
//! This program is its own worker, so it has no harness of its own kind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

#[path = "walls/executor.rs"]
mod executor;
#[cfg(target_os = "linux")]
#[path = "walls/groups.rs"]
mod groups;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use coldframe_engine::{Call, CallLimits, Cancel, Invoke as _, Layer, MemoryMeter};
use coldframe_format::Caps;
use coldframe_guests::binary;
use coldframe_sandbox::walls::Wall;
use coldframe_sandbox::worker::{Worker, become_worker};
use coldframe_sandbox::{Compiler, Sandbox, SandboxConfig};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

const TIME_MAX: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    if let Some(code) = become_worker() {
        return code;
    }
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    let tests = vec![
        trial("a_component_compiled_elsewhere_runs_here", a_component_compiled_elsewhere_runs_here),
        trial("code_is_the_same_wherever_it_is_compiled", code_is_the_same_wherever),
        trial("every_wall_bites", every_wall_bites),
        trial("what_a_wall_stops_is_possible_without_it", what_a_wall_stops),
        trial("other_kinds_of_files", other_kinds_of_files),
        trial("bombs_of_structure", bombs_of_structure),
        trial("bombs_of_time", bombs_of_time),
        trial("bombs_of_memory", bombs_of_memory),
        trial("deep_nesting", deep_nesting),
        trial("a_worker_that_is_none", a_worker_that_is_none),
        trial("a_wall_that_is_required", a_wall_that_is_required),
        trial("another_machine", another_machine),
        trial("a_cache_is_filled_by_workers", a_cache_is_filled_by_workers),
        trial("a_call_in_an_executor_is_the_same_call", executor::the_same_call),
        trial("an_executor_bounds_the_memory_of_a_run", executor::memory_of_a_run),
        trial("an_executor_that_dies_is_replaced", executor::death),
        trial("a_call_in_an_executor_can_be_cancelled", executor::cancel),
        trial("an_executor_asks_for_requests", executor::requests),
        trial("a_broken_component_is_told_at_its_load", executor::broken),
        #[cfg(target_os = "linux")]
        trial("each_process_is_in_a_group_of_its_own", groups::one_each),
        #[cfg(target_os = "linux")]
        trial("a_group_bounds_memory_where_one_is_delegated", groups::memory),
    ];
    let ended = libtest_mimic::run(&Arguments::from_args(), tests).exit_code();
    coldframe_sandbox::walls::Groups::leave();
    ended
}

fn worker() -> Worker {
    Worker::this_program()
}

fn adder() -> Vec<u8> {
    binary(
        r#"(component
            (core module $m (memory 1) (func (export "f") (param i32) (result i32)
                (i32.add (local.get 0) (i32.const 1))))
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#,
    )
}

/// What a worker with `memory_max` says of `bytes`: `ok`, or the kind.
#[track_caller]
fn check_with(worker: &Worker, time_max: Duration, bytes: &[u8], expected: &str) {
    let result = worker.compile(bytes, time_max, None);
    let found = result.as_ref().map_or_else(|error| error.kind.as_str(), |_| "ok");
    let said = result.as_ref().err().map(|error| error.message.as_str());
    assert_eq!(found, expected, "{said:?}");
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    check_with(&worker(), TIME_MAX, bytes, expected);
}

fn sandbox(config: SandboxConfig) -> Arc<Sandbox> {
    Sandbox::new(SandboxConfig { max_concurrent_calls: 1, ..config }).unwrap()
}

/// Loads the adder and adds.
fn adds(sandbox: &Sandbox) {
    let skill = coldframe_client::unsigned("adder", adder(), &Caps::default()).unwrap();
    sandbox.load(&skill).unwrap_or_else(|error| panic!("{}: {error}", error.kind));
    let call = Call {
        component: skill.component_digest(),
        operation: "f".to_owned(),
        input: json!({"n": 41}),
        grants: [Layer::new("the test", Caps::default())].into(),
        limits: CallLimits::default(),
        memory: Arc::new(MemoryMeter::new(1 << 30)),
        cancel: Cancel::default(),
        tape: None,
        tools: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(sandbox.invoke(call)).result, Ok(json!(42)));
}

fn a_component_compiled_elsewhere_runs_here() {
    adds(&sandbox(SandboxConfig::new(Compiler::Worker(worker()))));
}

fn a_cache_is_filled_by_workers() {
    let dir = tempfile::tempdir().unwrap();
    let with = |worker: Worker| {
        let config = SandboxConfig::new(Compiler::Worker(worker));
        sandbox(SandboxConfig { cache_dir: Some(dir.path().to_owned()), ..config })
    };
    adds(&with(worker()));
    // The second time nobody is asked, so it does not matter that there is nobody to ask.
    adds(&with(Worker::new("/does/not/exist")));
}

fn code_is_the_same_wherever() {
    static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let kept = |name: &str, compiler: Compiler| {
        let dir = DIR.path().join(name);
        let config = SandboxConfig::new(compiler);
        adds(&sandbox(SandboxConfig { cache_dir: Some(dir.clone()), ..config }));
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let native =
            entries.into_iter().find(|path| path.extension().is_some_and(|ext| ext == "native"));
        // Behind the MAC of 32 bytes, which is of each directory's own key.
        std::fs::read(native.unwrap()).unwrap().split_off(32)
    };
    let inside = kept("inside", Compiler::InProcess);
    let outside = kept("outside", Compiler::Worker(worker()));
    assert_eq!(inside, outside);
    assert_eq!(worker().compile(&adder(), TIME_MAX, None).unwrap(), outside);
}

fn every_wall_bites() {
    let standing = worker().inspect(TIME_MAX);
    let walls: Vec<Wall> = standing.iter().map(|standing| standing.wall).collect();
    assert_eq!(walls, Wall::ALL);
    for standing in standing {
        assert!(standing.stands, "{}: {}", standing.wall, standing.text);
        assert!(!standing.text.is_empty(), "{}", standing.wall);
    }
}

/// Without this, a probe that fails for another reason would pass for a wall.
fn what_a_wall_stops() {
    let every = [
        "nothing",
        "memory",
        "files",
        "write",
        "dump",
        "open",
        "list",
        "bind",
        "connect",
        "socket",
        "udp",
        "exec",
        "fork",
        "thread",
        "executable",
    ];
    for what in every {
        assert_eq!(worker().try_it(what, &[]), "done", "{what}");
    }
    for what in ["open", "socket", "udp", "exec", "fork", "thread", "executable"] {
        assert_eq!(worker().try_it(what, &[Wall::Seccomp]), "killed", "{what}");
    }
    for what in ["open", "list", "bind", "connect"] {
        let found = worker().try_it(what, &[Wall::Landlock]);
        assert!(found.starts_with("refused: Permission denied"), "{what}: {found}");
    }
    // All of them together leave a worker what it needs to say so.
    assert_eq!(worker().try_it("nothing", Wall::ALL), "done");
    assert_eq!(worker().try_it("open", Wall::ALL), "killed");
}

fn other_kinds_of_files() {
    check(b"", "invalid.kind");
    check(b"\x7fELF\x02\x01\x01\0", "invalid.kind");
    check(b"(component)", "invalid.kind");
    check(&binary("(module)"), "invalid.kind");
    check(&worker().compile(&adder(), TIME_MAX, None).unwrap(), "invalid.kind");
    check(b"\0asm\x0d\0\x01", "invalid.component");
    check(b"\0asm\x0d\0\x01\0garbage", "invalid.component");
    check(&binary("(component)"), "ok");
    // Well-formed and wrong: a function that gives nothing where it says it gives a number.
    check(&module(&body(&[0x0b]).repeat(1), 1), "invalid.component");
    let mut broken = adder();
    for at in (8..broken.len()).step_by(7) {
        broken[at] ^= 0x55;
        let result = worker().compile(&broken, TIME_MAX, None);
        let kind = result.err().map(|error| error.kind.to_string());
        assert_ne!(kind.as_deref(), Some("host.bug"), "{at}");
        broken[at] ^= 0x55;
    }
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb(content.len()).as_slice(), content].concat()
}

/// One function body without locals: its instructions, with the `end`.
fn body(code: &[u8]) -> Vec<u8> {
    body_with(0, code)
}

fn body_with(locals: usize, code: &[u8]) -> Vec<u8> {
    let locals = if locals == 0 { vec![0] } else { [vec![1], leb(locals), vec![0x7f]].concat() };
    [leb(locals.len() + code.len()), locals, code.to_vec()].concat()
}

/// A component around a module with a memory and `count` functions `i32 -> i32`.
fn module(bodies: &[u8], count: usize) -> Vec<u8> {
    let functions = [leb(count), vec![0; count]].concat();
    let code = [leb(count), bodies.to_vec()].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]),
        section(3, &functions),
        section(5, &[1, 0, 1]),
        section(10, &code),
    ]
    .concat();
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module)].concat()
}

/// BOMB-1: `depth` levels of a component that instantiates the one before `fan` times.
fn instances(depth: usize, fan: usize) -> Vec<u8> {
    let mut wat = String::from(
        "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))",
    );
    for level in 1..=depth {
        let instances = format!("(instance (instantiate $c{}))", level - 1).repeat(fan);
        wat = format!("(component $c{level} {wat} {instances})");
    }
    binary(&wat)
}

/// BOMB-2: `n` components, each within the next.
fn nested(n: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..n {
        let inner = if bytes.is_empty() { vec![] } else { section(4, &bytes) };
        bytes = [b"\0asm\x0d\0\x01\0".to_vec(), inner].concat();
    }
    bytes
}

/// Code that takes the optimiser and the allocator of registers long: `m` loops within each other,
/// each of which adds every local to the one before.
fn live_locals(k: usize, m: usize) -> Vec<u8> {
    let mut code = Vec::new();
    for _ in 0..m {
        code.extend([0x03, 0x40]);
        for i in 0..k {
            let (to, from) = (leb(i), leb((i + 1) % k));
            code.extend([&[0x20], &to[..], &[0x20], &from, &[0x6a, 0x21], &to].concat());
        }
    }
    for _ in 0..m {
        code.extend([0x20, 0, 0x0d, 0, 0x0b]);
    }
    code.extend([0x20, 0, 0x0b]);
    body_with(k - 1, &code)
}

fn bombs_of_structure() {
    let started = Instant::now();
    check(&instances(7, 10), "limit.structure");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    check(&nested(2_000), "limit.structure");
    // BOMB-3: a million empty functions.
    check(&module(&body(&[0x20, 0, 0x0b]).repeat(1_000_000), 1_000_000), "limit.structure");
    // BOMB-4: one huge function.
    let adds = [&[0x20, 0][..], &[0x20, 0, 0x6a].repeat(2_500_000), &[0x0b]].concat();
    check(&module(&body(&adds), 1), "limit.structure");
    // BOMB-5, the large one.
    check(&module(&live_locals(100, 800), 1), "limit.structure");
    // BOMB-6: three million calls.
    let calls = [&[0x20, 0][..], &[0x10, 0].repeat(3_000_000), &[0x0b]].concat();
    check(&module(&body(&calls), 1), "limit.structure");
    // BOMB-7: one branch table of seven million targets, and 70,000 of a hundred.
    let targets = |n: usize| {
        let table = [vec![0x20, 0, 0x20, 0, 0x0e], leb(n), vec![0; n + 1]].concat();
        body(&[table, vec![0x0b]].concat())
    };
    check(&module(&targets(7_000_000), 1), "limit.structure");
    check(&module(&targets(100).repeat(40_000), 40_000), "limit.structure");
    // BOMB-8: a million types.
    let kinds = [0x7f, 0x7e, 0x7d, 0x7c];
    let one = |n: usize| {
        let params: Vec<u8> = (0..10).map(|bit| kinds[(n >> (2 * bit)) & 3]).collect();
        [&[0x60, 10][..], &params, &[0]].concat()
    };
    let types: Vec<u8> = (0..1_000_000).flat_map(one).collect();
    let types = section(1, &[leb(1_000_000), types].concat());
    let types = [b"\0asm\x01\0\0\0".to_vec(), types].concat();
    check(&[b"\0asm\x0d\0\x01\0".to_vec(), section(1, &types)].concat(), "limit.structure");
    // BOMB-9: 200 MB of ballast.
    let ballast = [vec![4], b"name".to_vec(), vec![0; 200_000_000]].concat();
    check(&[b"\0asm\x0d\0\x01\0".to_vec(), section(0, &ballast)].concat(), "limit.structure");
}

/// Within the budget, and too long all the same.
fn bombs_of_time() {
    // As many as fit into the budget's bytes of code.
    let bomb = module(&live_locals(100, 330).repeat(60), 60);
    let started = Instant::now();
    check_with(&worker(), Duration::from_secs(1), &bomb, "limit.compile-time");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

fn bombs_of_memory() {
    let adds = [&[0x20, 0][..], &[0x20, 0, 0x6a].repeat(87_000), &[0x0b]].concat();
    let bomb = module(&body(&adds).repeat(60), 60);
    let small = Worker { memory_max: 320 << 20, ..worker() };
    check_with(&small, Duration::from_secs(60), &bomb, "limit.compile-memory");
    // Too little even to begin.
    let none = Worker { memory_max: 1 << 20, ..worker() };
    let error = none.compile(&adder(), TIME_MAX, None).unwrap_err();
    assert!(["host.bug", "limit.compile-memory"].contains(&error.kind.as_str()), "{error:?}");
}

/// As deep as one body may be, and deeper: that can take long, but nobody's stack is full.
fn deep_nesting() {
    let nested = |open: &[u8], depth: usize| {
        let code =
            [open.repeat(depth).as_slice(), &[0x0b].repeat(depth), &[0x20, 0, 0x0b]].concat();
        let time_max = Duration::from_secs(4);
        worker().compile(&module(&body(&code), 1), time_max, None).map(drop)
    };
    for (open, too_deep) in [(&[0x02, 0x40][..], 65_000), (&[0x20, 0, 0x04, 0x40][..], 43_000)] {
        let kind = |depth| nested(open, depth).err().map(|error| error.kind.to_string());
        assert_eq!(kind(too_deep).as_deref(), Some("limit.structure"));
        let deepest = kind(9_999);
        assert!([None, Some("limit.compile-time")].contains(&deepest.as_deref()), "{deepest:?}");
        assert_eq!(kind(2_000), None);
    }
}

fn a_worker_that_is_none() {
    check_with(&Worker::new("/does/not/exist"), TIME_MAX, &adder(), "host.bug");
    check_with(&Worker::new("/bin/true"), TIME_MAX, &adder(), "host.bug");
    let down = Worker::new("/bin/false").inspect(TIME_MAX);
    assert!(down.iter().all(|standing| !standing.stands), "{down:?}");
    // One that says nothing and does not end.
    let started = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("sleeps");
    std::fs::write(&script, "#!/bin/sh\nexec sleep 60\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&script, mode).unwrap();
    let sleeps = Worker::new(&script);
    check_with(&sleeps, Duration::from_millis(200), &adder(), "limit.compile-time");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

fn a_wall_that_is_required() {
    let strict = Worker { required: BTreeSet::from_iter(Wall::ALL.iter().copied()), ..worker() };
    check_with(&strict, TIME_MAX, &adder(), "ok");
    check_with(&Worker { program: "/bin/true".into(), ..strict }, TIME_MAX, &adder(), "host.bug");
}

fn another_machine() {
    let compile =
        |target: &str| worker().compile(&adder(), TIME_MAX, Some(&target.parse().unwrap()));
    let arch = std::env::consts::ARCH;
    let code = compile(&format!("{arch}-unknown-linux-gnu")).unwrap();
    assert_ne!(code, worker().compile(&adder(), TIME_MAX, None).unwrap());
    assert!(compile(&format!("{arch}-apple-darwin")).is_ok());
    if arch == "x86_64" {
        let tuned = compile("x86_64-unknown-linux-gnu+avx2+bmi1").unwrap();
        assert_ne!(tuned, code);
        assert!(compile("x86_64-unknown-linux-gnu+haswell").is_ok());
    }
}
