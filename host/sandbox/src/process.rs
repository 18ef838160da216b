//! Isolation `process`: guests run in an executor, a process without files, network, environment
//! or secrets, that never compiles. What a guest needs of the outside is asked of this process,
//! which looks at the right to it again.
//!
//! There is one executor per sandbox, started when it is first needed and again after it died; it
//! dies with the sandbox or with this process.

mod broker;
mod codec;
mod inside;
mod link;
mod message;
mod pipe;
mod port;
mod room;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use coldframe_engine::{Call, CallError, CallReport, Layer};
use coldframe_format::{CapSet, Caps, Digest, Interface};
use coldframe_journal::ErrorKind;

pub(crate) use self::inside::main;
use self::link::Link;
use crate::capabilities::tools::{Desk, Nest};
use crate::loader::LoadError;
use crate::run::{Outside, nothing};
use crate::worker::Worker;

/// What a call may take beyond its wall time until its executor counts as hung.
const GRACE: Duration = Duration::from_secs(5);

/// The executor of a sandbox, over all its lives.
pub(crate) struct Executors {
    worker: Worker,
    outside: Outside,
    calls: u32,
    components: RwLock<HashMap<Digest, Arc<Remote>>>,
    living: Mutex<Option<Arc<Link>>>,
    /// Held while one starts.
    starting: Mutex<()>,
    starts: AtomicU64,
}

/// A component as an executor needs it.
pub(crate) struct Remote {
    pub(crate) digest: Digest,
    pub(crate) interface: Interface,
    pub(crate) ceiling: Caps,
    pub(crate) asked_by: String,
    pub(crate) code: Vec<u8>,
}

impl Executors {
    pub(crate) fn new(worker: Worker, outside: Outside, calls: u32) -> Self {
        Self {
            worker,
            outside,
            calls,
            components: RwLock::default(),
            living: Mutex::default(),
            starting: Mutex::default(),
            starts: AtomicU64::new(0),
        }
    }

    /// How many executors there were.
    pub(crate) fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    /// The process id of the one that lives.
    pub(crate) fn id(&self) -> Option<u32> {
        self.living()?.id()
    }

    /// The ceiling of a component that is kept, and who wrote it.
    pub(crate) fn ceiling(&self, digest: &Digest) -> Option<(String, Caps)> {
        self.find(digest).map(|remote| (remote.asked_by.clone(), remote.ceiling.clone()))
    }

    fn find(&self, digest: &Digest) -> Option<Arc<Remote>> {
        self.components.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// The capabilities that a component imports.
    pub(crate) fn needs(&self, digest: &Digest) -> CapSet {
        let needs = self.find(digest).map(|remote| remote.interface.required_caps());
        needs.and_then(Result::ok).unwrap_or_default()
    }

    /// Keeps a component for when it is called.
    pub(crate) fn keep(&self, remote: Remote) {
        let mut components = self.components.write().unwrap_or_else(PoisonError::into_inner);
        components.insert(remote.digest, Arc::new(remote));
    }

    /// Makes a kept component ready and says what is wrong with it. Blocks.
    pub(crate) fn load(&self, digest: &Digest) -> Result<(), LoadError> {
        let remote = self.find(digest).ok_or_else(|| {
            LoadError::new(ErrorKind::HostBug, "the component was not kept for the executor")
        })?;
        let loaded = self.link()?.load(&remote, true);
        if loaded.is_err() {
            let mut components = self.components.write().unwrap_or_else(PoisonError::into_inner);
            components.remove(digest);
        }
        loaded
    }

    /// The executor that lives, or a new one. Blocks while it starts.
    fn link(&self) -> Result<Arc<Link>, LoadError> {
        // Whoever only asks for the living one is not to wait meanwhile.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = self.living() {
            return Ok(link);
        }
        let link = Link::start(&self.worker, self.outside.clone(), self.calls)?;
        self.starts.fetch_add(1, Ordering::Relaxed);
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        *living = Some(Arc::clone(&link));
        Ok(link)
    }

    fn living(&self) -> Option<Arc<Link>> {
        let living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        living.as_ref().filter(|link| link.is_alive()).cloned()
    }

    /// Runs a call in the executor; its tools where `nest` says.
    pub(crate) async fn call(self: &Arc<Self>, call: Call, nest: Option<Nest>) -> CallReport {
        let Some(remote) = self.find(&call.component) else {
            let message = format!("component {} is not loaded", call.component.short());
            return nothing(CallError::new(ErrorKind::HostBug, message));
        };
        let link = match self.living() {
            Some(link) => Ok(link),
            None => {
                let executors = Arc::clone(self);
                let started = tokio::task::spawn_blocking(move || executors.link()).await;
                started.unwrap_or_else(|_| {
                    Err(LoadError::new(ErrorKind::HostBug, "failed to start the executor"))
                })
            }
        };
        let link = match link {
            Ok(link) => link,
            Err(error) => return nothing(error.into()),
        };
        // What is loaded and what is called go the same way, so the one is there before the other.
        if let Err(error) = link.load(&remote, false) {
            return nothing(error.into());
        }
        let mut outside = self.outside.clone();
        if let Some(nest) = nest.filter(|_| !remote.ceiling.tools.is_empty()) {
            let ceiling = Layer::new(remote.asked_by.clone(), remote.ceiling.clone());
            let services = outside.services.take();
            outside.services = Some(Arc::new(Desk::new(services, nest, &call, &ceiling)));
        }
        link.call(&remote, call, &outside).await
    }
}

/// Whether an executor starts.
pub(crate) fn start_once(worker: &Worker) -> Result<(), LoadError> {
    Link::start(worker, Outside::default(), 1).map(|link| link.close())
}

impl Drop for Executors {
    fn drop(&mut self) {
        if let Some(link) = self.living.get_mut().unwrap_or_else(PoisonError::into_inner) {
            link.close();
        }
    }
}
