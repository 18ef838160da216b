//! Chat completions and embeddings, as OpenAI has them and many others do too.

use coldframe_engine::services::{LlmChat, Usage, Vector};
use serde_json::{Value, json};

use super::Failed;
use super::question::{Piece, Question, at, messages, put, schema, stop, temperature, vector};

/// The server that calls the most tokens of an answer by another name than all that are like it.
const OWN_HOST: &str = "api.openai.com";

pub(super) fn chat(chat: &LlmChat, host: &str, stream: bool) -> Result<Question, Failed> {
    let mut body = json!({ "model": chat.model, "messages": messages(chat) });
    let most = if host == OWN_HOST { "max_completion_tokens" } else { "max_tokens" };
    put(&mut body, most, chat.max_tokens.map(Value::from));
    put(&mut body, "temperature", temperature(chat).map(Value::from));
    let format = schema(chat)?.map(|schema| {
        json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "strict": true, "schema": schema },
        })
    });
    put(&mut body, "response_format", format);
    if stream {
        put(&mut body, "stream", Some(json!(true)));
        put(&mut body, "stream_options", Some(json!({ "include_usage": true })));
    }
    Ok(Question { path: "/chat/completions", body })
}

/// A whole answer, or a piece of one: `delta` stands in the place of `message`.
pub(super) fn piece(value: &Value) -> Piece {
    let choice = at(value, "/choices/0");
    let said = choice.get("message").unwrap_or(&choice["delta"]);
    Piece {
        text: said["content"].as_str().unwrap_or_default().to_owned(),
        stop: choice["finish_reason"].as_str().map(stop),
        input: at(value, "/usage/prompt_tokens").as_u64(),
        output: at(value, "/usage/completion_tokens").as_u64(),
        refusal: said["refusal"].as_str().map(str::to_owned),
        last: false,
    }
}

/// Whether an answer says anything that could be one.
pub(super) fn is_answer(value: &Value) -> bool {
    at(value, "/choices/0/message").is_object()
}

pub(super) fn embed(model: &str, texts: &[String]) -> Question {
    let body = json!({ "model": model, "input": texts, "encoding_format": "float" });
    Question { path: "/embeddings", body }
}

pub(super) fn vectors(value: &Value) -> Option<(Vec<Vector>, Usage)> {
    let mut found: Vec<(u64, Vector)> = Vec::new();
    for one in value["data"].as_array()? {
        found.push((one["index"].as_u64()?, Vector(vector(&one["embedding"])?)));
    }
    found.sort_by_key(|(index, _)| *index);
    let usage = match at(value, "/usage/prompt_tokens").as_u64() {
        Some(input) => Usage::Tokens { input, output: 0 },
        None => Usage::Unknown,
    };
    Some((found.into_iter().map(|(_, vector)| vector).collect(), usage))
}
