//! Starting a worker, talking to it, and never waiting longer than was said.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use coldframe_journal::ErrorKind;

use super::end::{self, End};
use super::wire::{self, Refusal};
use super::{COMPILER_THREADS, SUBCOMMAND, Target, Worker};
use crate::admission;
use crate::loader::LoadError;
use crate::walls::{Bounds, Group, Standing, Wall};

/// Native code of one component, bytes. Fuel and checks make it several times its source.
const CODE_BYTES_MAX: u64 = 1 << 30;
/// Everything else a worker may say at once, bytes.
const WORDS_BYTES_MAX: u64 = 64 << 10;
/// What it may leave on its error stream for us to read, bytes.
const LAST_WORDS_BYTES: u64 = 4 << 10;

/// Whether the walls that do not stand were spoken of already.
static SAID: AtomicBool = AtomicBool::new(false);

impl Worker {
    /// Compiles a component in a process of its own. It may use `time_max` of one core, and twice
    /// that of wall time.
    ///
    /// Without a target, for this machine and for [`crate::Sandbox`]. Errors have the kinds
    /// `invalid.*`, `limit.structure`, `limit.compile-time`, `limit.compile-memory`, and `host.bug`
    /// where the worker failed for any other reason, which nobody but it notices.
    pub fn compile(
        &self,
        bytes: &[u8],
        time_max: Duration,
        target: Option<&Target>,
    ) -> Result<Vec<u8>, LoadError> {
        // The only look at the bytes on this side: no more of them than can be sent, of this kind.
        admission::kind(bytes)?;
        let mut arguments = vec!["compile".to_owned()];
        arguments.extend(self.bounds(time_max).to_texts());
        arguments.extend(target.map(ToString::to_string));
        let patience = time_max.saturating_mul(2);
        let mut running = Running::start(self, &arguments, patience).map_err(unstarted)?;
        let answered = running.compile(bytes, self);
        let (end, said) = running.end();
        match answered {
            Ok(Ok(code)) => Ok(code),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(end::error(end, &said, time_max)),
        }
    }
}

impl Worker {
    /// Whether the walls that are required stand, by the word of a process that has raised them.
    /// What is missing and not required is said once.
    pub(crate) fn satisfied(&self, standing: &[Standing]) -> Result<(), LoadError> {
        if let Some(missing) = missing(standing, &self.required) {
            let message = format!("the wall `{}` does not stand: {}", missing.wall, missing.text);
            return Err(LoadError::new(ErrorKind::HostBug, message));
        }
        speak_of(standing);
        Ok(())
    }

    /// The bounds of a worker that may take `time_max`. The kernel counts whole seconds.
    pub(super) fn bounds(&self, time_max: Duration) -> Bounds {
        let seconds = time_max.as_millis().div_ceil(1000).max(1);
        Bounds { memory: self.memory_max, cpu_s: u64::try_from(seconds).unwrap_or(u64::MAX) }
    }
}

fn unstarted(error: io::Error) -> LoadError {
    LoadError::new(ErrorKind::HostBug, format!("failed to start the compile worker: {error}"))
}

/// A worker that lives, and the one who ends it when it is late.
pub(super) struct Running {
    child: Arc<Mutex<Child>>,
    to: Option<ChildStdin>,
    from: ChildStdout,
    errors: ChildStderr,
    done: Sender<()>,
    watch: JoinHandle<bool>,
    group: Option<Group>,
}

impl Running {
    pub(super) fn start(
        worker: &Worker,
        arguments: &[String],
        patience: Duration,
    ) -> io::Result<Self> {
        let group = worker.group(worker.memory_max, COMPILER_THREADS)?;
        let mut child = Command::new(&worker.program)
            .arg(SUBCOMMAND)
            .args(arguments)
            .env_clear()
            // glibc's allocator opens files of the kernel to manage the arenas of threads, which a
            // worker dies of. With one arena it has nothing to ask.
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // It waits for what it is to work on, so that it is where it belongs before it has that.
        if let Some(Err(error)) = group.as_ref().map(|group| group.take(child.id())) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        let piped = || io::Error::other("a stream is missing");
        let to = child.stdin.take().ok_or_else(piped)?;
        let from = child.stdout.take().ok_or_else(piped)?;
        let errors = child.stderr.take().ok_or_else(piped)?;
        let child = Arc::new(Mutex::new(child));
        let (done, over) = mpsc::channel();
        let watched = Arc::clone(&child);
        let watch = std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let late = over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
            if late {
                // Its pipes close with it, and with them ends whatever waits for them.
                let _ = watched.lock().unwrap_or_else(PoisonError::into_inner).kill();
            }
            late
        });
        let watch = watch.inspect_err(|_| {
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        })?;
        Ok(Self { child, to: Some(to), from, errors, done, watch, group })
    }

    /// Which walls it says it has raised.
    pub(super) fn walls(&mut self) -> io::Result<Vec<Standing>> {
        match wire::read(&mut self.from, WORDS_BYTES_MAX)? {
            (wire::WALLS, words) => Ok(serde_json::from_slice(&words)?),
            _ => Err(io::Error::other("something else than walls")),
        }
    }

    /// What it says it did.
    pub(super) fn did(&mut self) -> io::Result<String> {
        match wire::read(&mut self.from, WORDS_BYTES_MAX)? {
            (wire::DID, words) => Ok(String::from_utf8_lossy(&words).into_owned()),
            _ => Err(io::Error::other("something else than a deed")),
        }
    }

    /// The outer error is one of the way to it; why it broke off is in how it ended.
    fn compile(&mut self, bytes: &[u8], worker: &Worker) -> io::Result<Result<Vec<u8>, LoadError>> {
        let walls = self.walls()?;
        if let Err(error) = worker.satisfied(&walls) {
            return Ok(Err(error));
        }
        let Some(to) = &mut self.to else { return Err(io::ErrorKind::BrokenPipe.into()) };
        wire::write(to, wire::COMPONENT, bytes)?;
        match wire::read(&mut self.from, CODE_BYTES_MAX)? {
            (wire::CODE, code) => Ok(Ok(code)),
            (wire::REFUSAL, words) => {
                let refusal: Refusal = serde_json::from_slice(&words)?;
                Ok(Err(refusal.into()))
            }
            _ => Err(io::Error::other("neither code nor a refusal")),
        }
    }

    /// Ends it, if it has not ended, and says how it did, with its last words.
    pub(super) fn end(mut self) -> (End, String) {
        drop(self.to.take());
        let mut said = Vec::new();
        // Its error stream ends with it, or with the one who watches.
        let _ = self.errors.by_ref().take(LAST_WORDS_BYTES).read_to_end(&mut said);
        drop((self.from, self.errors));
        let status = wait(&self.child);
        let _ = self.done.send(());
        let late = self.watch.join().unwrap_or(false);
        let end = match status {
            _ if late => End::Late,
            Ok(_) if self.group.is_some_and(|group| group.ran_out()) => End::Memory,
            Ok(status) => End::of(status),
            Err(_) => End::Exit,
        };
        (end, String::from_utf8_lossy(&said).into_owned())
    }
}

/// Waits for the end without keeping the lock from the one who brings it about.
fn wait(child: &Mutex<Child>) -> io::Result<std::process::ExitStatus> {
    let mut pause = Duration::from_micros(100);
    loop {
        let ended = child.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?;
        if let Some(status) = ended {
            return Ok(status);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// The first wall that is required and does not stand.
fn missing(standing: &[Standing], required: &std::collections::BTreeSet<Wall>) -> Option<Standing> {
    // Of these two it is proof enough that somebody speaks.
    let spoken = |wall: &&Wall| !matches!(wall, Wall::Worker | Wall::Executor);
    required.iter().filter(spoken).find_map(|wall| {
        match standing.iter().find(|standing| standing.wall == *wall) {
            Some(standing) if standing.stands => None,
            Some(standing) => Some(standing.clone()),
            None => Some(Standing::down(*wall, "the worker does not speak of it")),
        }
    })
}

/// One warning per process and wall: what is missing is said before anything is compiled.
fn speak_of(standing: &[Standing]) {
    let mut down = standing.iter().filter(|standing| !standing.stands).peekable();
    if down.peek().is_some() && !SAID.swap(true, Ordering::Relaxed) {
        for Standing { wall, text, .. } in down {
            tracing::warn!("going on without the wall `{wall}`: {text}");
        }
    }
}
