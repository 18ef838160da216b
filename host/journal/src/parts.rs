//! What events carry: how blocks begin and end, what follows a failure, what is waited for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Failure;

/// What the blocks of a step begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// `map`: the list or object.
    Items(Value),
    /// `loop`: the first state, and whether there is a first iteration.
    State {
        /// The state.
        state: Value,
        /// Whether `while` was true.
        goes_on: bool,
    },
    /// `switch`: the chosen case, from 0; the default counts last.
    Case(usize),
    /// `parallel`: nothing but its branches.
    Branches,
    /// `pipeline`: its inputs, defaults filled in.
    Inputs(Value),
}

/// What a block came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This value.
    Done(Value),
    /// Nothing: a step in it failed.
    Failed(Failure),
    /// Nothing: nobody needed it any more.
    Cancelled,
}

/// What follows from an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The next state, where `next` computes one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<Value>,
    /// What ended the loop, if it is over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by: Option<EndedBy>,
}

/// What ended a `loop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// `while` was not true.
    While,
    /// `until` was true.
    Until,
    /// There were `max` iterations.
    Max,
}

impl EndedBy {
    /// The stable text, as in the output of a `loop`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::While => "while",
            Self::Until => "until",
            Self::Max => "max",
        }
    }
}

/// What follows a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Another try.
    Retry {
        /// Not before this time, microseconds since 1970.
        at_us: u64,
    },
    /// `fallback` takes the step's place.
    Fallback,
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// A person.
    Approval {
        /// What is asked. It may hold a stranger's text: escape it before it is shown.
        message: String,
        /// What the person should see to decide.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        show: Option<Value>,
    },
    /// A person, because a rule wants that before an output counts.
    Release {
        /// The rule.
        policy: String,
        /// Why. Escape it like that of an approval.
        message: String,
        /// The output that counts once somebody says yes.
        output: Value,
    },
    /// A signal.
    Signal {
        /// Its name.
        name: String,
    },
    /// A time.
    Until {
        /// Microseconds since 1970.
        at_us: u64,
    },
}

impl Waiting {
    /// What a person is asked, and what they should see to decide; none where nobody is.
    pub fn question(&self) -> Option<(&str, Option<&Value>)> {
        match self {
            Self::Approval { message, show } => Some((message, show.as_ref())),
            Self::Release { message, output, .. } => Some((message, Some(output))),
            Self::Signal { .. } | Self::Until { .. } => None,
        }
    }
}

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The rule's id.
    pub policy: String,
    /// What it does then, as it is written: `fail_run`, `fail_step`, `warn`, `require_approval`.
    pub action: String,
    /// What people read. Escape it before it is shown.
    pub message: String,
}
