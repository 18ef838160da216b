//! Whether the walls bite: a worker behind one of them tries what that wall is there to stop.
//!
//! That a system call reported success is no proof, so nobody here asks: a process that was to be
//! stopped and was not is a wall that does not stand.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use super::end::{End, Signal};
use super::parent::Running;
use super::{Worker, child, wire};
use crate::walls::{self, Bounds, Purpose, Standing, Wall};

/// What a worker may hold and what it tries to, bytes, to see whether its group minds.
const HOLDS: u64 = 64 << 20;
const WANTS: u64 = 256 << 20;

/// How long one may take. They are done in milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a wall is there to stop.
const TRIES: &[(Wall, &[&str])] = &[
    (Wall::Rlimits, &["memory", "files", "write"]),
    (Wall::CoreDumps, &["dump"]),
    (Wall::Landlock, &["open", "list", "bind", "connect"]),
    (Wall::Seccomp, &["open", "socket", "udp", "exec", "fork", "thread", "executable"]),
];

/// The same for an executor.
const EXECUTOR_TRIES: &[&str] = &["open", "socket", "udp", "exec", "fork", "thread"];

impl Worker {
    /// Starts workers that try what each wall is there to stop, and says which walls stopped them.
    /// Their bounds are those of workers that may take `time_max`. Takes some tens of milliseconds.
    pub fn inspect(&self, time_max: Duration) -> Vec<Standing> {
        let bounds = self.bounds(time_max);
        let worker = match self.attempt("nothing", Purpose::Compile, &[], bounds) {
            Ok((_, Outcome::Did)) => Standing::up(Wall::Worker, "a process per component"),
            Ok((_, outcome)) => Standing::down(Wall::Worker, outcome.to_string()),
            Err(error) => Standing::down(Wall::Worker, format!("it does not start: {error}")),
        };
        if !worker.stands {
            let down = |wall: &Wall| Standing::down(*wall, "no worker, no wall around it");
            let others = Wall::ALL.iter().filter(|wall| **wall != Wall::Worker).map(down);
            return std::iter::once(worker).chain(others).collect();
        }
        let tried =
            TRIES.iter().map(|(wall, tries)| self.verify(*wall, Purpose::Compile, tries, bounds));
        [worker, self.executor(bounds)].into_iter().chain(tried).collect()
    }

    /// Whether an executor starts, and whether one like it can reach anything.
    fn executor(&self, bounds: Bounds) -> Standing {
        if let Err(error) = crate::process::start_once(self) {
            return Standing::down(Wall::Executor, error.message);
        }
        let purpose = Purpose::Execute;
        let seccomp = self.verify(Wall::Seccomp, purpose, EXECUTOR_TRIES, bounds);
        let landlock = self.verify(Wall::Landlock, purpose, &["open", "list"], bounds);
        let text = match (seccomp.stands, landlock.stands) {
            (true, true) => "no compiler, files, network or environment".to_owned(),
            // One of them is enough, and which one is not there has a line of its own.
            (true, false) | (false, true) => "no compiler or environment; one wall".to_owned(),
            (false, false) => return Standing::down(Wall::Executor, "there is no wall around it"),
        };
        Standing::up(Wall::Executor, text)
    }

    fn verify(&self, wall: Wall, purpose: Purpose, tries: &[&str], bounds: Bounds) -> Standing {
        let mut text = String::new();
        for what in tries {
            match self.attempt(what, purpose, &[wall], bounds) {
                Ok((Some(standing), _)) if !standing.stands => return standing,
                Ok((_, Outcome::Did)) => {
                    return Standing::down(wall, format!("it let a worker do this: {what}"));
                }
                Ok((standing, Outcome::Refused(_) | Outcome::Killed)) => {
                    text = standing.map(|standing| standing.text).unwrap_or_default();
                }
                Ok((_, Outcome::Died(end))) => {
                    return Standing::down(wall, format!("a worker ended oddly: {end:?}"));
                }
                Err(error) => return Standing::down(wall, error.to_string()),
            }
        }
        Standing::up(wall, text)
    }

    /// Lets a worker try something behind some walls.
    fn attempt(
        &self,
        what: &str,
        purpose: Purpose,
        walls: &[Wall],
        bounds: Bounds,
    ) -> io::Result<(Option<Standing>, Outcome)> {
        let names: Vec<&str> = walls.iter().map(|wall| wall.as_str()).collect();
        let [memory, cpu_s] = bounds.to_texts();
        let purpose = purpose.as_str().to_owned();
        let arguments =
            ["try".to_owned(), memory, cpu_s, purpose, what.to_owned(), names.join(",")];
        let mut running = Running::start(self, &arguments, PATIENCE)?;
        let standing = running.walls();
        let did = running.did();
        let (end, said) = running.end();
        let standing =
            standing.map_err(|error| io::Error::other(format!("{error}: {}", said.trim())))?;
        let outcome = match (did, end) {
            (Ok(did), _) if did == DONE => Outcome::Did,
            (Ok(refused), _) => Outcome::Refused(refused),
            (Err(_), End::Signal(Signal::Call | Signal::Size)) => Outcome::Killed,
            (Err(_), end) => Outcome::Died(end),
        };
        Ok((standing.into_iter().next(), outcome))
    }

    /// Whether the kernel ends a worker that holds more than its group may. An error says what it
    /// did instead.
    pub fn try_group(&self) -> Result<(), String> {
        let small = Self { memory_max: HOLDS, ..self.clone() };
        let bounds = Bounds { memory: WANTS, ..Bounds::default() };
        match small.attempt("hold", Purpose::Compile, &[], bounds) {
            Ok((_, Outcome::Died(End::Memory))) => Ok(()),
            Ok((_, outcome)) => Err(format!("a worker that held too much: {outcome}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What becomes of a worker that tries `what` behind `walls`; for tests.
    #[doc(hidden)]
    pub fn try_it(&self, what: &str, walls: &[Wall]) -> String {
        match self.attempt(what, Purpose::Compile, walls, self.bounds(PATIENCE)) {
            Ok((_, outcome)) => outcome.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }
}

/// What became of it.
enum Outcome {
    Did,
    Refused(String),
    Killed,
    Died(End),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Did => f.write_str(DONE),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Killed => f.write_str("killed"),
            Self::Died(end) => write!(f, "died: {end:?}"),
        }
    }
}

/// A component with a module with a function that does nothing: loading it makes memory executable.
#[cfg(target_os = "linux")]
const CODE: &[u8] = b"\0asm\x0d\0\x01\0\x01\x18\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\
    \x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";

/// What a worker says that was not stopped.
const DONE: &str = "done";

/// In the worker.
pub(super) fn main(bounds: Bounds, purpose: Purpose, what: &str, walls: &str) -> io::Result<()> {
    let walls: Vec<Wall> = walls
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.parse().map_err(io::Error::other))
        .collect::<Result<_, _>>()?;
    walls::leave_home();
    let mut standing = walls::raise_early(&walls, purpose, bounds);
    standing.extend(walls::raise_late(&walls, purpose));
    let mut out = io::stdout();
    wire::write(&mut out, wire::WALLS, &serde_json::to_vec(&standing)?)?;
    let did = match deed(what, bounds) {
        Ok(()) => DONE.to_owned(),
        Err(error) => error.to_string(),
    };
    wire::write(&mut out, wire::DID, did.as_bytes())?;
    child::wait_for_parent();
    Ok(())
}

fn deed(what: &str, bounds: Bounds) -> io::Result<()> {
    let failed = |error: String| io::Error::other(error);
    match what {
        "nothing" => Ok(()),
        "memory" => {
            let mut bytes: Vec<u8> = Vec::new();
            let wanted = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
            bytes.try_reserve_exact(wanted).map_err(|error| failed(error.to_string()))
        }
        "hold" => {
            let wanted = usize::try_from(bounds.memory).unwrap_or(usize::MAX);
            let bytes = vec![1_u8; wanted];
            std::hint::black_box(&bytes);
            Ok(())
        }
        "files" => {
            let files: Result<Vec<_>, _> = (0..32).map(|_| File::open("/proc/self/exe")).collect();
            files.map(drop)
        }
        "write" => write_a_byte(),
        "dump" => {
            let standing = walls::core_dumps();
            if standing.stands { Err(failed(standing.text)) } else { Ok(()) }
        }
        "open" => File::open("/proc/self/exe").map(drop),
        "list" => std::fs::read_dir("/").map(drop),
        "socket" | "bind" => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        "udp" => UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
        "connect" => connect(),
        "fork" => Command::new("/proc/self/exe").arg("--version").status().map(drop),
        "thread" => {
            let thread = std::thread::Builder::new().spawn(|| ())?;
            thread.join().map_err(|_| failed("it failed".to_owned()))
        }
        _ => system(what),
    }
}

/// Nobody listens there, so that being refused by the other side is as good as being answered.
fn connect() -> io::Result<()> {
    match TcpStream::connect((Ipv4Addr::LOCALHOST, 1)) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        other => other.map(drop),
    }
}

#[cfg(target_os = "linux")]
fn system(what: &str) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    match what {
        // The file is no program: a worker that gets that far was not stopped.
        "exec" => {
            let error = Command::new("/proc/self/maps").exec();
            if error.kind() == io::ErrorKind::PermissionDenied { Ok(()) } else { Err(error) }
        }
        "executable" => {
            let error = |error: wasmtime::Error| io::Error::other(format!("{error:#}"));
            let engine = crate::engine::compiler(None).map_err(error)?;
            wasmtime::component::Component::from_binary(&engine, CODE).map(drop).map_err(error)
        }
        other => Err(io::Error::other(format!("nobody tries `{other}`"))),
    }
}

#[cfg(not(target_os = "linux"))]
fn system(what: &str) -> io::Result<()> {
    Err(io::Error::other(format!("nobody tries `{what}`")))
}

/// Into a file that has no name, so that nothing is left of it.
#[cfg(target_os = "linux")]
fn write_a_byte() -> io::Result<()> {
    use std::io::Write as _;
    let file = rustix::fs::memfd_create("probe", rustix::fs::MemfdFlags::CLOEXEC)?;
    File::from(file).write_all(b"x")
}

#[cfg(not(target_os = "linux"))]
fn write_a_byte() -> io::Result<()> {
    Ok(())
}
