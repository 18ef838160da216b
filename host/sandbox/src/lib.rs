//! Runs untrusted components under wasmtime, limited and metered.
//!
//! [`Sandbox::load`] takes a verified skill through admission, compilation (or the authenticated
//! cache) and linking; [`Invoke::invoke`] then calls one of its operations in a fresh instance,
//! with exactly the rights and budgets the call carries.

mod admission;
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
mod rights;
mod run;
mod sanitize;
mod state;
mod stop;
mod values;
pub mod walls;
pub mod worker;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use coldframe_client::{Provenance, VerifiedSkill};
use coldframe_engine::{Call, CallReport, Invoke};
use coldframe_format::Digest;
use tokio::sync::Semaphore;

pub use crate::config::{Compiler, SandboxConfig};
pub use crate::loader::{LoadError, Loaded};

use crate::cache::Cache;
use crate::capabilities::http::HttpState;
use crate::engine::Ticker;
use crate::loader::{Admitted, Prepared};
use crate::rights::Rights;

/// The one wasmtime engine of the process and the components loaded into it.
///
/// What is loaded under a digest keeps the ceiling it was first loaded with.
pub struct Sandbox {
    engine: wasmtime::Engine,
    ticker: Ticker,
    permits: Semaphore,
    cache: Option<Cache>,
    components: RwLock<HashMap<Digest, Arc<Prepared>>>,
    config: SandboxConfig,
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
        Ok(Arc::new(Self {
            ticker: Ticker::new(engine.clone()),
            engine,
            permits: Semaphore::new(calls as usize),
            cache: config.cache_dir.clone().map(Cache::new),
            components: RwLock::default(),
            config,
        }))
    }

    /// Makes a component ready to be called under its digest. Loading it again costs nothing.
    /// Compiling blocks the thread: call this where blocking is allowed.
    pub fn load(&self, skill: &VerifiedSkill) -> Result<Loaded, LoadError> {
        self.admit(Admitted {
            digest: skill.component_digest(),
            interface: skill.interface(),
            ceiling: skill.ceiling(),
            asked_by: match skill.provenance() {
                Provenance::Unsigned => "`--grant`",
                _ => "the skill's manifest",
            },
            bytes: skill.bytes(),
        })
    }

    fn admit(&self, skill: Admitted<'_>) -> Result<Loaded, LoadError> {
        if self.find(&skill.digest).is_some() {
            return Ok(Loaded { from_cache: true, compile_us: 0 });
        }
        let (prepared, loaded) =
            loader::prepare(&self.engine, self.cache.as_ref(), &self.config, skill)?;
        let mut components = self.components.write().unwrap_or_else(PoisonError::into_inner);
        components.insert(skill.digest, Arc::new(prepared));
        Ok(loaded)
    }

    fn http_state(&self, rights: Rights, call: &Call) -> HttpState {
        HttpState::new(self.config.http.clone(), rights, &call.limits)
    }

    fn find(&self, digest: &Digest) -> Option<Arc<Prepared>> {
        self.components.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}

impl Invoke for Sandbox {
    fn invoke<'a>(&'a self, call: Call) -> Pin<Box<dyn Future<Output = CallReport> + Send + 'a>> {
        Box::pin(run::call(self, call))
    }
}
