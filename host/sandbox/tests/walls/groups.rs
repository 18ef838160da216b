//! Control groups around workers and executors, for real wherever some can be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldframe_engine::{Call, CallLimits, Invoke as _, MemoryMeter};
use coldframe_journal::ErrorKind;
use coldframe_sandbox::walls::Groups;
use coldframe_sandbox::worker::Worker;
use coldframe_sandbox::{Compiler, Isolation, Sandbox, SandboxConfig};
use serde_json::json;

use super::executor::{call_of, guest, hog, run};
use super::{TIME_MAX, adder, check_with, worker};

/// A group that can be made here, or nothing.
fn scratch() -> Option<PathBuf> {
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
    let mount = mounts.into_iter().find(|mount| mount.join("cgroup.controllers").exists())?;
    let dir = mount.join(format!("test-walls-{}", std::process::id()));
    std::fs::create_dir(&dir).ok().map(|()| dir)
}

fn sandbox(worker: Worker) -> Arc<Sandbox> {
    let config = SandboxConfig::new(Compiler::Worker(worker));
    Sandbox::new(SandboxConfig { isolation: Isolation::Process, ..config }).unwrap()
}

/// The groups of processes that are there, but for that of the host.
fn groups_in(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let groups = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    groups.map(|entry| entry.path()).filter(|path| !path.ends_with("host")).collect()
}

#[track_caller]
fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn one_each() {
    let Some(dir) = scratch() else {
        // Then it is said why there are none, or there are some and the other test has them.
        assert_ne!(Groups::of_this_process(), Err(String::new()));
        return;
    };
    let groups = Arc::new(Groups::below(&dir).unwrap());
    let ours = groups.dir().to_owned();
    let worker = Worker { groups: Some(groups), ..worker() };
    check_with(&worker, TIME_MAX, &adder(), "ok");
    assert!(groups_in(&ours).is_empty());
    // One that waits is seen in its group, and not in it any more afterwards.
    let sandbox = sandbox(worker.clone());
    let hog = hog();
    sandbox.load(&hog).unwrap();
    let id = sandbox.executor_id().unwrap();
    let [group] = <[PathBuf; 1]>::try_from(groups_in(&ours)).unwrap();
    let members = std::fs::read_to_string(group.join("cgroup.procs")).unwrap();
    assert_eq!(members.trim(), id.to_string());
    // Who ends the group ends the call, and the next one has another group.
    let limits = CallLimits { fuel: 1 << 50, ..CallLimits::default() };
    let call = Call { limits, ..call_of(&hog, json!({"n": 1})) };
    let killed = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
        if std::fs::write(group.join("cgroup.kill"), "1").is_err() {
            rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        }
    };
    let (report, ()) = run(async { tokio::join!(sandbox.invoke(call), killed) });
    assert_eq!(report.result.unwrap_err().kind, ErrorKind::HostExecutor);
    wait_for(|| !group.exists());
    let limits = CallLimits { fuel: 1_000_000, ..CallLimits::default() };
    let report = run(sandbox.invoke(Call { limits, ..call_of(&hog, json!({"n": 1})) }));
    assert_eq!(report.result.unwrap_err().kind, ErrorKind::LimitFuel);
    assert_eq!(groups_in(&ours).len(), 1);
    drop(sandbox);
    wait_for(|| groups_in(&ours).is_empty());
    drop(worker);
    wait_for(|| std::fs::remove_dir(&dir).is_ok());
}

pub(super) fn memory() {
    let groups = match Groups::of_this_process() {
        Ok(groups) => groups,
        Err(why) => {
            let reasons =
                ["root group", "not delegated", "not ours", "no controller", "other processes"];
            let others = ["version 2", "the kind", "not to be seen", "failed to"];
            assert!(reasons.iter().chain(&others).any(|reason| why.contains(reason)), "{why}");
            // Without groups nothing stops what they are there to stop.
            let held = worker().try_group();
            assert_eq!(held, Err("a worker that held too much: done".to_owned()));
            return;
        }
    };
    let grouped = Worker { groups: Some(groups), ..worker() };
    assert_eq!(grouped.try_group(), Ok(()));
    check_with(&grouped, TIME_MAX, &adder(), "ok");
    // What a message takes that is read before it is found to be wrong is no memory of a guest.
    let echo = guest(r#"(func (export "f") (param i32) (result i32) (local.get 0))"#);
    let kind = |worker: Worker| {
        let sandbox = sandbox(worker);
        sandbox.load(&echo).unwrap();
        let memory = Arc::new(MemoryMeter::new(1 << 20));
        // Where memory is short, the kernel looks for some for a while.
        let limits = CallLimits { wall: Duration::from_secs(120), ..CallLimits::default() };
        let many = call_of(&echo, json!({"n": vec![0; 6_000_000]}));
        let report = run(sandbox.invoke(Call { memory, limits, ..many }));
        let kind = report.result.unwrap_err().kind;
        // Whatever became of it, the next call is as ever.
        let report = run(sandbox.invoke(call_of(&echo, json!({"n": 7}))));
        assert_eq!(report.result, Ok(json!(7)));
        (kind, sandbox.executors_started())
    };
    let small = Worker { executor_memory: 96 << 20, ..grouped.clone() };
    assert_eq!(kind(small), (ErrorKind::LimitMemory, 2));
    let (other, starts) = kind(grouped);
    assert_ne!(other, ErrorKind::LimitMemory);
    assert_eq!(starts, 1);
}
