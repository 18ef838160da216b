//! A place for one test: a fresh folder, a fresh data directory, a clean environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary under test.
pub(crate) const COLDFRAME: &str = env!("CARGO_BIN_EXE_coldframe");

/// An empty folder to work in, with a home and a data directory of its own beside it.
pub(crate) struct World {
    root: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let world = Self { root };
        for folder in [world.work(), world.home()] {
            std::fs::create_dir_all(folder).expect("a folder in the temporary folder");
        }
        world
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where commands run.
    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("here")
    }

    fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    /// A command with nothing of this machine's settings in it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.work())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("COLDFRAME_DATA_DIR", self.data())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs `coldframe` with these arguments.
    pub(crate) fn coldframe(&self, arguments: &[&str]) -> Output {
        self.command(COLDFRAME).args(arguments).output().expect("coldframe starts")
    }

    /// Runs one line of shell in which `coldframe` is the binary under test.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let folder = Path::new(COLDFRAME).parent().unwrap_or(Path::new("."));
        let mut path = folder.as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        self.command("bash")
            .env("PATH", path)
            .env("REPO", crate::repository())
            .args(["-c", line])
            .output()
            .expect("bash starts")
    }
}
