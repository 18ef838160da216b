//! Finds what can compile Rust to `wasm32-unknown-unknown` on this machine.
//!
//! That target, and not `wasm32-wasip2`, because its standard library imports nothing: a skill
//! compiled for it asks for exactly what its WIT says. Two ways lead there:
//!
//! 1. a `rustc` whose standard library for the target is installed, which `rustup target add`
//!    is asked to do where it is not;
//! 2. Debian's `rustc-web` and `cargo-web`, which compile the standard library themselves from
//!    `rust-web-src`. Slower the first time, and it needs no download of a target.
//!
//! The two give different bytes for the same source; [`Toolchain::identity`] tells them apart.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What skills are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// How long `rustup target add` may take. The target is about 20 MB; without a network it fails at
/// once or hangs, and a person waits for this.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(90);

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Something that compiles a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) rustc: PathBuf,
    pub(crate) sysroot: PathBuf,
    pub(crate) kind: ToolchainKind,
    identity: String,
}

/// Where the standard library comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolchainKind {
    /// It is installed, compiled.
    Prebuilt,
    /// It is compiled from source with every first build, and linked by this `rust-lld`.
    BuildStd {
        /// The linker.
        linker: PathBuf,
    },
}

/// Why no skill can be compiled here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolchainError {
    /// Neither way is open.
    #[error("nothing here compiles Rust to `wasm32-unknown-unknown`: {prebuilt}; {build_std}")]
    Missing {
        /// Why the first way is closed.
        prebuilt: String,
        /// Why the second way is closed.
        build_std: String,
    },
}

impl ToolchainError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        "run `rustup target add wasm32-unknown-unknown`, \
         or on Debian `apt-get install rustc-web cargo-web rust-web-src rust-web-llvm`"
    }
}

impl Toolchain {
    /// The first way that is open: an installed target, a target that can be installed, or a
    /// standard library that can be compiled.
    pub fn find() -> Result<Self, ToolchainError> {
        Self::prebuilt()
            .or_else(|missing| if rustup_adds_target() { Self::prebuilt() } else { Err(missing) })
            .or_else(Self::build_std_instead)
    }

    /// As [`Toolchain::find`], without installing anything.
    pub fn present() -> Result<Self, ToolchainError> {
        Self::prebuilt().or_else(Self::build_std_instead)
    }

    fn build_std_instead(prebuilt: String) -> Result<Self, ToolchainError> {
        Self::build_std().map_err(|build_std| ToolchainError::Missing { prebuilt, build_std })
    }

    /// The `rustc` and `cargo` of the search path, with the target installed.
    /// The error says in half a sentence what is missing.
    pub fn prebuilt() -> Result<Self, String> {
        let rustc = PathBuf::from("rustc");
        let version = ask(&rustc, &["-vV"]).ok_or("no `rustc` on the search path")?;
        ask(Path::new("cargo"), &["-V"]).ok_or("no `cargo` on the search path")?;
        if !has_target(&rustc) {
            return Err(format!("the `rustc` on the search path has no target `{TARGET}`"));
        }
        let sysroot = sysroot(&rustc).ok_or("`rustc` does not name its sysroot")?;
        Ok(Self {
            identity: identity(&version, "prebuilt"),
            cargo: PathBuf::from("cargo"),
            kind: ToolchainKind::Prebuilt,
            rustc,
            sysroot,
        })
    }

    /// Debian's compiler with the sources of its standard library.
    /// The error says in half a sentence what is missing.
    pub fn build_std() -> Result<Self, String> {
        let rustc = PathBuf::from(DEBIAN_RUSTC);
        let version = ask(&rustc, &["-vV"]).ok_or("no package `rustc-web`")?;
        ask(Path::new(DEBIAN_CARGO), &["-V"]).ok_or("no package `cargo-web`")?;
        let sysroot = sysroot(&rustc).ok_or("`/usr/bin/rustc` does not name its sysroot")?;
        if !sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file() {
            return Err("no package `rust-web-src`".to_owned());
        }
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let linker = linkers(&sysroot, host)
            .into_iter()
            .find(|path| path.is_file())
            .ok_or("no `rust-lld`, which package `rust-web-llvm` has")?;
        Ok(Self {
            identity: identity(&version, "build-std"),
            cargo: PathBuf::from(DEBIAN_CARGO),
            kind: ToolchainKind::BuildStd { linker },
            rustc,
            sysroot,
        })
    }

    /// Compiler, commit and origin of the standard library. Builds are equal to the byte between
    /// toolchains of one identity, and only there.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Where the standard library comes from.
    pub fn kind(&self) -> &ToolchainKind {
        &self.kind
    }
}

/// `rustc 1.95.0 (59807616e 2026-04-14), prebuilt`
fn identity(version: &str, origin: &str) -> String {
    format!("{}, {origin}", version.lines().next().unwrap_or_default())
}

/// Places of `rust-lld`, the compiler's own first.
fn linkers(sysroot: &Path, host: &str) -> Vec<PathBuf> {
    let own = |sysroot: &Path| sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    let mut places = vec![own(sysroot), PathBuf::from("/usr/bin/rust-lld")];
    places.extend(self::sysroot(Path::new("rustc")).as_deref().map(own));
    places
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    ask(rustc, &["--print", "sysroot"]).map(|text| PathBuf::from(text.trim()))
}

/// Whether the compiled standard library of the target lies where `rustc` looks for it.
fn has_target(rustc: &Path) -> bool {
    let Some(folder) = ask(rustc, &["--print", "target-libdir", "--target", TARGET]) else {
        return false;
    };
    let Ok(entries) = Path::new(folder.trim()).read_dir() else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Asks `rustup` for the target, once per process: where it cannot be had, asking again is as slow
/// as the first time.
fn rustup_adds_target() -> bool {
    static ADDED: OnceLock<bool> = OnceLock::new();
    *ADDED.get_or_init(|| {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", TARGET]);
        succeeds_within(rustup, RUSTUP_PATIENCE)
    })
}

/// Runs a command without a word and stops it when the time is over.
fn succeeds_within(mut command: Command, patience: Duration) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(50));
            }
            _ => {
                // It may have ended meanwhile; then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

/// What a program prints, or nothing if it is absent or fails.
fn ask(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .env_remove("RUSTC_BOOTSTRAP")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Toolchain {
    /// A `cargo build` of this toolchain for the target, without arguments of a package.
    pub(crate) fn cargo_build(&self) -> Command {
        let mut cargo = Command::new(&self.cargo);
        // What an outer cargo, or a person's shell, has set for the host would change the guest.
        for name in ["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_BOOTSTRAP"]
        {
            cargo.env_remove(name);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| changes_profile(name)) {
            cargo.env_remove(name);
        }
        cargo.env("RUSTC", &self.rustc).args(["build", "--release", "--lib", "--target", TARGET]);
        if let ToolchainKind::BuildStd { linker } = &self.kind {
            cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .arg("-Zbuild-std=std,panic_abort");
        }
        cargo
    }
}

fn changes_profile(name: &OsString) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("CARGO_PROFILE_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_has_the_compiler_and_where_its_library_is_from() {
        let version = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n";
        assert_eq!(identity(version, "prebuilt"), "rustc 1.95.0 (59807616e 2026-04-14), prebuilt");
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let mut hanging = Command::new("sleep");
        hanging.arg("60");
        let start = Instant::now();
        assert!(!succeeds_within(hanging, Duration::from_millis(100)));
        assert!(start.elapsed() < Duration::from_secs(30));
        assert!(succeeds_within(Command::new("true"), Duration::from_secs(30)));
        assert!(!succeeds_within(Command::new("/no/such/program"), Duration::from_secs(30)));
    }

    #[test]
    fn what_is_missing_is_named_for_both_ways() {
        let error = ToolchainError::Missing {
            prebuilt: "no `rustc` on the search path".to_owned(),
            build_std: "no package `rustc-web`".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "nothing here compiles Rust to `wasm32-unknown-unknown`: \
             no `rustc` on the search path; no package `rustc-web`"
        );
    }
}
