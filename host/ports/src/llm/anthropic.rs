//! Messages, as Anthropic has them. Who sets the model up stands apart from the conversation, and an
//! answer that has to fit a schema is asked for as the arguments of a tool.

use coldframe_engine::services::{LlmChat, LlmRole};
use serde_json::{Value, json};

use super::Failed;
use super::question::{Piece, Question, at, put, role, schema, stop, temperature};

/// The tool whose arguments are the answer.
const ANSWER: &str = "answer";

pub(super) fn chat(chat: &LlmChat, stream: bool) -> Result<Question, Failed> {
    let of = |system: bool| {
        chat.messages.iter().filter(move |message| (message.role == LlmRole::System) == system)
    };
    let messages: Vec<Value> = of(false)
        .map(|message| json!({ "role": role(message.role), "content": message.content }))
        .collect();
    let system: Vec<&str> = of(true).map(|message| message.content.as_str()).collect();
    let mut body = json!({ "model": chat.model, "messages": messages });
    put(&mut body, "max_tokens", chat.max_tokens.map(Value::from));
    put(&mut body, "system", (!system.is_empty()).then(|| json!(system.join("\n\n"))));
    put(&mut body, "temperature", temperature(chat).map(Value::from));
    if let Some(schema) = schema(chat)? {
        let tool = json!({
            "name": ANSWER,
            "description": "Gives the answer.",
            "input_schema": schema,
        });
        put(&mut body, "tools", Some(json!([tool])));
        put(&mut body, "tool_choice", Some(json!({ "type": "tool", "name": ANSWER })));
    }
    put(&mut body, "stream", stream.then_some(Value::Bool(true)));
    Ok(Question { path: "/messages", body })
}

/// A whole answer; `None` where it is none.
pub(super) fn whole(value: &Value) -> Option<Piece> {
    let mut text = String::new();
    for block in value["content"].as_array()? {
        match block["type"].as_str() {
            Some("text") => text.push_str(block["text"].as_str().unwrap_or_default()),
            Some("tool_use") => text.push_str(&block["input"].to_string()),
            // What a model thinks is no part of what it says.
            _ => {}
        }
    }
    Some(Piece {
        text,
        stop: value["stop_reason"].as_str().map(stop),
        input: input(&value["usage"]),
        output: at(value, "/usage/output_tokens").as_u64(),
        ..Piece::default()
    })
}

/// Tokens of the prompt, those that were kept from earlier ones too.
fn input(usage: &Value) -> Option<u64> {
    let kept = ["cache_creation_input_tokens", "cache_read_input_tokens"]
        .iter()
        .map(|key| usage[*key].as_u64().unwrap_or(0))
        .fold(0, u64::saturating_add);
    usage["input_tokens"].as_u64().map(|tokens| tokens.saturating_add(kept))
}

/// What an event says.
pub(super) fn event(value: &Value) -> Piece {
    let none = Piece::default();
    match value["type"].as_str() {
        Some("message_start") => Piece { input: input(at(value, "/message/usage")), ..none },
        Some("content_block_delta") => {
            let delta = &value["delta"];
            let text = delta["text"].as_str().or(delta["partial_json"].as_str());
            Piece { text: text.unwrap_or_default().to_owned(), ..none }
        }
        Some("message_delta") => Piece {
            stop: at(value, "/delta/stop_reason").as_str().map(stop),
            output: at(value, "/usage/output_tokens").as_u64(),
            ..none
        },
        Some("message_stop") => Piece { last: true, ..none },
        // There may be more kinds of events at any time.
        _ => none,
    }
}
