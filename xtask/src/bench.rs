//! Measures: the floor, the sandbox, the engine and the whole process, in one run.

use xshell::{Shell, cmd};

/// Builds with the release profile and runs every measurement, one after the other.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    cmd!(shell, "cargo build --release --locked --package coldframe-cli --bin coldframe").run()?;
    let binary = crate::root().join("target/release/coldframe");
    let _binary = shell.push_env("COLDFRAME_BIN", binary);
    cmd!(shell, "cargo bench --locked --package coldframe-lang --bench compile").run()?;
    cmd!(shell, "cargo bench --locked --package coldframe-sandbox --bench steps").run()?;
    Ok(())
}
