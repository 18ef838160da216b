//! The walls that Linux has.

use std::os::fd::{FromRawFd as _, OwnedFd};
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr as _, RulesetError,
    RulesetStatus, Scope,
};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, dumpable_behavior, getrlimit,
    set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
};

use super::{Bounds, Purpose, Standing, Wall, filter};

/// Files a worker may have open: its three streams and a little room.
const FILES: u64 = 16;
/// Those of an executor: a few for each component that has initial memory.
const EXECUTOR_FILES: u64 = 1024;
/// Bytes of one of them.
const IMAGE_BYTES: u64 = 1 << 30;
/// Between the signal that a process may survive and the one it may not.
const CPU_GRACE_S: u64 = 2;

/// The newest rights we know how to take away. Older kernels take away those they know.
const LANDLOCK: ABI = ABI::V6;

pub(super) fn limit(purpose: Purpose, bounds: Bounds) -> Standing {
    let Bounds { memory, cpu_s } = bounds;
    let compiler = [
        (Resource::As, memory, memory),
        (Resource::Cpu, cpu_s, cpu_s.saturating_add(CPU_GRACE_S)),
        // Not one byte into a file: what a worker says goes through a pipe.
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, FILES, FILES),
    ];
    // Initial memories of components are files without a name.
    let executor = [
        (Resource::Fsize, IMAGE_BYTES, IMAGE_BYTES),
        (Resource::Nofile, EXECUTOR_FILES, EXECUTOR_FILES),
    ];
    let limits = match purpose {
        Purpose::Compile => &compiler[..],
        Purpose::Execute => &executor[..],
    };
    for &(resource, soft, hard) in limits {
        // A lower bound that is there already is as good, and cannot be raised.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) };
        if let Err(error) = setrlimit(resource, limit) {
            return Standing::down(Wall::Rlimits, format!("failed to set {resource:?}: {error}"));
        }
    }
    let text = format!("{} MiB, {cpu_s} s of one core, {FILES} files, none written", memory >> 20);
    Standing::up(Wall::Rlimits, text)
}

pub(super) fn no_core_dumps() -> Standing {
    // The bound keeps the kernel from writing a file; the flag also keeps it from handing the
    // memory to a program that collects dumps, and others from tracing this process.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let set = setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    match set {
        Ok(()) => core_dumps(),
        Err(error) => {
            Standing::down(Wall::CoreDumps, format!("failed to switch them off: {error}"))
        }
    }
}

pub(super) fn core_dumps() -> Standing {
    match (getrlimit(Resource::Core).current, dumpable_behavior()) {
        (Some(0), Ok(DumpableBehavior::NotDumpable)) => Standing::up(Wall::CoreDumps, "off"),
        (_, Ok(_)) => Standing::down(Wall::CoreDumps, "this process may be dumped to a file"),
        (_, Err(error)) => Standing::down(Wall::CoreDumps, error.to_string()),
    }
}

/// No path, no port, no abstract socket, no signal to anyone outside.
pub(super) fn lock_out() -> Standing {
    match try_lock_out() {
        Ok(standing) => standing,
        Err(error) => Standing::down(Wall::Landlock, error.to_string()),
    }
}

fn try_lock_out() -> Result<Standing, RulesetError> {
    // Whatever is handled here and allowed by no rule is refused; there are no rules.
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .restrict_self()?;
    let abi = match status.landlock {
        LandlockStatus::NotEnabled => {
            return Ok(Standing::down(Wall::Landlock, "this kernel has it switched off"));
        }
        LandlockStatus::NotImplemented => {
            return Ok(Standing::down(Wall::Landlock, "this kernel does not have it"));
        }
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            kernel_abi.unwrap_or(effective_abi as i32)
        }
    };
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => {
            Standing::up(Wall::Landlock, format!("ABI {abi}: no path, no TCP port"))
        }
        RulesetStatus::PartiallyEnforced => {
            Standing::up(Wall::Landlock, format!("ABI {abi}: no path; an older kernel's subset"))
        }
        RulesetStatus::NotEnforced => Standing::down(Wall::Landlock, "the kernel enforces nothing"),
    })
}

pub(super) fn filter_calls(purpose: Purpose) -> Standing {
    match filter::raise(purpose) {
        Ok(calls) => {
            Standing::up(Wall::Seccomp, format!("{calls} system calls, death on any other"))
        }
        Err(error) => Standing::down(Wall::Seccomp, error),
    }
}

pub(super) fn leave_home() {
    // Fails only for a signal that does not exist.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    // One of them was the listing itself.
    let is_open = |number: &i32| Path::new(&format!("/proc/self/fd/{number}")).exists();
    for number in open.into_iter().filter(is_open) {
        #[expect(unsafe_code, reason = "there is no safe way to close what nobody here opened")]
        // SAFETY: this is the first thing the process does, so nothing in it owns a file beyond
        // its three streams.
        drop(unsafe { OwnedFd::from_raw_fd(number) });
    }
}
