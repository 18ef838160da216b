//! Requests to where none was granted, and servers that do not behave.
//!
//! Every server is on this machine. That an address is refused shows in that nobody connected.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::case::Case;
use crate::guest::Guest;
use crate::net::{Manner, Server};
use crate::world::World;
use crate::{run, world};

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = Case::right;
    vec![
        session("NET-1", "a host that was not granted", not_granted, &["denied.host"]),
        session("NET-1b", "a port that was not granted", other_port, &["denied.host"]),
        session(
            "NET-2",
            "this machine in 30 spellings, with `http://*` granted",
            spellings,
            &["refused"],
        ),
        session("NET-3", "hosts that two readers read in two ways", tricks, &["refused"]),
        session("NET-6", "a redirection to a server that was not granted", redirection, &["works"]),
        session("NET-7", "paths that are whole addresses", paths, &["refused"]),
        session("NET-8", "headers that smuggle a second request", smuggling, &["refused"]),
        session("NET-8b", "trailers that smuggle", trailers, &["refused"]),
        Case::alone(
            "NET-9",
            "raw TCP sockets",
            import("wasi:sockets/tcp@0.2.6"),
            &["denied.import"],
        ),
        Case::alone(
            "NET-9b",
            "raw UDP sockets",
            import("wasi:sockets/udp@0.2.6"),
            &["denied.import"],
        ),
        Case::alone(
            "NET-10",
            "sending data out in names that are looked up",
            lookup(),
            &["denied.import"],
        ),
        session(
            "NET-11",
            "a server that never answers, asked with endless patience",
            silent,
            &["limit.deadline"],
        ),
        session("NET-11b", "a server that sends a byte each 100 ms", drips, &["limit.deadline"]),
        session(
            "NET-11c",
            "a server that is silent while TLS begins",
            silent_tls,
            &["limit.deadline"],
        ),
        session("NET-12", "a body without end", endless_body, &["limit.net-bytes"]),
        session("NET-12b", "a body that says it is compressed", compressed, &["works"]),
        session("NET-12c", "a head without end", endless_head, &["refused"]),
        session("NET-13", "ten thousand requests", flood, &["limit.net-concurrency"]),
        session("NET-13b", "an upload without end", upload, &["limit.net-bytes"]),
        session("NET-16", "a crowd of calls that all ask one host", crowd, &["works"]),
        session("NET-16b", "a host asked as fast as can be", haste, &["works"]),
        session("NET-16c", "a call that keeps all turns at a host to itself", hoard, &["works"]),
        session("NET-14", "a proxy named in the environment", proxy, &["works"]),
        session(
            "NET-15b",
            "a server whose certificate nobody else vouches for",
            self_signed,
            &["refused"],
        ),
        session("NET-15", "a server without TLS where TLS is asked for", no_tls, &["refused"]),
    ]
}

static FETCH: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import wasi:http/outgoing-handler@0.2.6;
        export f: func(https: bool, host: string, path: string, times: u32, style: u32,
            name: string, value: string) -> u32; }";
    crate::guest::encode(wit, include_str!("../../data/fetch.wat"))
});

/// What the component in `fetch.wat` returns where its host was asked too much for too long.
const CONNECTION_LIMIT_REACHED: u32 = 1011;

/// A request of the component in `fetch.wat`.
struct Ask<'a> {
    https: bool,
    host: &'a str,
    path: &'a str,
    times: u32,
    style: u32,
    header: (&'a str, &'a str),
    grant: &'a str,
}

impl Default for Ask<'_> {
    fn default() -> Self {
        Self { https: false, host: "", path: "/", times: 1, style: 0, header: ("", ""), grant: "" }
    }
}

/// Asks as a file that nobody signed: the operator grants `grant`.
fn ask(world: &mut World, ask: &Ask<'_>) -> anyhow::Result<(String, Value)> {
    let with = json!({
        "https": ask.https, "host": ask.host, "path": ask.path, "times": ask.times,
        "style": ask.style, "name": ask.header.0, "value": ask.header.1,
    });
    let guest = Guest::bytes(|| FETCH.clone())
        .cap(format!("http={}", ask.grant))
        .limits("wall: 1500ms")
        .with(with.to_string());
    world.call(&guest)
}

/// A call that must not have reached any server.
fn unreached(server: &Server, kind: &str) -> anyhow::Result<()> {
    ensure!(server.connections() == 0, "`{kind}`, and {} connections", server.connections());
    Ok(())
}

fn not_granted(world: &mut World) -> anyhow::Result<String> {
    let (server, other) = (Server::start(Manner::Answers)?, Server::start(Manner::Answers)?);
    let grant = format!("GET http://localhost:{}/**", other.port);
    let host = format!("127.0.0.1:{}", server.port);
    let (kind, _) = ask(world, &Ask { host: &host, grant: &grant, ..Ask::default() })?;
    unreached(&server, &kind)?;
    Ok(kind)
}

fn other_port(world: &mut World) -> anyhow::Result<String> {
    let (server, other) = (Server::start(Manner::Answers)?, Server::start(Manner::Answers)?);
    let grant = format!("GET http://127.0.0.1:{}/**", other.port);
    let host = format!("127.0.0.1:{}", server.port);
    let (kind, _) = ask(world, &Ask { host: &host, grant: &grant, ..Ask::default() })?;
    unreached(&server, &kind)?;
    Ok(kind)
}

/// Asks each host of a list with everything granted: no call may succeed, none may connect.
fn all_refused(
    world: &mut World,
    server: &Server,
    hosts: &[String],
    grant: &str,
) -> anyhow::Result<String> {
    for host in hosts {
        let (kind, output) = ask(world, &Ask { host, grant, ..Ask::default() })?;
        let refused = kind.starts_with("denied.");
        // A host that no request can name, or that nobody finds.
        let unsaid = kind == "works" && output.as_u64().is_some_and(|status| status >= 1000);
        ensure!(refused || unsaid, "`{host}` came to `{kind}`, {output}");
        ensure!(server.connections() == 0, "`{host}` reached the server, as `{kind}`");
    }
    Ok("refused".to_owned())
}

fn spellings(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0177.0.0.1",
        "0177.1",
        "017700000001",
        "127.0.0.1.",
        "127.000.000.001",
        "127.127.127.127",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "LocalHost.LocalDomain",
        "a.localhost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "127.0.0.1%00",
        "①②⑦.⓪.⓪.①",
    ];
    let hosts: Vec<String> = hosts.iter().map(|host| format!("{host}:{}", server.port)).collect();
    all_refused(world, &server, &hosts, &format!("GET http://*:{}", server.port))
}

fn tricks(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let port = server.port;
    let here = format!("127.0.0.1:{port}");
    let good = format!("good.test:{port}");
    let hosts = [
        format!("good.test@{here}"),
        format!("{good}@{here}"),
        format!("{here}#{good}"),
        format!("{here}\\@{good}"),
        format!("{here}/{good}"),
        format!("{here}?{good}"),
        format!("{here};{good}"),
        format!("{here},{good}"),
        format!("{good},{here}"),
        format!("{here}\t"),
        format!(" {here}"),
        format!("{here}%2523{good}"),
        format!("good.test%00.{here}"),
        format!("good.test%2f@{here}"),
        format!("{here}&@{good}"),
        format!("good.test.{here}"),
        format!("127.0.0.1:{port}:80"),
        format!("127.0.0.1:80{port}"),
        format!("127.0.0.1.good.test@127.0.0.1:{port}"),
        format!("good.test:{port}\r\nHost: {here}"),
        format!("[::ffff:127.0.0.1%25lo]:{port}"),
        format!("good。test:{port}"),
        String::new(),
    ];
    all_refused(world, &server, &hosts, &format!("GET http://good.test:{port}"))
}

fn redirection(world: &mut World) -> anyhow::Result<String> {
    let target = Server::start(Manner::Answers)?;
    let server = Server::start(Manner::MovesTo(target.port))?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("GET http://{host}/**");
    let (kind, output) = ask(world, &Ask { host: &host, grant: &grant, ..Ask::default() })?;
    unreached(&target, &kind)?;
    ensure!(output == 302, "came to {output}");
    Ok(kind)
}

fn paths(world: &mut World) -> anyhow::Result<String> {
    let (server, other) = (Server::start(Manner::Answers)?, Server::start(Manner::Answers)?);
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("GET http://{host}/only/**");
    let absolute = format!("http://127.0.0.1:{}/only/x", other.port);
    for path in [
        absolute.as_str(),
        "//127.0.0.1/only/x",
        "*",
        "x",
        "only/x",
        "/only/../x",
        "/only/%2e%2e/x",
        "/only/..%2fx",
        "/only\\..\\x",
        "/x",
        "/only/x HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "/ünly",
    ] {
        let (kind, output) =
            ask(world, &Ask { host: &host, path, grant: &grant, ..Ask::default() })?;
        let unsaid = kind == "works" && output == 2002;
        ensure!(kind == "denied.host" || unsaid, "`{path}` came to `{kind}`, {output}");
        ensure!(server.connections() + other.connections() == 0, "`{path}` reached a server");
    }
    let (kind, output) =
        ask(world, &Ask { host: &host, path: "/only/x", grant: &grant, ..Ask::default() })?;
    ensure!(output == 200, "what is granted came to `{kind}`, {output}");
    let head = server.heads().pop().context("nothing was asked")?;
    ensure!(head.starts_with("GET /only/x HTTP/1.1\r\n"), "the server was asked {head:?}");
    Ok("refused".to_owned())
}

/// Headers that decide where a message ends or whom it is for are the host's own.
fn smuggling(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("GET http://{host}/**");
    for header in [
        ("Content-Length", "5"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Host", "evil.test"),
        ("Connection", "keep-alive"),
        ("Upgrade", "h2c"),
        ("Proxy-Authorization", "x"),
        ("Expect", "100-continue"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("x-a", "b\r\nHost: evil.test"),
        ("x-a", "b\nc"),
        ("x-a", "b\0c"),
        ("x-a\r\nHost", "evil.test"),
        ("x a", "b"),
        ("", "b"),
        (":authority", "evil.test"),
    ] {
        for style in [4, 6] {
            let before = server.heads().len();
            let (kind, output) =
                ask(world, &Ask { host: &host, style, header, grant: &grant, ..Ask::default() })?;
            let head = server.heads().get(before).cloned();
            match head {
                None => ensure!(
                    kind != "works" || output.as_u64().is_some_and(|said| said >= 1000),
                    "{header:?} came to `{kind}`, {output}"
                ),
                // It may be left out, as long as it does not go out.
                Some(head) => {
                    let lower = head.to_lowercase();
                    let hosts = lower.matches("\r\nhost:").count();
                    let smuggled = lower.contains("evil.test")
                        || lower.matches("content-length").count() > 1
                        || lower.contains("content-length: 5")
                        || lower.contains("chunked")
                        || lower.contains("keep-alive")
                        || lower.contains("upgrade");
                    ensure!(hosts == 1 && !smuggled, "{header:?} went out as {head:?}");
                }
            }
        }
    }
    Ok("refused".to_owned())
}

fn trailers(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("POST http://{host}/**");
    for header in [
        ("Content-Length", "5"),
        ("Host", "evil.test"),
        ("Transfer-Encoding", "chunked"),
        ("x-a", "b\r\nx-c: d"),
    ] {
        let (kind, output) =
            ask(world, &Ask { host: &host, style: 5, header, grant: &grant, ..Ask::default() })?;
        if kind == "works" && output == 2003 {
            continue;
        }
        let sent = server.heads().pop().context("nothing was sent")?;
        let lower = sent.to_lowercase();
        let (_, behind) = lower.split_once("\r\n\r\n").context("no head was sent")?;
        ensure!(!behind.contains(':'), "{header:?} went out behind the body: {sent:?}");
    }
    Ok("refused".to_owned())
}

fn import(name: &str) -> Guest {
    Guest::wat(format!(
        r#"(component (import "{name}" (instance (export "f" (func))))
            (core module $m (func (export "f"))) (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#
    ))
}

fn lookup() -> Guest {
    Guest::world(
        "package t:t; world w { import wasi:sockets/instance-network@0.2.6; import wasi:sockets/ip-name-lookup@0.2.6; export f: func(); }",
        r#"(module
            (import "wasi:sockets/instance-network@0.2.6" "instance-network" (func $network (result i32)))
            (import "wasi:sockets/ip-name-lookup@0.2.6" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
            (memory (export "memory") 1) (data (i32.const 16) "secret.evil.test")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "f") (call $resolve (call $network) (i32.const 16) (i32.const 16) (i32.const 0))))"#,
    )
}

/// Asks a server that behaves in some manner, granted.
fn granted(
    world: &mut World,
    manner: Manner,
    style: u32,
    times: u32,
) -> anyhow::Result<(String, Value, Server)> {
    let server = Server::start(manner)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("http://{host}/**");
    let (kind, output) =
        ask(world, &Ask { host: &host, style, times, grant: &grant, ..Ask::default() })?;
    Ok((kind, output, server))
}

fn silent(world: &mut World) -> anyhow::Result<String> {
    Ok(granted(world, Manner::IsSilent, 3, 1)?.0)
}

fn drips(world: &mut World) -> anyhow::Result<String> {
    Ok(granted(world, Manner::Drips, 3, 1)?.0)
}

fn silent_tls(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::IsSilent)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("https://{host}/**");
    let asked = Ask { https: true, host: &host, style: 3, grant: &grant, ..Ask::default() };
    Ok(ask(world, &asked)?.0)
}

fn endless_body(world: &mut World) -> anyhow::Result<String> {
    Ok(granted(world, Manner::Pours, 1, 1)?.0)
}

fn compressed(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::SendsGzip)?;
    let host = format!("127.0.0.1:{}", server.port);
    let text = run::head(&[format!("http=GET http://{host}/**")])
        + &format!(
            "  - {{ id: attack, on_error: continue, uses: std/http#get, with: {{ url: \"http://{host}/\" }} }}\n"
        )
        + &run::canary();
    let run = run::piped(world, &text)?;
    let body = run.output("attack").and_then(|output| output.get("body").cloned());
    ensure!(body == Some(json!("gzip")), "the body came as {body:?}");
    Ok(world::kind(run.step("attack").context("a step")?))
}

fn endless_head(world: &mut World) -> anyhow::Result<String> {
    let (kind, output, _) = granted(world, Manner::BoastsHeaders, 0, 1)?;
    let failed = kind == "works" && output.as_u64().is_some_and(|status| status >= 1000);
    ensure!(failed || kind == "limit.net-bytes", "came to `{kind}`, {output}");
    Ok("refused".to_owned())
}

fn flood(world: &mut World) -> anyhow::Result<String> {
    let (kind, _, server) = granted(world, Manner::Answers, 0, 10_000)?;
    ensure!(server.connections() <= 32, "{} connections", server.connections());
    Ok(kind)
}

/// A component that asks a host so often, with limits.
fn asking(server: &Server, times: u32, limits: &'static str) -> Guest {
    let host = format!("127.0.0.1:{}", server.port);
    let with = json!({
        "https": false, "host": host, "path": "/", "times": times, "style": 0, "name": "", "value": "",
    });
    Guest::bytes(|| FETCH.clone())
        .cap(format!("http=http://{host}/**"))
        .limits(limits)
        .with(with.to_string())
}

fn crowd(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::AnswersLate)?;
    let guest = asking(&server, 1, "host_concurrency: 2").times(8).gives(json!(200));
    let kind = run::beside(world, "NET-16", &guest)?;
    let (all, at_once) = (server.connections(), server.busiest());
    ensure!(all == 8 && at_once == 2, "{at_once} of {all} requests at once");
    Ok(kind)
}

fn haste(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let begun = Instant::now();
    let (kind, output) = world.call(&asking(&server, 5, "host_rate: 2"))?;
    let took = begun.elapsed();
    ensure!(output == 200 && server.connections() == 5, "came to {output}");
    ensure!(took >= Duration::from_secs(2), "5 requests in {took:?}");
    Ok(kind)
}

/// It is told that there are too many as soon as its own times are over, and waits no longer.
fn hoard(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::Answers)?;
    let limits = "host_concurrency: 1, net_connect: 200ms, net_first_byte: 300ms";
    let (kind, output) = world.call(&asking(&server, 2, limits))?;
    ensure!(output == CONNECTION_LIMIT_REACHED && server.connections() == 1, "came to {output}");
    Ok(kind)
}

fn upload(world: &mut World) -> anyhow::Result<String> {
    Ok(granted(world, Manner::Swallows, 2, 1)?.0)
}

fn proxy(world: &mut World) -> anyhow::Result<String> {
    let proxy = Server::start(Manner::Answers)?;
    let address = format!("http://127.0.0.1:{}", proxy.port);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"] {
        world.env.push((name.to_owned(), address.clone()));
    }
    let (kind, output, server) = granted(world, Manner::Answers, 0, 1)?;
    unreached(&proxy, &kind)?;
    ensure!(output == 200 && server.connections() == 1, "came to {output}");
    Ok(kind)
}

fn no_tls(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::AnswersAtOnce)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("https://{host}/**");
    let asked = Ask { https: true, host: &host, grant: &grant, ..Ask::default() };
    let (kind, output) = ask(world, &asked)?;
    let failed = kind == "works" && output.as_u64().is_some_and(|status| status >= 1000);
    ensure!(failed, "came to `{kind}`, {output}");
    let plain = server.heads().iter().any(|head| head.starts_with("GET "));
    ensure!(!plain, "the request was sent without TLS");
    Ok("refused".to_owned())
}

fn self_signed(world: &mut World) -> anyhow::Result<String> {
    let server = Server::start(Manner::VouchesForItself)?;
    let host = format!("127.0.0.1:{}", server.port);
    let grant = format!("https://{host}/**");
    let asked = Ask { https: true, host: &host, grant: &grant, ..Ask::default() };
    let (kind, output) = ask(world, &asked)?;
    let failed = kind == "works" && output.as_u64().is_some_and(|status| status >= 1000);
    ensure!(failed, "came to `{kind}`, {output}");
    ensure!(
        server.connections() > 0 && server.heads().is_empty(),
        "the request was sent all the same"
    );
    Ok("refused".to_owned())
}
