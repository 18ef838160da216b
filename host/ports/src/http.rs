//! Sends granted requests with reqwest: no redirect, no decoding, no proxy, no cookie. Each waits for
//! its turn at its host first.

mod turns;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use coldframe_engine::ports::{
    BoxFuture, HttpBody, HttpBodyStream, HttpCause, HttpFailure, HttpPort, HttpRequest,
    HttpResponse, HttpTimeouts,
};
use coldframe_journal::ErrorKind;
use http_body::{Body, Frame};
use reqwest::dns::Resolve;
use reqwest::{Client, Method};
use tokio::time::{Instant, Sleep};
use url::Url;

use self::turns::{Turn, Turns};
use crate::address::is_public;
use crate::lookup::{Lookup, PublicOnly, Refusal, SystemLookup, ThisMachine};

/// The longest any connection may take to be made; requests may ask for less.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(60);

/// Longer than any exchange may take, so that moments can be reckoned with.
const TIME_MAX: Duration = Duration::from_secs(86_400);

/// How many clients are kept. A client connects within one time, and guests may ask for any.
const CLIENTS_MAX: usize = 16;

/// The way out. Opens nothing before the first request.
pub struct HttpClient(Arc<Clients>);

/// Clients of their own for private hosts, because connections are kept by host name: what was
/// reached by a literal grant of a private host is never reused for a request without one. And one
/// for each time in which to connect.
struct Clients {
    lookup: Arc<dyn Lookup>,
    turns: Arc<Turns>,
    made: Mutex<BTreeMap<(bool, Duration), Client>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// A client that asks the system's resolver.
    pub fn new() -> Self {
        Self::with_lookup(Arc::new(SystemLookup))
    }

    /// A client that asks `lookup`.
    pub fn with_lookup(lookup: Arc<dyn Lookup>) -> Self {
        let turns = Turns::of_process();
        Self(Arc::new(Clients { lookup, turns, made: Mutex::default() }))
    }
}

impl HttpPort for HttpClient {
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let clients = Arc::clone(&self.0);
        Box::pin(async move { clients.send(request).await })
    }
}

impl Clients {
    fn client(&self, private: bool, connect: Duration) -> Result<Client, HttpFailure> {
        let key = (private, connect.min(CONNECT_TIME_MAX));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        let resolver: Arc<dyn Resolve> = match private {
            true => Arc::new(ThisMachine),
            false => Arc::new(PublicOnly(Arc::clone(&self.lookup))),
        };
        let client = build(resolver, key.1).map_err(|error| {
            let message = format!("failed to start the HTTP client: {}", chain(&error));
            HttpFailure::new(HttpCause::Tls, message)
        })?;
        // Whoever asks for so many different times goes without connections that are kept.
        if made.len() >= CLIENTS_MAX {
            made.clear();
        }
        made.insert(key, client.clone());
        Ok(client)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let url = url(&request)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HttpFailure::new(HttpCause::Protocol, "the method is no token"))?;
        let mut outgoing =
            self.client(request.private, request.timeouts.connect)?.request(method, url);
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name.as_str(), value.as_slice());
        }
        if let Some(body) = request.body {
            outgoing = outgoing.body(reqwest::Body::wrap(Outgoing(Mutex::new(body))));
        }
        let started = Instant::now();
        let HttpTimeouts { connect, first_byte, total, .. } = request.timeouts;
        let head = started + connect.saturating_add(first_byte).min(total).min(TIME_MAX);
        let host = (request.scheme, request.host, request.port);
        let turn = self.turns.wait(host, request.per_host, head).await?;
        let response = tokio::time::timeout_at(head, outgoing.send())
            .await
            .map_err(|_| HttpFailure::new(HttpCause::Timeout, "no answer within the time limit"))?
            .map_err(|error| failure(&error))?;
        Ok(received(response, request.timeouts, started, turn))
    }
}

fn build(resolver: Arc<dyn Resolve>, connect: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(connect)
        .dns_resolver(resolver)
        .build()
}

/// The URL of the request, which must mean to this parser what it meant to the sandbox's.
fn url(request: &HttpRequest) -> Result<Url, HttpFailure> {
    let HttpRequest { scheme, host, port, path_and_query, private, .. } = request;
    let refused = |kind, message: String| HttpFailure::new(HttpCause::Refused(kind), message);
    let text = format!("{scheme}://{host}:{port}{path_and_query}");
    let path = path_and_query.split('?').next().unwrap_or_default();
    let same = |url: &Url| {
        url.scheme() == scheme
            && url.host_str() == Some(host)
            && url.port_or_known_default() == Some(*port)
            && url.path() == path
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    let url = Url::parse(&text).ok().filter(same).ok_or_else(|| {
        let message = "the address has more than one reading, percent-encode what is special";
        refused(ErrorKind::DeniedHost, message.to_owned())
    })?;
    // Addresses never pass a resolver, so they are judged here.
    if let Some(address) = literal(host)
        && !private
        && !is_public(address)
    {
        let message = format!("`{host}` is not a public address and not granted by name");
        return Err(refused(ErrorKind::DeniedAddress, message));
    }
    Ok(url)
}

fn literal(host: &str) -> Option<IpAddr> {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match v6 {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn received(
    response: reqwest::Response,
    timeouts: HttpTimeouts,
    started: Instant,
    turn: Turn,
) -> HttpResponse {
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let headers = headers.collect();
    let deadline = started + timeouts.total.min(TIME_MAX);
    let body = http::Response::from(response).into_body();
    let between = timeouts.between_bytes;
    let idle = Box::pin(tokio::time::sleep_until(deadline.min(Instant::now() + between)));
    let turn = Some(turn);
    let body = Box::pin(Incoming { body, idle, between, deadline, turn });
    HttpResponse { status, headers, body }
}

/// What the guest sends. reqwest wants bodies that may be shared; this one is only ever polled.
struct Outgoing(Mutex<HttpBody>);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let piece = ready!(body.as_mut().poll_piece(cx));
        Poll::Ready(piece.map(|piece| match piece {
            Ok(piece) => Ok(Frame::data(piece.into())),
            Err(failure) => Err(io::Error::other(failure.message)),
        }))
    }
}

/// What the server sends, with a clock that runs between the pieces and one that runs out.
struct Incoming {
    body: reqwest::Body,
    idle: Pin<Box<Sleep>>,
    between: Duration,
    deadline: Instant,
    /// Over as soon as the body is, read by whom it may.
    turn: Option<Turn>,
}

impl HttpBodyStream for Incoming {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.idle.as_mut().poll(cx));
                let message = "the body stopped coming within the time limit";
                return Poll::Ready(Some(Err(HttpFailure::new(HttpCause::Timeout, message))));
            };
            let frame = match frame {
                None => {
                    self.turn = None;
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(failure(&error)))),
                Some(Ok(frame)) => frame,
            };
            let next = self.deadline.min(Instant::now() + self.between);
            self.idle.as_mut().reset(next);
            // Trailers are dropped.
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Some(Ok(data.to_vec())));
            }
        }
    }
}

fn failure(error: &reqwest::Error) -> HttpFailure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut tls = false;
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<Refusal>() {
            return HttpFailure::new(HttpCause::Refused(refusal.kind), refusal.message.clone());
        }
        // The TLS library reports its errors as invalid data.
        tls |= cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        source = cause.source();
    }
    let text = chain(error);
    let cause = if error.is_timeout() {
        HttpCause::Timeout
    } else if text.contains("dns error") {
        HttpCause::Dns
    } else if error.is_connect() && tls {
        HttpCause::Tls
    } else if error.is_connect() {
        HttpCause::Connect
    } else {
        HttpCause::Protocol
    };
    HttpFailure::new(cause, text)
}

/// An error and what caused it, without the address: that can hold secrets in its query.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::from("the request failed");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
