//! A child process, watched: how long it took, how much memory it and all it started had at once,
//! how many files they held open, and whether anything of it is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::spy::Spy;

/// How often the processes are looked at. Peaks are high-water marks of the kernel, so only what
/// is touched in the last of these is missed.
const SAMPLE: Duration = Duration::from_millis(3);
/// At first without a pause: what is refused is over soon.
const FIRST: Duration = Duration::from_millis(25);
/// No more of its output is kept, bytes.
const OUTPUT_MAX: usize = 64 << 20;

/// What became of a process.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed as results.
    pub stdout: Vec<u8>,
    /// What it printed beside.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub wall: Duration,
    /// The most memory that it and all it started had at once, bytes.
    pub peak_rss: u64,
    /// The most files that one of its processes held open.
    pub peak_files: usize,
    /// It did not end in time and was killed.
    pub killed: bool,
    /// Processes that it started and that outlived it.
    pub orphans: usize,
    /// What a spy found in the processes that it started.
    pub spied: BTreeSet<String>,
    /// How many processes the spy looked into.
    pub looked_into: usize,
}

/// One process of the tree, as last seen.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    high_water: u64,
    resident: u64,
    /// Tells two processes of one number apart.
    started: u64,
}

/// How long a process may take and how much memory it may have until it is killed.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Time.
    pub patience: Duration,
    /// Bytes of it and all it started.
    pub memory: u64,
    /// When it is asked to stop, as by a person at a terminal.
    pub interrupt: Option<Duration>,
    /// A text that only the process itself may have, and none that it starts.
    pub secret: Option<&'static str>,
}

/// Runs a command to its end; beyond its bounds it is killed with all it started.
///
/// # Panics
///
/// Where the command cannot be started at all.
pub fn run(mut command: Command, bounds: Bounds) -> Finished {
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = child.stdout.take().map(drained);
    let stderr = child.stderr.take().map(drained);
    let root = child.id();
    let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
    let (mut peak_rss, mut peak_files, mut killed, mut signalled) = (0, 0, false, false);
    let mut spy = bounds.secret.map(|secret| Spy::new(secret, root));
    let status = loop {
        let tree = tree(root);
        for pid in &tree {
            if let Some(spy) = &mut spy {
                spy.look(*pid);
            }
            if let Some(now) = look(*pid) {
                let before = seen.entry(*pid).or_default();
                let high_water = now.high_water.max(before.high_water);
                *before = Seen { high_water, ..now };
                peak_rss = peak_rss.max(high_water);
            }
            peak_files =
                peak_files.max(fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count));
        }
        let together = tree.iter().filter_map(|pid| seen.get(pid)).map(|seen| seen.resident).sum();
        peak_rss = peak_rss.max(together);
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if (begun.elapsed() > bounds.patience || together > bounds.memory) && !killed {
            killed = true;
            tree.iter().for_each(|pid| send(*pid, rustix::process::Signal::KILL));
        }
        if let Some(after) = bounds.interrupt
            && !signalled
            && begun.elapsed() > after
        {
            signalled = true;
            send(root, rustix::process::Signal::INT);
        }
        if begun.elapsed() < FIRST {
            thread::yield_now();
        } else {
            thread::sleep(SAMPLE);
        }
    };
    let wall = begun.elapsed();
    let text = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    let mut orphans = left(&seen, root);
    if orphans > 0 {
        // A process that was told to end may need a moment for it.
        thread::sleep(Duration::from_millis(500));
        orphans = left(&seen, root);
    }
    Finished {
        code: status.code(),
        signal: status.signal(),
        stdout: text(stdout),
        stderr: text(stderr),
        wall,
        peak_rss,
        peak_files,
        killed,
        orphans,
        looked_into: spy.as_ref().map_or(0, Spy::looked_into),
        spied: spy.map(|spy| spy.found).unwrap_or_default(),
    }
}

/// Reads to the end without keeping more than is allowed.
fn drained(mut from: impl std::io::Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut kept, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        while let Ok(read @ 1..) = from.by_ref().read(&mut piece) {
            if kept.len() < OUTPUT_MAX {
                kept.extend_from_slice(&piece[..read]);
            }
        }
        kept
    })
}

fn send(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// A process and everything below it.
fn tree(root: u32) -> BTreeSet<u32> {
    let (mut found, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(pid) = open.pop() {
        if !found.insert(pid) {
            continue;
        }
        // Each thread has a list of the children that it started.
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    found
}

fn look(pid: u32) -> Option<Seen> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib << 10)
    };
    let (high_water, resident) = (bytes("VmHWM:")?, bytes("VmRSS:")?);
    Some(Seen { high_water, resident, started: started(pid)? })
}

/// When a process was started, in ticks since the machine was.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.split(' ').nth(19)?.parse().ok()
}

fn left(seen: &BTreeMap<u32, Seen>, root: u32) -> usize {
    let is_there = |(pid, then): &(&u32, &Seen)| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let is_dead = state.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'));
        started(**pid) == Some(then.started) && !is_dead
    };
    seen.iter().filter(|(pid, _)| **pid != root).filter(is_there).count()
}
