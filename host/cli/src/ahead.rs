//! What every run needs, whatever its pipeline is, made while the pipeline is read and compiled.

use std::thread::JoinHandle;

use coldframe_sandbox::{CALLS, Pools, SandboxError};

use crate::exit::Fail;
use crate::loading;

/// The pools of the sandbox, on their way; the threads that do the steps are started beside them.
pub(crate) struct Ahead(Option<JoinHandle<Result<Pools, SandboxError>>>);

impl Ahead {
    /// Begins. Without a thread for it, everything is made when it is asked for.
    pub(crate) fn begin() -> Self {
        let thread = std::thread::Builder::new().name("ahead".to_owned());
        let work = || {
            // Should it fail, whoever needs the threads fails in the same way.
            let _ = loading::runtime();
            Pools::new(CALLS)
        };
        Self(thread.spawn(work).ok())
    }

    /// Waits for the pools.
    pub(crate) fn pools(self) -> Result<Pools, Fail> {
        let made = match self.0.map(JoinHandle::join) {
            Some(Ok(made)) => made,
            Some(Err(lost)) => std::panic::resume_unwind(lost),
            None => Pools::new(CALLS),
        };
        made.map_err(|error| Fail::usage(error.to_string()))
    }
}
