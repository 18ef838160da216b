//! A place for one attack: a folder, a registry with a canary in it, and the host.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::guest::Guest;
use crate::process::{self, Bounds, Finished};
use crate::spy;

/// Adds one to a number.
const CANARY: &str = r#"(component
    (core module $m (func (export "f") (param i32) (result i32)
        (i32.add (local.get 0) (i32.const 1))))
    (core instance $i (instantiate $m))
    (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#;

/// Beyond this the host is killed, and the case has failed whatever its own bound is.
const BOUNDS: Bounds =
    Bounds { patience: Duration::from_secs(150), memory: 6 << 30, interrupt: None, secret: None };
/// The most files one process of the host may hold open.
const FILES_MAX: usize = 256;

/// What all cases share: the binary, and the data directory with warm native code.
#[derive(Debug)]
pub struct Ground {
    host: PathBuf,
    root: tempfile::TempDir,
}

impl Ground {
    /// A fresh data directory, and a registry with the canary in it.
    pub fn new(host: &Path) -> anyhow::Result<Arc<Self>> {
        let host = host.canonicalize().with_context(|| host.display().to_string())?;
        let ground = Arc::new(Self { host, root: tempfile::tempdir()? });
        let mut world = World::new(&ground, "canary")?;
        let registry = ground.registry().display().to_string();
        world.done(&["registry", "init", &registry, "--quiet"])?;
        world.publish("canary", &Guest::wat(CANARY))?.map_err(anyhow::Error::msg)?;
        Ok(ground)
    }

    /// The registry that every attack is published to.
    pub fn registry(&self) -> PathBuf {
        self.root.path().join("registry")
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }
}

/// The place of one case, and what was measured in it so far.
#[derive(Debug)]
pub struct World {
    ground: Arc<Ground>,
    folder: PathBuf,
    /// Commands run in a folder that no attack wrote to.
    elsewhere: bool,
    /// Variables that a case adds to the host's environment.
    pub env: Vec<(String, String)>,
    /// Arguments that a case adds to every `call` and `run` of it.
    pub flags: Vec<String>,
    /// A text that nothing may hold that the host prints or keeps, nor a process that it starts.
    pub secret: Option<&'static str>,
    /// How many processes were searched for it.
    pub looked_into: usize,
    /// The longest command.
    pub wall: Duration,
    /// The most memory of one command, bytes.
    pub peak_rss: u64,
    /// Every answer of the canary, microseconds.
    pub canary_us: Vec<u64>,
    /// What must not be, whatever the outcome.
    pub problems: Vec<String>,
}

impl World {
    /// An empty folder.
    pub fn new(ground: &Arc<Ground>, name: &str) -> anyhow::Result<Self> {
        let folder = ground.root.path().join("cases").join(name);
        for part in ["here", "tmp", "home"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Self {
            ground: Arc::clone(ground),
            folder,
            elsewhere: false,
            env: Vec::new(),
            flags: Vec::new(),
            secret: None,
            looked_into: 0,
            wall: Duration::ZERO,
            peak_rss: 0,
            canary_us: Vec::new(),
            problems: Vec::new(),
        })
    }

    /// Where commands run.
    pub fn here(&self) -> PathBuf {
        self.folder.join("here")
    }

    /// The registry that attacks are published to.
    pub fn registry(&self) -> PathBuf {
        self.ground.registry()
    }

    /// Where the host keeps native code.
    pub fn code(&self) -> PathBuf {
        self.ground.data().join("code")
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<String> {
        let path = self.here().join(name);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    /// Runs the host, measures it, and notes what must never be.
    pub fn host(&mut self, arguments: &[&str]) -> Finished {
        self.host_signalled(arguments, None)
    }

    /// The same; the host is interrupted after a while.
    pub fn host_signalled(&mut self, arguments: &[&str], after: Option<Duration>) -> Finished {
        let mut command = Command::new(&self.ground.host);
        command
            .args(arguments)
            .current_dir(if self.elsewhere { self.folder.join("home") } else { self.here() })
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("COLDFRAME_DATA_DIR", self.ground.data())
            .env("NO_COLOR", "1")
            .envs(self.env.iter().cloned());
        let found =
            process::run(command, Bounds { interrupt: after, secret: self.secret, ..BOUNDS });
        self.wall = self.wall.max(found.wall);
        self.peak_rss = self.peak_rss.max(found.peak_rss);
        self.looked_into += found.looked_into;
        self.judge(arguments, &found);
        found
    }

    fn judge(&mut self, arguments: &[&str], found: &Finished) {
        let what = arguments.first().copied().unwrap_or_default();
        let stderr = String::from_utf8_lossy(&found.stderr);
        let mut problems = Vec::new();
        let mut wrong = |text: String| problems.push(format!("`{what}`: {text}"));
        if found.killed {
            wrong("went on or grew without end and was killed".to_owned());
        } else if let Some(signal) = found.signal {
            wrong(format!("the host died of signal {signal}: {}", tail(&stderr)));
        }
        if matches!(found.code, Some(70 | 101)) || stderr.contains("panicked at") {
            wrong(format!("the host failed: {}", tail(&stderr)));
        }
        if found.orphans > 0 {
            wrong(format!("{} processes are left", found.orphans));
        }
        if found.peak_files > FILES_MAX {
            wrong(format!("{} files were open at once", found.peak_files));
        }
        for stream in [&found.stdout, &found.stderr] {
            // Nothing a terminal acts on may come through; it was told to use no colours.
            if stream.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\n' | b'\t')) {
                wrong("printed control characters".to_owned());
            }
        }
        found.spied.iter().for_each(|found| wrong(found.clone()));
        if let Some(secret) = self.secret {
            for (name, stream) in [("result", &found.stdout), ("messages", &found.stderr)] {
                if spy::has(stream, secret) {
                    wrong(format!("printed the value among its {name}"));
                }
            }
        }
        for folder in [self.folder.join("tmp"), self.code()] {
            let left = fs::read_dir(&folder).into_iter().flatten().flatten().find(|entry| {
                let name = entry.file_name();
                folder.ends_with("tmp") || name.to_string_lossy().ends_with(".tmp")
            });
            if let Some(left) = left {
                wrong(format!("left `{}`", left.path().display()));
                let _ = fs::remove_file(left.path());
            }
        }
        self.problems.extend(problems);
    }

    /// What a person at a terminal sees of the host's results.
    pub fn on_a_terminal(&mut self, arguments: &[&str]) -> anyhow::Result<String> {
        let quoted: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
        let line = format!("'{}' {} 2> /dev/null", self.ground.host.display(), quoted.join(" "));
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .current_dir(self.here())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.join("home"))
            .env("COLDFRAME_DATA_DIR", self.ground.data())
            .env("TERM", "xterm-256color");
        let found = process::run(command, BOUNDS);
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        anyhow::ensure!(found.code == Some(0), "on a terminal: {:?}, {text:?}", found.code);
        // The terminal's own line ends.
        Ok(text.replace("\r\n", "\n"))
    }

    /// Runs the host and gives its answer for programs.
    pub fn json(&mut self, arguments: &[&str]) -> anyhow::Result<Value> {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        let found = self.host(&arguments);
        answer(&found).with_context(|| arguments.join(" "))
    }

    /// Runs the host, which must succeed.
    pub fn done(&mut self, arguments: &[&str]) -> anyhow::Result<()> {
        let found = self.host(arguments);
        if found.code != Some(0) {
            let stderr = String::from_utf8_lossy(&found.stderr);
            bail!("`{}` ended with {:?}: {stderr}", arguments.join(" "), found.code);
        }
        Ok(())
    }

    /// Publishes a component as `evil/NAME@1.0.0`; a refusal gives its kind.
    pub fn publish(&mut self, name: &str, guest: &Guest) -> anyhow::Result<Result<(), String>> {
        let component = self.file(&format!("{name}.wasm"), (guest.bytes)())?;
        let manifest = format!(
            "id = \"evil/{name}\"\nversion = \"1.0.0\"\ndescription = \"harmless\"\nlicense = \"MIT\"\n\n{}",
            capabilities(&guest.caps)
        );
        self.file(&format!("{name}/skill.toml"), manifest)?;
        let registry = self.registry().display().to_string();
        let arguments = ["skill", "publish", name, "--component", &component, "--to", &registry];
        let found = self.json(&arguments)?;
        Ok(match found.pointer("/error/kind").and_then(Value::as_str) {
            Some(kind) => Err(kind.to_owned()),
            None => Ok(()),
        })
    }

    /// Calls a file that nobody signed, and gives the kind that it came to, or `works` and what it
    /// returned.
    pub fn call(&mut self, guest: &Guest) -> anyhow::Result<(String, Value)> {
        let found = self.called(guest)?;
        Ok((kind(&found), found.get("output").cloned().unwrap_or(Value::Null)))
    }

    /// The same; gives the whole answer.
    pub fn called(&mut self, guest: &Guest) -> anyhow::Result<Value> {
        let arguments = self.arguments(guest)?;
        self.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// How a file that nobody signed is called.
    pub fn arguments(&self, guest: &Guest) -> anyhow::Result<Vec<String>> {
        let component = self.file("attack.wasm", (guest.bytes)())?;
        let target = format!("{component}#f");
        let mut arguments = vec!["call".to_owned(), target, "--unsigned".to_owned()];
        for cap in &guest.caps {
            arguments.extend(["--grant".to_owned(), cap.clone()]);
        }
        for limit in guest.limits.split(',').map(str::trim).filter(|limit| !limit.is_empty()) {
            arguments.extend(["--limit".to_owned(), limit.replace(": ", "=")]);
        }
        if guest.with != "{}" {
            arguments.extend(["--input-json".to_owned(), guest.with.clone()]);
        }
        arguments.extend(self.flags.iter().cloned());
        Ok(arguments)
    }

    /// Searches all that the host keeps, every byte of every file, for the text that nothing may
    /// hold.
    pub fn search(&mut self) {
        let Some(secret) = self.secret else { return };
        for path in holding(&self.ground.data(), secret) {
            self.problems.push(format!("`{}` holds the value", path.display()));
        }
    }

    /// Calls the canary in a process of its own.
    pub fn canary(&mut self) -> anyhow::Result<()> {
        let registry = self.registry().display().to_string();
        let (wall, peak) = (self.wall, self.peak_rss);
        self.elsewhere = true;
        let found =
            self.json(&["call", "evil/canary@1.0.0#f", "--input", "n=41", "--registry", &registry]);
        self.elsewhere = false;
        // The bounds are for the attack.
        (self.wall, self.peak_rss) = (wall, peak);
        let found = found?;
        if found.get("output") != Some(&json!(42)) {
            self.problems.push(format!("the canary no longer sings: {found}"));
        }
        let wall_us = found.pointer("/receipt/wall_us").and_then(Value::as_u64);
        self.canary_us.extend(wall_us);
        Ok(())
    }
}

/// The `[capabilities]` of a manifest.
pub fn capabilities(caps: &[String]) -> String {
    let lines = rights(caps).into_iter().map(|(cap, value)| format!("{cap} = {value}\n"));
    "[capabilities]\n".to_owned() + &lines.collect::<String>()
}

/// Each capability with what is granted of it, as texts in TOML and YAML alike: `true`, or a list.
pub fn rights(caps: &[String]) -> BTreeMap<&str, String> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for cap in caps {
        let (name, line) = cap.split_once('=').unwrap_or((cap, ""));
        let lines = lines.entry(name).or_default();
        lines.extend((!line.is_empty()).then(|| json!(line).to_string()));
    }
    let value = |lines: Vec<String>| match lines.as_slice() {
        [] => "true".to_owned(),
        lines => format!("[{}]", lines.join(", ")),
    };
    lines.into_iter().map(|(name, lines)| (name, value(lines))).collect()
}

/// Every file below `folder` that holds a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(holding(&path, text)),
            Ok(kind) if kind.is_file() => {
                let bytes = fs::read(&path).unwrap_or_default();
                found.extend(spy::has(&bytes, text).then_some(path));
            }
            _ => {}
        }
    }
    found
}

/// What a JSON answer came to.
pub fn kind(found: &Value) -> String {
    let kind = found.pointer("/error/kind").and_then(Value::as_str);
    match (kind, found.get("status").and_then(Value::as_str)) {
        (Some(kind), _) => kind.to_owned(),
        (None, Some("succeeded")) => "works".to_owned(),
        _ => code(found).unwrap_or_else(|| format!("unclear: {found}")),
    }
}

/// The code of the first problem of a text.
pub fn code(found: &Value) -> Option<String> {
    let list = found.pointer("/files/0/diagnostics").or_else(|| found.get("diagnostics"))?;
    let error = list.as_array()?.iter().find(|problem| problem["severity"] == "error")?;
    let code = error.get("code")?.as_str()?;
    // What a registry refused is said by kind behind the name.
    let kind = error
        .get("message")
        .and_then(Value::as_str)
        .and_then(|message| message.split([' ', ':']).find(|word| word.starts_with("registry.")));
    Some(kind.unwrap_or(code).to_owned())
}

/// The JSON that a process printed.
pub fn answer(found: &Finished) -> anyhow::Result<Value> {
    serde_json::from_slice(&found.stdout).map_err(|error| {
        let (stdout, stderr) = (&found.stdout, &found.stderr);
        let (stdout, stderr) = (String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
        anyhow::anyhow!(
            "no answer ({error}), code {:?}, signal {:?}: {} {}",
            found.code,
            found.signal,
            tail(&stdout),
            tail(&stderr)
        )
    })
}

fn tail(text: &str) -> String {
    let start = text.len().saturating_sub(400);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[start..].trim().to_owned()
}
