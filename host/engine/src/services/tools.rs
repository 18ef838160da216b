//! Calls of other skills by a skill, and what they come to.

use coldframe_journal::{Asked, ErrorKind};
use serde::{Deserialize, Serialize};

/// A question about tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolsAsk {
    /// Which there are.
    List,
    /// To call one.
    Call(ToolCall),
}

/// A tool to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// `std/text#stats`
    pub tool: String,
    /// Its input, as the caller wrote it.
    pub input: String,
    /// What it may take; whoever admits the question makes it no more than there is.
    pub bound: Option<ToolBound>,
}

/// What a caller has left for a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolBound {
    /// Fuel.
    pub fuel: u64,
    /// Microseconds.
    pub wall_us: u64,
    /// Bytes of the network.
    pub net_bytes: u64,
    /// Tokens of language models.
    pub tokens: u64,
    /// Nano-USD for host services.
    pub services_nano: u64,
    /// Tools that it may call in turn, all together.
    pub calls: u64,
    /// How deep it may call them.
    pub depth: u64,
}

impl ToolBound {
    /// The tighter of both.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            fuel: self.fuel.min(other.fuel),
            wall_us: self.wall_us.min(other.wall_us),
            net_bytes: self.net_bytes.min(other.net_bytes),
            tokens: self.tokens.min(other.tokens),
            services_nano: self.services_nano.min(other.services_nano),
            calls: self.calls.min(other.calls),
            depth: self.depth.min(other.depth),
        }
    }
}

/// An answer about tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolsAnswer {
    /// Those there are, by name. Not all of them need be granted.
    List(Vec<ToolInfo>),
    /// There is none of that name.
    Unknown,
    /// What a call came to.
    Called {
        /// The output as JSON, or why there is none.
        result: Result<String, ToolProblem>,
        /// What it took.
        spent: Box<ToolSpent>,
    },
}

/// A tool, for whoever chooses one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolInfo {
    /// `std/text#stats`
    pub name: String,
    /// The exact version of its skill.
    pub version: semver::Version,
    /// What its skill says of it.
    pub description: String,
    /// JSON Schema of its input.
    pub input_schema: String,
}

/// Why a tool has no output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolProblem {
    /// The input is not what it wants.
    BadInput(String),
    /// It failed; the caller is told.
    Failed {
        /// The kind.
        kind: ErrorKind,
        /// One line for people.
        message: String,
    },
    /// What its caller had left is used up, or the call is over for another reason: it ends with it.
    Ended {
        /// The kind.
        kind: ErrorKind,
        /// One line for people.
        message: String,
    },
}

/// What a call of a tool took, with what the tools took that it called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpent {
    /// Fuel.
    pub fuel: u64,
    /// Bytes of the network.
    pub net_bytes: u64,
    /// Tokens of language models.
    pub tokens: u64,
    /// Nano-USD for host services.
    pub services_nano: u64,
    /// Tools that it called.
    pub calls: u64,
    /// Calls to host services.
    pub host_calls: u64,
    /// The most linear memory, bytes.
    pub memory_peak_bytes: u64,
    /// What it logged.
    pub logs: Vec<String>,
    /// The rights it asked for.
    pub asked: Vec<Asked>,
}
