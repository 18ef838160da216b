//! The stable kinds of failure. Tests, policies and other programs match on these, never on texts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why an attempt or a run failed. Written as `limit.fuel`, `denied.host` and so on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorKind { $($(#[$doc])* $name,)* }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its page, Markdown: what it means, what causes it, what to do, and whether
            /// `retry` with `on: [transient]` tries again.
            pub fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("kinds/", $text, ".md")),)* }
            }
        }
    };
}

kinds! {
    /// The fuel of the call or of the run is spent.
    LimitFuel = "limit.fuel",
    /// The wall time of the call or of the run is over.
    LimitDeadline = "limit.deadline",
    /// The guest's stack is full.
    LimitStack = "limit.stack",
    /// Total linear memory.
    LimitMemory = "limit.memory",
    /// Total table elements.
    LimitTable = "limit.table",
    /// Core instances, memories or tables of one call.
    LimitInstances = "limit.instances",
    /// Live component-model handles.
    LimitHandles = "limit.handles",
    /// Bytes a guest hands to the host in one call.
    LimitHostcallBytes = "limit.hostcall-bytes",
    /// Size or depth of a result.
    LimitOutput = "limit.output",
    /// Bytes or rate of log lines.
    LimitLog = "limit.log",
    /// Bytes over the network.
    LimitNetBytes = "limit.net-bytes",
    /// Bytes written into files.
    LimitDisk = "limit.disk",
    /// Bytes of a store of keys and values.
    LimitKvBytes = "limit.kv-bytes",
    /// Keys of a store.
    LimitKvKeys = "limit.kv-keys",
    /// Tokens of language models.
    LimitTokens = "limit.tokens",
    /// Requests at the same time, or in all.
    LimitNetConcurrency = "limit.net-concurrency",
    /// Rows of an answer of a database, or bytes of them.
    LimitRows = "limit.rows",
    /// Time of one statement of a database.
    LimitStatement = "limit.statement",
    /// More tools than a call may call.
    LimitToolCalls = "limit.tool-calls",
    /// The money of the run or step is spent.
    LimitCost = "limit.cost",
    /// The `timeout` of a step is over.
    LimitTimeout = "limit.timeout",
    /// More random bytes than a call is given.
    LimitRandom = "limit.random",
    /// More tries after the first than the run or step may make.
    LimitRetries = "limit.retries",
    /// Pipelines that run pipelines too deep, or tools that call tools.
    LimitDepth = "limit.depth",
    /// More items than a `map` may have.
    LimitFanOut = "limit.fan-out",
    /// `max` iterations of a `loop` were not enough.
    LimitIterations = "limit.iterations",
    /// Time to compile a component.
    LimitCompileTime = "limit.compile-time",
    /// Memory to compile a component.
    LimitCompileMemory = "limit.compile-memory",
    /// A component is too large or too nested to be compiled.
    LimitStructure = "limit.structure",
    /// A component imports what nothing here provides, or what its manifest does not name.
    DeniedImport = "denied.import",
    /// A request to a host, port, method or path outside the grants.
    DeniedHost = "denied.host",
    /// A path that is not granted, or leads out of the project.
    DeniedPath = "denied.path",
    /// A secret that is not granted, or that goes where it may not.
    DeniedSecret = "denied.secret",
    /// A language model that is not granted, or that this host does not have.
    DeniedModel = "denied.model",
    /// A granted name that resolves to a refused address.
    DeniedAddress = "denied.address",
    /// A name that does not resolve within the rules.
    DeniedDns = "denied.dns",
    /// A database that is not granted, or that there is none of.
    DeniedDatabase = "denied.database",
    /// A tool that is not granted.
    DeniedTool = "denied.tool",
    /// A capability that was not granted at all.
    DeniedCapability = "denied.capability",
    /// The bytes are not a valid component.
    InvalidComponent = "invalid.component",
    /// The bytes are something else: a core module, text, an executable.
    InvalidKind = "invalid.kind",
    /// An argument does not fit the operation's parameter type.
    InvalidInput = "invalid.input",
    /// A guest returned what its own interface does not allow.
    InvalidResult = "invalid.result",
    /// Any trap that is not a limit.
    GuestTrap = "guest.trap",
    /// The operation returned the error side of its `result`.
    GuestError = "guest.error",
    /// An expression failed while it ran: an undefined value, a wrong type.
    ExprFailed = "expr.failed",
    /// Too few branches succeeded, or nothing decides between them.
    JoinFailed = "join.failed",
    /// A person said no.
    ApprovalRejected = "approval.rejected",
    /// What the step does failed too often; it was not tried.
    BreakerOpen = "breaker.open",
    /// A rule of the pipeline does not hold.
    PolicyViolated = "policy.violated",
    /// A step was not started because something before it failed.
    PipelineAborted = "pipeline.aborted",
    /// Somebody asked for the run to stop.
    PipelineCancelled = "pipeline.cancelled",
    /// The process that ran the component ended before the call did.
    HostExecutor = "host.executor",
    /// A recorded call did something else when it was run again.
    ReplayDiffers = "replay.differs",
    /// Ours: something that must not happen did.
    HostBug = "host.bug",
}

impl ErrorKind {
    /// Whether a limit or a refused right stopped the attempt (exit code 5), as opposed to the
    /// code or the data being wrong (exit code 4).
    pub fn is_stop(self) -> bool {
        let text = self.as_str();
        text.starts_with("limit.") || text.starts_with("denied.")
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a kind of failure this version knows"))
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what a skill says of itself can pass, a join whose branches failed with that, and what
    /// is left alone for a while.
    #[test]
    fn every_kind_has_a_page() {
        for kind in ErrorKind::ALL {
            let page = kind.page();
            assert!(page.starts_with(&format!("# {kind}\n\n")), "{kind}");
            for part in ["\n\nCauses: ", "\n\nWhat to do: "] {
                assert!(page.contains(part), "{kind} has no `{}`", part.trim());
            }
            let transient = matches!(
                kind,
                ErrorKind::GuestError
                    | ErrorKind::HostExecutor
                    | ErrorKind::JoinFailed
                    | ErrorKind::BreakerOpen
            );
            let word = if transient { "yes, " } else { "no." };
            let line = format!("\n\nRetried by `on: [transient]`: {word}");
            assert!(page.contains(&line), "{kind}");
        }
    }

    #[test]
    fn every_kind_reads_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
