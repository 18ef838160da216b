//! Runs untrusted components under wasmtime, limited and metered.
//!
//! [`Sandbox::load`] takes a verified skill through admission, compilation (or the authenticated
//! cache) and linking; [`Invoke::invoke`] then calls one of its operations in a fresh instance,
//! with exactly the rights and budgets the call carries.

mod admission;
mod audit;
mod cache;
mod capabilities;
mod classify;
mod compile;
mod config;
mod engine;
mod limiter;
mod link;
mod loader;
mod outcome;
mod prices;
mod process;
mod rights;
mod run;
mod sanitize;
mod slots;
mod state;
mod stop;
mod tape;
mod turns;
mod values;
pub mod walls;
pub mod worker;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use coldframe_client::{Provenance, VerifiedSkill};
use coldframe_engine::{Call, CallError, CallReport, Invoke};
use coldframe_format::{Cap, CapSet, Caps, Digest};
use coldframe_journal::ErrorKind;

pub use crate::config::{Compiler, Isolation, SandboxConfig};
pub use crate::loader::{LoadError, Loaded};
pub use crate::turns::THREADS_MORE;

use crate::cache::Cache;
use crate::capabilities::tools::Nest;
use crate::engine::Ticker;
use crate::loader::{Admitted, Prepared};
use crate::process::{Executors, Remote};
use crate::run::Seat;
use crate::slots::{Slots, Taken};
use crate::turns::Turns;

/// Who wrote the ceiling of a component that several skills are.
const SHARED: &str = "the manifests of all skills with its component";

/// The one wasmtime engine of the process and the components loaded into it.
///
/// Skills that are the same component have one ceiling: what all their manifests allow. Otherwise
/// what one of them asks for would be what another one gets.
pub struct Sandbox {
    engine: wasmtime::Engine,
    ticker: Ticker,
    slots: Slots,
    turns: Turns,
    cache: Option<Cache>,
    components: RwLock<HashMap<Digest, Arc<Prepared>>>,
    /// Held while a component is loaded: skills that share one are loaded one after another, as each
    /// narrows the ceiling it finds.
    loading: Mutex<HashMap<Digest, Arc<Mutex<()>>>>,
    executors: Option<Arc<Executors>>,
    /// Whether guests run in the executor.
    outside: AtomicBool,
    config: SandboxConfig,
    /// How many calls there can be at the same time.
    calls: u32,
    /// This one, for calls that call tools; an executor has none run.
    me: Weak<Self>,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime cannot run here: no address space, no permission to make memory executable.
    #[error("failed to start wasmtime: {0}")]
    Engine(String),
}

impl Sandbox {
    /// Makes the engine. One per process.
    pub fn new(config: SandboxConfig) -> Result<Arc<Self>, SandboxError> {
        let calls = config.max_concurrent_calls.max(1);
        let (engine, calls) = match engine::new(calls) {
            Ok(engine) => (engine, calls),
            // Address space is short here (`ulimit -v`, a small container): fewer at a time, then.
            Err(_) => {
                let engine = engine::new(1);
                (engine.map_err(|error| SandboxError::Engine(format!("{error:#}")))?, 1)
            }
        };
        Ok(Arc::new_cyclic(|me| Self::with(engine, calls, config, me.clone())))
    }

    /// Leaves the memory of the pools to the end of the process: the kernel is quicker to take all of
    /// it back than this process is to give it.
    pub fn leave_pools(&self) {
        std::mem::forget(self.engine.clone());
    }

    /// What an executor has: an engine without a compiler.
    pub(crate) fn executor(calls: u32) -> Result<Arc<Self>, SandboxError> {
        let engine =
            engine::executor(calls).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let config = SandboxConfig::new(Compiler::InProcess);
        Ok(Arc::new(Self::with(engine, calls, config, Weak::new())))
    }

    fn with(engine: wasmtime::Engine, calls: u32, config: SandboxConfig, me: Weak<Self>) -> Self {
        let executors = match (&config.compiler, config.isolation) {
            (Compiler::Worker(worker), Isolation::Auto | Isolation::Process) => {
                Some(Executors::new(worker.clone(), config.outside(), calls))
            }
            _ => None,
        };
        Self {
            ticker: Ticker::new(engine.clone()),
            engine,
            slots: Slots::new(calls),
            turns: Turns::default(),
            cache: config.cache_dir.clone().map(Cache::new),
            components: RwLock::default(),
            loading: Mutex::default(),
            executors: executors.map(Arc::new),
            outside: AtomicBool::new(config.isolation == Isolation::Process),
            config,
            calls,
            me,
        }
    }

    /// Makes a component ready to be called under its digest. Loading it again costs nothing.
    /// Compiling blocks the thread: call this where blocking is allowed.
    pub fn load(&self, skill: &VerifiedSkill) -> Result<Loaded, LoadError> {
        let is_signed = skill.id().is_some();
        self.admit(
            Admitted {
                digest: skill.component_digest(),
                interface: skill.interface(),
                ceiling: skill.ceiling(),
                asked_by: match skill.provenance() {
                    Provenance::Unsigned => "`--grant`",
                    _ => "the skill's manifest",
                },
                bytes: skill.bytes(),
            },
            is_signed,
        )
    }

    /// Whether there seems to be native code of the skill, so that loading it takes no time to speak of.
    pub fn has_code(&self, skill: &VerifiedSkill) -> bool {
        let cache = self.cache.as_ref();
        cache.is_some_and(|cache| cache.has(&self.engine, &skill.component_digest()))
    }

    /// How often an executor was started for this sandbox.
    pub fn executors_started(&self) -> u64 {
        self.executors.as_ref().map_or(0, |executors| executors.starts())
    }

    /// The process id of the executor that lives, for an operator who looks at it from outside.
    pub fn executor_id(&self) -> Option<u32> {
        self.executors.as_ref().and_then(|executors| executors.id())
    }

    fn admit(&self, skill: Admitted<'_>, is_signed: bool) -> Result<Loaded, LoadError> {
        let digest = skill.digest;
        let alone = {
            let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(loading.entry(digest).or_default())
        };
        let _alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.ceiling(&digest);
        let shared = known.as_ref().map(|(_, known)| known.and(skill.ceiling));
        let skill = match (&known, &shared) {
            (Some((who, known)), Some(shared)) => {
                let is_within = known.without(skill.ceiling) == Caps::default();
                if known == skill.ceiling || (is_within && who == SHARED) {
                    return Ok(Loaded { from_cache: true, compile_us: 0 });
                }
                Admitted { ceiling: shared, asked_by: SHARED, ..skill }
            }
            _ => skill,
        };
        loader::required(skill)?;
        let (code, loaded) =
            loader::native(&self.engine, self.cache.as_ref(), &self.config, skill)?;
        let Some(executors) = &self.executors else {
            self.install(skill, &code)?;
            return Ok(loaded);
        };
        if !is_signed {
            self.outside.store(true, Ordering::Relaxed);
        }
        let outside = self.outside.load(Ordering::Relaxed);
        if !outside {
            self.install(skill, &code)?;
        }
        // Also where it runs here as yet: the next component may be one that must not.
        let (interface, ceiling) = (skill.interface.clone(), skill.ceiling.clone());
        let asked_by = skill.asked_by.to_owned();
        executors.keep(Remote { digest, interface, ceiling, asked_by, code });
        if outside {
            executors.load(&digest)?;
        }
        Ok(loaded)
    }

    /// Makes native code ready to be called in this process.
    pub(crate) fn install(&self, skill: Admitted<'_>, code: &[u8]) -> Result<(), LoadError> {
        let prepared = loader::prepare(&self.engine, code, skill)?;
        let mut components = self.components.write().unwrap_or_else(PoisonError::into_inner);
        components.insert(skill.digest, Arc::new(prepared));
        Ok(())
    }

    /// The executor, if that is where guests run now.
    fn elsewhere(&self) -> Option<&Arc<Executors>> {
        self.executors.as_ref().filter(|_| self.outside.load(Ordering::Relaxed))
    }

    async fn call(&self, call: Call) -> CallReport {
        let Some(executors) = self.elsewhere() else {
            return run::call(self, call, self.config.outside(), Seat::Wanted).await;
        };
        // As many at a time as the executor has slots.
        let needs = executors.needs(&call.component);
        let (taken, free) = match self.seat(needs, &call).await {
            Ok(taken) => taken,
            Err(error) => return run::nothing(error),
        };
        let report = executors.call(call, self.nest(free)).await;
        drop(taken);
        report
    }

    /// A tool of a call, whose instance was set aside with its caller's, and `free` more.
    pub(crate) async fn nested(&self, call: Call, free: u32) -> CallReport {
        match self.elsewhere() {
            Some(executors) => executors.call(call, self.nest(free)).await,
            None => run::call(self, call, self.config.outside(), Seat::Taken(free)).await,
        }
    }

    /// Where tools of a call are run that has `free` instances for them; nowhere in an executor.
    fn nest(&self, free: u32) -> Option<Nest> {
        (self.me.strong_count() > 0).then(|| Nest { sandbox: self.me.clone(), free })
    }

    /// Waits until there is an instance for a call, and as many more as the tools need that it may
    /// call in each other: all at once, so that none of them waits for what another one holds.
    async fn seat(&self, needs: CapSet, call: &Call) -> Result<(Taken<'_>, u32), CallError> {
        let calls_tools = needs.has(Cap::Tools) && !call.tools.is_empty();
        let deep = if calls_tools { call.limits.tool_depth } else { 0 };
        let free = u32::try_from(deep).unwrap_or(u32::MAX).min(self.calls - 1);
        let taken = tokio::select! {
            taken = self.slots.take(call.component, free + 1) => taken,
            () = call.cancel.cancelled() => return Err(run::cancelled()),
        };
        let closed = |_| CallError::new(ErrorKind::HostBug, "the sandbox is closed");
        Ok((taken.map_err(closed)?, free))
    }

    /// The ceiling under which a component is loaded, and who wrote it.
    fn ceiling(&self, digest: &Digest) -> Option<(String, Caps)> {
        let kept = self.executors.as_ref().and_then(|executors| executors.ceiling(digest));
        kept.or_else(|| {
            let prepared = self.find(digest)?;
            Some((prepared.ceiling.who.to_string(), Caps::clone(&prepared.ceiling.caps)))
        })
    }

    fn find(&self, digest: &Digest) -> Option<Arc<Prepared>> {
        self.components.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}

impl Invoke for Sandbox {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(self.call(call))
    }
}
