//! The same artefacts against other hosts, each as it comes out of its package and with the limits
//! its own documentation offers.
//!
//! Only what was measured is said, and only of hosts whose documents say what they do without
//! limits: of wasmtime that compiling is not bounded and that limits are the embedder's, of Extism
//! that limits are off until a manifest names them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::case::{Case, How};
use crate::guest::Guest;
use crate::process::{self, Bounds, Finished};

/// The cases that mean something to others: one component, called with nothing but numbers, and an
/// outcome that its project has written about.
pub const CASES: &[&str] = &[
    "CPU-1", "CPU-2", "CPU-4", "MEM-1", "MEM-2", "MEM-3b", "MEM-4", "TAB-1", "STK-1", "DET-1",
    "BOMB-1", "BOMB-2", "BOMB-3", "BOMB-4", "BOMB-5", "BOMB-6", "BOMB-7", "BOMB-8",
];

/// Those of them that Extism's documents speak of: time and memory of a call.
const EXTISM_CASES: &[&str] = &["CPU-1", "CPU-4", "MEM-1", "MEM-2", "STK-1"];

/// Nobody gets more than this.
const BOUNDS: Bounds =
    Bounds { patience: Duration::from_secs(10), memory: 3 << 30, interrupt: None, secret: None };

/// Another host.
#[derive(Debug, Clone)]
pub enum Peer {
    /// `wasmtime run`.
    Wasmtime {
        /// The program.
        program: PathBuf,
        /// Flags beside `run`.
        flags: &'static [&'static str],
        /// What it says of itself.
        version: String,
    },
    /// Extism's library for Python, with the core module of the artefact.
    Extism {
        /// A Python that has it.
        python: PathBuf,
        /// Its manifest beside the module.
        manifest: &'static str,
        /// What it says of itself.
        version: String,
    },
}

/// The limits that `wasmtime run` offers, at about the values of ours.
const WASMTIME_FLAGS: &[&str] =
    &["-W", "timeout=2s", "-W", "max-memory-size=67108864", "-W", "max-table-elements=100000"];
/// The limits that an Extism manifest offers.
const EXTISM_MANIFEST: &str = "\"timeout_ms\": 2000, \"memory\": {\"max_pages\": 1024}";

/// Every host that is there.
pub fn found(wasmtime: Option<&Path>, python: Option<&Path>) -> Vec<Peer> {
    let mut peers = Vec::new();
    if let Some(program) = wasmtime
        && let Some(version) = said(Command::new(program).arg("--version"))
    {
        let version = version.split(" (").next().unwrap_or_default().to_owned();
        for flags in [&[][..], WASMTIME_FLAGS] {
            peers.push(Peer::Wasmtime {
                program: program.to_owned(),
                flags,
                version: version.clone(),
            });
        }
    }
    if let Some(python) = python
        && let Some(version) = said(
            Command::new(python)
                .args(["-c", "import extism; print('extism', extism.extism_version())"]),
        )
    {
        for manifest in ["", EXTISM_MANIFEST] {
            peers.push(Peer::Extism {
                python: python.to_owned(),
                manifest,
                version: version.clone(),
            });
        }
    }
    peers
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Peer {
    /// The head of its column.
    pub fn name(&self) -> String {
        match self {
            Self::Wasmtime { version, flags: [], .. } => format!("{version} `run`"),
            Self::Wasmtime { version, flags, .. } => format!("{version} `run {}`", flags.join(" ")),
            Self::Extism { version, manifest: "", .. } => version.clone(),
            Self::Extism { version, manifest, .. } => format!("{version} `{{{manifest}}}`"),
        }
    }

    /// What it makes of a case.
    pub fn play(&self, case: &Case, folder: &Path) -> anyhow::Result<String> {
        let (How::Beside(guest) | How::Alone(guest)) = &case.how else {
            return Ok("not run: no component".to_owned());
        };
        match self {
            Self::Wasmtime { program, flags, .. } => {
                let file = folder.join("artefact.wasm");
                std::fs::write(&file, (guest.bytes)())?;
                let mut command = Command::new(program);
                command.arg("run").args(*flags).args(["--invoke", call(guest)]).arg(file);
                Ok(cell(&process::run(clean(command, folder), BOUNDS)))
            }
            Self::Extism { python, manifest, .. } => {
                if !EXTISM_CASES.contains(&case.id) {
                    return Ok("not run: not about the limits it offers".to_owned());
                }
                let Some(module) = core_module(&(guest.bytes)()) else {
                    return Ok("not run: it takes core modules, not components".to_owned());
                };
                let file = folder.join("module.wasm");
                std::fs::write(&file, module)?;
                let comma = if manifest.is_empty() { "" } else { ", " };
                let code = format!(
                    "import extism, sys\nm = {{\"wasm\": [{{\"path\": {:?}}}]{comma}{manifest}}}\n\
                     try:\n  with extism.Plugin(m, wasi=False) as p: p.call('f', b'')\n\
                     except Exception as e: sys.exit(str(e))\n",
                    file.display().to_string()
                );
                let mut command = Command::new(python);
                command.args(["-c", &code]);
                Ok(cell(&process::run(clean(command, folder), BOUNDS)))
            }
        }
    }
}

fn clean(mut command: Command, folder: &Path) -> Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("NO_COLOR", "1");
    command
}

fn call(guest: &Guest) -> &'static str {
    if guest.with == "{}" { "f()" } else { "f(1)" }
}

/// The only module of a component, where it needs nothing from around it.
fn core_module(component: &[u8]) -> Option<Vec<u8>> {
    use wasmparser::{Parser, Payload};
    let (mut found, mut depth) = (None, 0_u32);
    for payload in Parser::new(0).parse_all(component).take(10_000) {
        match payload.ok()? {
            Payload::ModuleSection { unchecked_range, .. } => {
                if found.is_some() {
                    return None;
                }
                found = component.get(unchecked_range).map(<[u8]>::to_vec);
            }
            Payload::ComponentSection { .. } => return None,
            Payload::ImportSection(_) => return None,
            Payload::Version { .. } => depth += 1,
            _ => {}
        }
    }
    found.filter(|_| depth <= 2)
}

/// What a process came to, in one cell.
fn cell(found: &Finished) -> String {
    let (ms, mib) = (found.wall.as_millis(), found.peak_rss >> 20);
    let end = match (found.killed, found.signal, found.code) {
        (true, ..) => format!("went on; ended by us ({} s, 3 GiB)", BOUNDS.patience.as_secs()),
        (_, Some(signal), _) => format!("died of signal {signal}"),
        (_, _, Some(0)) => "ran to its end".to_owned(),
        _ => format!("error: {}", reason(&found.stderr)),
    };
    format!("{end}, {ms} ms, {mib} MiB")
}

/// The innermost cause, cut and escaped.
fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let trap = lines.iter().find_map(|line| line.split("wasm trap: ").nth(1));
    // Backtraces and headings say less than the cause.
    let says = |line: &&&str| !line.contains(" 0x") && !line.ends_with(':');
    let line = trap.or(lines.iter().rfind(says).copied()).unwrap_or("without a word");
    let line = line
        .split_once(": ")
        .filter(|(n, _)| n.parse::<u32>().is_ok())
        .map_or(line, |(_, rest)| rest);
    let escaped: String = line.chars().flat_map(char::escape_debug).take(90).collect();
    format!("`{}`", escaped.replace('|', "/").replace('`', "'").replace("\\'", "'"))
}
