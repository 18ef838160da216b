//! `adversary run --host coldframe`: plays the attacks and says what became of each.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand, ValueEnum};
use coldframe_adversary::case::{Case, Gate};
use coldframe_adversary::families;
use coldframe_adversary::run::{Verdict, run};
use coldframe_adversary::world::Ground;
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GateArg {
    /// What CI plays
    Fast,
    /// Everything
    Full,
}

fn main() -> anyhow::Result<ExitCode> {
    let Command::Run(args) = Cli::parse().command;
    let begun = Instant::now();
    let ground = Ground::new(&args.host)?;
    let (mut held, mut lost) = (0, 0);
    for case in chosen(&args) {
        let verdict = run(&ground, &case);
        if verdict.held() {
            held += 1
        } else {
            lost += 1
        }
        say(&args, &case, &verdict);
    }
    eprintln!("{held} held, {lost} lost in {} s", begun.elapsed().as_secs());
    Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(args: &RunArgs) -> Vec<Case> {
    let gate = if args.gate == GateArg::Full { Gate::Full } else { Gate::Fast };
    let wanted = |case: &Case| match args.only.as_slice() {
        [] => case.gate <= gate,
        only => only.iter().any(|only| case.id == only || case.id.starts_with(&format!("{only}-"))),
    };
    families::all().into_iter().filter(wanted).collect()
}

#[expect(clippy::print_stdout, reason = "a report is what was asked for")]
fn say(args: &RunArgs, case: &Case, verdict: &Verdict) {
    let Verdict { outcome, wall, peak_rss, canary_us, problems } = verdict;
    if args.json {
        println!(
            "{}",
            json!({
                "id": case.id,
                "title": case.title,
                "outcome": outcome,
                "wall_ms": wall.as_millis(),
                "peak_rss_kib": peak_rss >> 10,
                "canary_p99_us": canary_us,
                "problems": problems,
            })
        );
        return;
    }
    let mark = if verdict.held() { "ok  " } else { "LOST" };
    let (ms, mib) = (wall.as_millis(), peak_rss >> 20);
    println!(
        "{mark} {:<8} {outcome:<24} {ms:>6} ms {mib:>5} MiB  canary {canary_us:>7} us  {}",
        case.id, case.title
    );
    for problem in problems {
        println!("     {problem}");
    }
}
