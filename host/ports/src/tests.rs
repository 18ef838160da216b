//! The HTTP client against servers on this machine and resolvers made of tables.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::HttpClient;
use crate::lookup::Lookup;
use coldframe_engine::ports::{
    BoxFuture, HttpBody, HttpBodyStream, HttpCause, HttpFailure, HttpPerHost, HttpPort as _,
    HttpRequest, HttpTimeouts,
};
use coldframe_journal::ErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers each connection with pieces, `pause` apart, and keeps it open for as long
/// again. What it was sent comes back from `request`.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    request: tokio::sync::mpsc::UnboundedReceiver<String>,
}

async fn server(pieces: &'static [&'static str], pause: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (sender, request) = tokio::sync::mpsc::unbounded_channel();
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let mut text = String::new();
                while !text.ends_with("\r\n\r\n") && !text.ends_with("0\r\n\r\n") {
                    let read = stream.read(&mut buffer).await.unwrap_or(0);
                    if read == 0 {
                        break;
                    }
                    text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                    if text.contains("chunked") && !text.ends_with("0\r\n\r\n") {
                        text.push(' ');
                    }
                }
                let _ = sender.send(text);
                for piece in pieces {
                    let _ = stream.write_all(piece.as_bytes()).await;
                    tokio::time::sleep(pause).await;
                }
                tokio::time::sleep(pause).await;
            });
        }
    });
    Server { port, connections, request }
}

fn request(host: &str, port: u16, private: bool) -> HttpRequest {
    let second = Duration::from_secs(1);
    HttpRequest {
        method: "GET".to_owned(),
        scheme: "http".to_owned(),
        host: host.to_owned(),
        port,
        path_and_query: "/a?b=1".to_owned(),
        headers: vec![("x-test".to_owned(), b"1".to_vec())],
        body: None,
        timeouts: HttpTimeouts {
            connect: second,
            first_byte: second,
            between_bytes: second,
            total: second,
        },
        per_host: HttpPerHost::UNBOUNDED,
        private,
        secrets: Vec::new(),
    }
}

async fn all(mut body: HttpBody) -> Result<String, HttpFailure> {
    let mut text = String::new();
    while let Some(piece) = std::future::poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
        text.push_str(&String::from_utf8_lossy(&piece?));
    }
    Ok(text)
}

/// The answer as one line, or what went wrong.
async fn send(client: &HttpClient, request: HttpRequest) -> String {
    match client.send(request).await {
        Ok(response) => match all(response.body).await {
            Ok(body) => format!("{} {body}", response.status),
            Err(failure) => format!("{:?} in body", failure.cause),
        },
        Err(failure) => format!("{:?}", failure.cause),
    }
}

fn refused(kind: ErrorKind) -> String {
    format!("{:?}", HttpCause::Refused(kind))
}

/// A resolver with one answer for every name.
struct Table(Vec<IpAddr>);

impl Lookup for Table {
    fn lookup(&self, _name: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

fn table(addresses: &[&str]) -> HttpClient {
    HttpClient::with_lookup(Arc::new(Table(
        addresses.iter().map(|address| address.parse().unwrap()).collect(),
    )))
}

const OK: &[&str] = &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"];

#[tokio::test]
async fn sends_what_it_is_told_and_nothing_else() {
    let mut server = server(OK, Duration::ZERO).await;
    let client = HttpClient::new();
    assert_eq!(send(&client, request("127.0.0.1", server.port, true)).await, "200 hi");
    let text = server.request.recv().await.unwrap().to_ascii_lowercase();
    assert!(text.starts_with("get /a?b=1 http/1.1\r\n"), "{text}");
    assert!(text.contains("x-test: 1\r\n"), "{text}");
    assert!(text.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)), "{text}");
    for absent in ["user-agent", "cookie", "accept-encoding", "referer", "authorization"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    assert_eq!(send(&client, request("localhost", server.port, true)).await, "200 hi");
}

#[tokio::test]
async fn redirects_and_encodings_are_the_guests_business() {
    let redirect =
        &["HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"];
    let server1 = server(redirect, Duration::ZERO).await;
    assert_eq!(send(&HttpClient::new(), request("127.0.0.1", server1.port, true)).await, "302 ");
    let packed = &["HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nraw"];
    let server2 = server(packed, Duration::ZERO).await;
    assert_eq!(send(&HttpClient::new(), request("127.0.0.1", server2.port, true)).await, "200 raw");
}

#[tokio::test]
async fn nothing_private_is_dialled_without_its_name() {
    let server = server(OK, Duration::ZERO).await;
    for host in ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.1"] {
        let text = send(&HttpClient::new(), request(host, server.port, false)).await;
        assert_eq!(text, refused(ErrorKind::DeniedAddress), "{host}");
    }
    for host in ["localhost", "a.localhost", "metadata.google.internal", "printer.local"] {
        let text = send(&table(&["1.1.1.1"]), request(host, server.port, false)).await;
        assert_eq!(text, refused(ErrorKind::DeniedAddress), "{host}");
    }
    for addresses in [&["127.0.0.1"][..], &["10.0.0.1", "::1", "fd00:ec2::254"]] {
        let text = send(&table(addresses), request("example.org", server.port, false)).await;
        assert_eq!(text, refused(ErrorKind::DeniedAddress), "{addresses:?}");
    }
    // A private name that is not `localhost` stays out even with the mark.
    let text = send(&HttpClient::new(), request("example.org", server.port, true)).await;
    assert_eq!(text, refused(ErrorKind::DeniedAddress));
    assert_eq!(server.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn names_without_an_address() {
    assert_eq!(send(&table(&[]), request("example.org", 80, false)).await, "Connect");
    struct Fails;
    impl Lookup for Fails {
        fn lookup(&self, _name: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
            Box::pin(async { Err(io::Error::other("no such name")) })
        }
    }
    let client = HttpClient::with_lookup(Arc::new(Fails));
    assert_eq!(send(&client, request("example.org", 80, false)).await, "Dns");
}

#[tokio::test]
async fn addresses_with_another_reading_are_refused() {
    for (host, path) in [("127.1", "/"), ("a.org", "/a/../b"), ("a.org", "/a\tb"), ("a@b.org", "/")]
    {
        let mut request = request(host, 80, false);
        request.path_and_query = path.to_owned();
        let text = send(&table(&["1.1.1.1"]), request).await;
        assert_eq!(text, refused(ErrorKind::DeniedHost), "{host}{path}");
    }
}

#[tokio::test]
async fn every_wait_has_an_end() {
    const LONG: Duration = Duration::from_secs(5);
    const SHORT: Duration = Duration::from_millis(50);
    let client = HttpClient::new();
    let silent = server(&[], LONG).await;
    let mut it = request("127.0.0.1", silent.port, true);
    (it.timeouts.connect, it.timeouts.first_byte) = (SHORT, SHORT);
    assert_eq!(send(&client, it).await, "Timeout");

    let stalls = server(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"], LONG).await;
    let mut it = request("127.0.0.1", stalls.port, true);
    it.timeouts.between_bytes = SHORT;
    assert_eq!(send(&client, it).await, "Timeout in body");

    const DRIP: &[&str] = &[
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h",
        "i",
    ];
    let drips = server(DRIP, Duration::from_millis(40)).await;
    let mut it = request("127.0.0.1", drips.port, true);
    it.timeouts.total = Duration::from_millis(150);
    assert_eq!(send(&client, it).await, "Timeout in body");
}

#[tokio::test]
async fn bodies_are_streamed() {
    struct Pieces(Vec<&'static str>);
    impl HttpBodyStream for Pieces {
        fn poll_piece(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
            Poll::Ready(self.0.pop().map(|piece| Ok(piece.as_bytes().to_vec())))
        }
    }
    let mut server = server(OK, Duration::ZERO).await;
    let mut it = request("127.0.0.1", server.port, true);
    it.method = "POST".to_owned();
    it.body = Some(Box::pin(Pieces(vec!["world", "hello "])));
    assert_eq!(send(&HttpClient::new(), it).await, "200 hi");
    let text = server.request.recv().await.unwrap();
    assert!(text.contains("hello ") && text.contains("world"), "{text}");
}

#[tokio::test]
async fn nobody_there() {
    let port = server(OK, Duration::ZERO).await.port;
    // The listener of another server, closed again.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_ne!(port, free);
    assert_eq!(send(&HttpClient::new(), request("127.0.0.1", free, true)).await, "Connect");
}

#[tokio::test]
async fn an_adapter_gives_less_time_and_never_more() {
    let most = Duration::MAX;
    let all = HttpTimeouts { connect: most, first_byte: most, between_bytes: most, total: most };
    let short = Duration::from_millis(100);
    for (limits, pieces) in [
        (HttpTimeouts { first_byte: short, connect: short, ..all }, &[][..]),
        (HttpTimeouts { total: short, ..all }, &[][..]),
        (
            HttpTimeouts { between_bytes: short, ..all },
            &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "a"][..],
        ),
    ] {
        let server = server(pieces, Duration::from_secs(5)).await;
        let client = crate::LimitedHttp::new(Arc::new(HttpClient::new()), limits);
        let begun = std::time::Instant::now();
        let response = client.send(request("127.0.0.1", server.port, true)).await;
        let failure = match response {
            Err(failure) => failure,
            Ok(response) => crate::tests::all(response.body).await.unwrap_err(),
        };
        assert_eq!(failure.cause, HttpCause::Timeout, "{limits:?}");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

/// A server that takes the connection and never says who it is.
#[tokio::test]
async fn connecting_has_a_time_of_its_own() {
    let server = server(&[], Duration::from_secs(9)).await;
    for (connect, scheme) in [(100, "https"), (5_000, "http")] {
        let mut asked = request("127.0.0.1", server.port, true);
        asked.scheme = scheme.to_owned();
        asked.timeouts = HttpTimeouts {
            connect: Duration::from_millis(connect),
            first_byte: Duration::from_millis(if connect == 100 { 9_000 } else { 100 }),
            between_bytes: Duration::from_secs(9),
            total: Duration::from_secs(if connect == 100 { 9 } else { 1 }),
        };
        let begun = std::time::Instant::now();
        let failure = HttpClient::new().send(asked).await.err().unwrap();
        assert_eq!(failure.cause, HttpCause::Timeout, "{failure:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

const CLOSING: &[&str] = &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"];

/// One turn at a host, over all clients of the process. An answer that nobody reads keeps it.
#[tokio::test]
async fn a_request_waits_for_its_turn_within_its_own_time() {
    let (server, other) =
        (server(CLOSING, Duration::ZERO).await, server(CLOSING, Duration::ZERO).await);
    let asked = |port, ms| {
        let mut asked = request("127.0.0.1", port, true);
        asked.timeouts.total = Duration::from_millis(ms);
        asked.per_host = HttpPerHost { at_once: 1, each_second: 100 };
        asked
    };
    let first = HttpClient::new().send(asked(server.port, 1_000)).await.unwrap();
    assert_eq!(send(&HttpClient::new(), asked(server.port, 50)).await, "Busy");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    // Another port is another host.
    assert_eq!(send(&HttpClient::new(), asked(other.port, 1_000)).await, "200 hi");
    // Who gives up is not waited for.
    let (client, next) = (HttpClient::new(), asked(server.port, 1_000));
    let given_up = tokio::time::timeout(Duration::from_millis(20), client.send(next)).await;
    assert!(given_up.is_err());
    let waiting = tokio::spawn(async move { send(&client, asked(server.port, 5_000)).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(all(first.body).await.unwrap(), "hi");
    assert_eq!(waiting.await.unwrap(), "200 hi");
}

#[tokio::test]
async fn a_host_is_asked_no_faster_than_it_may_be() {
    let server = server(CLOSING, Duration::ZERO).await;
    let asked = |ms| {
        let mut asked = request("127.0.0.1", server.port, true);
        asked.timeouts = HttpTimeouts { total: Duration::from_millis(ms), ..asked.timeouts };
        asked.per_host = HttpPerHost { at_once: 9, each_second: 2 };
        asked
    };
    let begun = std::time::Instant::now();
    let client = HttpClient::new();
    assert_eq!(send(&client, asked(1_000)).await, "200 hi");
    assert_eq!(send(&client, asked(1_000)).await, "200 hi");
    assert_eq!(send(&client, asked(50)).await, "Busy");
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(send(&client, asked(2_000)).await, "200 hi");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}
