//! One question to a provider and its answer, at once or piece by piece.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use coldframe_engine::ports::{
    HttpBody, HttpCause, HttpFailure, HttpPerHost, HttpPort, HttpRequest, HttpResponse,
    HttpTimeouts,
};
use coldframe_engine::services::{
    LlmAnswer, LlmChat, LlmProblem, LlmStop, Model, ModelAdapter, ServiceError, Usage,
};
use coldframe_format::caps::{HttpGrant, SecretGrant};
use serde_json::Value;
use url::Url;

use super::frames::{Frames, Framing};
use super::question::{Piece, Question};
use super::{Failed, Failure, answer, anthropic, ollama, openai};
use crate::secrets::Secrets;
use crate::whole::Whole;

/// How long a provider is waited for. The wall time of the call is usually over first.
const TIMEOUTS: HttpTimeouts = HttpTimeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(300),
    between_bytes: Duration::from_secs(60),
    total: Duration::from_secs(600),
};
/// The longest answer that says what is wrong, bytes.
const PROBLEM_BYTES_MAX: usize = 64 << 10;
/// The most bytes of an answer for each token of it, and beside them. A token of real text has few.
const BYTES_PER_TOKEN: u64 = 256;
const BYTES_BESIDE: u64 = 64 << 10;
/// The longest answer of all.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Vectors are long: bytes for each text, and of all.
const VECTOR_BYTES: usize = 256 << 10;
const VECTORS_BYTES_MAX: usize = 64 << 20;
/// The version of the interface that is spoken.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Where a provider is, and what it wants to see.
pub(super) struct Provider {
    adapter: ModelAdapter,
    scheme: String,
    host: String,
    port: u16,
    /// In front of the path of each question.
    prefix: String,
    key: Option<Key>,
}

struct Key {
    name: String,
    /// What stands for it; none where the host was not given one.
    placeholder: Option<String>,
    grant: SecretGrant,
}

impl Provider {
    pub(super) fn of(model: &Model, secrets: &Secrets) -> Self {
        // It was read as an address before. What cannot be one leads nowhere.
        let url = Url::parse(&model.url).ok();
        let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let scheme = part(url.as_ref().map(Url::scheme));
        let host = part(url.as_ref().and_then(Url::host_str));
        let port = url.as_ref().and_then(Url::port_or_known_default).unwrap_or(0);
        let prefix = part(url.as_ref().map(Url::path)).trim_end_matches('/').to_owned();
        let key = model.secret.as_ref().map(|name| {
            let origin = HttpGrant {
                method: None,
                scheme: scheme.clone(),
                host: host.clone(),
                subdomains: false,
                port: Some(port),
                path: None,
            };
            let header = header(model.adapter).to_owned();
            let grant = SecretGrant { name: Some(name.clone()), origin, header };
            Key { name: name.clone(), placeholder: secrets.placeholder(name), grant }
        });
        Self { adapter: model.adapter, scheme, host, port, prefix, key }
    }

    /// The secret that is missing.
    pub(super) fn lacks(&self) -> Option<&str> {
        let key = self.key.as_ref()?;
        key.placeholder.is_none().then_some(&key.name)
    }

    pub(super) async fn chat(
        &self,
        http: &dyn HttpPort,
        chat: &LlmChat,
    ) -> Result<LlmAnswer, Failed> {
        let question = self.question(chat, false)?;
        let value = self.whole(http, question, answer_bytes(chat)).await?;
        let piece = match self.adapter {
            ModelAdapter::OpenAi => openai::is_answer(&value).then(|| openai::piece(&value)),
            ModelAdapter::Anthropic => anthropic::whole(&value),
            ModelAdapter::Ollama => ollama::is_answer(&value).then(|| ollama::piece(&value)),
        };
        let piece = piece.ok_or_else(|| {
            answer::broken(&value).unwrap_or_else(|| Failed::unreadable(NO_ANSWER))
        })?;
        let usage = piece.usage();
        if let Some(refusal) = piece.refusal {
            return Err(Failed::told(LlmProblem::Refused(refusal), usage));
        }
        Ok(LlmAnswer::Chat { text: piece.text, stop: piece.stop.unwrap_or(LlmStop::Other), usage })
    }

    pub(super) async fn open(
        &self,
        http: &dyn HttpPort,
        chat: &LlmChat,
    ) -> Result<Exchange, Failed> {
        let question = self.question(chat, true)?;
        let response = self.send(http, question).await?;
        let framing = match self.adapter {
            ModelAdapter::OpenAi | ModelAdapter::Anthropic => Framing::Events,
            ModelAdapter::Ollama => Framing::Lines,
        };
        Ok(Exchange {
            adapter: self.adapter,
            body: Some(response.body),
            frames: Frames::new(framing),
            messages: VecDeque::new(),
            said: Piece::default(),
            bytes_left: answer_bytes(chat),
        })
    }

    pub(super) async fn embed(
        &self,
        http: &dyn HttpPort,
        model: &str,
        texts: &[String],
    ) -> Result<LlmAnswer, Failed> {
        let question = match self.adapter {
            ModelAdapter::OpenAi => openai::embed(model, texts),
            ModelAdapter::Ollama => ollama::embed(model, texts),
            ModelAdapter::Anthropic => {
                let message = "this provider has no embeddings".to_owned();
                return Err(Failed::told(LlmProblem::Refused(message), Usage::Nothing));
            }
        };
        let most = texts.len().saturating_add(1).saturating_mul(VECTOR_BYTES);
        let value = self.whole(http, question, most.min(VECTORS_BYTES_MAX)).await?;
        let found = match self.adapter {
            ModelAdapter::Ollama => ollama::vectors(&value),
            ModelAdapter::OpenAi | ModelAdapter::Anthropic => openai::vectors(&value),
        };
        match found {
            Some((vectors, usage)) if vectors.len() == texts.len() => {
                Ok(LlmAnswer::Vectors { vectors, usage })
            }
            _ => Err(answer::broken(&value).unwrap_or_else(|| Failed::unreadable(NO_ANSWER))),
        }
    }

    fn question(&self, chat: &LlmChat, stream: bool) -> Result<Question, Failed> {
        match self.adapter {
            ModelAdapter::OpenAi => openai::chat(chat, &self.host, stream),
            ModelAdapter::Anthropic => anthropic::chat(chat, stream),
            ModelAdapter::Ollama => ollama::chat(chat, stream),
        }
    }

    async fn whole(
        &self,
        http: &dyn HttpPort,
        question: Question,
        bytes_max: usize,
    ) -> Result<Value, Failed> {
        let response = self.send(http, question).await?;
        let body = all(response.body, bytes_max).await.map_err(|why| broken_off(&why))?;
        serde_json::from_slice(&body).map_err(|_| Failed::unreadable(NO_ANSWER))
    }

    /// Sends a question. An answer that is none is read here.
    async fn send(&self, http: &dyn HttpPort, question: Question) -> Result<HttpResponse, Failed> {
        let body = question.body.to_string().into_bytes();
        let mut headers = vec![
            ("content-type".to_owned(), b"application/json".to_vec()),
            ("content-length".to_owned(), body.len().to_string().into_bytes()),
        ];
        if self.adapter == ModelAdapter::Anthropic {
            headers.push(("anthropic-version".to_owned(), ANTHROPIC_VERSION.into()));
        }
        let key = self.key.as_ref();
        if let Some(placeholder) = key.and_then(|key| key.placeholder.as_ref()) {
            let value = match self.adapter {
                ModelAdapter::Anthropic => placeholder.clone(),
                ModelAdapter::OpenAi | ModelAdapter::Ollama => format!("Bearer {placeholder}"),
            };
            headers.push((header(self.adapter).to_owned(), value.into_bytes()));
        }
        let request = HttpRequest {
            method: "POST".to_owned(),
            scheme: self.scheme.clone(),
            host: self.host.clone(),
            port: self.port,
            path_and_query: format!("{}{}", self.prefix, question.path),
            headers,
            body: Some(Box::pin(Whole(Some(body)))),
            timeouts: TIMEOUTS,
            // The operator names providers, and these bound what they are asked.
            per_host: HttpPerHost::UNBOUNDED,
            private: self.is_here(),
            secrets: key.map(|key| key.grant.clone()).into_iter().collect(),
        };
        let response = http.send(request).await.map_err(unsent)?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let HttpResponse { status, headers, body } = response;
        let body = all(body, PROBLEM_BYTES_MAX).await.unwrap_or_default();
        Err(answer::refused(status, &headers, &body))
    }

    /// Whether the operator wrote an address or this machine, which may then be a private one.
    fn is_here(&self) -> bool {
        self.host == "localhost"
            || self.host.starts_with('[')
            || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }
}

const NO_ANSWER: &str = "the provider says something that is no answer";

/// The header that carries the key.
fn header(adapter: ModelAdapter) -> &'static str {
    match adapter {
        ModelAdapter::Anthropic => "x-api-key",
        ModelAdapter::OpenAi | ModelAdapter::Ollama => "authorization",
    }
}

fn answer_bytes(chat: &LlmChat) -> usize {
    let tokens = chat.max_tokens.unwrap_or(u64::MAX);
    let bytes = tokens.saturating_mul(BYTES_PER_TOKEN).saturating_add(BYTES_BESIDE);
    usize::try_from(bytes).unwrap_or(usize::MAX).min(ANSWER_BYTES_MAX)
}

/// A question that never got there, or whose answer never came.
fn unsent(failure: HttpFailure) -> Failed {
    let usage = match failure.cause {
        HttpCause::Refused(kind) => {
            let error = ServiceError::refused(kind, failure.message);
            return Failed { failure: Failure::Rule(error), usage: Usage::Nothing };
        }
        HttpCause::Dns | HttpCause::Connect | HttpCause::Tls | HttpCause::Busy => Usage::Nothing,
        HttpCause::Timeout | HttpCause::Protocol => Usage::Unknown,
    };
    Failed::told(LlmProblem::Unavailable(failure.message), usage)
}

fn broken_off(why: &str) -> Failed {
    Failed::unreadable(why)
}

/// An answer that is read piece by piece. Dropped, it closes the connection.
pub(super) struct Exchange {
    adapter: ModelAdapter,
    body: Option<HttpBody>,
    frames: Frames,
    messages: VecDeque<String>,
    /// What was said so far, without the text.
    said: Piece,
    bytes_left: usize,
}

impl Exchange {
    /// The next piece of the text, or how it ended.
    pub(super) async fn next(&mut self) -> Result<LlmAnswer, Failed> {
        loop {
            while let Some(message) = self.messages.pop_front() {
                if let Some(answer) = self.message(&message)? {
                    return Ok(answer);
                }
            }
            let Some(body) = &mut self.body else { return self.end() };
            match poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
                Some(Ok(piece)) => {
                    let too_long = || Failed::unreadable("the answer is longer than was asked for");
                    let left = self.bytes_left.checked_sub(counted(&piece));
                    self.bytes_left = left.ok_or_else(too_long)?;
                    self.messages.extend(self.frames.take(&piece).map_err(|_| too_long())?);
                }
                Some(Err(failure)) => return Err(broken_off(&failure.message)),
                None => {
                    self.body = None;
                    self.messages.extend(self.frames.end());
                }
            }
        }
    }

    fn message(&mut self, message: &str) -> Result<Option<LlmAnswer>, Failed> {
        if self.adapter == ModelAdapter::OpenAi && message == "[DONE]" {
            self.body = None;
            return self.end().map(Some);
        }
        let value: Value =
            serde_json::from_str(message).map_err(|_| Failed::unreadable(NO_ANSWER))?;
        if let Some(failed) = answer::broken(&value) {
            return Err(failed);
        }
        let piece = match self.adapter {
            ModelAdapter::OpenAi => openai::piece(&value),
            ModelAdapter::Anthropic => anthropic::event(&value),
            ModelAdapter::Ollama => ollama::piece(&value),
        };
        self.said.note(&piece);
        if piece.last {
            // What follows is none of the answer's.
            self.body = None;
            self.messages.clear();
            if piece.text.is_empty() {
                return self.end().map(Some);
            }
        }
        Ok((!piece.text.is_empty()).then_some(LlmAnswer::Piece(piece.text)))
    }

    fn end(&mut self) -> Result<LlmAnswer, Failed> {
        let usage = self.said.usage();
        if let Some(refusal) = self.said.refusal.take() {
            return Err(Failed::told(LlmProblem::Refused(refusal), usage));
        }
        match self.said.stop {
            Some(stop) => Ok(LlmAnswer::End { stop, usage }),
            None => Err(Failed::unreadable("the answer was cut off")),
        }
    }
}

/// What of a piece counts as bytes of the answer. Each word of a stream comes with some hundred
/// bytes around it.
fn counted(piece: &[u8]) -> usize {
    piece.len() / 4
}

/// A body up to its end.
async fn all(mut body: HttpBody, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut found = Vec::new();
    while let Some(piece) = poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
        let piece = piece.map_err(|failure| failure.message)?;
        if found.len().saturating_add(piece.len()) > bytes_max {
            return Err("the answer is longer than was asked for".to_owned());
        }
        found.extend(piece);
    }
    Ok(found)
}
