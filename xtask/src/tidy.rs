//! What no compiler checks: layering, module docs, left-overs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use xshell::{Shell, cmd};

/// Who may depend on whom among our crates. A crate that is not listed may not exist.
const LAYERS: &[(&str, &[&str])] = &[
    ("coldframe-format", &[]),
    ("coldframe-journal", &[]),
    ("coldframe-lang", &["coldframe-format"]),
    ("coldframe-import", &["coldframe-lang"]),
    ("coldframe-engine", &["coldframe-format", "coldframe-journal", "coldframe-lang"]),
    ("coldframe-client", &["coldframe-format"]),
    (
        "coldframe-sandbox",
        &["coldframe-client", "coldframe-engine", "coldframe-format", "coldframe-journal"],
    ),
    ("coldframe-ports", &["coldframe-engine", "coldframe-format", "coldframe-journal"]),
    ("coldframe-secrets-aws", &["coldframe-ports"]),
    ("coldframe-secrets-keychain", &["coldframe-ports"]),
    ("coldframe-secrets-vault", &["coldframe-ports"]),
    ("coldframe-store", &["coldframe-engine", "coldframe-format", "coldframe-journal"]),
    ("coldframe-sdk", &["coldframe-format"]),
    (
        "coldframe-cli",
        &[
            "coldframe-client",
            "coldframe-engine",
            "coldframe-format",
            "coldframe-import",
            "coldframe-journal",
            "coldframe-lang",
            "coldframe-ports",
            "coldframe-sandbox",
            "coldframe-sdk",
            "coldframe-secrets-aws",
            "coldframe-secrets-keychain",
            "coldframe-secrets-vault",
            "coldframe-store",
        ],
    ),
    // It drives the binary, and knows nothing of what is in it.
    ("coldframe-adversary", &["coldframe-guests"]),
    ("coldframe-guests", &[]),
    ("xtask", &["coldframe-client", "coldframe-format", "coldframe-guests", "coldframe-sdk"]),
];

/// Dependencies only these crates may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("wasmtime", &["coldframe-sandbox"]),
    ("wasmtime-wasi", &["coldframe-sandbox"]),
    ("wasmtime-wasi-http", &["coldframe-sandbox"]),
    ("rusqlite", &["coldframe-store"]),
    ("reqwest", &["coldframe-ports"]),
    ("tokio-postgres", &["coldframe-ports"]),
    ("aws-sigv4", &["coldframe-secrets-aws"]),
    // A test of the command puts there what it is to find.
    ("keyring-core", &["coldframe-cli", "coldframe-secrets-keychain"]),
    ("linux-keyutils", &["coldframe-cli", "coldframe-secrets-keychain"]),
    ("linux-keyutils-keyring-store", &["coldframe-cli", "coldframe-secrets-keychain"]),
    ("clap", &["coldframe-adversary", "coldframe-cli", "xtask"]),
    ("anstream", &["coldframe-cli"]),
];

/// Crates that touch nothing outside: no async runtime either.
const PURE: &[&str] =
    &["coldframe-format", "coldframe-import", "coldframe-journal", "coldframe-lang"];

/// Marks of unfinished work, spelled so that this file does not hold them.
const LEFT_OVERS: &[&str] =
    &["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIX\u{4d}E", "X\u{58}X"];

/// Runs every check and reports everything found.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    layering(shell, &mut problems)?;
    for path in sources(shell)? {
        let text = shell.read_file(&path)?;
        source(&path, &text, &mut problems);
    }
    crate::promises::check(shell, &mut problems)?;
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{} untidy:\n  {}", problems.len(), problems.join("\n  "))
}

fn layering(shell: &Shell, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let text =
        cmd!(shell, "cargo metadata --format-version 1 --no-deps --locked").quiet().read()?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .context("cargo metadata has no packages")?;
    for package in packages {
        let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            problems
                .push(format!("crate `{name}` has no place in the layers of xtask/src/tidy.rs"));
            continue;
        };
        let normal = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let names: BTreeSet<&str> = normal
            // Tests may reach across; what ships may not.
            .filter(|dependency| dependency.get("kind").is_none_or(Value::is_null))
            .filter_map(|dependency| dependency.get("name").and_then(Value::as_str))
            .collect();
        for found in names {
            if found.starts_with("coldframe-") && !allowed.contains(&found) {
                problems.push(format!("`{name}` must not depend on `{found}`"));
            }
            if let Some((_, owners)) = RESERVED.iter().find(|(reserved, _)| *reserved == found)
                && !owners.contains(&name)
            {
                problems.push(format!("`{name}` must not name `{found}`, only {owners:?} may"));
            }
            if PURE.contains(&name) && ["tokio", "getrandom", "rustix"].contains(&found) {
                problems.push(format!("`{name}` is pure and must not depend on `{found}`"));
            }
        }
    }
    Ok(())
}

fn sources(shell: &Shell) -> anyhow::Result<Vec<PathBuf>> {
    let list =
        cmd!(shell, "git ls-files --cached --others --exclude-standard *.rs").quiet().read()?;
    Ok(list.lines().map(PathBuf::from).filter(|path| path.exists()).collect())
}

fn source(path: &Path, text: &str, problems: &mut Vec<String>) {
    let shown = path.display();
    if !text.starts_with("//!") {
        problems.push(format!("{shown}: does not begin with `//!`"));
    }
    for (number, line) in text.lines().enumerate() {
        let here = path.ends_with("xtask/src/tidy.rs");
        if !here && LEFT_OVERS.iter().any(|mark| line.contains(mark)) {
            problems.push(format!("{shown}:{}: left over: {}", number + 1, line.trim()));
        }
        if line.ends_with([' ', '\t']) {
            problems.push(format!("{shown}:{}: trailing white space", number + 1));
        }
    }
}
