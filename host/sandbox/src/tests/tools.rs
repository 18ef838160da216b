//! Calls of tools: their budget and rights are their caller's, and a replay hears them again.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::services::Tool;
use coldframe_engine::tape::Tape;
use coldframe_engine::{Call, CallLimits, CallReport, Cancel, Invoke as _, Recording};
use coldframe_format::{Caps, Digest, Interface, SkillId};
use coldframe_journal::ErrorKind;
use serde_json::json;

use super::guest::{SANDBOX, admit, call_of, encode, layers, load, run, summary};
use crate::{Compiler, Sandbox, SandboxConfig};

/// The operations of a component as tools of a skill `a/b`.
pub(super) fn tools_of(component: &[u8]) -> Arc<[Tool]> {
    let interface = Interface::read(component).unwrap();
    let needs = interface.required_caps().unwrap();
    let tool = |operation: &coldframe_format::Operation| Tool {
        skill: SkillId::new("a", "b").unwrap(),
        version: semver::Version::new(1, 0, 0),
        component: Digest::of(component),
        operation: operation.name.clone(),
        description: String::new(),
        input: json!({}),
        needs,
    };
    interface.operations.iter().map(tool).collect()
}

/// A component whose operations each call another one of it, or count up to a number.
fn chain(operations: &[(&str, Does<'_>)]) -> Vec<u8> {
    let mut wit = "package t:t; world w { import coldframe:host/tools@0.1.0;".to_owned();
    let mut functions = String::new();
    for (at, (name, does)) in operations.iter().enumerate() {
        let at = 4096 + at * 64;
        let _ = write!(wit, " export {name}: func();");
        let _ = match does {
            Does::Call(tool, times) => write!(
                functions,
                r#"(data (i32.const {at}) "a/b#{tool}{{}}")
                (func (export "{name}") (local i32) (loop
                    (call $call (i32.const {at}) (i32.const {}) (i32.const {}) (i32.const 2)
                        (i32.const 64))
                    (if (i32.load8_u (i32.const 64)) (then unreachable))
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const {times})))))"#,
                tool.len() + 4,
                at + tool.len() + 4,
            ),
            Does::Count(to) => write!(
                functions,
                r#"(func (export "{name}") (local i32) (loop
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const {to})))))"#
            ),
        };
    }
    let module = format!(
        r#"(module
        (import "coldframe:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        {functions}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"#
    );
    encode(&format!("{wit} }}"), &module)
}

enum Does<'t> {
    Call(&'t str, u32),
    Count(u32),
}

/// `f` calls a tool so often.
pub(super) fn calling(times: u32) -> Vec<u8> {
    chain(&[("f", Does::Call("g", times)), ("g", Does::Count(1000))])
}

/// `f` calls a tool that calls a tool.
pub(super) fn deep() -> Vec<u8> {
    chain(&[("f", Does::Call("g", 1)), ("g", Does::Call("h", 1)), ("h", Does::Count(1000))])
}

fn call(sandbox: &Sandbox, component: &[u8]) -> Call {
    let digest = load(sandbox, component).unwrap();
    Call { tools: tools_of(component), ..call_of(digest, json!({})) }
}

fn tool_alone(component: &[u8], operation: &str) -> CallReport {
    let call = call(&SANDBOX, component);
    run(&SANDBOX, Call { operation: operation.to_owned(), ..call })
}

#[test]
fn what_a_tool_takes_is_taken_from_its_caller() {
    let (once, more) = (calling(1), calling(5));
    let alone = tool_alone(&once, "g");
    assert!(alone.result.is_ok() && alone.fuel > 1000, "{alone:?}");
    let (one, five) = (run(&SANDBOX, call(&SANDBOX, &once)), run(&SANDBOX, call(&SANDBOX, &more)));
    assert_eq!((one.tool_calls, five.tool_calls), (1, 5));
    let each = (five.fuel - one.fuel) / 4;
    assert!(each > alone.fuel && each < alone.fuel + 100, "{each} of {}", alone.fuel);
    assert!(one.fuel > alone.fuel);
    // To the unit: what it took is enough, and one less is not.
    let with = |fuel: u64| {
        let limits = CallLimits { fuel, ..CallLimits::default() };
        run(&SANDBOX, Call { limits, ..call(&SANDBOX, &more) })
    };
    assert_eq!(summary(&with(five.fuel)), "null");
    let short = with(five.fuel - alone.fuel);
    assert_eq!(summary(&short), "limit.fuel");
    assert!(short.fuel <= five.fuel, "{short:?}");
}

#[test]
fn tools_of_tools_are_counted_and_heard_again() {
    let component = deep();
    let call = call(&SANDBOX, &component);
    let first = run(&SANDBOX, call.clone());
    assert_eq!((summary(&first).as_str(), first.tool_calls, first.host_calls), ("null", 2, 2));
    let Recording::Whole(tape) = &first.recording else { panic!("{first:?}") };
    let tape = Tape::from_bytes(&tape.to_bytes()).unwrap();
    // Nobody is there to run them any more.
    let again = Call { tape: Some(Arc::new(tape)), tools: Arc::default(), ..call };
    let second = run(&SANDBOX, again.clone());
    let CallReport { fuel, memory_peak_bytes, host_calls, tool_calls, .. } = first;
    let same = (second.fuel, second.memory_peak_bytes, second.host_calls, second.tool_calls);
    assert_eq!(same, (fuel, memory_peak_bytes, host_calls, tool_calls));
    assert_eq!((summary(&second).as_str(), second.asked), ("null", first.asked));
    assert_eq!(memory_peak_bytes, 65_536);
}

/// Callers never hold what their tools wait for, however few calls there is room for.
#[test]
fn callers_and_tools_do_not_wait_for_each_other() {
    let config =
        SandboxConfig { max_concurrent_calls: 3, ..SandboxConfig::new(Compiler::InProcess) };
    let sandbox = Sandbox::new(config).unwrap();
    let call = call(&sandbox, &deep());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (sandbox, call) = (Arc::clone(&sandbox), call.clone());
                tokio::spawn(async move { sandbox.invoke(call).await })
            })
            .collect();
        for task in tasks {
            let report =
                tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap();
            assert_eq!(summary(&report), "null", "{report:?}");
        }
    });
    // Deeper than there is room for is said, and not waited for.
    let config =
        SandboxConfig { max_concurrent_calls: 2, ..SandboxConfig::new(Compiler::InProcess) };
    let sandbox = Sandbox::new(config).unwrap();
    let call = self::call(&sandbox, &deep());
    assert_eq!(summary(&run(&sandbox, call)), "limit.depth");
}

#[test]
fn who_cancels_a_caller_cancels_its_tool() {
    let component = chain(&[("f", Does::Call("g", 1)), ("g", Does::Count(u32::MAX))]);
    let limits =
        CallLimits { fuel: 1 << 50, wall: Duration::from_secs(60), ..CallLimits::default() };
    let call = Call { limits, ..call(&SANDBOX, &component) };
    let cancel = call.cancel.clone();
    let stopping = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        Cancel::cancel(&cancel);
    });
    let begun = std::time::Instant::now();
    let report = run(&SANDBOX, call);
    stopping.join().unwrap();
    assert_eq!(summary(&report), "pipeline.cancelled");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    // What it took until then, and not all that was set aside.
    assert!(report.fuel > 1000 && report.fuel < 1 << 40, "{}", report.fuel);
}

#[test]
fn the_time_of_a_tool_is_that_of_its_caller() {
    let component = chain(&[("f", Does::Call("g", 1)), ("g", Does::Count(u32::MAX))]);
    let wall = Duration::from_millis(200);
    let limits = CallLimits { fuel: 1 << 50, wall, ..CallLimits::default() };
    let report = run(&SANDBOX, Call { limits, ..call(&SANDBOX, &component) });
    assert_eq!(summary(&report), "limit.deadline");
    assert!(report.fuel > 1000 && report.fuel < 1 << 40, "{}", report.fuel);
}

/// A tool has the rights of its own skill within all that its caller has: here everybody but the
/// manifest of the caller grants it.
#[test]
fn a_tool_has_no_more_rights_than_its_caller() {
    let tool = encode(
        "package t:t; world w { import wasi:random/random@0.2.6; export g: func() -> u64; }",
        r#"(module (import "wasi:random/random@0.2.6" "get-random-u64" (func $get (result i64)))
            (memory (export "memory") 1)
            (func (export "g") (result i64) (call $get))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#,
    );
    let caller = chain(&[("f", Does::Call("g", 1))]);
    let with = |ceiling: serde_json::Value| {
        let sandbox = Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap();
        load(&sandbox, &tool).unwrap();
        let ceiling: Caps = serde_json::from_value(ceiling).unwrap();
        let interface = Interface::read(&caller).unwrap();
        admit(&sandbox, &caller, &interface, &ceiling).unwrap();
        let call = call_of(Digest::of(&caller), json!({}));
        let grants =
            layers([serde_json::from_value(json!({"tools": ["*"], "random": true})).unwrap()]);
        run(&sandbox, Call { tools: tools_of(&tool), grants, ..call })
    };
    let granted = with(json!({"tools": ["*"], "random": true}));
    assert_eq!(summary(&granted), "null", "{granted:?}");
    // The guest traps where its tool fails.
    let refused = with(json!({"tools": ["*"]}));
    assert_eq!(summary(&refused), "guest.trap");
    let by: Vec<_> = refused.asked.iter().filter_map(|asked| asked.refused_by.clone()).collect();
    assert_eq!(by, ["the test"]);
    let denied = with(json!({"tools": ["a/c#g"], "random": true}));
    assert_eq!(denied.result.map_err(|error| error.kind), Err(ErrorKind::DeniedTool));
}
