//! Calls in an executor: the same as here, and nothing that happens to it happens to us.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use coldframe_client::VerifiedSkill;
use coldframe_engine::ports::{
    BoxFuture, HttpBodyStream, HttpCause, HttpFailure, HttpPort, HttpRequest, HttpResponse,
};
use coldframe_engine::{Call, CallLimits, CallReport, Cancel, Invoke as _, Layer, MemoryMeter};
use coldframe_format::Caps;
use coldframe_journal::ErrorKind;
use coldframe_sandbox::{Compiler, Isolation, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use coldframe_guests::{binary, encode};

use super::worker;

fn config(isolation: Isolation) -> SandboxConfig {
    let config = SandboxConfig::new(Compiler::Worker(worker()));
    SandboxConfig { isolation, max_concurrent_calls: 4, ..config }
}

fn skill(bytes: Vec<u8>) -> VerifiedSkill {
    coldframe_client::unsigned("guest", bytes, &caps()).unwrap()
}

fn caps() -> Caps {
    serde_json::from_value(json!({"http": ["https://example.org"], "log": true})).unwrap()
}

pub(super) fn call_of(skill: &VerifiedSkill, input: Value) -> Call {
    Call {
        component: skill.component_digest(),
        operation: "f".to_owned(),
        input,
        grants: [Layer::new("the test", caps())].into(),
        limits: CallLimits::default(),
        memory: Arc::new(MemoryMeter::new(1 << 30)),
        cancel: Cancel::default(),
        tape: None,
        tools: Arc::default(),
    }
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

pub(super) fn guest(body: &str) -> VerifiedSkill {
    skill(binary(&format!(
        r#"(component
            (core module $m (memory 1) {body})
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#
    )))
}

/// Takes `n` pages and then runs for ever.
pub(super) fn hog() -> VerifiedSkill {
    guest(
        r#"(func (export "f") (param i32) (result i32)
            (drop (memory.grow (local.get 0))) (loop (br 0)) (i32.const 0))"#,
    )
}

/// What must not differ.
fn essence(report: &CallReport) -> (Result<Value, (ErrorKind, String)>, u64, u64, u64) {
    let result = report.result.clone().map_err(|error| (error.kind, error.message));
    (result, report.fuel, report.memory_peak_bytes, report.host_calls)
}

pub(super) fn the_same_call() {
    let guests = [
        ("(i32.add (local.get 0) (i32.const 1))", 41),
        ("(drop (memory.grow (local.get 0))) (i32.const 7)", 3),
        ("(drop (memory.grow (i32.const 5000))) (i32.const 7)", 0),
        ("(unreachable)", 0),
        ("(loop (br 0)) (i32.const 0)", 0),
        ("(i32.load (i32.const -1))", 0),
        ("(call 0 (local.get 0))", 0),
    ];
    let here = Sandbox::new(config(Isolation::InProcess)).unwrap();
    for isolation in [Isolation::Process, Isolation::Auto] {
        let there = Sandbox::new(config(isolation)).unwrap();
        for (body, n) in guests {
            let skill = guest(&format!(r#"(func (export "f") (param i32) (result i32) {body})"#));
            let report = |sandbox: &Sandbox| {
                sandbox.load(&skill).unwrap_or_else(|error| panic!("{}: {error}", error.kind));
                let limits = CallLimits { fuel: 10_000_000, ..CallLimits::default() };
                run(sandbox.invoke(Call { limits, ..call_of(&skill, json!({"n": n})) }))
            };
            assert_eq!(essence(&report(&here)), essence(&report(&there)), "{body}");
        }
        assert_eq!(there.executors_started(), 1);
    }
    assert_eq!(here.executors_started(), 0);
}

pub(super) fn memory_of_a_run() {
    let sandbox = Sandbox::new(config(Isolation::Process)).unwrap();
    let skill = hog();
    sandbox.load(&skill).unwrap();
    let around = Arc::new(MemoryMeter::new(40 << 16));
    let memory = Arc::new(MemoryMeter::within(around, 60 << 16));
    let limits = CallLimits { wall: Duration::from_millis(500), ..CallLimits::default() };
    let call = |n: u32| {
        let memory = Arc::clone(&memory);
        sandbox.invoke(Call { limits, memory, ..call_of(&skill, json!({"n": n})) })
    };
    // Each fits; together they do not. Which of them comes first is nobody's promise.
    let (first, second) = run(async { tokio::join!(call(30), call(30)) });
    let mut kinds = [&first, &second].map(|report| report.result.as_ref().unwrap_err().kind);
    kinds.sort();
    assert_eq!(kinds, [ErrorKind::LimitDeadline, ErrorKind::LimitMemory]);
    // And it is all given back.
    let alone = run(call(30));
    assert_eq!(alone.result.unwrap_err().kind, ErrorKind::LimitDeadline);
}

pub(super) fn death() {
    let sandbox = Sandbox::new(config(Isolation::Process)).unwrap();
    let (hog, adder) = (hog(), skill(super::adder()));
    sandbox.load(&hog).unwrap();
    sandbox.load(&adder).unwrap();
    let id = sandbox.executor_id().unwrap();
    let limits = CallLimits { fuel: 1 << 50, ..CallLimits::default() };
    let killed = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    };
    let call = Call { limits, ..call_of(&hog, json!({"n": 1})) };
    let (report, ()) = run(async { tokio::join!(sandbox.invoke(call), killed) });
    let error = report.result.unwrap_err();
    assert_eq!((error.kind, error.transient), (ErrorKind::HostExecutor, true));
    // The next call has a new one, with all that was loaded.
    let report = run(sandbox.invoke(call_of(&adder, json!({"n": 41}))));
    assert_eq!(report.result, Ok(json!(42)));
    assert_eq!(sandbox.executors_started(), 2);
    assert_ne!(sandbox.executor_id(), Some(id));
    // It goes with its sandbox.
    let id = sandbox.executor_id().unwrap();
    drop(sandbox);
    let started = Instant::now();
    while std::path::Path::new(&format!("/proc/{id}")).exists() {
        assert!(started.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn cancel() {
    let sandbox = Sandbox::new(config(Isolation::Process)).unwrap();
    let skill = hog();
    sandbox.load(&skill).unwrap();
    let limits = CallLimits { fuel: 1 << 50, ..CallLimits::default() };
    let call = Call { limits, ..call_of(&skill, json!({"n": 1})) };
    let cancel = call.cancel.clone();
    let started = Instant::now();
    let (report, ()) = run(async {
        tokio::join!(sandbox.invoke(call), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
        })
    });
    assert_eq!(report.result.unwrap_err().kind, ErrorKind::PipelineCancelled);
    assert!(started.elapsed() < Duration::from_secs(5));
    // One that nobody waits for ends as well: four of them would take all places there are.
    run(async {
        for _ in 0..4 {
            let call = Call { limits, ..call_of(&skill, json!({"n": 1})) };
            let dropped = tokio::time::timeout(Duration::from_millis(50), sandbox.invoke(call));
            assert!(dropped.await.is_err());
        }
    });
    assert_eq!(sandbox.executors_started(), 1);
}

pub(super) fn broken() {
    let sandbox = Sandbox::new(config(Isolation::Process)).unwrap();
    let wide = guest(&format!(
        r#"(func (export "f") (param i32) (result i32) (local.get 0)) {}"#,
        "(table 2000000 funcref)"
    ));
    assert_eq!(sandbox.load(&wide).unwrap_err().kind, ErrorKind::LimitTable);
    // The executor minds as little as we do.
    let adder = skill(super::adder());
    sandbox.load(&adder).unwrap();
    assert_eq!(run(sandbox.invoke(call_of(&adder, json!({"n": 1})))).result, Ok(json!(2)));
    assert_eq!(sandbox.executors_started(), 1);
}

/// Answers everything with as many bytes as the path says, and remembers what it was sent.
#[derive(Default)]
struct Fake {
    sent: Mutex<Vec<String>>,
}

impl HttpPort for Fake {
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let HttpRequest { method, scheme, host, port, path_and_query: path, private, .. } = request;
        let line = format!("{method} {scheme} {host} {port} {path} {private}");
        self.sent.lock().unwrap().push(line);
        Box::pin(async move {
            match path.as_str() {
                "/private" => {
                    let cause = HttpCause::Refused(ErrorKind::DeniedAddress);
                    Err(HttpFailure::new(cause, "by the port"))
                }
                "/never" => std::future::pending().await,
                path => {
                    let left = path.trim_start_matches('/').parse().unwrap_or(0);
                    Ok(HttpResponse { status: 200, headers: vec![], body: Box::pin(Zeros(left)) })
                }
            }
        })
    }
}

/// So many bytes, at most a thousand at a time.
struct Zeros(usize);

impl HttpBodyStream for Zeros {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        let piece = self.0.min(1000);
        self.0 -= piece;
        Poll::Ready((piece > 0).then(|| Ok(vec![0; piece])))
    }
}

fn fetcher() -> Vec<u8> {
    let wit = "package t:t; world w { import wasi:http/outgoing-handler@0.2.6;
        export f: func(https: bool, host: string, path: string, times: u32, read: bool) -> u32; }";
    encode(wit, include_str!("../../src/tests/data/fetch.wat"))
}

pub(super) fn requests() {
    let port = Arc::new(Fake::default());
    let http: Option<Arc<dyn HttpPort>> = Some(port.clone());
    let sandbox = Sandbox::new(SandboxConfig { http, ..config(Isolation::Process) }).unwrap();
    let skill = skill(fetcher());
    sandbox.load(&skill).unwrap_or_else(|error| panic!("{}: {error}", error.kind));
    let fetch = |host: &str, path: &str, limits: CallLimits| {
        let input = json!({"https": true, "host": host, "path": path, "times": 1, "read": true});
        let report = run(sandbox.invoke(Call { limits, ..call_of(&skill, input) }));
        report.result.map_or_else(|error| error.kind.to_string(), |value| value.to_string())
    };
    let usual = CallLimits::default();
    assert_eq!(fetch("example.org", "/250000", usual), "200");
    assert_eq!(fetch("example.org", "/0", usual), "200");
    assert_eq!(fetch("example.org", "/private", usual), "denied.address");
    assert_eq!(fetch("other.org", "/0", usual), "denied.host");
    let short = CallLimits { wall: Duration::from_millis(300), ..usual };
    assert_eq!(fetch("example.org", "/never", short), "limit.deadline");
    let few = CallLimits { net_bytes: 10_000, ..usual };
    assert_eq!(fetch("example.org", "/250000", few), "limit.net-bytes");
    assert_eq!(
        fetch("example.org", "/0", CallLimits { net_requests: 0, ..usual }),
        "limit.net-concurrency"
    );
    let sent = port.sent.lock().unwrap();
    assert_eq!(sent.first().unwrap(), "GET https example.org 443 /250000 false");
    assert_eq!(sent.len(), 5, "{sent:?}");
    assert_eq!(sandbox.executors_started(), 1);
}
