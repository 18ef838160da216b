//! What the operator sets once for the process.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::ports::HttpPort;
use coldframe_engine::services::{Model, Services};

use crate::run::Outside;
use crate::worker::Worker;

/// The sandbox's settings. Bounds of a single call travel with the call, not here.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where native code is kept between processes; nothing is kept without one.
    pub cache_dir: Option<PathBuf>,
    /// Sends granted requests; without one every request fails.
    pub http: Option<Arc<dyn HttpPort>>,
    /// Files, stores, configuration and secrets of the project; without it there are none.
    pub services: Option<Arc<dyn Services>>,
    /// The language models there are, with what they cost; without any none can be asked. `None`
    /// for calls that only hear recordings: what they cost is not counted again.
    pub models: Option<Arc<[Model]>>,
    /// Calls that run at the same time; others wait. The allocator's pools are sized by it.
    pub max_concurrent_calls: u32,
    /// How long one component may take to compile, on one core.
    pub compile_time_max: Duration,
    /// Where that happens.
    pub compiler: Compiler,
    /// Where guests run. In another process only where a worker compiles.
    pub isolation: Isolation,
}

/// Where guests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// In an executor as soon as one of the sandbox's components is not from a registry; otherwise
    /// in this process. All of them in one place, because they share the memory of their run.
    Auto,
    /// In an executor: a process without files, network, environment, secrets and compiler.
    Process,
    /// In this process.
    InProcess,
}

/// Where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// Each in a process of its own, behind every wall there is.
    Worker(Worker),
    /// In this process, bounded by the admission budget alone: for tests and benches.
    InProcess,
}

impl SandboxConfig {
    /// The ways out that calls in this process have.
    pub(crate) fn outside(&self) -> Outside {
        Outside {
            http: self.http.clone(),
            services: self.services.clone(),
            models: self.models.clone(),
        }
    }

    /// The settings of a sandbox that compiles there. Nothing is kept, nothing is sent.
    pub fn new(compiler: Compiler) -> Self {
        Self {
            compiler,
            isolation: Isolation::InProcess,
            cache_dir: None,
            http: None,
            services: None,
            models: Some(Arc::default()),
            // Enough to hide waiting for the network on a small machine; each one costs address
            // space only until it is used.
            max_concurrent_calls: 32,
            compile_time_max: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("cache_dir", &self.cache_dir)
            .field("http", &self.http.is_some())
            .field("services", &self.services.is_some())
            .field("models", &self.models)
            .field("max_concurrent_calls", &self.max_concurrent_calls)
            .field("compile_time_max", &self.compile_time_max)
            .field("compiler", &self.compiler)
            .field("isolation", &self.isolation)
            .finish()
    }
}
