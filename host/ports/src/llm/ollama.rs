//! Chat and embeddings of an Ollama server. Its answers come line by line.

use coldframe_engine::services::{LlmChat, Usage, Vector};
use serde_json::{Value, json};

use super::Failed;
use super::question::{Piece, Question, at, messages, put, schema, stop, temperature, vector};

pub(super) fn chat(chat: &LlmChat, stream: bool) -> Result<Question, Failed> {
    let mut options = json!({});
    put(&mut options, "num_predict", chat.max_tokens.map(Value::from));
    put(&mut options, "temperature", temperature(chat).map(Value::from));
    let mut body = json!({
        "model": chat.model,
        "messages": messages(chat),
        "options": options,
        "stream": stream,
    });
    put(&mut body, "format", schema(chat)?);
    Ok(Question { path: "/api/chat", body })
}

/// A whole answer, or a line of one.
pub(super) fn piece(value: &Value) -> Piece {
    Piece {
        text: at(value, "/message/content").as_str().unwrap_or_default().to_owned(),
        stop: value["done_reason"].as_str().map(stop),
        input: value["prompt_eval_count"].as_u64(),
        output: value["eval_count"].as_u64(),
        refusal: None,
        last: value["done"].as_bool().unwrap_or(false),
    }
}

/// Whether an answer says anything that could be one.
pub(super) fn is_answer(value: &Value) -> bool {
    value["message"].is_object()
}

pub(super) fn embed(model: &str, texts: &[String]) -> Question {
    Question { path: "/api/embed", body: json!({ "model": model, "input": texts }) }
}

pub(super) fn vectors(value: &Value) -> Option<(Vec<Vector>, Usage)> {
    let all = value["embeddings"].as_array()?.iter();
    let vectors: Vec<Vector> = all.map(|one| vector(one).map(Vector)).collect::<Option<_>>()?;
    let usage = match value["prompt_eval_count"].as_u64() {
        Some(input) => Usage::Tokens { input, output: 0 },
        None => Usage::Unknown,
    };
    Some((vectors, usage))
}
