//! The inside of an executor, from its first instruction to its last.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use coldframe_engine::{Call, Cancel, Layer, MemoryMeter};

use super::codec;
use super::message::{CallOrder, Order, ReportWord, TapeOrder, Word};
use super::pipe::{Buffer, Pipe};
use super::port::{CallPort, Exchanges};
use crate::Sandbox;
use crate::loader::Admitted;
use crate::run::{self, Outside, Seat};
use crate::turns::THREADS_MORE;
use crate::walls::{self, Bounds, Purpose, Wall};

/// The most threads for guests. All of them are there before the walls stand; there will be no more.
const THREADS: usize = 4;

/// Runs until the host closes its end.
pub(crate) fn main(calls: u32) -> io::Result<()> {
    walls::leave_home();
    // The pools ask the kernel for a file about themselves, which the walls would not let them have.
    let sandbox = Sandbox::executor(calls).map_err(|error| io::Error::other(error.to_string()))?;
    let early = [Wall::CoreDumps, Wall::Landlock, Wall::Rlimits];
    let mut standing = walls::raise_early(&early, Purpose::Execute, Bounds::default());
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(THREADS) + THREADS_MORE;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_io()
        .enable_time()
        .build()?;
    sandbox.ticker.start()?;
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let inside = {
        let _context = runtime.enter();
        let pipe = Arc::new(Pipe::new(socket)?);
        let exchanges = Exchanges::new(Arc::clone(&pipe));
        Arc::new(Inside {
            sandbox,
            pipe,
            exchanges,
            running: Mutex::default(),
            meters: Mutex::default(),
        })
    };
    standing.extend(walls::raise_late(&[Wall::Seccomp], Purpose::Execute));
    inside.pipe.send(&Word::Walls(standing), &[]);
    // On a thread of the runtime, so that a call begins on the thread that heard of it.
    let listening = runtime.spawn(async move {
        tokio::select! {
            error = inside.listen() => error,
            error = inside.pipe.flush() => error,
        }
    });
    let _ = runtime.block_on(listening);
    // The host went away, and with it all that could be done. What still runs is not waited for.
    std::process::exit(0)
}

struct Inside {
    sandbox: Arc<Sandbox>,
    pipe: Arc<Pipe>,
    exchanges: Arc<Exchanges>,
    running: Mutex<HashMap<u64, Cancel>>,
    /// The meters of calls that run, by what the host calls them.
    meters: Mutex<HashMap<u64, Weak<MemoryMeter>>>,
}

impl Inside {
    async fn listen(self: &Arc<Self>) -> io::Error {
        let mut buffer = Buffer::default();
        loop {
            let (head, raw) = match self.pipe.read(&mut buffer).await {
                Ok(message) => message,
                Err(error) => return error,
            };
            let order: Order = match serde_json::from_slice(&head) {
                Ok(order) => order,
                Err(error) => return error.into(),
            };
            match order {
                Order::Load { load, digest, interface, ceiling, asked_by } => {
                    let skill = Admitted {
                        digest,
                        interface: &interface,
                        ceiling: &ceiling,
                        asked_by: &asked_by,
                        bytes: &[],
                    };
                    let error = self.sandbox.install(skill, &raw).err();
                    let error = error.map(|error| (error.kind, error.message));
                    self.pipe.send(&Word::Loaded { load, error }, &[]);
                }
                Order::Call(order) => {
                    let Some(input) = codec::read(&raw) else {
                        return io::Error::other("an input that is none");
                    };
                    self.start(order, input);
                }
                Order::Cancel { call } => {
                    if let Some(cancel) = lock(&self.running).get(&call) {
                        cancel.cancel();
                    }
                }
                Order::Answer { number, answer } => self.exchanges.answer(number, answer),
                Order::Head { exchange, status, headers } => {
                    self.exchanges.head(exchange, status, headers);
                }
                Order::Body { exchange, body } => self.exchanges.body(exchange, body, raw),
            }
        }
    }

    fn start(self: &Arc<Self>, order: CallOrder, input: serde_json::Value) {
        let CallOrder { call: number, digest, operation, grants, limits, meters, tape } = order;
        let cancel = Cancel::default();
        lock(&self.running).insert(number, cancel.clone());
        let models = tape.as_ref().and_then(TapeOrder::models);
        let call = Call {
            component: digest,
            operation,
            input,
            grants: grants.into_iter().map(|(who, caps)| Layer::new(who, caps)).collect(),
            limits,
            memory: self.meter(&meters),
            cancel,
            tape: tape.map(|order| Arc::new(order.tape)),
            // The host has them run, and is asked which there are.
            tools: Arc::default(),
        };
        let inside = Arc::clone(self);
        tokio::spawn(async move {
            let port = CallPort { exchanges: Arc::clone(&inside.exchanges), call: number };
            let outside = Outside {
                http: Some(Arc::new(port.clone())),
                services: Some(Arc::new(port)),
                models,
            };
            let report = run::call(&inside.sandbox, call, outside, Seat::Wanted).await;
            lock(&inside.running).remove(&number);
            let (word, raw) = ReportWord::new(number, report);
            inside.pipe.send(&Word::Report(Box::new(word)), &raw);
        });
    }

    /// The meter that `chain` names, innermost first, shared by all calls under it.
    fn meter(&self, chain: &[(u64, u64)]) -> Arc<MemoryMeter> {
        let mut meters = lock(&self.meters);
        if meters.len() > 1000 {
            meters.retain(|_, meter| meter.strong_count() > 0);
        }
        let mut around: Option<Arc<MemoryMeter>> = None;
        for (name, max) in chain.iter().rev() {
            let meter = meters.get(name).and_then(Weak::upgrade).unwrap_or_else(|| {
                let meter = Arc::new(match around.take() {
                    Some(around) => MemoryMeter::within(around, *max),
                    None => MemoryMeter::new(*max),
                });
                meters.insert(*name, Arc::downgrade(&meter));
                meter
            });
            around = Some(meter);
        }
        around.unwrap_or_else(|| Arc::new(MemoryMeter::new(0)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
