//! Measures: the floor, the sandbox, the engine and the whole process, in one run.

mod engine;
pub(crate) mod peers;
mod shapes;

use std::path::PathBuf;

use xshell::{Shell, cmd};

/// Builds with the release profile and runs every measurement, one after the other.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let binary = binary(shell)?;
    let _binary = shell.push_env("COLDFRAME_BIN", binary);
    // Without it, its row is not there.
    let wasmtime =
        crate::adversary::wasmtime(shell, &crate::fuzz::target_dir(shell)?.join("peers"));
    let _wasmtime = wasmtime.map(|wasmtime| shell.push_env("WASMTIME_BIN", wasmtime));
    cmd!(shell, "cargo bench --locked --package coldframe-lang --bench compile").run()?;
    cmd!(shell, "cargo bench --locked --package coldframe-sandbox --bench steps").run()?;
    Ok(())
}

/// What `COLDFRAME_BIN` names, else the binary built with the release profile.
fn binary(shell: &Shell) -> anyhow::Result<PathBuf> {
    if let Some(binary) = std::env::var_os("COLDFRAME_BIN") {
        return Ok(PathBuf::from(binary).canonicalize()?);
    }
    cmd!(shell, "cargo build --release --locked --package coldframe-cli --bin coldframe").run()?;
    Ok(crate::fuzz::target_dir(shell)?.join("release/coldframe"))
}
