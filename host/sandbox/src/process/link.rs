//! One life of an executor: its process, what it says, and the calls in flight.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use coldframe_engine::{Call, CallError, CallReport, MemoryMeter};
use coldframe_format::{Caps, Digest};
use coldframe_journal::ErrorKind;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, oneshot};

use super::broker::{Broker, Rights};
use super::message::{CallOrder, Order, TapeOrder, Word};
use super::pipe::{Buffer, Pipe};
use super::room::Room;
use super::{GRACE, Remote, codec};
use crate::loader::LoadError;
use crate::run::{Outside, nothing};
use crate::worker::{SUBCOMMAND, Worker};

/// How long an executor may take to raise its walls, and to load a component.
const PATIENCE: Duration = Duration::from_secs(30);

/// A living executor, or what is left of one.
pub(super) struct Link {
    pipe: OnceLock<Arc<Pipe>>,
    id: OnceLock<u32>,
    alive: AtomicBool,
    closing: Notify,
    next: AtomicU64,
    calls: Mutex<HashMap<u64, Flight>>,
    loads: Mutex<Loads>,
    /// Where the executor is, while it is.
    room: Mutex<Option<Room>>,
    /// Whether it ended for want of memory.
    ran_out: AtomicBool,
}

#[derive(Default)]
struct Loads {
    /// Under which ceiling each was sent.
    sent: HashMap<Digest, Caps>,
    waiting: HashMap<u64, Sender<Result<(), LoadError>>>,
}

/// A call in flight.
struct Flight {
    report: oneshot::Sender<CallReport>,
    rights: Arc<Rights>,
    /// Its outermost meter, and what that lets it have.
    run: Option<(u64, u64)>,
    /// The executor tells meters apart by the address of ours, so it must not be used again.
    _memory: Arc<MemoryMeter>,
}

impl Link {
    /// Starts a process and waits until its walls stand. Its words are heard by the threads of the
    /// runtime around this, so that none has to be woken for another; by a thread of its own where
    /// there is none, or only one thread that may be waiting here.
    pub(super) fn start(
        worker: &Worker,
        outside: Outside,
        calls: u32,
    ) -> Result<Arc<Self>, LoadError> {
        let link = Arc::new(Self {
            pipe: OnceLock::new(),
            id: OnceLock::new(),
            alive: AtomicBool::new(true),
            closing: Notify::new(),
            next: AtomicU64::new(1),
            calls: Mutex::default(),
            loads: Mutex::default(),
            room: Mutex::default(),
            ran_out: AtomicBool::new(false),
        });
        let (ready, started) = mpsc::channel();
        let (listening, worker) = (Arc::clone(&link), worker.clone());
        let around = Handle::try_current().ok();
        let around = around.filter(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
        // The executor dies with the thread that started it, so that thread is its own.
        std::thread::Builder::new()
            .name("executor".to_owned())
            .spawn(move || {
                let failed = listening.run(around.as_ref(), &worker, outside, calls, &ready);
                listening.die();
                let _ = ready.send(Err(failed));
            })
            .map_err(|error| bug(format!("failed to start the executor: {error}")))?;
        match started.recv_timeout(PATIENCE) {
            Ok(Ok(())) => Ok(link),
            Ok(Err(error)) => Err(bug(format!("failed to start the executor: {error}"))),
            Err(_) => {
                link.close();
                Err(bug("the executor does not start".to_owned()))
            }
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.id.get().copied()
    }

    /// Ends the executor.
    pub(super) fn close(&self) {
        self.alive.store(false, Ordering::Release);
        self.closing.notify_one();
    }

    /// From the first word to the last; gives what ended it.
    fn run(
        self: &Arc<Self>,
        around: Option<&Handle>,
        worker: &Worker,
        outside: Outside,
        calls: u32,
        ready: &Sender<io::Result<()>>,
    ) -> io::Error {
        let room = match Room::new(worker) {
            Ok(room) => room,
            Err(error) => return error,
        };
        let (mut child, stream) = match spawn(worker, calls) {
            Ok(started) => started,
            Err(error) => return error,
        };
        // Nobody sends it anything before it has said which walls stand.
        if let Some(Err(error)) = room.as_ref().map(|room| room.take(child.id())) {
            let _ = child.kill();
            let _ = child.wait();
            return error;
        }
        *self.room() = room;
        let _ = self.id.set(child.id());
        let (me, walls, ready) = (Arc::clone(self), worker.clone(), ready.clone());
        let hear = async move {
            let pipe = match Pipe::new(stream) {
                Ok(pipe) => Arc::new(pipe),
                Err(error) => return error,
            };
            let broker = Arc::new(Broker::new(Arc::clone(&pipe), outside));
            tokio::select! {
                error = me.listen(&pipe, &broker, &walls, &ready) => error,
                error = pipe.flush() => error,
                () = me.closing.notified() => io::Error::other("it was closed"),
            }
        };
        let ended = match around {
            Some(runtime) => runtime.block_on(runtime.spawn(hear)).unwrap_or_else(io::Error::other),
            None => match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(hear),
                Err(error) => error,
            },
        };
        let _ = child.kill();
        let _ = child.wait();
        // Its group goes with it.
        let room = self.room().take();
        if room.is_some_and(|room| room.ran_out()) {
            self.ran_out.store(true, Ordering::Release);
        }
        ended
    }

    async fn listen(
        &self,
        pipe: &Arc<Pipe>,
        broker: &Arc<Broker>,
        worker: &Worker,
        ready: &Sender<io::Result<()>>,
    ) -> io::Error {
        let mut buffer = Buffer::default();
        loop {
            let (head, raw) = match pipe.read(&mut buffer).await {
                Ok(message) => message,
                Err(error) => return error,
            };
            let word: Word = match serde_json::from_slice(&head) {
                Ok(word) => word,
                Err(error) => return error.into(),
            };
            match word {
                Word::Walls(standing) => {
                    if let Err(missing) = worker.satisfied(&standing) {
                        return io::Error::other(missing.message);
                    }
                    let _ = self.pipe.set(Arc::clone(pipe));
                    let _ = ready.send(Ok(()));
                }
                Word::Loaded { load, error } => {
                    let result = error.map_or(Ok(()), |(kind, message)| {
                        Err(LoadError::new(kind, crate::sanitize::line(&message, 500)))
                    });
                    if let Some(waiting) = self.loads().waiting.remove(&load) {
                        let _ = waiting.send(result);
                    }
                }
                Word::Report(word) => {
                    let flight = self.calls().remove(&word.call);
                    let Some(flight) = flight else { continue };
                    let Some(report) = word.report(&raw) else {
                        return io::Error::other("an output that is none");
                    };
                    let _ = flight.report.send(report);
                }
                Word::Request(request) => {
                    let rights = self.calls().get(&request.call).map(|f| Arc::clone(&f.rights));
                    broker.request(*request, rights);
                }
                Word::Ask { number, call, ask } => {
                    let rights = self.calls().get(&call).map(|f| Arc::clone(&f.rights));
                    broker.ask(number, ask, rights);
                }
                Word::Body { exchange, body } => broker.body(exchange, body, raw),
                Word::Gone { exchange } => broker.gone(exchange),
            }
        }
    }

    /// Sends a component that was not sent yet. Waits for what comes of it, if told to.
    pub(super) fn load(&self, remote: &Remote, wait: bool) -> Result<(), LoadError> {
        let mut loads = self.loads();
        if loads.sent.get(&remote.digest) == Some(&remote.ceiling) {
            return Ok(());
        }
        loads.sent.insert(remote.digest, remote.ceiling.clone());
        let Some(pipe) = self.pipe.get() else { return Err(self.gone_load()) };
        let load = self.next.fetch_add(1, Ordering::Relaxed);
        let (done, loaded) = mpsc::channel();
        if wait {
            loads.waiting.insert(load, done);
        }
        let order = Order::Load {
            load,
            digest: remote.digest,
            interface: remote.interface.clone(),
            ceiling: remote.ceiling.clone(),
            asked_by: remote.asked_by.clone(),
        };
        pipe.send(&order, &remote.code);
        drop(loads);
        if !wait {
            return Ok(());
        }
        loaded.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(self.gone_load()))
    }

    /// Runs a call. Dropping the future ends the call.
    pub(super) async fn call(&self, remote: &Remote, call: Call, outside: &Outside) -> CallReport {
        let Some(pipe) = self.pipe.get() else { return nothing(self.gone()) };
        let mut input = Vec::new();
        if codec::write(&mut input, &call.input).is_none() {
            let message = "the input is nested too deeply";
            return nothing(CallError::new(ErrorKind::InvalidInput, message));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (report, mut reported) = oneshot::channel();
        let rights = Arc::new(Rights::new(remote, &call, outside));
        let meters = meters(&call.memory);
        let flight = Flight {
            report,
            rights: Arc::clone(&rights),
            run: meters.last().copied(),
            _memory: Arc::clone(&call.memory),
        };
        self.admit(number, flight);
        if !self.is_alive() {
            // Whoever failed the calls in flight may not have seen this one.
            self.calls().remove(&number);
            return nothing(self.gone());
        }
        let order = CallOrder {
            call: number,
            digest: call.component,
            operation: call.operation,
            grants: call
                .grants
                .iter()
                .map(|layer| (layer.who.to_string(), Caps::clone(&layer.caps)))
                .collect(),
            limits: call.limits,
            meters,
            tape: call.tape.as_deref().map(|tape| TapeOrder::new(tape, outside.models.as_deref())),
        };
        pipe.send(&Order::Call(order), &input);
        let mut end = EndOfCall { pipe, number, rights, over: false };
        let report = tokio::select! {
            biased;
            report = &mut reported => Some(report),
            () = call.cancel.cancelled() => {
                // A tool hears of it too. Its caller ends with it, once it has said what it took.
                let told = async {
                    tokio::select! {
                        biased;
                        report = &mut reported => return report,
                        () = end.rights.no_tool() => end.cancel(),
                    }
                    (&mut reported).await
                };
                tokio::time::timeout(GRACE, told).await.ok()
            }
            () = tokio::time::sleep(call.limits.wall.saturating_add(GRACE)) => None,
        };
        end.over = true;
        // What services took and what was asked of them is known here, whatever the executor says or
        // does not live to say.
        let (tokens, services_nano, tool_calls) = end.rights.end();
        let report = match report {
            // With a tape nobody asked.
            Some(Ok(report)) if call.tape.is_some() => return report,
            Some(Ok(report)) => CallReport { asked: end.rights.asked(&report.asked), ..report },
            Some(Err(_)) => nothing(self.gone()),
            None => {
                // It neither ended the call nor died: what it says cannot be trusted any more.
                self.close();
                let message = "the call took longer than its wall time";
                nothing(CallError::new(ErrorKind::LimitDeadline, message))
            }
        };
        CallReport { tokens, services_nano, tool_calls, ..report }
    }

    /// Fails whatever waits.
    fn die(&self) {
        self.alive.store(false, Ordering::Release);
        let calls = std::mem::take(&mut *self.calls());
        for flight in calls.into_values() {
            let _ = flight.report.send(nothing(self.gone()));
        }
        self.loads().waiting.clear();
    }

    /// Counts the call among those in flight, and makes room for its run.
    fn admit(&self, number: u64, flight: Flight) {
        let mut calls = self.calls();
        let is_known = calls.values().any(|other| other.run == flight.run);
        calls.insert(number, flight);
        if !is_known && let Some(room) = self.room().as_mut() {
            let runs: BTreeMap<u64, u64> = calls.values().filter_map(|flight| flight.run).collect();
            room.fit(&runs);
        }
    }

    fn gone(&self) -> CallError {
        if self.ran_out.load(Ordering::Acquire) {
            return CallError::new(ErrorKind::LimitMemory, RAN_OUT);
        }
        CallError { transient: true, ..CallError::new(ErrorKind::HostExecutor, GONE) }
    }

    fn gone_load(&self) -> LoadError {
        if self.ran_out.load(Ordering::Acquire) {
            return LoadError::new(ErrorKind::LimitMemory, RAN_OUT);
        }
        LoadError::new(ErrorKind::HostExecutor, "the process that loads the component ended")
    }

    fn room(&self) -> MutexGuard<'_, Option<Room>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<u64, Flight>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loads(&self) -> MutexGuard<'_, Loads> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the executor when nobody waits for a call any more.
struct EndOfCall<'a> {
    pipe: &'a Pipe,
    number: u64,
    rights: Arc<Rights>,
    over: bool,
}

impl EndOfCall<'_> {
    fn cancel(&self) {
        self.pipe.send(&Order::Cancel { call: self.number }, &[]);
    }
}

impl Drop for EndOfCall<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.cancel();
            self.rights.end();
        }
    }
}

fn spawn(worker: &Worker, calls: u32) -> io::Result<(Child, StdStream)> {
    let (ours, theirs) = StdStream::pair()?;
    let child = Command::new(&worker.program)
        .arg(SUBCOMMAND)
        .arg("execute")
        .arg(calls.to_string())
        .env_clear()
        .current_dir("/")
        // Whoever interrupts us from a terminal interrupts us, and we end our calls.
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok((child, ours))
}

/// The meters a call is under, told apart by where they are; where that is, is not for an executor
/// to know.
fn meters(meter: &Arc<MemoryMeter>) -> Vec<(u64, u64)> {
    static HIDDEN: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let chain = std::iter::successors(Some(meter), |meter| meter.around());
    chain.map(|meter| (HIDDEN.hash_one(Arc::as_ptr(meter)), meter.max())).collect()
}

fn bug(message: String) -> LoadError {
    LoadError::new(ErrorKind::HostBug, message)
}

const GONE: &str = "the process that ran the component ended before the call did";

const RAN_OUT: &str = "the process that runs components was ended for want of memory";
