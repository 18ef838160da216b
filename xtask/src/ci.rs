//! The gate: what must hold for a commit to land.

use std::time::Instant;

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// One part of the gate.
type Stage = fn(&Shell) -> anyhow::Result<()>;

/// Runs every stage in order and stops at the first that fails.
#[expect(clippy::print_stdout, reason = "a gate says which stage it is in")]
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let stages: [(&str, Stage); 10] = [
        ("fmt", fmt),
        ("tidy", crate::tidy::run),
        ("features", crate::features::run),
        ("clippy", clippy),
        ("fuzz", crate::fuzz::check),
        ("test", test),
        ("sources", sources),
        ("docs", docs),
        ("skills", |shell| crate::skills::run(shell, true, false)),
        ("scaffold", crate::scaffold::run),
    ];
    for (name, stage) in stages {
        println!("==> {name}");
        let begun = Instant::now();
        stage(shell).with_context(|| format!("stage `{name}`"))?;
        println!("    {name}: {} s", begun.elapsed().as_secs());
    }
    println!("==> all stages passed");
    Ok(())
}

/// Rewrites every expectation.
pub(crate) fn bless(shell: &Shell) -> anyhow::Result<()> {
    let _bless = shell.push_env("BLESS", "1");
    let _update = shell.push_env("INSTA_UPDATE", "always");
    cmd!(shell, "cargo test --workspace --locked").run()?;
    Ok(())
}

fn fmt(shell: &Shell) -> anyhow::Result<()> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    Ok(())
}

fn clippy(shell: &Shell) -> anyhow::Result<()> {
    cmd!(shell, "cargo clippy --workspace --all-targets --locked -- -D warnings").run()?;
    Ok(())
}

fn test(shell: &Shell) -> anyhow::Result<()> {
    crate::postgres::find_or_install(shell)?;
    // The gate tries the same cases every time; `cargo test` by hand tries new ones.
    let _seed = shell.push_env("PROPTEST_RNG_SEED", "20261121");
    cmd!(shell, "cargo test --workspace --locked").run()?;
    Ok(())
}

/// Builds that can ask the servers of secrets and the keyring. Only the command differs from the build before.
fn sources(shell: &Shell) -> anyhow::Result<()> {
    let features = "coldframe-cli/aws,coldframe-cli/keychain,coldframe-cli/vault";
    cmd!(
        shell,
        "cargo clippy --workspace --all-targets --locked --features {features} -- -D warnings"
    )
    .run()?;
    cmd!(shell, "cargo test --workspace --locked --features {features} --test all -- sources/")
        .run()?;
    Ok(())
}

fn docs(shell: &Shell) -> anyhow::Result<()> {
    let _deny = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    cmd!(shell, "cargo doc --workspace --no-deps --locked --quiet").run()?;
    Ok(())
}
