//! Builds the built-in skills and signs them into the registry that ships with the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use coldframe_client::author;
use coldframe_format::{Digest, IndexRow, LockedSkill, Lockfile, Manifest};
use coldframe_sdk::Toolchain;
use xshell::{Shell, cmd};

/// Debian's packages that are a guest toolchain without any download of a Rust target.
const DEBIAN: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// The examples' lock file: their first command runs skills of the registry in the repository.
const EXAMPLES_LOCK: &str = "examples/coldframe.lock";

/// Rebuilds and signs; with `check` proves that the committed bytes are what the sources give.
pub(crate) fn run(shell: &Shell, check: bool, require_toolchain: bool) -> anyhow::Result<()> {
    let toolchain = match find_or_install(shell) {
        Ok(toolchain) => toolchain,
        Err(why) if check && !require_toolchain => {
            // The committed components are still verified by every test that runs them.
            return say(&format!("skills are not rebuilt here: {why:#}"));
        }
        Err(why) => return Err(why),
    };
    say(&format!("guest toolchain: {}", toolchain.identity()))?;
    let mut skills = Vec::new();
    for dir in folders()? {
        let text = shell.read_file(dir.join("skill.toml"))?;
        let manifest =
            Manifest::from_toml(&text).with_context(|| format!("in `{}`", dir.display()))?;
        let bytes = toolchain.build(&dir).with_context(|| format!("building `{}`", manifest.id))?;
        say(&format!("{}@{}: {} bytes", manifest.id, manifest.version, bytes.len()))?;
        skills.push((manifest, bytes));
    }
    if check { compare(&toolchain, &skills) } else { sign(skills) }
}

/// The toolchain that is there, or the one that can be installed.
fn find_or_install(shell: &Shell) -> anyhow::Result<Toolchain> {
    let missing = match Toolchain::find() {
        Ok(toolchain) => return Ok(toolchain),
        Err(error) => error,
    };
    let root = cmd!(shell, "id -u").quiet().read().is_ok_and(|id| id == "0");
    if !root || cmd!(shell, "which apt-get").quiet().ignore_stderr().read().is_err() {
        bail!("{missing}; {}", missing.help());
    }
    say(&format!("installing {}", DEBIAN.join(" ")))?;
    cmd!(shell, "apt-get update -qq").quiet().run()?;
    cmd!(shell, "apt-get install -y -qq {DEBIAN...}").quiet().ignore_stdout().run()?;
    Toolchain::find().map_err(|error| anyhow::anyhow!("{error}; {}", error.help()))
}

fn folders() -> anyhow::Result<Vec<PathBuf>> {
    let skills = crate::root().join("skills");
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&skills)? {
        let path = entry?.path();
        if path.join("skill.toml").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Where the component of a release lies in the signed tree.
fn target(id: &coldframe_format::SkillId, version: &semver::Version, digest: &Digest) -> PathBuf {
    let name = format!("{}.{version}.wasm", digest.hex());
    crate::root().join("registry/builtin/targets").join(id.namespace()).join(id.name()).join(name)
}

fn compare(toolchain: &Toolchain, skills: &[(Manifest, Vec<u8>)]) -> anyhow::Result<()> {
    let builder = shell_read(&toolchain_file()).unwrap_or_default();
    if builder.trim() != toolchain.identity() {
        // Another compiler gives other bytes; that says nothing about the sources.
        return say(&format!(
            "the committed components were built by {}, not compared with {}",
            builder.trim(),
            toolchain.identity()
        ));
    }
    for (manifest, bytes) in skills {
        let path = target(&manifest.id, &manifest.version, &Digest::of(bytes));
        if !path.is_file() {
            bail!(
                "the sources of `{}@{}` give {}, which is not what is committed; run `cargo xtask skills`",
                manifest.id,
                manifest.version,
                Digest::of(bytes)
            );
        }
    }
    say(&format!("{} components are what the sources give", skills.len()))
}

fn toolchain_file() -> PathBuf {
    crate::root().join("registry/builtin/TOOLCHAIN")
}

fn shell_read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn sign(skills: Vec<(Manifest, Vec<u8>)>) -> anyhow::Result<()> {
    let toolchain = Toolchain::find().map_err(|error| anyhow::anyhow!("{error}"))?;
    let dir = crate::root().join("registry/builtin");
    let root = author::release(&dir, skills, jiff::Timestamp::now())?;
    std::fs::write(toolchain_file(), format!("{}\n", toolchain.identity()))?;
    write_examples_lock(&dir)?;
    say(&format!("signed registry/builtin, root {root}; its keys are gone"))
}

/// Pins the examples to what was just signed.
fn write_examples_lock(dir: &Path) -> anyhow::Result<()> {
    // What is remembered of the registry here is of no use to anybody.
    let memory = std::env::temp_dir().join(format!("coldframe-xtask-{}", std::process::id()));
    let registry =
        coldframe_client::Registry::open_dir(dir, &memory, coldframe_client::Expect::Remembered)?;
    let location = "../registry/builtin";
    let mut lock = Lockfile::default();
    for namespace in registry.namespaces() {
        for release in registry.releases(namespace)?.iter() {
            let row: &IndexRow = release.row();
            let skill = LockedSkill {
                id: row.id.clone(),
                version: row.version.clone(),
                registry: location.to_owned(),
                component: row.component,
                manifest: row.manifest,
                caps: row.caps.clone(),
            };
            lock.insert(registry.locked(location), skill);
        }
    }
    std::fs::remove_dir_all(&memory)?;
    let path = crate::root().join(EXAMPLES_LOCK);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(path, lock.print())?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a chore says what it does")]
fn say(text: &str) -> anyhow::Result<()> {
    println!("{text}");
    Ok(())
}
