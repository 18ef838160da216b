//! Many runs at the same time.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::{MemoryJournal, drive};
use coldframe_lang::graph::{Graph, Step, StepKind, Wait};
use coldframe_sandbox::{Compiler, Sandbox, SandboxConfig};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Steps in each of them.
pub(crate) const STEPS: usize = 10;
/// How long a run may wait in memory; longer than anything here takes.
pub(crate) const LINGER: Duration = Duration::from_secs(3_600);
/// Runs that wait.
const WAITING: usize = 1_000;

/// Starts `runs` of them and waits for all.
pub(crate) fn at_once<F>(runtime: &Runtime, runs: usize, run: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime.block_on(async {
        let mut all: JoinSet<()> = (0..runs).map(run).collect();
        while let Some(ended) = all.join_next().await {
            ended.unwrap();
        }
    });
}

/// Resident memory of a run that waits in this process, KiB.
pub(crate) fn waiting_kib(runtime: &Runtime) -> u64 {
    let sandbox = Sandbox::new(SandboxConfig::new(Compiler::InProcess)).unwrap();
    let wait = StepKind::Wait(Wait::Duration(Duration::from_secs(1_800)));
    let graph = Arc::new(Graph::of_steps("waits", vec![Step::new("wait", wait)]));
    let before = resident_kib();
    let (stop, cancel) = watch::channel(false);
    let mut all = JoinSet::new();
    for _ in 0..WAITING {
        let (sandbox, graph, cancel) = (Arc::clone(&sandbox), Arc::clone(&graph), cancel.clone());
        let work = async move {
            let (host, options) = crate::around(sandbox, cancel);
            let mut journal = MemoryJournal::default();
            drive(graph, json!({}), &[], &mut journal, &host, options).await.unwrap();
        };
        all.spawn_on(work, runtime.handle());
    }
    std::thread::sleep(Duration::from_secs(1));
    let after = resident_kib();
    assert_eq!(all.len(), WAITING);
    assert!(
        runtime
            .block_on(async { tokio::time::timeout(Duration::ZERO, all.join_next()).await })
            .is_err(),
        "all of them wait"
    );
    stop.send(true).unwrap();
    runtime.block_on(async { while all.join_next().await.is_some() {} });
    after.saturating_sub(before) / WAITING as u64
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}
