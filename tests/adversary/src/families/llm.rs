//! Language models: providers that lie or never end, and skills that ask for more than they are granted.
//!
//! In every case the host has a key, which stands in nothing that it prints or keeps.

use std::sync::LazyLock;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::Case;
use crate::guest::Guest;
use crate::net::{Manner, Server};
use crate::world::World;
use crate::{run, spy, world};

/// The key. Many servers write the stroke in it as `\/`.
const KEY: &str = "sk-canary/4417-of-nobody";
/// What stands for a key that was taken out.
const MARK: &str = "coldframe-secret-";
/// A whole answer, up to what it took.
pub(super) const HELLO: &str =
    r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]"#;

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = Case::right;
    vec![
        session("LLM-1", "an answer without end, and a head without end", endless, &["refused"]),
        session("LLM-2", "an answer in pieces without end", stream, &["refused"]),
        session(
            "LLM-3",
            "answers that are none: broken, deep, of other types",
            broken,
            &["survived"],
        ),
        session("LLM-4", "a redirection to another server", moved, &["refused"]),
        session("LLM-5", "counts of tokens that are lies", lies, &["limit.tokens"]),
        session("LLM-6", "a provider that sends the key back", echo, &["unseen"]),
        session("LLM-6b", "the same in pieces, without end", echo_stream, &["unseen"]),
        session(
            "LLM-7",
            "a provider that says nothing, or a byte now and then",
            silent,
            &["limit.deadline"],
        ),
        session("LLM-8", "a model by a name that is like a granted one", names, &["denied.model"]),
        session(
            "LLM-9",
            "more tokens or money than is left, also side by side",
            greedy,
            &["limit.tokens"],
        ),
        session("LLM-10", "the provider of a model, asked by another way", around, &["refused"]),
    ]
}

pub(super) static CHAT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/llm@0.1.0;
        use coldframe:host/llm@0.1.0.{request, answer, error};
        export f: func(request: request) -> result<answer, error>; }";
    crate::guest::encode(wit, include_str!("../../data/models-chat.wat"))
});
static READ: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/llm@0.1.0;
        use coldframe:host/llm@0.1.0.{request};
        export f: func(request: request) -> u32; }";
    crate::guest::encode(wit, include_str!("../../data/models-read.wat"))
});

pub(super) fn request(model: &str, most: u32) -> String {
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let nothing = Value::Null;
    json!({ "request": {
        "model": model, "messages": messages, "max_tokens": most, "temperature": nothing,
        "json_schema": nothing,
    } })
    .to_string()
}

fn asking(bytes: &'static LazyLock<Vec<u8>>, model: &str, most: u32) -> Guest {
    Guest::bytes(|| bytes.to_vec()).cap("llm=m-*").with(request(model, most)).limits("wall: 3s")
}

/// The project's models are those of a server, at a thousandth of a dollar for each token.
pub(super) fn armed(world: &mut World, server: &Server) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{}/v1", server.port);
    world.file(
        "coldframe.yml",
        format!(
            "apiVersion: coldframe/v1\nkind: Config\nmetadata: {{ name: models }}\nmodels:\n  \
             - {{ model: \"m-*\", adapter: openai, url: \"{url}\", secret: key, usd_in: 1000, \
             usd_out: 1000 }}\n"
        ),
    )?;
    world.secret = Some(KEY);
    world.env = vec![("KEY".to_owned(), KEY.to_owned())];
    world.flags = vec!["--secret".to_owned(), "key=env:KEY".to_owned()];
    Ok(())
}

/// What a question to such a server comes to.
fn ask(
    world: &mut World,
    bytes: &'static LazyLock<Vec<u8>>,
    manner: Manner,
) -> anyhow::Result<(String, Value)> {
    let server = Server::start(manner)?;
    armed(world, &server)?;
    let found = world.call(&asking(bytes, "m-a", 50))?;
    ensure!(server.connections() == 1, "{manner:?}: {} connections", server.connections());
    Ok(found)
}

fn endless(world: &mut World) -> anyhow::Result<String> {
    for manner in [Manner::Pours, Manner::BoastsHeaders, Manner::Repeats(HELLO)] {
        let (kind, output) = ask(world, &CHAT, manner)?;
        ensure!(kind == "guest.error", "{manner:?} came to `{kind}`, {output}");
    }
    world.search();
    Ok("refused".to_owned())
}

/// A line that has no end, events that have none, and events with nothing in them.
fn stream(world: &mut World) -> anyhow::Result<String> {
    for manner in [
        Manner::Pours,
        Manner::Repeats("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"),
        Manner::Repeats("data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n"),
        Manner::Repeats("data: {\n"),
        Manner::Repeats(":\n\n"),
        Manner::Repeats("\r\n"),
    ] {
        let (kind, output) = ask(world, &READ, manner)?;
        let broke_off = output.as_u64().is_some_and(|count| count >= 1_000_000);
        ensure!(kind == "works" && broke_off, "{manner:?} came to `{kind}`, {output}");
    }
    world.search();
    Ok("refused".to_owned())
}

fn broken(world: &mut World) -> anyhow::Result<String> {
    static DEEP: LazyLock<String> = LazyLock::new(|| "[".repeat(60_000));
    static WIDE: LazyLock<String> =
        LazyLock::new(|| format!("{{\"choices\":[{}]}}", vec!["{}"; 15_000].join(",")));
    for text in [
        "",
        "{",
        "null",
        "[]",
        "hello",
        "<html></html>",
        r#"{"choices":{}}"#,
        r#"{"choices":[]}"#,
        r#"{"choices":[{"message":7}]}"#,
        "\u{0}\u{1b}[31m",
        r#"{"error":{"message":"\u001b[31mred\u0007 \u202e"}}"#,
        DEEP.as_str(),
        WIDE.as_str(),
    ] {
        let short: String = text.chars().take(40).collect();
        for status in [200, 400, 500] {
            // Whether it is an answer without words or none is the adapter's to say.
            let (kind, output) = ask(world, &CHAT, Manner::Tells(status, text))?;
            let empty = kind == "works" && output["text"] == "" && status == 200;
            ensure!(kind == "guest.error" || empty, "{short:?} came to `{kind}`, {output}");
        }
    }
    let (kind, output) = ask(world, &CHAT, Manner::SendsGzip)?;
    ensure!(kind == "guest.error", "what is compressed came to `{kind}`, {output}");
    for text in ["data: {\n\n", "data: [DONE]\n\n", "data: 7\n\n", "data: {\"choices\":7}\n\n"] {
        let (kind, output) = ask(world, &READ, Manner::Tells(200, text))?;
        ensure!(kind == "works", "{text:?} came to `{kind}`, {output}");
    }
    world.search();
    Ok("survived".to_owned())
}

fn moved(world: &mut World) -> anyhow::Result<String> {
    let target = Server::start(Manner::Tells(200, HELLO))?;
    for bytes in [&CHAT, &READ] {
        let (kind, output) = ask(world, bytes, Manner::MovesTo(target.port))?;
        let failed = kind == "guest.error" || output == 2_000_000;
        ensure!(failed, "came to `{kind}`, {output}");
    }
    ensure!(target.connections() == 0, "the other server was asked");
    world.search();
    Ok("refused".to_owned())
}

/// Counts that are no counts are as if nothing was said, and those that are count: more than there
/// is leaves nothing for another question.
fn lies(world: &mut World) -> anyhow::Result<String> {
    for usage in [
        r#"{"prompt_tokens":-1,"completion_tokens":-1}"#,
        r#"{"prompt_tokens":1e400,"completion_tokens":2}"#,
        r#"{"prompt_tokens":1.5,"completion_tokens":"2"}"#,
        r#"{"prompt_tokens":18446744073709551616,"completion_tokens":2}"#,
        r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615}"#,
        "7",
        "null",
    ] {
        let text = format!("{HELLO},\"usage\":{usage}}}");
        let (kind, output) = ask(world, &CHAT, Manner::Tells(200, text.leak()))?;
        let said = output.pointer("/ending/usage/output_tokens");
        let all = kind == "works" && said == Some(&json!(50));
        ensure!(all || kind == "guest.error", "{usage} came to `{kind}`, {output}");
    }
    let usage = r#"{"prompt_tokens":4000000000,"completion_tokens":4000000000}"#;
    let text = format!("{HELLO},\"usage\":{usage}}}");
    let server = Server::start(Manner::Tells(200, text.leak()))?;
    armed(world, &server)?;
    let guest = asking(&CHAT, "m-a", 50);
    world.publish("llm-5", &guest)?.map_err(anyhow::Error::msg)?;
    let step = |id: &str, after: &str| {
        format!(
            "  - {{ id: {id}, {after}on_error: continue, uses: \"evil/llm-5@1.0.0#f\", with: {}, \
             caps: {{ llm: [\"m-*\"] }} }}\n",
            guest.with
        )
    };
    let text = run::head(&guest.caps) + &step("one", "") + &step("two", "needs: one, ");
    let file = world.file("attack.yml", text)?;
    let registry = world.registry().display().to_string();
    let flags = world.flags.clone();
    let mut arguments = vec!["run", &file, "--registry", &registry];
    arguments.extend(flags.iter().map(String::as_str));
    let found = world.json(&arguments)?;
    ensure!(server.connections() == 1, "{} questions were asked: {found}", server.connections());
    world.search();
    Ok(world::kind(&found))
}

/// As it is, in what goes wrong, with its stroke escaped, and in disguises that are searched for.
fn echo(world: &mut World) -> anyhow::Result<String> {
    for text in [
        r#"{"choices":[{"message":{"content":"KEY"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"sk-canary\/4417-of-nobody"}}]}"#,
        r#"{"choices":[{"message":{"content":"c2stY2FuYXJ5LzQ0MTctb2Ytbm9ib2R5"}}]}"#,
    ] {
        let (kind, output) = ask(world, &CHAT, Manner::Tells(200, text))?;
        let taken_out = output["text"].as_str().is_some_and(|text| text.starts_with(MARK));
        ensure!(kind == "works" && taken_out, "{text} came to `{kind}`, {output}");
        ensure!(!spy::has(output.to_string().as_bytes(), KEY), "{text} came as {output}");
    }
    for status in [200, 400, 401, 429, 500] {
        for text in [r#"{"error":{"message":"no KEY"}}"#, r#"{"error":"KEY"}"#, "KEY", "{\"KEY\":"]
        {
            let (kind, output) = ask(world, &CHAT, Manner::Tells(status, text))?;
            ensure!(kind == "guest.error", "{status} {text} came to `{kind}`, {output}");
        }
    }
    let (kind, output) = ask(world, &CHAT, Manner::Echoes)?;
    ensure!(kind == "guest.error", "its own head came to `{kind}`, {output}");
    world.search();
    Ok("unseen".to_owned())
}

fn echo_stream(world: &mut World) -> anyhow::Result<String> {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"KEY\"}}]}\n\n";
    for manner in [Manner::Repeats(event), Manner::Repeats("KEY"), Manner::Repeats("data: KEY\n\n")]
    {
        let (kind, output) = ask(world, &READ, manner)?;
        let broke_off = output.as_u64().is_some_and(|count| count >= 1_000_000);
        ensure!(kind == "works" && broke_off, "{manner:?} came to `{kind}`, {output}");
    }
    world.search();
    Ok("unseen".to_owned())
}

fn silent(world: &mut World) -> anyhow::Result<String> {
    let mut kinds = Vec::new();
    for manner in [Manner::IsSilent, Manner::Drips] {
        for bytes in [&CHAT, &READ] {
            let server = Server::start(manner)?;
            armed(world, &server)?;
            let (kind, output) = world.call(&asking(bytes, "m-a", 50).limits("wall: 700ms"))?;
            ensure!(kind == "limit.deadline", "{manner:?} came to `{kind}`, {output}");
            kinds.push(kind);
        }
    }
    world.search();
    kinds.pop().context("nothing was asked")
}

fn names(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Tells(200, HELLO))?;
    armed(world, &server)?;
    let long = "m-a".repeat(10_000);
    for model in [
        "",
        "M-a",
        "m-ab",
        " m-a",
        "m-a ",
        "m-a\n",
        "m-a\u{0}",
        "m-a\u{200b}",
        "m‐a",
        "m-*",
        "*",
        "m-a/../m-b",
        "m-a\",\"model\":\"m-b",
        &long,
    ] {
        let guest = Guest::bytes(|| CHAT.to_vec()).cap("llm=m-a").with(request(model, 50));
        let (kind, output) = world.call(&guest)?;
        let short: String = model.chars().take(30).collect();
        ensure!(kind == "denied.model", "{short:?} came to `{kind}`, {output}");
    }
    ensure!(server.connections() == 0, "the provider was asked");
    world.search();
    Ok("denied.model".to_owned())
}

fn greedy(world: &mut World) -> anyhow::Result<String> {
    let usage = "{\"prompt_tokens\":1,\"completion_tokens\":1}";
    let text = format!("{HELLO},\"usage\":{usage}}}");
    let server = Server::start(Manner::Tells(200, text.leak()))?;
    armed(world, &server)?;
    for (most, limits, expected) in [
        (u32::MAX, "", "limit.tokens"),
        (50, "tokens: 100", "limit.tokens"),
        (50, "call_cost_usd: 0.1", "limit.cost"),
    ] {
        let guest = Guest::bytes(|| CHAT.to_vec()).cap("llm=m-*").with(request("m-a", most));
        let (kind, output) = world.call(&guest.limits(limits))?;
        ensure!(kind == expected, "{most} within `{limits}` came to `{kind}`, {output}");
    }
    ensure!(server.connections() == 0, "the provider was asked");
    // Room for two at a time, of sixteen.
    let guest = asking(&CHAT, "m-a", 50).limits("call_tokens: 132").times(16);
    world.publish("llm-9", &guest)?.map_err(anyhow::Error::msg)?;
    let text = run::pipeline("llm-9", &guest).replace("fuel: 1e12", "fuel: 1e12, tokens: 290");
    let run = run::piped(world, &text)?;
    let taken = run.found.pointer("/totals/tokens").and_then(Value::as_u64);
    ensure!(taken.is_some_and(|tokens| tokens <= 290), "they took {taken:?}: {}", run.found);
    world.search();
    Ok("limit.tokens".to_owned())
}

/// Neither the key nor the address is a skill's to use: a request to the provider is a request
/// like any other, which nothing grants.
fn around(world: &mut World) -> anyhow::Result<String> {
    static SEND: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let wit = "package t:t; world w { import coldframe:host/secrets@0.1.0;
            import wasi:http/outgoing-handler@0.2.6;
            export f: func(host: string, path: string, secret: string, name: string, place: u32)
                -> string; }";
        crate::guest::encode(wit, include_str!("../../data/secrets.wat"))
    });
    let server = Server::start(Manner::Echoes)?;
    armed(world, &server)?;
    let host = format!("127.0.0.1:{}", server.port);
    let with = json!({
        "host": host, "path": "/v1/models", "secret": "key", "name": "authorization", "place": 0,
    });
    for (caps, expected) in [
        (vec!["llm=m-*".to_owned()], "denied.import"),
        (vec!["llm=m-*".to_owned(), format!("http=http://{host}")], "denied.import"),
        (
            vec![
                "llm=m-*".to_owned(),
                "http=http://127.0.0.1:1".to_owned(),
                format!("secrets=other for http://{host} in authorization"),
            ],
            "denied.secret",
        ),
    ] {
        let guest = Guest::bytes(|| SEND.clone()).with(with.to_string());
        let guest = caps.iter().fold(guest, |guest, cap| guest.cap(cap.clone()));
        let (kind, output) = world.call(&guest)?;
        ensure!(kind == expected, "{caps:?} came to `{kind}`, {output}");
    }
    ensure!(server.connections() == 0, "the provider was asked");
    world.search();
    Ok("refused".to_owned())
}
