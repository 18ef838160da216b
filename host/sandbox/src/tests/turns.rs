//! A call beside many of a component that never ends.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use coldframe_engine::{Call, CallLimits, Invoke as _};
use serde_json::json;

use super::guest::{binary, call_of, load, summary};
use crate::{Compiler, Sandbox, SandboxConfig, THREADS_MORE};

/// How often the quiet call is made. The middle one counts, as a thread may lose its core.
const CALLS: usize = 9;

/// Counted in visits of loops by the threads and not in time: without slots that are kept, the call
/// would wait until a loop has ended; without turns, for a visit of every loop that has a slot.
#[test]
fn a_quiet_component_waits_for_few_of_a_greedy_one() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores + THREADS_MORE;
    let greedy = 32 * threads;
    let config = SandboxConfig {
        max_concurrent_calls: u32::try_from(greedy).unwrap(),
        ..SandboxConfig::new(Compiler::InProcess)
    };
    let sandbox = Sandbox::new(config).unwrap();
    let guest = |body: &str| {
        let text = format!(
            r#"(component
                (core module $m (func (export "f") (param i32) (result i32) {body}))
                (core instance $i (instantiate $m))
                (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#
        );
        load(&sandbox, &binary(&text)).unwrap()
    };
    let (endless, plain) = (guest("(loop (br 0)) (unreachable)"), guest("(local.get 0)"));
    let limits =
        CallLimits { fuel: u64::MAX >> 1, wall: Duration::from_secs(60), ..CallLimits::default() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.unwrap();
    let visits = Arc::new(AtomicUsize::new(0));
    let of_loops = || visits.load(Ordering::Relaxed);
    let loops: Vec<_> = (0..greedy)
        .map(|_| {
            let (sandbox, visits) = (Arc::clone(&sandbox), Arc::clone(&visits));
            let call = Call { limits, ..call_of(endless, json!({"n": 1})) };
            runtime.spawn(async move {
                let mut work = sandbox.invoke(call);
                poll_fn(|cx| {
                    visits.fetch_add(1, Ordering::Relaxed);
                    work.as_mut().poll(cx)
                })
                .await
            })
        })
        .collect();
    while of_loops() < 2 * greedy {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut waited = Vec::new();
    for _ in 0..CALLS {
        let (sandbox, before) = (Arc::clone(&sandbox), of_loops());
        let call = call_of(plain, json!({"n": 42}));
        let report = runtime.block_on(runtime.spawn(async move {
            // Behind all that is ready, as after anything it waited for.
            tokio::task::yield_now().await;
            sandbox.invoke(call).await
        }));
        waited.push(of_loops() - before);
        assert_eq!(summary(&report.unwrap()), "42");
    }
    assert!(loops.iter().all(|one| !one.is_finished()), "it waited for a slot");
    loops.iter().for_each(tokio::task::JoinHandle::abort);
    waited.sort_unstable();
    assert!(waited[CALLS / 2] <= greedy / 4, "of {greedy} it waited for {waited:?}");
}
