//! Host services the sandbox calls on a guest's behalf, as traits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use coldframe_format::caps::SecretGrant;
use coldframe_journal::ErrorKind;
use serde::{Deserialize, Serialize};

/// Sends one HTTP request. Whether the request is granted was decided before; where a name leads,
/// and whether that address may be dialled at all, is decided here.
pub trait HttpPort: Send + Sync {
    /// Sends the request and returns as soon as the response's head is there. Follows no redirect,
    /// decodes no body, uses no proxy. Dropping the future or the body ends the exchange.
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>>;
}

/// A future that owns all it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A request whose parts were parsed and checked once; the port dials exactly these.
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Lower case, no trailing dot, no userinfo. An IPv6 address stands in brackets.
    pub host: String,
    /// The port to dial.
    pub port: u16,
    /// Starts with `/`.
    pub path_and_query: String,
    /// Name and value, in the guest's order. Without `host` and the hop-by-hop headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; `None` for none.
    pub body: Option<HttpBody>,
    /// How long to wait for what.
    pub timeouts: HttpTimeouts,
    /// How much of its host the request leaves to others.
    pub per_host: HttpPerHost,
    /// Whether every layer of grants names this very host literally, so that it may lead to a
    /// private or loopback address.
    pub private: bool,
    /// Where secrets may stand: what every layer of grants allows together.
    pub secrets: Vec<SecretGrant>,
}

/// The bounds of one exchange. The port clamps nothing; the sandbox has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// Resolving, connecting and the TLS handshake.
    pub connect: Duration,
    /// From there to the head of the response.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub between_bytes: Duration,
    /// The whole exchange.
    pub total: Duration,
}

/// The bounds of what one host is asked, over everything that this process asks it. A host is a
/// scheme, a name and a port. A request waits until both hold, and its waiting counts as time of the
/// exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpPerHost {
    /// Requests that are open at one time, this one among them.
    pub at_once: u64,
    /// Requests that begin within any one second, this one among them.
    pub each_second: u64,
}

impl HttpPerHost {
    /// No bounds.
    pub const UNBOUNDED: Self = Self { at_once: u64::MAX, each_second: u64::MAX };
}

/// The head of a response, and its body to be read.
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Name (lower case) and value, in the server's order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as it comes.
    pub body: HttpBody,
}

/// Pieces of a body.
pub type HttpBody = Pin<Box<dyn HttpBodyStream>>;

/// A body in pieces.
pub trait HttpBodyStream: Send {
    /// The next piece; `None` at the end. Not called again after the end or an error.
    fn poll_piece(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>>;
}

/// Why an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpFailure {
    /// What happened.
    pub cause: HttpCause,
    /// One line for people.
    pub message: String,
}

/// What ended an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpCause {
    /// A rule: the call ends with this kind, whatever the guest makes of the error.
    Refused(ErrorKind),
    /// The name has no address.
    Dns,
    /// Nobody answers there.
    Connect,
    /// The other side is not who it should be, or speaks no TLS.
    Tls,
    /// Some wait was too long.
    Timeout,
    /// The host was asked too much for too long: the request was never sent.
    Busy,
    /// The other side broke off or speaks no HTTP.
    Protocol,
}

impl HttpFailure {
    /// A failure with a line for people.
    pub fn new(cause: HttpCause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into() }
    }
}
