//! Component bytes to native code: in a worker, or for tests and benches in this process.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use coldframe_journal::ErrorKind;
use wasmtime::Engine;

use crate::admission;
use crate::config::Compiler;
use crate::loader::{LoadError, refused};

/// The compiler recurses over nested blocks; only what is touched of this is ever used.
const STACK_BYTES: usize = 64 << 20;

/// Compiles `bytes` for `engine`. What was not admitted does not reach a compiler.
pub(crate) fn compile(
    compiler: &Compiler,
    engine: &Engine,
    bytes: &[u8],
    time_max: Duration,
) -> Result<Vec<u8>, LoadError> {
    match compiler {
        Compiler::Worker(worker) => worker.compile(bytes, time_max, None),
        Compiler::InProcess => in_process(engine, bytes, time_max),
    }
}

/// What a hostile component can make the compiler spend is bounded by the admission budget only,
/// and waited for no longer than a set time.
fn in_process(engine: &Engine, bytes: &[u8], time_max: Duration) -> Result<Vec<u8>, LoadError> {
    admission::admit(bytes)?;
    let (engine, bytes): (_, Arc<[u8]>) = (engine.clone(), bytes.into());
    let (sender, receiver) = mpsc::sync_channel(1);
    let work = move || {
        // Nobody listens any more when the time is over.
        let _ = sender.send(engine.precompile_component(&bytes));
    };
    std::thread::Builder::new()
        .name("compile".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|error| {
            LoadError::new(ErrorKind::HostBug, format!("failed to start the compiler: {error}"))
        })?;
    match receiver.recv_timeout(time_max) {
        Ok(compiled) => compiled.map_err(|error| refused(&error)),
        Err(RecvTimeoutError::Timeout) => {
            let message = format!("the component takes longer than {time_max:?} to compile");
            Err(LoadError::new(ErrorKind::LimitCompileTime, message))
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(LoadError::new(ErrorKind::HostBug, "the compiler failed on this component"))
        }
    }
}
