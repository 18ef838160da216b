//! The walls around what is not trusted: their names, and how one says that it stands.
//!
//! A wall that a kernel or a container does not give is no error by itself. It is said, loudly, and
//! who cannot do without it requires it: then nothing starts.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod linux;

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub(crate) use self::cgroup::Group;
#[cfg(target_os = "linux")]
pub use self::cgroup::Groups;
#[cfg(not(target_os = "linux"))]
use self::elsewhere as system;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::elsewhere::Group;
#[cfg(not(target_os = "linux"))]
pub use self::elsewhere::Groups;
#[cfg(target_os = "linux")]
use self::linux as system;

/// One wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wall {
    /// Components are compiled in a process of their own.
    Worker,
    /// Guests can be run in a process that has nothing.
    Executor,
    /// The kernel bounds what a worker may use.
    Rlimits,
    /// Neither that process nor this one ever writes its memory to a file.
    CoreDumps,
    /// The kernel gives it no file and no port.
    Landlock,
    /// The kernel kills it at any system call it has no use for.
    Seccomp,
}

impl Wall {
    /// Every wall, outermost first.
    pub const ALL: &'static [Self] = &[
        Self::Worker,
        Self::Executor,
        Self::Rlimits,
        Self::CoreDumps,
        Self::Landlock,
        Self::Seccomp,
    ];

    /// The name, as `--require-walls` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Executor => "executor",
            Self::Rlimits => "rlimits",
            Self::CoreDumps => "core-dumps",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }

    /// The next step where it does not stand.
    pub fn help(self) -> &'static str {
        match self {
            Self::Worker | Self::Executor => {
                "coldframe starts itself anew for this: let it execute its own file"
            }
            Self::Rlimits => "raise the hard limits of this shell or service (`ulimit -H -a`)",
            Self::CoreDumps => "the container must let a process call `prctl` and `setrlimit`",
            Self::Landlock => {
                "it takes Linux 5.13 or later with `landlock` in its `lsm=` list, and a container \
                 whose filter lets its system calls through"
            }
            Self::Seccomp => {
                "it takes Linux 4.14 or later on x86-64, aarch64 or riscv64, and a container that \
                 allows the system call `seccomp`"
            }
        }
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Wall {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|wall| wall.as_str() == text);
        found.ok_or_else(|| format!("no wall is named `{text}`"))
    }
}

/// Whether a wall stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Which one.
    pub wall: Wall,
    /// Whether it does.
    pub stands: bool,
    /// How, or why not; one line.
    pub text: String,
}

impl Standing {
    pub(crate) fn up(wall: Wall, text: impl Into<String>) -> Self {
        Self { wall, stands: true, text: text.into() }
    }

    pub(crate) fn down(wall: Wall, text: impl Into<String>) -> Self {
        Self { wall, stands: false, text: text.into() }
    }
}

/// What the process that raises the walls is for; it decides what is left to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads bytes, thinks, writes bytes.
    Compile,
    /// Runs guests and talks to the host.
    Execute,
}

/// The numbers of the walls around a compiler. An executor has none of them: its pools reserve
/// terabytes of address space, and it lives for as long as there is work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bounds {
    /// Bytes of address space.
    pub(crate) memory: u64,
    /// Seconds of processor time until the process is told to end. Two later it is ended.
    pub(crate) cpu_s: u64,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Compile => "compile",
            Self::Execute => "execute",
        }
    }

    pub(crate) fn from_text(text: &str) -> Self {
        if text == "execute" { Self::Execute } else { Self::Compile }
    }
}

impl Bounds {
    /// As arguments of a program.
    pub(crate) fn to_texts(self) -> [String; 2] {
        [self.memory.to_string(), self.cpu_s.to_string()]
    }

    /// From arguments of a program.
    pub(crate) fn from_texts(memory: &str, cpu_s: &str) -> io::Result<Self> {
        let number = |text: &str| text.parse().map_err(io::Error::other);
        Ok(Self { memory: number(memory)?, cpu_s: number(cpu_s)? })
    }
}

/// Raises what has to be raised before there is a second thread.
pub(crate) fn raise_early(walls: &[Wall], purpose: Purpose, bounds: Bounds) -> Vec<Standing> {
    let mut standing = Vec::new();
    for wall in walls {
        standing.extend(match wall {
            Wall::Rlimits => Some(system::limit(purpose, bounds)),
            Wall::CoreDumps => Some(system::no_core_dumps()),
            Wall::Landlock => Some(system::lock_out()),
            Wall::Worker | Wall::Executor | Wall::Seccomp => None,
        });
    }
    standing
}

/// Raises the last wall, around all threads there are; there will be no other.
pub(crate) fn raise_late(walls: &[Wall], purpose: Purpose) -> Option<Standing> {
    walls.contains(&Wall::Seccomp).then(|| system::filter_calls(purpose))
}

/// Makes the kernel end this process with its parent, and closes whatever file it was born with
/// beside its three streams.
pub(crate) fn leave_home() {
    system::leave_home();
}

/// Keeps this process from ever writing its memory to a file; for the process that holds secrets.
/// Nobody can trace it afterwards either.
pub fn without_core_dumps() -> Standing {
    system::no_core_dumps()
}

/// Whether this process writes its memory to a file when it dies.
pub fn core_dumps() -> Standing {
    system::core_dumps()
}
