//! A question in the words of a provider, and what its pieces of an answer come to.

use coldframe_engine::services::{LlmChat, LlmProblem, LlmRole, LlmStop, Usage};
use serde_json::{Value, json};

use super::Failed;

/// More tokens than any answer or prompt has. What it takes in money is still a number.
const TOKENS_MAX: u64 = u32::MAX as u64;

/// What is posted to a provider.
pub(super) struct Question {
    /// Behind the provider's own address.
    pub(super) path: &'static str,
    pub(super) body: Value,
}

/// Some of an answer.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) stop: Option<LlmStop>,
    /// Tokens of prompt and answer, each as it is said.
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    /// Why the model does not want to answer.
    pub(super) refusal: Option<String>,
    /// Nothing follows.
    pub(super) last: bool,
}

impl Piece {
    /// What all of it took, where both sides were said. A count that no answer can have says nothing.
    pub(super) fn usage(&self) -> Usage {
        let can_be = |count: &u64| *count <= TOKENS_MAX;
        match (self.input.filter(can_be), self.output.filter(can_be)) {
            (Some(input), Some(output)) => Usage::Tokens { input, output },
            _ => Usage::Unknown,
        }
    }

    /// Takes what another piece says besides its text.
    pub(super) fn note(&mut self, other: &Self) {
        self.stop = other.stop.or(self.stop);
        self.input = other.input.or(self.input);
        self.output = other.output.or(self.output);
        self.refusal = other.refusal.clone().or(self.refusal.take());
    }
}

/// The schema of an answer, which is JSON or refused.
pub(super) fn schema(chat: &LlmChat) -> Result<Option<Value>, Failed> {
    let Some(text) = &chat.json_schema else { return Ok(None) };
    let read = serde_json::from_str(text);
    let schema: Option<Value> = read.ok().filter(Value::is_object);
    schema.map(Some).ok_or_else(|| {
        let problem = LlmProblem::Refused("the schema is not a JSON object".to_owned());
        Failed::told(problem, Usage::Nothing)
    })
}

/// Messages as most providers have them.
pub(super) fn messages(chat: &LlmChat) -> Value {
    let one = |role: &str, content: &str| json!({ "role": role, "content": content });
    let all = chat.messages.iter().map(|message| one(role(message.role), &message.content));
    all.collect()
}

pub(super) fn role(role: LlmRole) -> &'static str {
    match role {
        LlmRole::System => "system",
        LlmRole::User => "user",
        LlmRole::Assistant => "assistant",
    }
}

/// The temperature as a number.
pub(super) fn temperature(chat: &LlmChat) -> Option<f64> {
    chat.temperature_milli.map(|milli| f64::from(milli) / 1000.0)
}

/// Sets a key where there is a value.
pub(super) fn put(body: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
        body.insert(key.to_owned(), value);
    }
}

/// Why a model stopped, by the word for it.
pub(super) fn stop(word: &str) -> LlmStop {
    match word {
        "stop" | "end_turn" | "stop_sequence" | "tool_use" => LlmStop::End,
        "length" | "max_tokens" | "model_context_window_exceeded" => LlmStop::MaxTokens,
        "content_filter" | "refusal" => LlmStop::Filtered,
        _ => LlmStop::Other,
    }
}

/// A vector of numbers.
pub(super) fn vector(value: &Value) -> Option<Vec<f32>> {
    #[expect(clippy::cast_possible_truncation, reason = "the interface has 32 bits")]
    let number = |value: &Value| value.as_f64().map(|number| number as f32);
    value.as_array()?.iter().map(number).collect()
}

/// The value at a path, which is none where there is nothing.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}
