//! Secrets: getting at a value, or getting it out to where it does not belong.
//!
//! Whatever happens in a case, the value may stand in nothing that the host prints or keeps and in
//! no process that it starts. The only place for it is the request to the one server it is for.

use std::sync::LazyLock;

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::case::Case;
use crate::guest::Guest;
use crate::net::{Manner, Server};
use crate::world::{self, World};
use crate::{run, spy};

/// The value. It is the same in every spelling of Base64, and its percent-encoding is another text.
const VALUE: &str = "canary/8841+4417=value-of-a-secret";
/// The value in disguises that the host knows, each between bars.
const DISGUISES: &str = "|canary/8841+4417=value-of-a-secret|\
    Y2FuYXJ5Lzg4NDErNDQxNz12YWx1ZS1vZi1hLXNlY3JldA|canary%2F8841%2B4417%3Dvalue-of-a-secret|";
/// What every placeholder begins with.
const MARK: &str = "coldframe-secret-";

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    let session = Case::right;
    vec![
        session(
            "SEC-1",
            "a secret in the environment, arguments and memory of what runs a skill",
            processes,
            &["unseen"],
        ),
        session("SEC-1b", "the same for a skill that is signed", signed, &["unseen"]),
        session(
            "SEC-2",
            "a secret sent to another server, port or header, in a URL, in a header's name",
            elsewhere,
            &["refused"],
        ),
        session("SEC-2b", "a secret in a body, which carries none", body, &["unseen"]),
        session(
            "SEC-2c",
            "a secret that follows a redirection to another server",
            redirected,
            &["unseen"],
        ),
        session("SEC-3", "a server that sends the secret back", echo, &["unseen"]),
        session(
            "SEC-3b",
            "a server that sends the secret back in Base64 and percent-encoded",
            disguises,
            &["unseen"],
        ),
        session("SEC-4", "every kind of failure with a secret in hand", failures, &["unseen"]),
        session(
            "SEC-5",
            "a guessed placeholder, and another's secret",
            guessed,
            &["denied.secret"],
        ),
        Case::check(
            "SEC-6",
            "an expression that asks for a secret",
            || {
                run::head(&["secrets=key for https://a.test in authorization".to_owned()])
                    + "  - { id: a, set: { text: \"{{ secrets.key }}\" } }\n"
            },
            &["unknown-name"],
        ),
        Case::check(
            "SEC-6b",
            "what opens a store of secrets, by its variable",
            || {
                run::head(&[])
                    .replace("steps:", "env: [VAULT_SECRET_ID, AWS_ACCESS_KEY_ID]\nsteps:")
                    + "  - { id: a, set: { text: \"${VAULT_SECRET_ID:-}${AWS_ACCESS_KEY_ID:-}\" } }\n"
            },
            &["env-secret"],
        ),
        session("SEC-7", "a clock, read as fast as it can be", fine_clock, &["works"]),
    ]
}

/// Reads both clocks for two milliseconds and more. Gives the smallest step that one of them made,
/// and what readings have below a millisecond.
fn clocks() -> Guest {
    let wit = "package t:t; world w { import wasi:clocks/monotonic-clock@0.2.6;
        import wasi:clocks/wall-clock@0.2.6; export f: func() -> list<u64>; }";
    Guest::world(
        wit,
        r#"(module
        (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
        (import "wasi:clocks/wall-clock@0.2.6" "now" (func $wall (param i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export "f") (result i32)
            (local $before i64) (local $at i64) (local $least i64) (local $steps i32)
            (local $below i64)
            (local.set $before (call $now))
            (local.set $least (i64.const -1))
            (loop $more
                (local.set $at (call $now))
                (call $wall (i32.const 16))
                (local.set $below (i64.or (local.get $below) (i64.or
                    (i64.rem_u (local.get $at) (i64.const 1000000))
                    (i64.extend_i32_u
                        (i32.rem_u (i32.load (i32.const 24)) (i32.const 1000000))))))
                (if (i64.ne (local.get $at) (local.get $before)) (then
                    (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
                    (if (i64.lt_u (i64.sub (local.get $at) (local.get $before)) (local.get $least))
                        (then (local.set $least (i64.sub (local.get $at) (local.get $before)))))
                    (local.set $before (local.get $at))))
                (br_if $more (i32.lt_u (local.get $steps) (i32.const 3))))
            (i64.store (i32.const 1024) (local.get $least))
            (i64.store (i32.const 1032) (local.get $below))
            (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 2))
            (i32.const 0)))"#,
    )
    .cap("clock")
}

/// What tells a branch or a cache line apart takes nanoseconds; no clock here tells less than a
/// millisecond, whoever vouches for the skill and wherever it runs.
fn fine_clock(world: &mut World) -> anyhow::Result<String> {
    let (kind, output) = world.call(&clocks())?;
    let mut found = vec![output];
    for isolation in ["in-process", "process"] {
        world.flags = vec!["--isolation".to_owned(), isolation.to_owned()];
        let run = beside(world, &format!("sec-7-{isolation}"), &clocks())?;
        found.push(run.output("attack").context("an output")?);
    }
    for output in found {
        // 64-bit numbers are texts where they are large.
        let at = |index: usize| {
            let number = &output[index];
            number.as_u64().or_else(|| number.as_str()?.parse().ok())
        };
        let (least, below) = (at(0), at(1));
        let coarse = least.is_some_and(|nanos| nanos >= 1_000_000);
        ensure!(coarse && below == Some(0), "the clock says {output}");
    }
    Ok(kind)
}

static SEND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wit = "package t:t; world w { import coldframe:host/secrets@0.1.0;
        import wasi:http/outgoing-handler@0.2.6;
        export f: func(host: string, path: string, secret: string, name: string, place: u32)
            -> string; }";
    crate::guest::encode(wit, include_str!("../../data/secrets.wat"))
});

/// What the component in `secrets.wat` does.
struct Send<'a> {
    /// The port of the server it sends to.
    to: u16,
    /// The port of the server that the secret is for.
    bound: u16,
    scheme: &'a str,
    secret: &'a str,
    header: &'a str,
    place: u32,
}

impl Default for Send<'_> {
    fn default() -> Self {
        Self { to: 0, bound: 0, scheme: "http", secret: "key", header: "authorization", place: 0 }
    }
}

impl Send<'_> {
    fn to(server: &Server) -> Self {
        Self { to: server.port, bound: server.port, ..Self::default() }
    }

    fn guest(&self) -> Guest {
        let Self { to, bound, scheme, secret, header, place } = self;
        let with = json!({
            "host": format!("127.0.0.1:{to}"), "path": "/", "secret": secret, "name": header,
            "place": place,
        });
        Guest::bytes(|| SEND.clone())
            // Every request of it is granted; what is not is the secret in it.
            .cap(format!("http=http://127.0.0.1:{to}"))
            .cap(format!("secrets=key for {scheme}://127.0.0.1:{bound} in authorization"))
            .limits("wall: 1500ms")
            .with(with.to_string())
    }
}

/// From now on the host has a secret, and nobody else may.
fn armed(world: &mut World) {
    world.secret = Some(VALUE);
    world.env.push(("KEY".to_owned(), VALUE.to_owned()));
    world.flags = vec!["--secret".to_owned(), "key=env:KEY".to_owned()];
}

/// The value as the server was sent it, and a text of the call.
fn used(server: &Server, output: &serde_json::Value) -> anyhow::Result<String> {
    let head = server.heads().pop().context("nothing was sent")?;
    ensure!(head.contains(&format!("authorization: Bearer {VALUE}\r\n")), "was sent {head:?}");
    Ok(output.as_str().context("the call gave no text")?.to_owned())
}

fn processes(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::AnswersLate)?;
    let (kind, output) = world.call(&Send::to(&server).guest())?;
    ensure!(kind == "works", "came to `{kind}`, {output}");
    used(&server, &output)?;
    ensure!(world.looked_into > 0, "no process was looked into");
    world.search();
    Ok("unseen".to_owned())
}

/// In the host's own process, and in an executor.
fn signed(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::AnswersLate)?;
    for isolation in ["auto", "process"] {
        world.flags.truncate(2);
        world.flags.extend(["--isolation".to_owned(), isolation.to_owned()]);
        let run = beside(world, &format!("sec-1b-{isolation}"), &Send::to(&server).guest())?;
        let step = run.step("attack").context("a step")?;
        ensure!(world::kind(step) == "works", "came to {step}");
        used(&server, &run.output("attack").context("an output")?)?;
    }
    ensure!(world.looked_into > 0, "no process was looked into");
    world.search();
    Ok("unseen".to_owned())
}

/// Runs a component as a published skill.
fn beside(world: &mut World, name: &str, guest: &Guest) -> anyhow::Result<run::Run> {
    world.publish(name, guest)?.map_err(anyhow::Error::msg)?;
    run::piped(world, &run::pipeline(name, guest))
}

fn elsewhere(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let (server, other) = (Server::start(Manner::Echoes)?, Server::start(Manner::Echoes)?);
    let right = Send::to(&server);
    for (what, wrong) in [
        ("another server", Send { to: other.port, ..right }),
        ("a server without TLS", Send { scheme: "https", ..right }),
        ("another header", Send { header: "x-copy", ..right }),
        ("a header like it", Send { header: "authorization2", ..right }),
        ("cookies", Send { header: "cookie", ..right }),
        ("the path", Send { place: 1, ..right }),
        ("the name of a header", Send { place: 2, ..right }),
    ] {
        let (kind, output) = world.call(&wrong.guest())?;
        ensure!(kind == "denied.secret", "in {what} it came to `{kind}`, {output}");
        // In the host's own process as in an executor.
        if ["cookies", "the path", "another server"].contains(&what) {
            let name = what.replace(' ', "-");
            let run = beside(world, &format!("sec-2-{name}"), &wrong.guest())?;
            let step = run.step("attack").context("a step")?;
            ensure!(world::kind(step) == "denied.secret", "in {what} it came to {step}");
        }
        let reached = server.connections() + other.connections();
        ensure!(reached == 0, "in {what} it reached a server");
    }
    let (kind, output) = world.call(&right.guest())?;
    ensure!(kind == "works", "what is granted came to `{kind}`, {output}");
    used(&server, &output)?;
    world.search();
    Ok("refused".to_owned())
}

/// A body is none of the host's to change: the placeholder goes out in it, which tells nothing.
fn body(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::Echoes)?;
    let (kind, output) = world.call(&Send { place: 3, ..Send::to(&server) }.guest())?;
    ensure!(kind == "works", "came to `{kind}`, {output}");
    let sent = server.heads().pop().context("nothing was sent")?;
    ensure!(sent.contains(MARK) && !spy::has(sent.as_bytes(), VALUE), "was sent {sent:?}");
    world.search();
    Ok("unseen".to_owned())
}

fn redirected(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let target = Server::start(Manner::Answers)?;
    let server = Server::start(Manner::MovesTo(target.port))?;
    let (kind, output) = world.call(&Send::to(&server).guest())?;
    ensure!(kind == "works", "came to `{kind}`, {output}");
    used(&server, &output)?;
    ensure!(target.connections() == 0, "the other server was asked");
    world.search();
    Ok("unseen".to_owned())
}

fn echo(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::Echoes)?;
    let (kind, output) = world.call(&Send::to(&server).guest())?;
    ensure!(kind == "works", "came to `{kind}`, {output}");
    let text = used(&server, &output)?;
    ensure!(text.contains(&format!("Bearer {MARK}")), "the call was given {text:?}");
    let run = beside(world, "sec-3", &Send::to(&server).guest())?;
    let text = used(&server, &run.output("attack").context("an output")?)?;
    ensure!(text.contains(&format!("Bearer {MARK}")), "the step was given {text:?}");
    world.search();
    Ok("unseen".to_owned())
}

fn disguises(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::Says(DISGUISES))?;
    let (kind, output) = world.call(&Send::to(&server).guest())?;
    ensure!(kind == "works", "came to `{kind}`, {output}");
    let text = used(&server, &output)?;
    let parts: Vec<&str> = text.trim_matches('|').split('|').collect();
    let all = parts.len() == 3 && parts.iter().all(|part| part.starts_with(MARK));
    ensure!(all, "the call was given {text:?}");
    Ok("unseen".to_owned())
}

fn failures(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let gone = {
        // Nobody listens there any more.
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.local_addr()?.port()
    };
    let silent = Server::start(Manner::IsSilent)?;
    let head = Server::start(Manner::BoastsHeaders)?;
    let pours = Server::start(Manner::Pours)?;
    for (what, send, expected) in [
        ("a trap", Send { place: 6, ..Send::to(&silent) }, "guest.trap"),
        ("nobody there", Send { to: gone, bound: gone, ..Send::default() }, "works"),
        ("a server that is silent", Send::to(&silent), "limit.deadline"),
        ("a head without end", Send::to(&head), "works"),
        ("a body without end", Send::to(&pours), ""),
    ] {
        let (kind, output) = world.call(&send.guest())?;
        let is_error = output.as_str().is_none_or(|text| text.starts_with("error "));
        ensure!(is_error, "{what} came to `{kind}`, {output}");
        let as_expected = expected.is_empty() || kind == expected;
        ensure!(as_expected, "{what} came to `{kind}`, {output}");
    }
    let run = beside(world, "sec-4", &Send { place: 6, ..Send::to(&silent) }.guest())?;
    let step = run.step("attack").context("a step")?;
    ensure!(world::kind(step) == "guest.trap", "came to {step}");
    // A value that no header can carry is not repeated when it is refused.
    world.env = vec![("KEY".to_owned(), format!("{VALUE}\u{7}"))];
    let found = world.host(&["call", "a/b", "--secret", "key=env:KEY"]);
    ensure!(found.code != Some(0), "a control character was taken");
    world.search();
    Ok("unseen".to_owned())
}

fn guessed(world: &mut World) -> anyhow::Result<String> {
    armed(world);
    let server = Server::start(Manner::Echoes)?;
    // What stood for the value in a process before this one.
    let (_, old) = world.call(&Send { place: 4, ..Send::to(&server) }.guest())?;
    let old = old.as_str().context("no placeholder")?.to_owned();
    ensure!(old.starts_with(MARK), "the placeholder is {old}");
    let zero = format!("{MARK}{:032x}", 0);
    for secret in [old.as_str(), zero.as_str(), MARK] {
        let (kind, output) = world.call(&Send { place: 5, secret, ..Send::to(&server) }.guest())?;
        ensure!(kind == "denied.secret", "{secret} came to `{kind}`, {output}");
    }
    ensure!(server.connections() == 0, "a guess reached the server");
    // The host has it, and the grant does not name it.
    world.flags.extend(["--secret".to_owned(), "other=env:KEY".to_owned()]);
    let guest = Send { secret: "other", ..Send::to(&server) }
        .guest()
        .cap(format!("secrets=other for https://127.0.0.1:{} in authorization", server.port));
    let (kind, output) = world.call(&guest)?;
    ensure!(server.connections() == 0, "came to `{kind}`, {output}, and reached the server");
    world.search();
    Ok(kind)
}
