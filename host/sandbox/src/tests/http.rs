//! Requests of guests: what is sent, what is not, and how much.

use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use coldframe_engine::ports::{
    BoxFuture, HttpBodyStream, HttpCause, HttpFailure, HttpPort, HttpRequest, HttpResponse,
};
use coldframe_engine::{Call, CallLimits, CallReport};
use coldframe_format::{Caps, Digest, Interface};
use coldframe_journal::{Asked, ErrorKind};
use serde_json::json;

use super::guest::{admit, call_of, encode, run, summary};
use crate::{Compiler, Sandbox, SandboxConfig};

/// Answers everything with 200 and as many bytes as the path says, and remembers what it was sent.
#[derive(Default)]
struct Fake {
    sent: Mutex<Vec<String>>,
}

impl HttpPort for Fake {
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let HttpRequest { method, scheme, host, port, path_and_query, private, .. } = request;
        let (timeouts, per_host) = (request.timeouts, request.per_host);
        let line = format!("{method} {scheme} {host} {port} {path_and_query} {private}");
        self.sent.lock().unwrap().push(line);
        let needed = Duration::from_secs(5);
        let slow = match path_and_query.as_str() {
            "/slow/connect" => timeouts.connect,
            "/slow/first-byte" => timeouts.first_byte,
            "/slow/between-bytes" => timeouts.between_bytes,
            "/slow/total" => timeouts.total,
            _ => needed,
        };
        // Two others are always there.
        let room = match path_and_query.as_str() {
            "/crowded/at-once" => per_host.at_once,
            "/crowded/each-second" => per_host.each_second,
            _ => 3,
        };
        Box::pin(async move {
            let refused = |kind| HttpFailure::new(HttpCause::Refused(kind), "by the port");
            match path_and_query.as_str() {
                _ if slow < needed => Err(HttpFailure::new(HttpCause::Timeout, "too slow")),
                _ if room < 3 => Err(HttpFailure::new(HttpCause::Busy, "too many")),
                "/header" => Ok(HttpResponse {
                    status: 200,
                    headers: vec![("x".to_owned(), vec![b'a'; 100])],
                    body: Box::pin(Zeros(0)),
                }),
                "/private" => Err(refused(ErrorKind::DeniedAddress)),
                "/rebound" => Err(refused(ErrorKind::DeniedDns)),
                "/secret" => Err(refused(ErrorKind::DeniedSecret)),
                "/down" => Err(HttpFailure::new(HttpCause::Connect, "nobody there")),
                "/never" => std::future::pending().await,
                path => {
                    let left = path.trim_start_matches('/').parse().unwrap_or(0);
                    Ok(HttpResponse { status: 200, headers: vec![], body: Box::pin(Zeros(left)) })
                }
            }
        })
    }
}

/// So many bytes, at most a thousand at a time.
struct Zeros(usize);

impl HttpBodyStream for Zeros {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        let piece = self.0.min(1000);
        self.0 -= piece;
        Poll::Ready((piece > 0).then(|| Ok(vec![0; piece])))
    }
}

static PORT: LazyLock<Arc<Fake>> = LazyLock::new(Arc::default);

static FETCH: LazyLock<(Arc<Sandbox>, Digest)> = LazyLock::new(|| {
    let http: Arc<dyn HttpPort> = PORT.clone();
    let config = SandboxConfig { http: Some(http), ..SandboxConfig::new(Compiler::InProcess) };
    let sandbox = Sandbox::new(config).unwrap();
    let wit = "package t:t; world w { import wasi:http/outgoing-handler@0.2.6;
        export f: func(https: bool, host: string, path: string, times: u32, read: bool) -> u32; }";
    let bytes = encode(wit, include_str!("data/fetch.wat"));
    let interface = Interface::read(&bytes).unwrap();
    let (digest, ceiling) = (Digest::of(&bytes), everything());
    admit(&sandbox, &bytes, &interface, &ceiling).unwrap();
    (sandbox, digest)
});

/// What `f` returns for an exchange that took too long.
pub(super) const CONNECTION_TIMEOUT: u32 = 1008;

/// What `f` returns where its host was asked too much for too long.
pub(super) const CONNECTION_LIMIT_REACHED: u32 = 1011;

/// The sandbox that has a network, and what fetches in it.
pub(super) fn fetching() -> (Arc<Sandbox>, Digest) {
    let (sandbox, digest) = &*FETCH;
    (Arc::clone(sandbox), *digest)
}

fn caps(grants: &[&str]) -> Caps {
    serde_json::from_value(json!({ "http": grants })).unwrap()
}

/// What the manifest asks for in these tests.
pub(super) fn everything() -> Caps {
    caps(&[
        "https://*.example.org",
        "https://example.org",
        "http://127.0.0.1:81",
        "http://localhost",
    ])
}

struct Try<'a> {
    url: (bool, &'a str, &'a str),
    times: u32,
    read: bool,
    grants: Vec<Caps>,
    limits: CallLimits,
}

impl Default for Try<'_> {
    fn default() -> Self {
        let url = (true, "example.org", "/");
        let (grants, limits) = (vec![everything()], CallLimits::default());
        Self { url, times: 1, read: false, grants, limits }
    }
}

fn fetch(it: Try<'_>) -> CallReport {
    let (https, host, path) = it.url;
    let input =
        json!({"https": https, "host": host, "path": path, "times": it.times, "read": it.read});
    let (sandbox, digest) = &*FETCH;
    run(
        sandbox,
        Call {
            grants: super::guest::layers(it.grants),
            limits: it.limits,
            ..call_of(*digest, input)
        },
    )
}

#[track_caller]
fn check(it: Try<'_>, expected: &str) {
    let report = fetch(it);
    assert_eq!(summary(&report), expected, "{report:?}");
}

/// How many requests there were of all tests.
pub(super) fn count_sent() -> usize {
    PORT.sent.lock().unwrap().len()
}

pub(super) fn sent(path: &str) -> Vec<String> {
    let sent = PORT.sent.lock().unwrap();
    sent.iter().filter(|line| line.contains(path)).cloned().collect()
}

#[test]
fn what_is_granted_is_sent_in_canonical_form() {
    let url = (true, "WWW.Example.ORG.:8443", "/canonical?q=1");
    let grants = vec![caps(&["GET https://www.example.org:8443/canonical"])];
    // The ceiling names no port but the usual one.
    check(Try { url, grants, ..Try::default() }, "denied.host");
    let url = (true, "WWW.Example.ORG.:443", "/canonical?q=1");
    let grants = vec![caps(&["GET https://www.example.org/canonical"])];
    check(Try { url, grants, ..Try::default() }, "200");
    assert_eq!(sent("/canonical"), ["GET https www.example.org 443 /canonical?q=1 false"]);
}

#[test]
fn every_layer_must_grant() {
    let wide = || caps(&["https://example.org", "https://other.org"]);
    for (grants, host, expected) in [
        (vec![wide()], "example.org", "200"),
        (vec![wide(), wide()], "example.org", "200"),
        (vec![wide(), caps(&["https://www.example.org"])], "example.org", "denied.host"),
        (vec![wide()], "other.org", "denied.host"),
        (vec![caps(&["POST https://example.org"])], "example.org", "denied.host"),
        (vec![caps(&["https://example.org/a/**"])], "example.org", "denied.host"),
        (vec![caps(&["https://example.org:444"])], "example.org", "denied.host"),
        (vec![Caps::default()], "example.org", "denied.capability"),
    ] {
        let url = (true, host, "/layers");
        check(Try { url, grants, ..Try::default() }, expected);
    }
    assert_eq!(sent("/layers").len(), 2);
}

#[test]
fn a_refusal_ends_the_call_whatever_the_guest_makes_of_it() {
    let url = (true, "evil.test", "/refused");
    let report = fetch(Try { url, ..Try::default() });
    let error = report.result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::DeniedHost);
    assert_eq!(
        error.message,
        "`GET https://evil.test/refused` is not granted by the test and a layer; the line `http: \
         [\"GET https://evil.test/refused\"]` would allow it"
    );
    assert_eq!(sent("/refused"), [""; 0]);
}

/// What the grants allow and the port does not: both decisions are told.
#[test]
fn refusals_of_the_port_are_told() {
    let (addresses, secrets) = ("the rules for addresses", "the grants of the secret");
    for (path, kind, cap, who) in [
        ("/private", "denied.address", "http", addresses),
        ("/rebound", "denied.dns", "http", addresses),
        ("/secret", "denied.secret", "secrets", secrets),
    ] {
        let url = (true, "example.org", path);
        let report = fetch(Try { url, ..Try::default() });
        assert_eq!(summary(&report), kind);
        let line = format!("GET https://example.org{path}");
        let asked = |cap: &str, refused_by: Option<&str>| Asked {
            cap: cap.to_owned(),
            line: line.clone(),
            times: 1,
            refused_by: refused_by.map(str::to_owned),
        };
        assert_eq!(report.asked, [asked("http", None), asked(cap, Some(who))]);
    }
}

#[test]
fn addresses_with_two_readings_are_refused() {
    for (host, path) in [
        ("example.org@evil.test", "/tricks"),
        ("evil.test#example.org", "/tricks"),
        ("2130706433", "/tricks"),
        ("example.org", "/tricks/../x"),
        ("example.org", "/tricks/%2e%2e/x"),
    ] {
        let report = fetch(Try { url: (true, host, path), ..Try::default() });
        let text = summary(&report);
        // Some of these never become a request at all.
        assert!(text == "denied.host" || text.starts_with("20") && text.len() == 4, "{report:?}");
    }
    assert_eq!(sent("/tricks"), [""; 0]);
}

#[test]
fn private_places_need_their_name_in_every_layer() {
    for (host, grant, expected) in [
        ("127.0.0.1:81", "http://127.0.0.1:81", "GET http 127.0.0.1 81 /here true"),
        ("localhost", "http://localhost", "GET http localhost 80 /here true"),
    ] {
        let url = (false, host, "/here");
        check(Try { url, grants: vec![caps(&[grant])], ..Try::default() }, "200");
        assert!(sent("/here").contains(&expected.to_owned()), "{:?}", sent("/here"));
    }
}

#[test]
fn other_failures_are_the_guests_own_business() {
    // connection-refused
    check(Try { url: (true, "example.org", "/down"), ..Try::default() }, "1006");
}

#[test]
fn waiting_for_a_server_ends_with_the_call() {
    let limits = CallLimits { wall: Duration::from_millis(50), ..CallLimits::default() };
    check(Try { url: (true, "example.org", "/never"), limits, ..Try::default() }, "limit.deadline");
}

#[test]
fn requests() {
    let limits = CallLimits { net_requests: 3, net_concurrency: 99, ..CallLimits::default() };
    check(Try { times: 3, limits, ..Try::default() }, "200");
    check(Try { times: 4, limits, ..Try::default() }, "limit.net-concurrency");
}

#[test]
fn requests_at_once() {
    let limits = CallLimits { net_concurrency: 3, ..CallLimits::default() };
    check(Try { times: 3, limits, ..Try::default() }, "200");
    check(Try { times: 4, limits, ..Try::default() }, "limit.net-concurrency");
}

#[test]
fn bytes() {
    let with = |net_bytes| Try {
        url: (true, "example.org", "/5000"),
        read: true,
        limits: CallLimits { net_bytes, ..CallLimits::default() },
        ..Try::default()
    };
    check(with(5000), "200");
    check(with(4999), "limit.net-bytes");
}

/// A guest that builds too large headers is stopped before it has sent them.
#[test]
fn headers_of_a_request() {
    let wit = "package t:t; world w { import wasi:http/types@0.2.6; export f: func(); }";
    // A name of one byte, and a value of a hundred.
    let core = r#"(module
        (import "wasi:http/types@0.2.6" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/types@0.2.6" "[method]fields.append"
            (func $append (param i32 i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "f")
            (i32.store8 (i32.const 0) (i32.const 120))
            (memory.fill (i32.const 1) (i32.const 97) (i32.const 100))
            (call $append (call $fields) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 100)
                (i32.const 200))))"#;
    let bytes = encode(wit, core);
    let interface = Interface::read(&bytes).unwrap();
    let (digest, ceiling) = (Digest::of(&bytes), everything());
    let (sandbox, _) = fetching();
    admit(&sandbox, &bytes, &interface, &ceiling).unwrap();
    for (net_header_bytes, expected) in [(173, "null"), (172, "limit.net-bytes")] {
        let limits = CallLimits { net_header_bytes, ..CallLimits::default() };
        let call = Call {
            grants: super::guest::layers([everything()]),
            limits,
            ..call_of(digest, json!({}))
        };
        assert_eq!(summary(&run(&sandbox, call)), expected);
    }
}
