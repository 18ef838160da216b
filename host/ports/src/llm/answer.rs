//! What the status of an answer means, and what a provider says went wrong.

use coldframe_engine::services::{LlmProblem, Usage};
use serde_json::Value;

use super::Failed;

/// The longest message of a provider that is passed on, characters.
const MESSAGE_CHARS_MAX: usize = 500;
/// No provider is left alone for longer because it says so: a day, milliseconds.
const AFTER_MS_MAX: u64 = 86_400_000;

/// What an answer that is none says. The question was not taken up, so it took nothing.
pub(super) fn refused(status: u16, headers: &[(String, Vec<u8>)], body: &[u8]) -> Failed {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = message(&value).unwrap_or_else(|| format!("the provider says status {status}"));
    let problem = match status {
        413 => LlmProblem::TooLong(message),
        429 => LlmProblem::RateLimited(after_ms(headers)),
        // The key is the host's, and so is the address.
        401 | 403 | 407 => LlmProblem::Unavailable(message),
        400..=499 if is_too_long(&value, &message) => LlmProblem::TooLong(message),
        400..=499 => LlmProblem::Refused(message),
        _ => LlmProblem::Unavailable(message),
    };
    Failed::told(problem, Usage::Nothing)
}

/// What a message in the middle of an answer says went wrong, if it says so. Something was answered
/// by then.
pub(super) fn broken(value: &Value) -> Option<Failed> {
    let is_error = value.get("error").is_some_and(|error| !error.is_null())
        || value["type"].as_str() == Some("error");
    is_error.then(|| {
        let message = message(value).unwrap_or_else(|| "the provider failed".to_owned());
        Failed::unreadable(message)
    })
}

/// `{"error": {"message": …}}`, `{"error": …}` or `{"message": …}`.
fn message(value: &Value) -> Option<String> {
    let error = &value["error"];
    let text = error["message"].as_str().or(error.as_str()).or(value["message"].as_str())?;
    let short: String = text.chars().take(MESSAGE_CHARS_MAX).collect();
    Some(short)
}

fn is_too_long(value: &Value, message: &str) -> bool {
    let error = &value["error"];
    let codes = [&error["code"], &error["type"]];
    let known = ["context_length_exceeded", "request_too_large", "exceed_context_size_error"];
    let words =
        ["prompt is too long", "maximum context length", "exceeds the context", "context window"];
    let message = message.to_ascii_lowercase();
    codes.iter().any(|code| code.as_str().is_some_and(|code| known.contains(&code)))
        || words.iter().any(|words| message.contains(words))
}

/// `retry-after-ms`, or `retry-after` in seconds. A date is no number, and is not said.
fn after_ms(headers: &[(String, Vec<u8>)]) -> Option<u64> {
    let number = |wanted: &str| {
        let (_, value) = headers.iter().find(|(name, _)| name == wanted)?;
        let number: f64 = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    let ms = number("retry-after-ms").or_else(|| Some(number("retry-after")? * 1000.0))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not below zero, and what is too much becomes the most there is"
    )]
    let ms = ms.ceil() as u64;
    Some(ms.min(AFTER_MS_MAX))
}
