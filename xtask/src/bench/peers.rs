//! Whole runs beside those of engines in Python: the same shapes, of steps that do nothing.
//!
//! What is compared is CPU time of all processes of a run, user and system: wall time says more about
//! what else the machine does. Each engine is started anew for each run, from its own file or program
//! to its own result, with nothing kept. Rounds of all alternate and medians are shown. Since a
//! process has its own start beside its steps, what a step costs is also shown as the slope between
//! the shortest chain and the longest.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::engine::{Engine, Kind, Took};
use super::shapes::{Shape, Steps};

/// The scripts that run a shape in each peer, and what they need.
const PEERS: &[(&str, &str, &[&str])] =
    &[("hexDAG", "hexdag", &["hexdag", "httpx"]), ("LangGraph", "langgraph", &["langgraph"])];
/// What there may be of Python, newest first: one of the packages wants 3.12.
const PYTHONS: &[&str] = &["python3.13", "python3.12", "python3"];
/// Steps in a chain, shortest first.
const CHAINS: &[usize] = &[250, 500, 1_000, 2_000];
/// Steps beside each other.
const FAN_OUT: usize = 1_000;
/// Rounds, beside one that warms caches and is thrown away.
const ROUNDS: usize = 3;
/// How many times less CPU time a step of a chain must take than one of hexDAG's in memory.
const BAR: f64 = 3.0;

/// Everything that is run.
pub(super) fn shapes() -> impl Iterator<Item = (Shape, usize)> {
    let chains = CHAINS.iter().map(|count| (Shape::Chain, *count));
    chains.chain([(Shape::FanOut, FAN_OUT)])
}

/// Installs the peers and prints the tables. An error where one of them cannot be had or the bar is
/// not met, after all that could be measured was.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let binary = super::binary(shell)?;
    let folder = tempfile::tempdir()?;
    let (dir, target) = (folder.path(), crate::fuzz::target_dir(shell)?);
    let mut engines = vec![
        Engine::coldframe(&binary, dir, Steps::Calls)?,
        Engine::coldframe(&binary, dir, Steps::Sets)?,
    ];
    let mut missing = Vec::new();
    for (name, script, packages) in PEERS {
        match installed(shell, &target.join("peers").join(script), packages) {
            Ok((python, version)) => engines.push(Engine::peer(name, script, python, &version)),
            Err(why) => missing.push(format!("{name} is not measured: {why:#}")),
        }
    }
    say(&format!("load at the start: {}", load()))?;
    let shapes: Vec<(Shape, usize)> = shapes().collect();
    let mut rows = vec![vec![Vec::new(); shapes.len()]; engines.len()];
    for round in 0..=ROUNDS {
        for (place, (shape, count)) in shapes.iter().enumerate() {
            for (engine, rows) in engines.iter().zip(&mut rows) {
                let took = engine.run(*shape, *count)?;
                if let (true, Some(row)) = (round > 0, rows.get_mut(place)) {
                    row.push(took);
                }
            }
        }
    }
    let rows: Vec<Vec<Took>> =
        rows.into_iter().map(|rows| rows.iter().map(|row| Took::median(row)).collect()).collect();
    print(&engines, &shapes, &rows)?;
    say(&format!("\nload at the end: {}", load()))?;
    for line in &missing {
        say(line)?;
    }
    bar(&engines, &rows)?;
    ensure!(missing.is_empty(), "{} of {} peers are missing", missing.len(), PEERS.len());
    Ok(())
}

/// A virtual environment with the packages, and the version of the first. `PEERS_PYTHON` names
/// another Python.
fn installed(shell: &Shell, folder: &Path, packages: &[&str]) -> anyhow::Result<(PathBuf, String)> {
    let own = std::env::var("PEERS_PYTHON").ok();
    let python = folder.join("bin/python");
    let first = packages.first().context("a peer has a package")?;
    let version = || {
        let code = format!("import importlib.metadata as m; print(m.version('{first}'))");
        cmd!(shell, "{python} -c {code}").quiet().ignore_stderr().read()
    };
    let mut why = anyhow::anyhow!("there is no Python");
    for base in own.iter().map(String::as_str).chain(PYTHONS.iter().copied()) {
        if python.exists()
            && let Ok(version) = version()
        {
            return Ok((python, version));
        }
        if cmd!(shell, "{base} --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
            continue;
        }
        let made = cmd!(shell, "{base} -m venv --clear {folder}").run().and_then(|()| {
            cmd!(shell, "{python} -m pip install --quiet --disable-pip-version-check {packages...}")
                .run()
        });
        if let Err(error) = made {
            why = error.into();
        }
    }
    version().map(|version| (python, version)).map_err(|_| why)
}

/// The tables, as they stand in `docs/benchmarks.md`.
fn print(engines: &[Engine], shapes: &[(Shape, usize)], rows: &[Vec<Took>]) -> anyhow::Result<()> {
    let title = |(shape, count): &(Shape, usize)| match shape {
        Shape::Chain => format!("chain of {count}"),
        Shape::FanOut => format!("fan-out of {count}"),
    };
    let titles: Vec<String> = shapes.iter().map(title).collect();
    for (what, value) in
        [("CPU, ms", (|took| took.cpu) as fn(&Took) -> f64), ("wall, ms", |took| took.wall)]
    {
        say(&format!("\n| {what} | {} |", titles.join(" | ")))?;
        say(&format!("|---|{}", "---|".repeat(titles.len())))?;
        for (engine, rows) in engines.iter().zip(rows) {
            let cells: Vec<String> =
                rows.iter().map(|took| format!("{:.0}", value(took) / 1e3)).collect();
            say(&format!("| {} | {} |", engine.name, cells.join(" | ")))?;
        }
    }
    say(
        "\n| CPU of a step of a chain, us | whole process | 250 to 500 | 500 to 1000 | 1000 to 2000 | running alone |",
    )?;
    say("|---|---|---|---|---|---|")?;
    for (engine, rows) in engines.iter().zip(rows) {
        let mut cells = vec![format!("{:.1}", slope(rows, 0, CHAINS.len() - 1))];
        cells.extend((1..CHAINS.len()).map(|to| format!("{:.1}", slope(rows, to - 1, to))));
        let alone = alone(rows).map_or_else(String::new, |alone| format!("{alone:.1}"));
        say(&format!("| {} | {} | {alone} |", engine.name, cells.join(" | ")))?;
    }
    Ok(())
}

/// CPU time of one step more, between two lengths of chains.
fn slope(rows: &[Took], from: usize, to: usize) -> f64 {
    let at = |place: usize| Some((rows.get(place)?.cpu, *CHAINS.get(place)?));
    match (at(from), at(to)) {
        (Some((short, few)), Some((long, many))) => (long - short) / (many - few) as f64,
        _ => f64::NAN,
    }
}

/// CPU time of a step of a chain of 1,000, of the run alone.
fn alone(rows: &[Took]) -> Option<f64> {
    let place = CHAINS.iter().position(|count| *count == 1_000)?;
    Some(rows.get(place)?.alone? / 1_000.0)
}

/// Ours, with all that a step of a process costs, against hexDAG's run alone: the measure that is
/// the best for it.
fn bar(engines: &[Engine], rows: &[Vec<Took>]) -> anyhow::Result<()> {
    let own = engines
        .iter()
        .position(|engine| matches!(engine.kind, Kind::Coldframe { steps: Steps::Calls, .. }));
    let peer = engines.iter().position(|engine| engine.name.starts_with("hexDAG"));
    let (Some(own), Some(peer)) = (own, peer) else { return Ok(()) };
    let (Some(own), Some(peer)) = (rows.get(own), rows.get(peer)) else { return Ok(()) };
    let last = CHAINS.len() - 1;
    let (whole, here) = (slope(peer, 0, last), slope(own, 0, last));
    let alone = alone(peer).unwrap_or(f64::NAN);
    say(&format!(
        "a step of a chain takes hexDAG {:.1} times the CPU time in whole processes, and {:.1} times where only its run counts and our whole process",
        whole / here,
        alone / here
    ))?;
    ensure!(whole / here >= BAR, "expected at least {BAR} times");
    Ok(())
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
