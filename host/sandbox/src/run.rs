//! One call: a fresh store and instance, armed before the guest's first instruction and thrown
//! away after its last.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use coldframe_engine::ports::HttpPort;
use coldframe_engine::services::{Model, Services};
use coldframe_engine::{Call, CallError, CallLimits, CallReport, Cancel};
use coldframe_format::Cap;
use coldframe_journal::{Asked, ErrorKind};
use serde_json::Value;
use wasmtime::component::Val;
use wasmtime::{Store, UpdateDeadline};

use crate::Sandbox;
use crate::audit::Audit;
use crate::capabilities::http::HttpState;
use crate::capabilities::services::{ASKING, ServiceState};
use crate::capabilities::tools::Desk;
use crate::classify::{Phase, classify};
use crate::limiter::count;
use crate::loader::{Prepared, PreparedOperation};
use crate::outcome;
use crate::rights::Rights;
use crate::state::CallState;
use crate::stop::Stop;
use crate::tape::Deck;
use crate::turns::in_turns;
use crate::values::{self, Allowance};

/// What a lifted value costs us beside what it costs the guest: a `u8` in a list is one byte there
/// and a whole `Val` here. Results that are more than one text get this many times the bytes.
const COMPOUND_FACTOR: u64 = 8;

/// The ways out of the sandbox that a call has.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) http: Option<Arc<dyn HttpPort>>,
    pub(crate) services: Option<Arc<dyn Services>>,
    /// The language models there are, with what they cost; none where another process counts.
    pub(crate) models: Option<Arc<[Model]>>,
}

impl Default for Outside {
    /// Nothing, and no model.
    fn default() -> Self {
        Self { http: None, services: None, models: Some(Arc::default()) }
    }
}

/// Whether a call has an instance to run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It has to wait for one.
    Wanted,
    /// Its caller took one for it, and so many for the tools it calls.
    Taken(u32),
}

/// Runs a call to its report.
pub(crate) async fn call(
    sandbox: &Sandbox,
    call: Call,
    outside: Outside,
    seat: Seat,
) -> CallReport {
    match prepare(sandbox, &call) {
        Ok((skill, operation)) => match skill.operation(&operation) {
            Some(operation) => admitted(sandbox, &skill, operation, call, outside, seat).await,
            None => nothing(CallError::new(
                ErrorKind::HostBug,
                format!("the component has no operation `{operation}`"),
            )),
        },
        Err(report) => *report,
    }
}

/// A report of a call that never started.
pub(crate) fn nothing(error: CallError) -> CallReport {
    CallReport::of(Err(error))
}

/// The component, if it is loaded and every right it cannot do without is granted.
fn prepare(sandbox: &Sandbox, call: &Call) -> Result<(Arc<Prepared>, String), Box<CallReport>> {
    let skill = sandbox.find(&call.component).ok_or_else(|| {
        let message = format!("component {} is not loaded", call.component.short());
        Box::new(nothing(CallError::new(ErrorKind::HostBug, message)))
    })?;
    let missing = Rights::missing(&skill.ceiling, &call.grants, skill.needs);
    if let Some((who, cap)) = missing {
        let message =
            format!("the skill needs the capability `{cap}`, which is not granted by {who}");
        let report = nothing(CallError::new(ErrorKind::DeniedCapability, message));
        let refused_by = Some(who.to_owned());
        let asked = Asked { cap: cap.name().to_owned(), line: String::new(), times: 1, refused_by };
        return Err(Box::new(CallReport { asked: vec![asked], ..report }));
    }
    Ok((skill, call.operation.clone()))
}

/// Everyone who has a say in what the call may do.
fn rights(skill: &Prepared, call: &Call, audit: &Audit) -> Rights {
    Rights::new(skill.ceiling.clone(), Arc::clone(&call.grants), audit.clone())
}

async fn admitted(
    sandbox: &Sandbox,
    skill: &Prepared,
    operation: &PreparedOperation,
    mut call: Call,
    mut outside: Outside,
    seat: Seat,
) -> CallReport {
    let input = std::mem::take(&mut call.input);
    let arguments = match values::arguments(input, &operation.params, Allowance::default()) {
        Ok(arguments) => arguments,
        Err(error) => return nothing(CallError::new(ErrorKind::InvalidInput, error.message)),
    };
    // Slots are counted as the pools count them, so a guest never sees an exhausted pool.
    let (_taken, turn, free) = match seat {
        Seat::Taken(free) => (None, None, free),
        Seat::Wanted => {
            let (taken, free) = match sandbox.seat(skill.needs, &call).await {
                Ok(taken) => taken,
                Err(error) => return nothing(error),
            };
            (Some(taken), Some(sandbox.turns.of(&skill.share)), free)
        }
    };
    if skill.needs.has(Cap::Tools)
        && let Some(nest) = sandbox.nest(free)
    {
        let services = outside.services.take();
        outside.services = Some(Arc::new(Desk::new(services, nest, &call, &skill.ceiling)));
    }
    if let Err(error) = sandbox.ticker.start() {
        let message = format!("failed to start the clock of deadlines: {error}");
        return nothing(CallError::new(ErrorKind::HostBug, message));
    }
    let started = Instant::now();
    let mut store = armed(sandbox, skill, &call, outside, started);
    let stop = store.data().stop();
    let result = {
        let work = guarded(execute(&mut store, skill, operation, &arguments, &call.limits));
        let work = pin!(in_turns(turn, work));
        bounded(work, call.limits.wall, stop.as_deref(), &call.cancel).await
    };
    report(store, &call.limits, started, result)
}

/// Fuel that is handed out at a time, about ten milliseconds of it. What a call spent is known to
/// within one of these when it is cut off.
const FUEL_SLICE: u64 = 10_000_000;

/// A store with every limit set.
fn armed(
    sandbox: &Sandbox,
    skill: &Prepared,
    call: &Call,
    outside: Outside,
    started: Instant,
) -> Store<CallState> {
    let limits = &call.limits;
    let sends = skill.needs.has(Cap::Http);
    let asks = ASKING.iter().any(|cap| skill.needs.has(cap));
    let audit = if sends || asks { Audit::new() } else { Audit::default() };
    let deck = sends.then(|| Deck::new(call.tape.clone()));
    let http = deck.clone().map(|deck| {
        HttpState::new(outside.http.clone(), rights(skill, call, &audit), limits, Some(deck))
    });
    let services = asks.then(|| {
        let (rights, tools) = (rights(skill, call, &audit), Arc::clone(&call.tools));
        let services = ServiceState::new(&outside, rights, limits, tools);
        match &http {
            Some(http) => services.sharing(http.bytes_left()),
            None => services,
        }
    });
    let mut store =
        Store::new(&sandbox.engine, CallState::new(call, http, services, deck, audit, started));
    store.limiter(|state| &mut state.limiter);
    // Neither can fail: the engine consumes fuel. A loop keeps its count in a register, and a call
    // that is ended in the middle of one is charged by the slices it has begun.
    let _ = store.fuel_async_yield_interval(Some(FUEL_SLICE));
    let _ = store.set_fuel(limits.fuel);
    store.set_max_component_handles(count(limits.handles));
    store.set_hostcall_fuel(count(limits.hostcall_bytes));
    let deadline = started.checked_add(limits.wall);
    store.set_epoch_deadline(1);
    // At every tick the guest either stops or makes room for others.
    store.epoch_deadline_callback(move |_| {
        let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        Ok(if over { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
    });
    store
}

async fn execute(
    store: &mut Store<CallState>,
    skill: &Prepared,
    operation: &PreparedOperation,
    arguments: &[Val],
    limits: &CallLimits,
) -> Result<Value, CallError> {
    let instance = skill
        .pre
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| classify(&error, Phase::Instantiate))?;
    let function = instance.get_func(&mut *store, operation.export).ok_or_else(|| {
        CallError::new(ErrorKind::HostBug, "the operation's export is not a function")
    })?;
    if operation.result.as_ref().is_some_and(outcome::is_compound) {
        let bytes = limits.hostcall_bytes.saturating_mul(COMPOUND_FACTOR);
        store.set_hostcall_fuel(count(bytes));
    }
    let mut results = [Val::Bool(false)];
    let results = match operation.result {
        Some(_) => &mut results[..],
        None => &mut [],
    };
    function
        .call_async(&mut *store, arguments, results)
        .await
        .map_err(|error| classify(&error, Phase::Call))?;
    let value = results.first_mut().map(|value| std::mem::replace(value, Val::Bool(false)));
    outcome::read(value, operation.result.as_ref(), limits)
}

pub(crate) fn cancelled() -> CallError {
    CallError::new(ErrorKind::PipelineCancelled, "the call was cancelled")
}

/// Ends `work` when its time is over or something asks for its end. What it consumed until then is
/// in its store.
async fn bounded(
    work: impl Future<Output = Result<Value, CallError>>,
    wall: Duration,
    stop: Option<&Stop>,
    cancel: &Cancel,
) -> Result<Value, CallError> {
    let timed = async {
        tokio::select! {
            // What has ended has ended, even where nobody needs it any more.
            biased;
            result = tokio::time::timeout(wall, work) => result.unwrap_or_else(|_| {
                let message = "the call took longer than its wall time";
                Err(CallError::new(ErrorKind::LimitDeadline, message))
            }),
            () = cancel.cancelled() => Err(cancelled()),
        }
    };
    let Some(stop) = stop else { return timed.await };
    let result = tokio::select! {
        biased;
        error = stop.wait() => return Err(error),
        result = timed => result,
    };
    // The guest may have ended in the very step that was refused.
    stop.get().map_or(result, Err)
}

/// A panic in a host function ends this call and no other.
async fn guarded(work: impl Future<Output = Result<Value, CallError>>) -> Result<Value, CallError> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // The store is thrown away after a panic, so nobody sees what it left half done.
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or_else(|_| {
            let message = "a host function failed unexpectedly";
            Poll::Ready(Err(CallError::new(ErrorKind::HostBug, message)))
        })
    })
    .await
}

fn report(
    mut store: Store<CallState>,
    limits: &CallLimits,
    started: Instant,
    result: Result<Value, CallError>,
) -> CallReport {
    let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let state = store.data_mut();
    let (recording, differs) = state.stop_tape();
    let tool_calls = state.services.as_ref().map_or(0, |state| state.tools.called());
    let (tokens, services_nano) = state.services.as_mut().map_or((0, 0), |state| state.end());
    CallReport {
        // A guest that was stopped in the middle may have heard less than it was to.
        result: result.and_then(|output| differs.map_or(Ok(output), Err)),
        fuel,
        wall_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        memory_peak_bytes: state.limiter.memory_peak().max(state.callee_memory),
        host_calls: state.host_calls,
        net_bytes: state.net_bytes(),
        tokens,
        services_nano,
        tool_calls,
        logs: state.log.take(),
        asked: state.audit.take(),
        recording,
    }
}
