//! The inside of a worker, from its first instruction to its last.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use coldframe_format::structure::Bound;
use coldframe_journal::ErrorKind;

use super::probe;
use super::target::Target;
use super::wire::{self, Refusal};
use crate::loader::{LoadError, refused};
use crate::walls::{self, Bounds, Purpose, Wall};
use crate::{admission, engine};

/// The compiler recurses over nested blocks; only what is touched of this is ever used.
const STACK_BYTES: usize = 64 << 20;

/// Does what the arguments say. They come from the parent and from no one else; what is not as the
/// parent writes it is a mistake of ours, or somebody's curiosity.
pub(super) fn main(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let bounds = |memory: &str, cpu_s: &str| Bounds::from_texts(memory, cpu_s);
    let done = match arguments.as_slice() {
        ["compile", memory, cpu_s] => {
            bounds(memory, cpu_s).and_then(|bounds| compile(bounds, None))
        }
        ["compile", memory, cpu_s, target] => {
            bounds(memory, cpu_s).and_then(|bounds| compile(bounds, Some(target)))
        }
        ["try", memory, cpu_s, purpose, what, walls] => bounds(memory, cpu_s)
            .and_then(|bounds| probe::main(bounds, Purpose::from_text(purpose), what, walls)),
        ["execute", calls] => {
            calls.parse().map_err(io::Error::other).and_then(crate::process::main)
        }
        _ => Err(io::Error::other("a worker is started by coldframe itself")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compile(bounds: Bounds, target: Option<&str>) -> io::Result<()> {
    let target: Option<Target> = target.map(str::parse).transpose().map_err(io::Error::other)?;
    walls::leave_home();
    let early = [Wall::CoreDumps, Wall::Landlock, Wall::Rlimits];
    let mut standing = walls::raise_early(&early, Purpose::Compile, bounds);
    let work = move || -> io::Result<()> {
        standing.extend(walls::raise_late(&[Wall::Seccomp], Purpose::Compile));
        let mut out = io::stdout();
        wire::write(&mut out, wire::WALLS, &serde_json::to_vec(&standing)?)?;
        let (letter, bytes) = wire::read(&mut io::stdin().lock(), Bound::FileBytes.max())?;
        if letter != wire::COMPONENT {
            return Err(io::Error::other("the parent sent no component"));
        }
        match native(&bytes, target.as_ref()) {
            Ok(code) => wire::write(&mut out, wire::CODE, &code),
            Err(error) => {
                wire::write(&mut out, wire::REFUSAL, &serde_json::to_vec(&Refusal::from(error))?)
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    thread.join().unwrap_or_else(|_| {
        let error = LoadError::new(ErrorKind::HostBug, "the compiler failed on this component");
        wire::write(&mut io::stdout(), wire::REFUSAL, &serde_json::to_vec(&Refusal::from(error))?)
    })
}

/// Nothing reaches the compiler that was not admitted here.
fn native(bytes: &[u8], target: Option<&Target>) -> Result<Vec<u8>, LoadError> {
    admission::admit(bytes)?;
    let engine = engine::compiler(target).map_err(|error| {
        LoadError::new(ErrorKind::HostBug, format!("failed to set up the compiler: {error:#}"))
    })?;
    engine.precompile_component(bytes).map_err(|error| {
        // An allocation that fails where wasmtime asks for it by hand is an error like any other.
        if format!("{error:#}").contains("Cannot allocate memory") {
            let message = "the component takes too much memory to compile";
            return LoadError::new(ErrorKind::LimitCompileMemory, message);
        }
        refused(&error)
    })
}

/// Waits until the parent has closed its end, so that it may look at a worker that still lives.
pub(super) fn wait_for_parent() {
    let _ = io::stdin().read(&mut [0]);
}
