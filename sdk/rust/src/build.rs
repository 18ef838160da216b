//! From a folder of Rust source to the bytes of a component.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::reproducible::{self, Layout};
use crate::toolchain::Toolchain;
use crate::wrap::{self, WrapError};

/// Lines of cargo's own output that an error carries. The last ones say what is wrong.
const OUTPUT_LINES_MAX: usize = 60;

/// How to build. The default is what an author wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildOptions {
    /// Fail rather than change `Cargo.lock`.
    pub locked: bool,
    /// Where cargo keeps its intermediate files; its own choice without it.
    pub target_dir: Option<PathBuf>,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder holds no package.
    #[error("`{0}` has no `Cargo.toml`")]
    NoPackage(PathBuf),
    /// cargo could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// cargo, or the compiler, found something wrong with the source.
    #[error("cargo cannot build `{dir}`:\n{output}")]
    Cargo {
        /// The folder.
        dir: PathBuf,
        /// The end of what it printed.
        output: String,
    },
    /// cargo printed something that is not its documented format.
    #[error("cannot read what cargo printed about `{0}`")]
    CargoOutput(PathBuf),
    /// The package has no library that becomes a Wasm module.
    #[error("`{0}` builds no Wasm module")]
    NoModule(PathBuf),
    /// The module cannot be read back.
    #[error("cannot read `{path}`")]
    Read {
        /// The module.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The module is not one that can become a component.
    #[error("cannot make a component of `{dir}`")]
    Wrap {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: WrapError,
    },
}

impl BuildError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoPackage(_) => {
                "name the folder of a skill, or start one with `coldframe skill new`"
            }
            Self::Start { .. } => "check that the Rust toolchain is still installed",
            Self::Cargo { .. } => "correct what the compiler names and build again",
            Self::CargoOutput(_) => "check that `cargo` on the search path is cargo itself",
            Self::NoModule(_) => {
                "add `crate-type = [\"cdylib\", \"rlib\"]` to `[lib]` in `Cargo.toml`"
            }
            Self::Read { .. } => "check the rights of the target folder",
            Self::Wrap { .. } => {
                "export the functions of `wit/` with `wit_bindgen::generate!` and `export!`"
            }
        }
    }
}

impl Toolchain {
    /// Compiles the skill in `dir` and wraps it as a component.
    pub fn build(&self, dir: &Path) -> Result<Vec<u8>, BuildError> {
        self.build_with(dir, &BuildOptions::default())
    }

    /// [`Toolchain::build`] with options.
    pub fn build_with(&self, dir: &Path, options: &BuildOptions) -> Result<Vec<u8>, BuildError> {
        let module = self.compile(dir, options)?;
        wrap::component(&module, &dir.join("wit"))
            .map_err(|source| BuildError::Wrap { dir: dir.to_owned(), source })
    }

    /// The core module, with the WIT that the bindings put into it.
    fn compile(&self, dir: &Path, options: &BuildOptions) -> Result<Vec<u8>, BuildError> {
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(BuildError::NoPackage(dir.to_owned()));
        }
        let layout = self.layout(dir, &manifest, options)?;
        let mut cargo = self.cargo_build();
        cargo
            .arg("--message-format=json-render-diagnostics")
            .env("CARGO_ENCODED_RUSTFLAGS", reproducible::rustflags(&layout, &self.sysroot));
        let messages = run(with_options(&mut cargo, &manifest, options), dir)?;
        let path = module_path(&messages, &manifest)
            .ok_or_else(|| BuildError::NoModule(dir.to_owned()))?;
        std::fs::read(&path).map_err(|source| BuildError::Read { path, source })
    }

    fn layout(
        &self,
        dir: &Path,
        manifest: &Path,
        options: &BuildOptions,
    ) -> Result<Layout, BuildError> {
        let mut cargo = Command::new(&self.cargo);
        cargo.env("RUSTC", &self.rustc).args(["metadata", "--format-version", "1"]);
        // The target folder is no option of `metadata`, and does not matter to it.
        let options = BuildOptions { target_dir: None, ..options.clone() };
        let text = run(with_options(&mut cargo, manifest, &options), dir)?;
        serde_json::from_str(&text)
            .ok()
            .and_then(|metadata| Layout::from_metadata(&metadata))
            .ok_or_else(|| BuildError::CargoOutput(dir.to_owned()))
    }
}

fn with_options<'a>(
    cargo: &'a mut Command,
    manifest: &Path,
    options: &BuildOptions,
) -> &'a mut Command {
    cargo.arg("--manifest-path").arg(manifest);
    if options.locked {
        cargo.arg("--locked");
    }
    if let Some(folder) = &options.target_dir {
        cargo.arg("--target-dir").arg(folder);
    }
    cargo
}

/// What cargo prints for programs; what it prints for people goes into the error.
fn run(cargo: &mut Command, dir: &Path) -> Result<String, BuildError> {
    let output = cargo.stdin(Stdio::null()).output().map_err(|source| BuildError::Start {
        program: cargo.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(OUTPUT_LINES_MAX)..).unwrap_or_default();
    Err(BuildError::Cargo { dir: dir.to_owned(), output: end.join("\n") })
}

/// The module among cargo's messages: that of the package itself, not of one it depends on.
fn module_path(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let manifest = manifest.canonicalize().ok()?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| {
            message.get("reason").and_then(Value::as_str) == Some("compiler-artifact")
        })
        .filter(|message| {
            let of = message.get("manifest_path").and_then(Value::as_str).map(Path::new);
            of.and_then(|path| path.canonicalize().ok()).as_ref() == Some(&manifest)
        })
        .flat_map(|message| {
            let names = message.get("filenames").and_then(Value::as_array).cloned();
            names.unwrap_or_default()
        })
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}
