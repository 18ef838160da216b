//! The sandbox's wasmtime is built with the features we mean and no others. Cargo unifies features
//! across the workspace, so one careless dependency could switch one on.

use anyhow::bail;
use xshell::{Shell, cmd};

/// Features of wasmtime that must stay off, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("gc", "a third of the 2026 advisories; guests need none"),
    ("threads", "shared memories are not seen by the limiter"),
    ("component-model-async", "store reuse after cancellation"),
    ("stack-switching", "no use for it"),
    ("wat", "text must not be accepted where bytes are expected"),
    ("cache", "ours is authenticated"),
    ("coredump", "dumps carry secrets"),
    ("profiling", "native code of others in the process"),
];

/// Reads the feature trees of the binary: as it is built, and with everything that can be added.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    for added in [&[][..], &["--all-features"]] {
        let tree = cmd!(
            shell,
            "cargo tree --locked -p coldframe-cli {added...} -e features -i wasmtime --prefix none --no-dedupe"
        )
        .quiet()
        .read()?;
        check(&tree)?;
    }
    Ok(())
}

fn check(tree: &str) -> anyhow::Result<()> {
    for (feature, why) in FORBIDDEN {
        let line = format!("wasmtime feature \"{feature}\"");
        if tree.lines().any(|found| found.trim_end_matches(" (*)") == line) {
            bail!("wasmtime is built with `{feature}`: {why}");
        }
    }
    if !tree.contains("wasmtime feature \"component-model\"") {
        bail!("the feature tree of wasmtime does not read as expected:\n{tree}");
    }
    Ok(())
}
