//! The chores of the project. `cargo xtask ci` is the only gate; everything else is a part of it.

mod adversary;
mod bench;
mod ci;
mod features;
mod fuzz;
mod postgres;
mod promises;
mod scaffold;
mod skills;
mod tidy;

use clap::{Parser, Subcommand};

/// The chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run everything CI runs, in order
    Ci,
    /// Rewrite the expectations of the tests; read the difference before committing it
    Bless,
    /// Check what no compiler checks: layering, module docs, left-overs, promises
    Tidy,
    /// Build the built-in skills and sign them into `registry/builtin`
    Skills {
        /// Only prove that the committed components are what the sources give
        #[arg(long)]
        check: bool,
        /// Fail, instead of saying so, where no guest toolchain can be had
        #[arg(long)]
        require_toolchain: bool,
    },
    /// Measure, side by side in one run, and print the table of docs/benchmarks.md
    Bench {
        /// Measure whole runs beside those of engines in Python instead, which are installed for it
        #[arg(long)]
        peers: bool,
    },
    /// Attack the real binary with everything in tests/adversary
    Adversary(adversary::Args),
    /// Hand texts and bytes nobody wrote to whatever reads them
    Fuzz {
        /// Only this one: admission, conversion, grants, url, compile, patch, import_flujo, import_hexdag
        target: Option<String>,
        /// How long each target is run
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
    },
}

fn main() -> anyhow::Result<()> {
    let shell = xshell::Shell::new()?;
    shell.change_dir(root());
    match Cli::parse().task {
        Task::Ci => ci::run(&shell),
        Task::Bless => ci::bless(&shell),
        Task::Tidy => tidy::run(&shell),
        Task::Skills { check, require_toolchain } => skills::run(&shell, check, require_toolchain),
        Task::Adversary(args) => adversary::run(&shell, &args),
        Task::Bench { peers: false } => bench::run(&shell),
        Task::Bench { peers: true } => bench::peers::run(&shell),
        Task::Fuzz { target, minutes } => fuzz::run(&shell, target.as_deref(), minutes),
    }
}

/// The root of the repository: cargo says where it is. Two clones may share what is built.
fn root() -> std::path::PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    let here = std::path::PathBuf::from(here);
    here.parent().unwrap_or(&here).to_owned()
}
