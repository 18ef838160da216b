//! The compile worker: a fresh process for each component, behind every wall there is.
//!
//! A few kilobytes that passed the admission budget can still make a compiler take minutes and
//! gigabytes, and a compiler is a large program with mistakes of its own. So it runs where neither
//! matters: the program starts itself anew, raises its walls, says which of them stand, and only
//! then reads the bytes. What comes back is native code, or one line of what was wrong.

mod child;
mod end;
mod parent;
mod probe;
mod target;
mod wire;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::target::{Target, TargetError};
use crate::walls::{Group, Groups, Wall};

/// The first argument of a program that is to be a worker.
pub(crate) const SUBCOMMAND: &str = "__worker";

/// Bytes of address space a compiler may use, unless the operator says otherwise.
pub const MEMORY_MAX: u64 = 2 << 30;

/// Bytes an executor may hold beside the memory of its runs, unless the operator says otherwise:
/// stacks, tables, code, and messages on their way.
pub const EXECUTOR_MEMORY: u64 = 1 << 30;
/// Threads of a compiler, with room for none that it should want. It starts one.
pub(crate) const COMPILER_THREADS: u32 = 8;
/// Those of an executor. It starts six at most.
pub(crate) const EXECUTOR_THREADS: u32 = 32;

/// How compile workers are started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// A program that begins with [`become_worker`].
    pub program: PathBuf,
    /// Bytes of address space each of them may use.
    pub memory_max: u64,
    /// The walls without which none of them gets to see a component.
    pub required: BTreeSet<Wall>,
    /// Where each process gets a control group of its own; without them the kernel bounds the
    /// memory of a compiler only, and by its addresses.
    pub groups: Option<Arc<Groups>>,
    /// Bytes an executor may hold beside the memory of its runs. Bounded by groups alone.
    pub executor_memory: u64,
}

impl Worker {
    /// Workers that are `program`, with the usual memory.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            memory_max: MEMORY_MAX,
            required: BTreeSet::new(),
            groups: None,
            executor_memory: EXECUTOR_MEMORY,
        }
    }

    /// Workers that are the program that runs now, even where its file was replaced since.
    pub fn this_program() -> Self {
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() { link } else { std::env::current_exe().unwrap_or(link) };
        Self::new(program)
    }

    /// A group for a process of that size, where there are groups.
    pub(crate) fn group(&self, memory: u64, threads: u32) -> io::Result<Option<Group>> {
        let made = self.groups.as_ref().map(|groups| groups.group(memory, threads)).transpose();
        made.map_err(|error| io::Error::other(format!("its control group: {error}")))
    }
}

/// Does a worker's work if this process was started as one, and gives its exit code. To be called
/// before anything else: no thread may run yet, no file be open, no memory be used.
pub fn become_worker() -> Option<std::process::ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != SUBCOMMAND {
        return None;
    }
    let arguments: Option<Vec<String>> = arguments.map(|text| text.into_string().ok()).collect();
    Some(child::main(&arguments.unwrap_or_default()))
}
