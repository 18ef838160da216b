//! Host services that a guest asks and that answer at once, behind one door.
//!
//! Whether a question may be asked was decided before. One door for all of them, so that what
//! stands in front of it (another process, a recording) is written once. Requests over HTTP have a
//! door of their own, [`crate::ports::HttpPort`], because they are streams.

mod fs;
mod kv;
mod llm;
mod sql;
mod tools;

use coldframe_journal::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::ports::BoxFuture;

pub use coldframe_lang::graph::{Model, ModelAdapter, Price, Tool};
pub use fs::{FsAnswer, FsAsk, FsEntry, FsProblem, FsWrite};
pub use kv::{KvAnswer, KvAsk, KvBound, KvChange};
pub use llm::{
    LlmAnswer, LlmAsk, LlmChat, LlmMessage, LlmProblem, LlmRole, LlmStop, Usage, Vector,
};
pub use sql::{SqlAnswer, SqlAsk, SqlBound, SqlCollector, SqlProblem, SqlRows, SqlValue};
pub use tools::{ToolBound, ToolCall, ToolInfo, ToolProblem, ToolSpent, ToolsAnswer, ToolsAsk};

/// A question to a host service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Files of the project.
    Fs(FsAsk),
    /// Stores of keys and values.
    Kv(KvAsk),
    /// The value of a key of the operator's configuration; of every key without one.
    Config(Option<String>),
    /// The placeholder of a secret, by name.
    Secret(String),
    /// Language models.
    Llm(LlmAsk),
    /// Databases.
    Sql(SqlAsk),
    /// Operations of other skills.
    Tools(ToolsAsk),
}

/// What the service said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Ask::Fs`].
    Fs(FsAnswer),
    /// To [`Ask::Kv`].
    Kv(KvAnswer),
    /// To [`Ask::Config`]: keys and values, by key.
    Config(Vec<(String, String)>),
    /// To [`Ask::Secret`]: a text that stands for the value.
    Secret(String),
    /// To [`Ask::Llm`].
    Llm(LlmAnswer),
    /// To [`Ask::Sql`].
    Sql(SqlAnswer),
    /// To [`Ask::Tools`].
    Tools(ToolsAnswer),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceError {
    /// A rule that ends the call, whatever the guest makes of it; `None` where the guest is told.
    pub kind: Option<ErrorKind>,
    /// One line for people.
    pub message: String,
}

impl ServiceError {
    /// Something went wrong; the guest is told.
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: None, message: message.into() }
    }

    /// A rule was broken; the call ends.
    pub fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind: Some(kind), message: message.into() }
    }
}

/// All services of a project.
pub trait Services: Send + Sync {
    /// Answers. Dropping the future gives up the wait, not always the work.
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>>;
}

/// Stores of keys and values. May block.
pub trait KvStore: Send + Sync {
    /// Answers.
    fn answer(&self, ask: KvAsk) -> Result<KvAnswer, ServiceError>;
}

/// A database of the operator.
pub trait Database: Send + Sync {
    /// Answers, within the bounds of the question. Dropping the future gives the statement up.
    fn answer(&self, ask: SqlAsk) -> BoxFuture<Result<SqlAnswer, ServiceError>>;
}
