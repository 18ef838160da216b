//! `adversary run --host coldframe`: plays the attacks and says what became of each.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use coldframe_adversary::case::{Case, Gate, How};
use coldframe_adversary::report::{self, Table};
use coldframe_adversary::run::{Verdict, run};
use coldframe_adversary::world::Ground;
use coldframe_adversary::{families, peers};
use serde_json::json;

/// Attacks on the host.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the attacks
    Run(RunArgs),
    /// Play what other hosts can play too, side by side
    Peers(PeersArgs),
    /// Write every component of an attack that runs by itself into a folder
    Artefacts {
        /// The folder
        dir: PathBuf,
    },
}

#[derive(clap::Args)]
struct PeersArgs {
    /// The binary that is attacked
    #[arg(long)]
    host: PathBuf,
    /// The `wasmtime` command, where there is one
    #[arg(long)]
    wasmtime: Option<PathBuf>,
    /// A Python that has Extism, where there is one
    #[arg(long)]
    python: Option<PathBuf>,
    /// Write the comparison into this document, between its marks
    #[arg(long)]
    into: Option<PathBuf>,
}

#[derive(clap::Args)]
struct RunArgs {
    /// The binary that is attacked
    #[arg(long)]
    host: PathBuf,
    /// How much is played
    #[arg(long, value_enum, default_value_t = GateArg::Fast)]
    gate: GateArg,
    /// Only cases whose id begins like this; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Print each verdict as a line of JSON
    #[arg(long)]
    json: bool,
    /// Write the table into this document, between its marks
    #[arg(long)]
    into: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GateArg {
    /// What CI plays
    Fast,
    /// Everything
    Full,
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(args) => play(&args),
        Command::Peers(args) => compare(&args),
        Command::Artefacts { dir } => artefacts(&dir),
    }
}

fn play(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let ground = Ground::new(&args.host)?;
    let mut played = Vec::new();
    for case in chosen(args) {
        let verdict = run(&ground, &case);
        say(args, &case, &verdict);
        played.push((case, verdict));
    }
    let lost = played.iter().filter(|(_, verdict)| !verdict.held()).count();
    note(&format!(
        "{} passed, {lost} failed in {} s",
        played.len() - lost,
        begun.elapsed().as_secs()
    ));
    if let Some(path) = &args.into {
        write(path, Table::Attacks, &report::table(&played))?;
    }
    Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn artefacts(dir: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(dir)?;
    for case in families::all() {
        if let How::Beside(guest) | How::Alone(guest) = &case.how {
            std::fs::write(dir.join(format!("{}.wasm", case.id)), (guest.bytes)())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(args: &PeersArgs) -> anyhow::Result<ExitCode> {
    let found = peers::found(args.wasmtime.as_deref(), args.python.as_deref());
    let ground = Ground::new(&args.host)?;
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for case in families::all().into_iter().filter(|case| peers::CASES.contains(&case.id)) {
        let verdict = run(&ground, &case);
        say_short(&case, &verdict);
        let ours = report::cell(&verdict);
        let mut theirs = Vec::new();
        for peer in &found {
            let cell = peer.play(&case, folder.path())?;
            note(&format!("     {}: {cell}", peer.name()));
            theirs.push(cell);
        }
        rows.push((case, ours, theirs));
    }
    let table = report::comparison(&found, &rows);
    match &args.into {
        Some(path) => write(path, Table::Peers, &table)?,
        None => out(&table),
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, which: Table, table: &str) -> anyhow::Result<()> {
    let before = std::fs::read_to_string(path)?;
    std::fs::write(path, report::put(&before, which, table)?)?;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "what is not the report")]
fn note(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "a report is what was asked for")]
fn out(text: &str) {
    println!("{text}");
}

fn chosen(args: &RunArgs) -> Vec<Case> {
    let gate = if args.gate == GateArg::Full { Gate::Full } else { Gate::Fast };
    let wanted = |case: &Case| match args.only.as_slice() {
        [] => case.gate <= gate,
        only => only.iter().any(|only| case.id == only || case.id.starts_with(&format!("{only}-"))),
    };
    families::all().into_iter().filter(wanted).collect()
}

fn say(args: &RunArgs, case: &Case, verdict: &Verdict) {
    if !args.json {
        return say_short(case, verdict);
    }
    let Verdict { outcome, wall, peak_rss, canary_us, problems } = verdict;
    let line = json!({
        "id": case.id,
        "title": case.title,
        "outcome": outcome,
        "wall_ms": wall.as_millis(),
        "peak_rss_kib": peak_rss >> 10,
        "canary_p99_us": canary_us,
        "problems": problems,
    });
    out(&line.to_string());
}

fn say_short(case: &Case, verdict: &Verdict) {
    let Verdict { outcome, wall, peak_rss, canary_us, problems } = verdict;
    let mark = if verdict.held() { "ok  " } else { "LOST" };
    let (ms, mib) = (wall.as_millis(), peak_rss >> 20);
    out(&format!(
        "{mark} {:<8} {outcome:<24} {ms:>6} ms {mib:>5} MiB  canary {canary_us:>7} us  {}",
        case.id, case.title
    ));
    for problem in problems {
        out(&format!("     {problem}"));
    }
}
