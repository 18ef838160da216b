//! What the host and its executor say to each other.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::ports::{HttpFailure, HttpTimeouts};
use coldframe_engine::services::{Answer, Ask, Model, ModelAdapter, Price, ServiceError};
use coldframe_engine::{CallError, CallLimits, CallReport, Recording, Tape};
use coldframe_format::caps::LlmGrant;
use coldframe_format::{Caps, Digest, Interface};
use coldframe_journal::{Asked, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec;
use crate::walls::Standing;

/// To the executor.
#[derive(Serialize, Deserialize)]
pub(super) enum Order {
    /// Make a component ready; its native code follows.
    Load { load: u64, digest: Digest, interface: Interface, ceiling: Caps, asked_by: String },
    /// Call an operation; its input follows.
    Call(CallOrder),
    /// End a call before its time.
    Cancel { call: u64 },
    /// What a service said.
    Answer { number: u64, answer: Result<Answer, ServiceError> },
    /// The head of a response.
    Head { exchange: u64, status: u16, headers: Headers },
    /// About the body of either side.
    Body { exchange: u64, body: Body },
}

/// From the executor.
#[derive(Serialize, Deserialize)]
pub(super) enum Word {
    /// Which walls stand; the first word.
    Walls(Vec<Standing>),
    /// A component is ready, or why not.
    Loaded { load: u64, error: Option<(ErrorKind, String)> },
    /// A call has ended; its output follows.
    Report(Box<ReportWord>),
    /// A guest wants to send a request.
    Request(Box<RequestWord>),
    /// A guest asks a service.
    Ask { number: u64, call: u64, ask: Ask },
    /// About the body of either side.
    Body { exchange: u64, body: Body },
    /// Nobody wants the response any more.
    Gone { exchange: u64 },
}

/// What is said of a body, in both directions.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Body {
    /// Let the next piece come.
    Pull,
    /// A piece, which follows.
    Piece,
    /// There is no more.
    End,
    /// There is no more, because of this.
    Failed(HttpFailure),
}

pub(super) type Headers = Vec<(String, Vec<u8>)>;

#[derive(Serialize, Deserialize)]
pub(super) struct CallOrder {
    pub(super) call: u64,
    pub(super) digest: Digest,
    pub(super) operation: String,
    /// Who has a say, and what it allows.
    pub(super) grants: Vec<(String, Caps)>,
    pub(super) limits: CallLimits,
    /// The meters of memory the call is under, innermost first: which one, and its bound.
    pub(super) meters: Vec<(u64, u64)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) tape: Option<TapeOrder>,
}

/// What a call of before heard, to be played to this one. Nobody is asked, so what models cost is
/// counted by who plays it.
#[derive(Serialize, Deserialize)]
pub(super) struct TapeOrder {
    pub(super) tape: Tape,
    models: Option<Vec<ModelWord>>,
}

/// Models, and what a million tokens of their prompts and of their answers cost, nano-USD.
#[derive(Serialize, Deserialize)]
struct ModelWord(LlmGrant, u64, u64);

impl TapeOrder {
    pub(super) fn new(tape: &Tape, models: Option<&[Model]>) -> Self {
        let word = |model: &Model| {
            ModelWord(model.names.clone(), model.price.input_nano, model.price.output_nano)
        };
        let models = models.map(|models| models.iter().map(word).collect());
        Self { tape: tape.clone(), models }
    }

    /// The models, which are nowhere.
    pub(super) fn models(&self) -> Option<Arc<[Model]>> {
        let model = |ModelWord(names, input_nano, output_nano): &ModelWord| Model {
            names: names.clone(),
            adapter: ModelAdapter::OpenAi,
            url: String::new(),
            secret: None,
            price: Price { input_nano: *input_nano, output_nano: *output_nano },
        };
        self.models.as_ref().map(|models| models.iter().map(model).collect())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReportWord {
    pub(super) call: u64,
    fuel: u64,
    wall_us: u64,
    memory_peak_bytes: u64,
    host_calls: u64,
    net_bytes: u64,
    /// What services took, where a tape was played: nano-USD behind tokens. Otherwise the other side
    /// counts it, which answers for them.
    tokens: u64,
    services_nano: u64,
    tool_calls: u64,
    logs: Vec<String>,
    asked: Vec<Asked>,
    recording: Recording,
    error: Option<(ErrorKind, String, bool, Option<u64>)>,
}

impl ReportWord {
    /// The word, and the output that follows it.
    pub(super) fn new(call: u64, report: CallReport) -> (Self, Vec<u8>) {
        let mut raw = Vec::new();
        let written = report.result.and_then(|value| {
            codec::write(&mut raw, &value).ok_or_else(|| {
                CallError::new(ErrorKind::LimitOutput, "the output is nested too deeply")
            })
        });
        let error = written
            .err()
            .map(|error| (error.kind, error.message, error.transient, error.retry_after_us));
        let word = Self {
            call,
            fuel: report.fuel,
            wall_us: report.wall_us,
            memory_peak_bytes: report.memory_peak_bytes,
            host_calls: report.host_calls,
            net_bytes: report.net_bytes,
            tokens: report.tokens,
            services_nano: report.services_nano,
            tool_calls: report.tool_calls,
            logs: report.logs,
            asked: report.asked,
            recording: report.recording,
            error,
        };
        (word, raw)
    }

    /// The report, if the output is one.
    pub(super) fn report(self, raw: &[u8]) -> Option<CallReport> {
        let result: Result<Value, CallError> = match self.error {
            None => Ok(codec::read(raw)?),
            Some((kind, message, transient, retry_after_us)) => {
                Err(CallError { kind, message, transient, retry_after_us })
            }
        };
        Some(CallReport {
            result,
            fuel: self.fuel,
            wall_us: self.wall_us,
            memory_peak_bytes: self.memory_peak_bytes,
            host_calls: self.host_calls,
            net_bytes: self.net_bytes,
            tokens: self.tokens,
            services_nano: self.services_nano,
            tool_calls: self.tool_calls,
            logs: self.logs,
            asked: self.asked,
            recording: self.recording,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RequestWord {
    pub(super) exchange: u64,
    pub(super) call: u64,
    pub(super) method: String,
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path_and_query: String,
    pub(super) headers: Headers,
    pub(super) has_body: bool,
    timeouts: [u64; 4],
}

impl RequestWord {
    pub(super) fn timeouts(&self) -> HttpTimeouts {
        let [connect, first_byte, between_bytes, total] = self.timeouts.map(Duration::from_micros);
        HttpTimeouts { connect, first_byte, between_bytes, total }
    }

    pub(super) fn new(
        exchange: u64,
        call: u64,
        request: coldframe_engine::ports::HttpRequest,
    ) -> (Self, Option<coldframe_engine::ports::HttpBody>) {
        let HttpTimeouts { connect, first_byte, between_bytes, total } = request.timeouts;
        let word = Self {
            exchange,
            call,
            method: request.method,
            scheme: request.scheme,
            host: request.host,
            port: request.port,
            path_and_query: request.path_and_query,
            headers: request.headers,
            has_body: request.body.is_some(),
            timeouts: [connect, first_byte, between_bytes, total].map(micros),
        };
        (word, request.body)
    }
}
