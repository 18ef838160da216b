//! The exit codes of `coldframe`, all of them. Stable: scripts depend on these numbers.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Problems in the user's files.
    Problems = 1,
    /// Wrong usage, or an environment that does not serve: a missing file, an unwritable folder.
    Usage = 2,
    /// A signature, digest or version was refused.
    Refused = 3,
    /// The run failed.
    RunFailed = 4,
    /// A limit or a denied capability stopped the run.
    Stopped = 5,
    /// The run is suspended: it waits for an answer from outside, or for a time far away.
    Suspended = 6,
    /// A bug of ours.
    Bug = 70,
    /// Cancelled.
    Cancelled = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Every code with its meaning, for the help text.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    problems in the user's files
  2    wrong usage or environment
  3    a signature, digest or version was refused
  4    the run failed
  5    a limit or a denied capability stopped the run
  6    the run is suspended: it waits for an answer, or for a time
  70   a bug of coldframe
  130  cancelled";

/// A reason to end with something else than success.
#[derive(Debug)]
pub(crate) struct Fail {
    /// What the process ends with.
    pub(crate) exit: Exit,
    /// What happened. Empty where everything was said already.
    pub(crate) message: String,
    /// The next step.
    pub(crate) help: Option<String>,
    /// The stable kind, where programs should know it: `limit.structure`, `registry.digest`.
    pub(crate) kind: Option<String>,
}

impl Fail {
    /// A failure that says what happened.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, kind: None }
    }

    /// A failure after everything was printed already.
    pub(crate) fn said(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// Wrong usage or environment.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds the next step.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says more behind the next step, or in place of one.
    #[must_use]
    pub(crate) fn advise(mut self, more: &str) -> Self {
        self.help = Some(match self.help {
            Some(help) => format!("{help}; {more}"),
            None => more.to_owned(),
        });
        self
    }

    /// Adds the stable kind.
    #[must_use]
    pub(crate) fn kind(mut self, kind: impl ToString) -> Self {
        self.kind = Some(kind.to_string());
        self
    }
}

impl From<coldframe_store::StoreError> for Fail {
    fn from(error: coldframe_store::StoreError) -> Self {
        use coldframe_store::StoreError as E;
        let help = match &error {
            E::Directory { .. } => Some("name a writable folder with --data-dir"),
            E::UnknownRun(_) | E::AmbiguousRun(_) => Some("`coldframe runs list` shows the runs"),
            E::Newer { .. } => Some("use a newer coldframe, or another --data-dir"),
            E::Busy(_) => Some("wait for it, or stop it, then resume again"),
            E::Database { .. } | E::Damaged { .. } | E::Inconsistent { .. } => None,
        };
        let fail = Self::usage(error.to_string());
        match help {
            Some(help) => fail.help(help),
            None => fail,
        }
    }
}

impl From<coldframe_engine::EngineError> for Fail {
    fn from(error: coldframe_engine::EngineError) -> Self {
        match &error {
            coldframe_engine::EngineError::Journal(_) => Self::usage(error.to_string()).help(
                "what was acknowledged is kept; make room or fix the folder, then `coldframe runs resume`",
            ),
            coldframe_engine::EngineError::Inconsistent(_) => Self::new(Exit::Bug, error.to_string()),
        }
    }
}
