//! What it means that a worker ended as it did.

use std::process::ExitStatus;
use std::time::Duration;

use coldframe_journal::ErrorKind;

use crate::loader::LoadError;
use crate::sanitize;

/// How a worker came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With an exit code.
    Exit,
    /// By a signal.
    Signal(Signal),
    /// By us: it took too long.
    Late,
    /// By the kernel: its group had no more memory.
    Memory,
}

/// The signals that tell us something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// It gave up: an allocation failed, or its stack was full.
    Abort,
    /// Its processor time was over.
    Cpu,
    /// It made a system call that it has no use for.
    Call,
    /// It wrote more to a file than it may, which is nothing.
    Size,
    /// Somebody killed it.
    Kill,
    /// Some other.
    Other(i32),
}

impl End {
    pub(super) fn of(status: ExitStatus) -> Self {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::process::ExitStatusExt as _;
            match status.signal() {
                Some(libc::SIGABRT) => return Self::Signal(Signal::Abort),
                Some(libc::SIGXCPU) => return Self::Signal(Signal::Cpu),
                Some(libc::SIGSYS) => return Self::Signal(Signal::Call),
                Some(libc::SIGXFSZ) => return Self::Signal(Signal::Size),
                Some(libc::SIGKILL) => return Self::Signal(Signal::Kill),
                Some(other) => return Self::Signal(Signal::Other(other)),
                None => {}
            }
        }
        let _ = status;
        Self::Exit
    }
}

/// The error of a component whose worker ended without an answer. `said` is what it left on its
/// error stream.
pub(super) fn error(end: End, said: &str, time_max: Duration) -> LoadError {
    let late = || {
        let message = format!("the component takes longer than {time_max:?} to compile");
        LoadError::new(ErrorKind::LimitCompileTime, message)
    };
    let bug = |what: &str| {
        let said = sanitize::line(said.trim(), 200);
        let colon = if said.is_empty() { "" } else { ": " };
        LoadError::new(ErrorKind::HostBug, format!("the compile worker {what}{colon}{said}"))
    };
    let memory = || {
        let message = "the component takes too much memory to compile";
        LoadError::new(ErrorKind::LimitCompileMemory, message)
    };
    match end {
        End::Late | End::Signal(Signal::Cpu) => late(),
        End::Memory => memory(),
        // What Rust says before it aborts.
        End::Signal(Signal::Abort)
            if said.contains("memory allocation of") || said.contains("overflowed its stack") =>
        {
            memory()
        }
        End::Signal(Signal::Abort) => bug("gave up"),
        End::Signal(Signal::Call) => bug("was killed by the filter of its system calls"),
        End::Signal(Signal::Size) => bug("was killed because it wrote to a file"),
        End::Signal(Signal::Kill) => bug("was killed from outside, perhaps for want of memory"),
        End::Signal(Signal::Other(number)) => bug(&format!("died of signal {number}")),
        End::Exit => bug("ended without an answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(end: End, said: &str, kind: &str) {
        assert_eq!(error(end, said, Duration::from_secs(1)).kind.as_str(), kind);
    }

    #[test]
    fn ends_have_kinds() {
        check(End::Late, "", "limit.compile-time");
        check(End::Memory, "", "limit.compile-memory");
        check(End::Signal(Signal::Cpu), "", "limit.compile-time");
        let said = "memory allocation of 8 bytes failed";
        check(End::Signal(Signal::Abort), said, "limit.compile-memory");
        let said = "thread 'x' has overflowed its stack";
        check(End::Signal(Signal::Abort), said, "limit.compile-memory");
        check(End::Signal(Signal::Abort), "", "host.bug");
        check(End::Signal(Signal::Call), "", "host.bug");
        check(End::Signal(Signal::Kill), "", "host.bug");
        check(End::Signal(Signal::Other(11)), "", "host.bug");
        check(End::Exit, "a\u{1b}[31m", "host.bug");
    }
}
