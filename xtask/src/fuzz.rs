//! Fuzzing: gathers the texts of the repository as a corpus and lets libFuzzer change them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use xshell::{Shell, cmd};

/// The targets, each with what its corpus begins with.
const TARGETS: &[(&str, Seeds)] = &[
    ("admission", own),
    ("conversion", own),
    ("grants", own),
    ("url", own),
    ("compile", pipelines),
    ("patch", patches),
    ("import_flujo", |shell| foreign(shell, "flujo")),
    ("import_hexdag", |shell| foreign(shell, "hexdag")),
];

/// Gives the texts of the repository that suit a target.
type Seeds = fn(&Shell) -> anyhow::Result<Vec<String>>;

/// Between a patch and the text it goes to; `SEPARATOR` of the target.
const SEPARATOR: &str = "\n===\n";
/// The longest text, bytes: longer ones say nothing that a shorter one doesn't, and take longer.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// An input that takes longer than this counts as a hang, seconds.
const SECONDS_MAX: &str = "10";
/// An input that takes more memory than this counts as a leak, MiB.
const MEMORY_MIB_MAX: &str = "2048";

/// Fuzzes one target, or all of them one after the other. What is found lies in the corpus' folder
/// beside it, and the name of the file is printed.
pub(crate) fn run(shell: &Shell, target: Option<&str>, minutes: u64) -> anyhow::Result<()> {
    let names = || TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let wanted: Vec<_> =
        TARGETS.iter().filter(|(name, _)| target.is_none_or(|wanted| wanted == *name)).collect();
    if wanted.is_empty() {
        bail!("there is no target `{}`; the targets are: {}", target.unwrap_or_default(), names());
    }
    install(shell)?;
    let folder = target_dir(shell)?.join("fuzz");
    for (name, seeds) in wanted {
        let corpus = folder.join("corpus").join(name);
        let found = folder.join("found").join(name);
        shell.create_dir(&corpus)?;
        shell.create_dir(&found)?;
        for (index, text) in seeds(shell)?.iter().enumerate() {
            if text.len() <= TEXT_BYTES_MAX {
                shell.write_file(corpus.join(format!("seed-{index:04}")), text)?;
            }
        }
        fuzz(shell, name, &folder, &corpus, &found, minutes)
            .with_context(|| format!("`{name}` fails on an input in `{}`", found.display()))?;
    }
    Ok(())
}

fn fuzz(
    shell: &Shell,
    name: &str,
    folder: &Path,
    corpus: &Path,
    found: &Path,
    minutes: u64,
) -> anyhow::Result<()> {
    let seeds = format!("fuzz/seeds/{name}");
    let seconds = minutes.saturating_mul(60).to_string();
    let length = TEXT_BYTES_MAX.to_string();
    // A slash at its end makes it a folder.
    let prefix = format!("{}/", found.display());
    cmd!(
        shell,
        "rustup run nightly cargo fuzz run --fuzz-dir fuzz --target-dir {folder} --sanitizer none
         {name} {corpus} {seeds} -- -max_total_time={seconds} -timeout={SECONDS_MAX}
         -rss_limit_mb={MEMORY_MIB_MAX} -max_len={length} -dict=fuzz/yaml.dict
         -artifact_prefix={prefix} -print_final_stats=1"
    )
    .run()?;
    Ok(())
}

/// Compiles the targets, which are a workspace of their own, without running them.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    let folder = target_dir(shell)?.join("fuzz");
    cmd!(shell, "cargo fmt --manifest-path fuzz/Cargo.toml --check").run()?;
    cmd!(
        shell,
        "cargo check --quiet --manifest-path fuzz/Cargo.toml --bins --locked --target-dir {folder}"
    )
    .run()?;
    Ok(())
}

/// What fuzzing needs beside the toolchain of the project.
fn install(shell: &Shell) -> anyhow::Result<()> {
    let toolchains = cmd!(shell, "rustup toolchain list").quiet().read()?;
    if !toolchains.lines().any(|line| line.starts_with("nightly")) {
        cmd!(shell, "rustup toolchain install nightly --profile minimal").run()?;
    }
    if cmd!(shell, "cargo fuzz --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        cmd!(shell, "cargo install cargo-fuzz --locked").run()?;
    }
    Ok(())
}

/// Where everything is built.
pub(crate) fn target_dir(shell: &Shell) -> anyhow::Result<PathBuf> {
    let text =
        cmd!(shell, "cargo metadata --format-version 1 --no-deps --locked").quiet().read()?;
    let metadata: Value = serde_json::from_str(&text)?;
    let path = metadata.get("target_directory").and_then(Value::as_str);
    path.map(PathBuf::from).context("cargo metadata has no target directory")
}

/// Nothing beside what lies in `fuzz/seeds`.
#[expect(clippy::unnecessary_wraps, reason = "one of several")]
fn own(_: &Shell) -> anyhow::Result<Vec<String>> {
    Ok(Vec::new())
}

/// Every pipeline in the examples, the documents, the pages of codes and the compiler's tests.
fn pipelines(shell: &Shell) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for path in tracked(shell, &["examples/*.yml", "examples/**/*.yml"])? {
        found.push(shell.read_file(path)?);
    }
    for path in tracked(shell, &["docs/**/*.md", "docs/*.md", "host/lang/src/codes/**/*.md"])? {
        found.extend(between(&shell.read_file(path)?, "```yaml\n", "```"));
    }
    for path in tracked(shell, &["host/lang/src/**/*.rs"])? {
        let texts = between(&shell.read_file(path)?, "r#\"", "\"#");
        found.extend(texts.into_iter().filter(|text| text.contains("kind: ")));
    }
    let suite = shell.read_file("host/lang/src/tests/data/yaml-suite/cases.jsonl")?;
    for line in suite.lines() {
        let case: Value = serde_json::from_str(line)?;
        found.extend(case.get("yaml").and_then(Value::as_str).map(str::to_owned));
    }
    Ok(found)
}

/// The suite of JSON Patch: JSON is YAML.
fn patches(shell: &Shell) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for path in tracked(shell, &["host/lang/src/tests/data/json-patch/*.json"])? {
        let cases: Vec<Value> = serde_json::from_str(&shell.read_file(path)?)?;
        for case in &cases {
            if let (Some(doc), Some(patch)) = (case.get("doc"), case.get("patch")) {
                found.push(format!("{patch}{SEPARATOR}{doc}"));
            }
        }
    }
    Ok(found)
}

/// The files of the importer's tests.
fn foreign(shell: &Shell, dialect: &str) -> anyhow::Result<Vec<String>> {
    let paths = tracked(shell, &[&format!("host/import/tests/cases/{dialect}/*.yml")])?;
    let theirs = paths.iter().filter(|path| !path.ends_with(".out.yml"));
    theirs.map(|path| Ok(shell.read_file(path)?)).collect()
}

fn tracked(shell: &Shell, patterns: &[&str]) -> anyhow::Result<Vec<String>> {
    let list = cmd!(shell, "git ls-files {patterns...}").quiet().read()?;
    Ok(list.lines().map(str::to_owned).collect())
}

fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    let parts = text.split(open).skip(1);
    parts.filter_map(|rest| rest.split(close).next()).map(str::to_owned).collect()
}
