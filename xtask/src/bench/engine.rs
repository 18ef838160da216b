//! What is measured: something that runs shapes, ours or a peer's, each run in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::Value;

use super::peers::shapes;
use super::shapes::{self as pipelines, Shape, Steps};

/// What one run took, microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Took {
    pub(super) cpu: f64,
    pub(super) wall: f64,
    /// CPU time of the run alone, without the start of the process and what was loaded, where the
    /// engine is a library that can tell.
    pub(super) alone: Option<f64>,
}

impl Took {
    /// Each value's own median.
    pub(super) fn median(all: &[Self]) -> Self {
        let median = |value: fn(&Self) -> Option<f64>| {
            let mut values: Vec<f64> = all.iter().filter_map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Self {
            cpu: median(|took| Some(took.cpu)).unwrap_or_default(),
            wall: median(|took| Some(took.wall)).unwrap_or_default(),
            alone: median(|took| took.alone),
        }
    }
}

/// Something that runs shapes.
pub(super) struct Engine {
    pub(super) name: String,
    program: PathBuf,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Ours, with pipelines, a registry and a data directory in a folder.
    Coldframe { dir: PathBuf, steps: Steps },
    /// A script of ours for Python.
    Peer { script: PathBuf },
}

impl Engine {
    /// Ours: publishes the component where that was not done, and writes all pipelines.
    pub(super) fn coldframe(binary: &Path, dir: &Path, steps: Steps) -> anyhow::Result<Self> {
        let (name, dir) = match steps {
            Steps::Calls => ("Coldframe, an instance of a component each step", dir.join("calls")),
            Steps::Sets => ("Coldframe, `set` steps", dir.join("sets")),
        };
        let skill = dir.join("no-op");
        std::fs::create_dir_all(&skill)?;
        std::fs::write(skill.join("skill.toml"), pipelines::MANIFEST)?;
        std::fs::write(dir.join("no-op.wasm"), coldframe_guests::binary(coldframe_guests::NO_OP))?;
        for (shape, count) in shapes() {
            std::fs::write(dir.join(file(shape, count)), pipelines::pipeline(shape, steps, count))?;
        }
        let engine = Self {
            name: name.to_owned(),
            program: binary.to_owned(),
            kind: Kind::Coldframe { dir, steps },
        };
        engine.done(&["registry", "init", "registry"])?;
        engine.done(&[
            "skill",
            "publish",
            "no-op",
            "--component",
            "no-op.wasm",
            "--to",
            "registry",
        ])?;
        Ok(engine)
    }

    pub(super) fn peer(name: &str, script: &str, python: PathBuf, version: &str) -> Self {
        let script = crate::root().join("bench/peers").join(format!("{script}_run.py"));
        let name = format!("{name} {version}");
        Self { name, program: python, kind: Kind::Peer { script } }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        if let Kind::Coldframe { dir, .. } = &self.kind {
            command.current_dir(dir).env("COLDFRAME_DATA_DIR", dir.join("data"));
        }
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn done(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`{}` ended with {}: {said}",
            arguments.join(" "),
            output.status
        );
        Ok(())
    }

    pub(super) fn run(&self, shape: Shape, count: usize) -> anyhow::Result<Took> {
        let mut command = match &self.kind {
            Kind::Coldframe { .. } => {
                let file = file(shape, count);
                let flags = ["--registry", "registry", "--journal", "memory", "--quiet"];
                self.command(&[&["run", file.as_str()], &flags[..]].concat())
            }
            Kind::Peer { script } => {
                let mut command = self.command(&[]);
                command.arg(script).arg(shape.name()).arg(count.to_string());
                command
            }
        };
        let (before, begun) = (children()?, Instant::now());
        let output = command.output().with_context(|| format!("starting {}", self.name))?;
        let (cpu, wall) = (children()?.saturating_sub(before), begun.elapsed());
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{}: {count} steps ended with {}: {said}",
            self.name,
            output.status
        );
        let alone = match self.kind {
            Kind::Coldframe { .. } => None,
            Kind::Peer { .. } => {
                let value: Value = serde_json::from_slice(&output.stdout)
                    .with_context(|| format!("what {} printed", self.name))?;
                value.get("run_cpu").and_then(Value::as_f64)
            }
        };
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        Ok(Took { cpu: micros(cpu), wall: micros(wall), alone })
    }
}

fn file(shape: Shape, count: usize) -> String {
    format!("{}-{count}.yml", shape.name())
}

/// CPU time of all processes that ended below this one, user and system.
fn children() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}
