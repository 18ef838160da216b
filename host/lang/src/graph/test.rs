//! Tests that a pipeline brings along.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::template::Expr;

/// One test: a run with given inputs, in which some operations are not called.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Unique in the pipeline.
    pub name: String,
    /// The inputs; defaults are filled in.
    pub input: Map<String, Value>,
    /// Skill reference as written (`acme/classify`, `acme/classify#short`) to what its calls
    /// return instead.
    pub stubs: BTreeMap<String, Value>,
    /// HTTP exchanges that happen instead of real ones; there are no others in a test.
    pub http: Vec<Exchange>,
    /// Step id (of an `approve` or a signal) to the answer.
    pub decisions: BTreeMap<String, Decision>,
    /// What has to be true at the end. Sees `result`, `steps`, `totals`, `events`.
    pub assert: Vec<Expr>,
    /// The most wall time.
    pub timeout: Option<Duration>,
    /// Line in the source, from 1.
    pub line: usize,
}

/// A request that a test answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Upper case.
    pub method: String,
    /// As it is sent: `https://example.com/path?query`.
    pub url: String,
    /// The status of the answer.
    pub status: u16,
    /// Header names in lower case, and values, in source order.
    pub headers: Vec<(String, String)>,
    /// The body of the answer.
    pub body: String,
}

/// The answer a test gives to a step that waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// `approve`
    Approve,
    /// `reject`
    Reject,
    /// `{signal: …}`: the value of the signal.
    Signal(Value),
}
