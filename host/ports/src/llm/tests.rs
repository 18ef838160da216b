//! The adapters against a server on this machine that speaks what each provider speaks.

use std::sync::Arc;

use coldframe_engine::services::{
    LlmAnswer, LlmAsk, LlmChat, LlmMessage, LlmProblem, LlmRole, LlmStop, Model, ModelAdapter,
    Price, ServiceError, Usage,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Models;
use crate::{HttpClient, SecretHttp, Secrets};

const KEY: &str = "sk-very-secret";
const OPENAI: ModelAdapter = ModelAdapter::OpenAi;
const ANTHROPIC: ModelAdapter = ModelAdapter::Anthropic;
const OLLAMA: ModelAdapter = ModelAdapter::Ollama;

/// A server that gives each question the same answer. What it was asked comes back, head and body.
struct Server {
    port: u16,
    asked: UnboundedReceiver<String>,
}

async fn server(answer: Vec<u8>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = question(&mut stream).await;
            let _ = sender.send(text);
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    Server { port, asked }
}

/// Reads a head, and as much of a body as it announces.
async fn question(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if read == 0 || body.len() >= length {
            return text;
        }
    }
}

fn models(adapter: ModelAdapter, port: u16) -> Arc<Models> {
    let mut secrets = Secrets::default();
    secrets.insert("key", KEY.to_owned().into()).unwrap();
    let secrets = Arc::new(secrets);
    let http = SecretHttp::new(Arc::new(HttpClient::new()), Arc::clone(&secrets));
    let model = Model {
        names: "m*".parse().unwrap(),
        adapter,
        url: format!("http://127.0.0.1:{port}/v1"),
        secret: Some("key".to_owned()),
        price: Price::default(),
    };
    Arc::new(Models::new(&[model], Arc::new(http), &secrets))
}

fn chat() -> LlmChat {
    let message = |role, content: &str| LlmMessage { role, content: content.to_owned() };
    LlmChat {
        model: "m1".to_owned(),
        messages: vec![message(LlmRole::System, "be brief"), message(LlmRole::User, "hi")],
        max_tokens: Some(50),
        temperature_milli: Some(500),
        json_schema: None,
    }
}

/// An answer of the server: status, headers, body.
fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

fn ok(body: &str) -> Vec<u8> {
    http("200 OK", "", body)
}

/// A stream that says it is longer than what comes.
fn cut(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{body}").into_bytes()
}

fn usage(usage: Usage) -> String {
    match usage {
        Usage::Nothing => "nothing".to_owned(),
        Usage::Unknown => "unknown".to_owned(),
        Usage::Tokens { input, output } => format!("{input}+{output}"),
    }
}

/// What came of a question, in one line.
fn shown(found: Result<LlmAnswer, ServiceError>) -> String {
    let stopped = |stop: LlmStop| format!("{stop:?}").to_lowercase();
    match found {
        Err(error) => format!("{:?}: {}", error.kind, error.message),
        Ok(LlmAnswer::Chat { text, stop, usage: took }) => {
            format!("{text} | {} {}", stopped(stop), usage(took))
        }
        Ok(LlmAnswer::Opened(_)) => "opened".to_owned(),
        Ok(LlmAnswer::Piece(text)) => text,
        Ok(LlmAnswer::End { stop, usage: took }) => format!("| {} {}", stopped(stop), usage(took)),
        Ok(LlmAnswer::Closed) => "closed".to_owned(),
        Ok(LlmAnswer::Vectors { vectors, usage: took }) => {
            let vectors: Vec<_> = vectors.into_iter().map(|vector| vector.0).collect();
            format!("{vectors:?} | {}", usage(took))
        }
        Ok(LlmAnswer::Failed { problem, usage: took }) => {
            let (what, text) = match problem {
                LlmProblem::Refused(text) => ("refused", text),
                LlmProblem::TooLong(text) => ("too-long", text),
                LlmProblem::RateLimited(ms) => ("rate-limited", format!("{ms:?}")),
                LlmProblem::Unavailable(text) => ("unavailable", text),
            };
            format!("{what} ({text}) {}", usage(took))
        }
    }
}

/// Asks for a whole answer.
#[track_caller]
fn check(adapter: ModelAdapter, answer: Vec<u8>, expected: &str) {
    let found = runtime().block_on(async {
        let server = server(answer).await;
        shown(models(adapter, server.port).ask(LlmAsk::Chat(chat())).await)
    });
    assert_eq!(found, expected);
}

/// Reads an answer piece by piece to its end.
#[track_caller]
fn check_stream(adapter: ModelAdapter, answer: Vec<u8>, expected: &str) {
    let found = runtime().block_on(async {
        let server = server(answer).await;
        let models = models(adapter, server.port);
        let opened = models.ask(LlmAsk::Open(chat())).await;
        let Ok(LlmAnswer::Opened(number)) = opened else { return shown(opened) };
        let mut pieces = Vec::new();
        loop {
            let next = models.ask(LlmAsk::Next(number)).await;
            let more = matches!(next, Ok(LlmAnswer::Piece(_)));
            pieces.push(shown(next));
            if !more {
                return pieces.join(" ");
            }
        }
    });
    assert_eq!(found, expected);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

const OPENAI_ANSWER: &str = r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"message":
    {"role":"assistant","content":"hello","refusal":null},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;
const ANTHROPIC_ANSWER: &str = r#"{"id":"x","type":"message","role":"assistant","content":[
    {"type":"thinking","thinking":"hm"},{"type":"text","text":"hel"},{"type":"text","text":"lo"}],
    "stop_reason":"max_tokens","usage":{"input_tokens":9,"cache_read_input_tokens":3,"output_tokens":2}}"#;
const OLLAMA_ANSWER: &str = r#"{"model":"m1","message":{"role":"assistant","content":"hello"},
    "done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2}"#;

#[test]
fn whole_answers() {
    check(OPENAI, ok(OPENAI_ANSWER), "hello | end 9+2");
    check(ANTHROPIC, ok(ANTHROPIC_ANSWER), "hello | maxtokens 12+2");
    check(OLLAMA, ok(OLLAMA_ANSWER), "hello | end 9+2");
    let schema = r#"{"content":[{"type":"tool_use","name":"answer","input":{"n":1}}],
        "stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}"#;
    check(ANTHROPIC, ok(schema), r#"{"n":1} | end 1+1"#);
    let refusal = OPENAI_ANSWER.replace(r#""refusal":null"#, r#""refusal":"no""#);
    check(OPENAI, ok(&refusal), "refused (no) 9+2");
}

#[test]
fn a_provider_that_does_not_say_what_it_took() {
    let silent = |answer: &str, key: &str| answer.replace(key, "other");
    check(OPENAI, ok(&silent(OPENAI_ANSWER, "prompt_tokens")), "hello | end unknown");
    check(OPENAI, ok(&silent(OPENAI_ANSWER, "usage")), "hello | end unknown");
    check(ANTHROPIC, ok(&silent(ANTHROPIC_ANSWER, "usage")), "hello | maxtokens unknown");
    check(OLLAMA, ok(&silent(OLLAMA_ANSWER, "prompt_eval_count")), "hello | end unknown");
}

#[test]
fn answers_that_are_none() {
    for adapter in [OPENAI, ANTHROPIC, OLLAMA] {
        let says = |text: &str| format!("unavailable ({text}) unknown");
        let none = says("the provider says something that is no answer");
        for body in ["", "hello", "[]", "{}", "null", r#"{"choices":[]}"#] {
            check(adapter, ok(body), &none);
        }
        let long = format!("{{\"x\":\"{}\"}}", "x".repeat(100_000));
        check(adapter, ok(&long), &says("the answer is longer than was asked for"));
        check(
            adapter,
            http("500 Oops", "", "<html>"),
            "unavailable (the provider says status 500) nothing",
        );
        let moved = http("302 Found", "location: http://169.254.169.254/\r\n", "");
        check(adapter, moved, "unavailable (the provider says status 302) nothing");
        let busy = http("429 Slow", "retry-after: 7\r\n", r#"{"error":{"message":"slow down"}}"#);
        check(adapter, busy, "rate-limited (Some(7000)) nothing");
        let busy = http("429 Slow", "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", "");
        check(adapter, busy, "rate-limited (None) nothing");
        let busy = http("429 Slow", "retry-after: 1e300\r\n", "");
        check(adapter, busy, "rate-limited (Some(86400000)) nothing");
        let wrong = http("400 Bad", "", r#"{"error":{"message":"temperature: too hot"}}"#);
        check(adapter, wrong, "refused (temperature: too hot) nothing");
        let long = r#"{"error":{"code":"context_length_exceeded","message":"too much"}}"#;
        check(adapter, http("400 Bad", "", long), "too-long (too much) nothing");
        let long = r#"{"type":"error","error":{"message":"prompt is too long: 9 > 8"}}"#;
        check(adapter, http("400 Bad", "", long), "too-long (prompt is too long: 9 > 8) nothing");
        let key = http("401 No", "", r#"{"error":{"message":"bad key"}}"#);
        check(adapter, key, "unavailable (bad key) nothing");
        // What is said of a key is what stands for it.
        let said = format!("{{\"error\":{{\"message\":\"bad key {KEY}\"}}}}");
        let found = runtime().block_on(async {
            let server = server(http("401 No", "", &said)).await;
            shown(models(adapter, server.port).ask(LlmAsk::Chat(chat())).await)
        });
        assert!(!found.contains(KEY) && found.contains("coldframe-secret-"), "{found}");
    }
}

/// Whether the connection ends in the middle, before the answer, or was never there.
#[test]
fn connections_that_break() {
    for adapter in [OPENAI, ANTHROPIC, OLLAMA] {
        for answer in [cut("{\"choices\":"), Vec::new()] {
            let found = runtime().block_on(async {
                let server = server(answer).await;
                shown(models(adapter, server.port).ask(LlmAsk::Chat(chat())).await)
            });
            assert!(found.starts_with("unavailable (") && found.ends_with(" unknown"), "{found}");
        }
        let found = runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            shown(models(adapter, port).ask(LlmAsk::Chat(chat())).await)
        });
        assert!(found.starts_with("unavailable (") && found.ends_with(" nothing"), "{found}");
    }
}

fn events(all: &[&str]) -> String {
    all.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn openai_stream() -> String {
    events(&[
        r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
        r#"{"choices":[{"delta":{"content":"hel"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{"content":"lo"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#,
        "[DONE]",
    ])
}

fn anthropic_stream() -> String {
    let all = [
        (
            "message_start",
            r#"{"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}"#,
        ),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
        ("ping", r#"{"type":"ping"}"#),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hel"}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}"#,
        ),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        (
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
        ),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ];
    all.iter().map(|(event, data)| format!("event: {event}\ndata: {data}\n\n")).collect()
}

const OLLAMA_STREAM: &str = "{\"message\":{\"content\":\"hel\"},\"done\":false}\n\
    {\"message\":{\"content\":\"lo\"},\"done\":false}\n\
    {\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"prompt_eval_count\":9,\"eval_count\":2}\n";

#[test]
fn answers_in_pieces() {
    check_stream(OPENAI, ok(&openai_stream()), "hel lo | end 9+2");
    check_stream(ANTHROPIC, ok(&anthropic_stream()), "hel lo | end 9+2");
    check_stream(OLLAMA, ok(OLLAMA_STREAM), "hel lo | maxtokens 9+2");
    let silent = openai_stream().replace("prompt_tokens", "x");
    check_stream(OPENAI, ok(&silent), "hel lo | end unknown");
    // Some servers say nothing behind the last piece.
    let abrupt = openai_stream().replace("data: [DONE]\n\n", "");
    check_stream(OPENAI, ok(&abrupt), "hel lo | end 9+2");
}

#[test]
fn answers_in_pieces_that_break() {
    let half = |text: &str, mark: &str| text.split_inclusive(mark).next().unwrap().to_owned();
    let off = "hel unavailable (the answer was cut off) unknown";
    check_stream(OPENAI, ok(&half(&openai_stream(), "hel\"},\"finish_reason\":null}]}\n\n")), off);
    check_stream(ANTHROPIC, ok(&half(&anthropic_stream(), "hel\"}}\n\n")), off);
    check_stream(OLLAMA, ok(&half(OLLAMA_STREAM, "\n")), off);
    let error = r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let failing = format!(
        "{}{}",
        half(&openai_stream(), "hel\"},\"finish_reason\":null}]}\n\n"),
        events(&[error])
    );
    check_stream(OPENAI, ok(&failing), "hel unavailable (Overloaded) unknown");
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    check_stream(ANTHROPIC, ok(&events(&[error])), "unavailable (Overloaded) unknown");
    check_stream(OLLAMA, ok("{\"error\":\"gone\"}\n"), "unavailable (gone) unknown");
    for adapter in [OPENAI, ANTHROPIC, OLLAMA] {
        let none = "unavailable (the provider says something that is no answer) unknown";
        check_stream(adapter, ok("data: nonsense\n\nnonsense\n"), none);
        let busy = http("429 Slow", "retry-after: 2\r\n", "");
        check_stream(adapter, busy, "rate-limited (Some(2000)) nothing");
        let endless = format!("data: {}", "x".repeat(1_100_000));
        let long = "unavailable (the answer is longer than was asked for) unknown";
        check_stream(adapter, ok(&endless), long);
    }
}

/// Who has heard enough closes the connection, whether or not anybody waits for that.
#[test]
fn an_answer_that_nobody_wants_ends() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let models = models(OPENAI, listener.local_addr().unwrap().port());
        let opening = tokio::spawn({
            let models = Arc::clone(&models);
            async move { models.ask(LlmAsk::Open(chat())).await }
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        question(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n";
        let first = events(&[r#"{"choices":[{"delta":{"content":"hel"}}]}"#]);
        stream.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
        let Ok(LlmAnswer::Opened(number)) = opening.await.unwrap() else { panic!() };
        assert_eq!(shown(models.ask(LlmAsk::Next(number)).await), "hel");
        drop(models.ask(LlmAsk::Close(number)));
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
        let next = shown(models.ask(LlmAsk::Next(number)).await);
        assert_eq!(next, "unavailable (the answer is not waited for any more) unknown");
    });
}

#[test]
fn texts_as_vectors() {
    let check = |adapter, answer: &str, expected: &str| {
        let found = runtime().block_on(async {
            let server = server(ok(answer)).await;
            let texts = vec!["a".to_owned(), "b".to_owned()];
            let ask = LlmAsk::Embed { model: "m1".to_owned(), texts };
            shown(models(adapter, server.port).ask(ask).await)
        });
        assert_eq!(found, expected);
    };
    let openai = r#"{"data":[{"index":1,"embedding":[0.5]},{"index":0,"embedding":[1,-2]}],"usage":{"prompt_tokens":2}}"#;
    check(OPENAI, openai, "[[1.0, -2.0], [0.5]] | 2+0");
    check(OLLAMA, r#"{"embeddings":[[1],[2]],"prompt_eval_count":3}"#, "[[1.0], [2.0]] | 3+0");
    check(OLLAMA, r#"{"embeddings":[[1],[2]]}"#, "[[1.0], [2.0]] | unknown");
    let none = "unavailable (the provider says something that is no answer) unknown";
    check(OLLAMA, r#"{"embeddings":[[1]]}"#, none);
    check(OPENAI, r#"{"data":[{"index":0,"embedding":["x"]},{"index":1,"embedding":[]}]}"#, none);
    check(ANTHROPIC, "{}", "refused (this provider has no embeddings) nothing");
}

/// What is asked, in the words of each provider, with the key where it belongs and nowhere else.
#[test]
fn questions() {
    let asked = |adapter, schema: Option<&str>, stream: bool| {
        let text = runtime().block_on(async {
            let mut server = server(ok("{}")).await;
            let chat = LlmChat { json_schema: schema.map(str::to_owned), ..chat() };
            let ask = if stream { LlmAsk::Open(chat) } else { LlmAsk::Chat(chat) };
            let _ = models(adapter, server.port).ask(ask).await;
            server.asked.recv().await.unwrap()
        });
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let keys: Vec<&str> = head.lines().filter(|line| line.contains(KEY)).collect();
        let first = head.lines().next().unwrap();
        assert!(!text.contains("coldframe-secret-"), "{text}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        format!("{first} {keys:?} {body}")
    };
    assert_eq!(
        asked(OPENAI, None, true),
        r#"POST /v1/chat/completions HTTP/1.1 ["authorization: Bearer sk-very-secret"] {"max_tokens":50,"messages":[{"content":"be brief","role":"system"},{"content":"hi","role":"user"}],"model":"m1","stream":true,"stream_options":{"include_usage":true},"temperature":0.5}"#
    );
    assert_eq!(
        asked(OPENAI, Some(r#"{"type":"object"}"#), false),
        r#"POST /v1/chat/completions HTTP/1.1 ["authorization: Bearer sk-very-secret"] {"max_tokens":50,"messages":[{"content":"be brief","role":"system"},{"content":"hi","role":"user"}],"model":"m1","response_format":{"json_schema":{"name":"answer","schema":{"type":"object"},"strict":true},"type":"json_schema"},"temperature":0.5}"#
    );
    assert_eq!(
        asked(ANTHROPIC, Some(r#"{"type":"object"}"#), true),
        r#"POST /v1/messages HTTP/1.1 ["x-api-key: sk-very-secret"] {"max_tokens":50,"messages":[{"content":"hi","role":"user"}],"model":"m1","stream":true,"system":"be brief","temperature":0.5,"tool_choice":{"name":"answer","type":"tool"},"tools":[{"description":"Gives the answer.","input_schema":{"type":"object"},"name":"answer"}]}"#
    );
    assert_eq!(
        asked(OLLAMA, Some(r#"{"type":"object"}"#), false),
        r#"POST /v1/api/chat HTTP/1.1 ["authorization: Bearer sk-very-secret"] {"format":{"type":"object"},"messages":[{"content":"be brief","role":"system"},{"content":"hi","role":"user"}],"model":"m1","options":{"num_predict":50,"temperature":0.5},"stream":false}"#
    );
}

/// A question that a rule stands against does not go out.
#[test]
fn what_is_not_there_is_not_asked() {
    let ask = |model: &str, schema: Option<&str>| {
        let chat =
            LlmChat { model: model.to_owned(), json_schema: schema.map(str::to_owned), ..chat() };
        shown(runtime().block_on(models(OPENAI, 1).ask(LlmAsk::Chat(chat))))
    };
    assert_eq!(ask("other", None), "Some(DeniedModel): no provider here has that model");
    let refused = "refused (the schema is not a JSON object) nothing";
    assert_eq!([ask("m", Some("{")), ask("m", Some("7"))], [refused, refused]);
    let model = Model {
        names: "m".parse().unwrap(),
        adapter: OPENAI,
        url: "https://a.example".to_owned(),
        secret: Some("key".to_owned()),
        price: Price::default(),
    };
    let models = Models::new(&[model], Arc::new(HttpClient::new()), &Secrets::default());
    let chat = LlmChat { model: "m".to_owned(), ..chat() };
    let found = shown(runtime().block_on(Arc::new(models).ask(LlmAsk::Chat(chat))));
    assert!(found.starts_with("Some(DeniedSecret): there is no secret `key`"), "{found}");
}
