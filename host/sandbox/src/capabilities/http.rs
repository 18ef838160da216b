//! `wasi:http/outgoing-handler`: granted requests only, counted and bounded both ways.
//!
//! A request is parsed once; what was checked against the grants is what the port dials. A refusal
//! is an error to the guest and ends the call as well: code that asks for what it may not have is
//! not left to go on.

mod body;
mod headers;
mod target;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coldframe_engine::ports::{
    HttpCause, HttpFailure, HttpPerHost, HttpPort, HttpRequest, HttpResponse, HttpTimeouts,
};
use coldframe_engine::{CallError, CallLimits};
use coldframe_format::caps::SecretGrant;
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use self::body::{FromGuest, FromServer};
use self::headers::{incoming, is_forbidden, outgoing};
use self::target::Target;
use crate::limiter::count;
use crate::rights::Rights;
use crate::state::CallState;
use crate::stop::Stop;
use crate::tape::{Deck, Track};

/// Bytes a guest may write to a body at once.
const BODY_CHUNK_BYTES: usize = 64 << 10;
/// Who refuses an address whatever is granted.
const ADDRESS_RULES: &str = "the rules for addresses";
/// Who refuses to send a secret where it is not for.
const SECRET_RULES: &str = "the grants of the secret";
/// What a header counts beside its name and value, as `wasi:http` counts what a guest builds.
const HEADER_BYTES: usize = size_of::<HeaderName>() + size_of::<HeaderValue>();

/// Adds the interface of types.
pub(crate) fn add_types(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let options = types::LinkOptions::default();
    types::add_to_linker::<_, WasiHttp>(linker, &options, CallState::http)
}

/// Adds the interface that sends.
pub(crate) fn add_handler(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    outgoing_handler::add_to_linker::<_, WasiHttp>(linker, CallState::http)
}

/// What the requests of one call share.
pub(crate) struct HttpState {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

struct Hooks(Arc<Exchanges>);

/// Budgets, rights and the way out, shared with the tasks that carry bodies.
struct Exchanges {
    port: Option<Arc<dyn HttpPort>>,
    /// None where another process has the guest, and with it the tape.
    deck: Option<Deck>,
    rights: Rights,
    requests: AtomicU64,
    requests_max: u64,
    slots: Arc<Semaphore>,
    slots_max: u64,
    bytes: Arc<AtomicU64>,
    bytes_max: u64,
    header_bytes_max: u64,
    /// The longest waits; a guest may ask for shorter ones.
    timeouts: HttpTimeouts,
    per_host: HttpPerHost,
    stop: Arc<Stop>,
}

impl HttpState {
    /// The state of a call without any right; nothing that imports no HTTP ever sees it.
    pub(crate) fn closed() -> Self {
        let limits = CallLimits { net_requests: 0, ..CallLimits::default() };
        Self::new(None, Rights::default(), &limits, None)
    }

    /// The state of a call whose rights are what every layer allows.
    pub(crate) fn new(
        port: Option<Arc<dyn HttpPort>>,
        rights: Rights,
        limits: &CallLimits,
        deck: Option<Deck>,
    ) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(count(limits.net_header_bytes));
        let slots_max = limits.net_concurrency.min(1 << 16);
        let exchanges = Exchanges {
            port,
            deck,
            rights,
            requests: AtomicU64::new(limits.net_requests),
            requests_max: limits.net_requests,
            slots: Arc::new(Semaphore::new(count(slots_max))),
            slots_max,
            bytes: Arc::new(AtomicU64::new(limits.net_bytes)),
            bytes_max: limits.net_bytes,
            header_bytes_max: limits.net_header_bytes,
            timeouts: HttpTimeouts {
                connect: limits.net_connect,
                first_byte: limits.net_first_byte,
                between_bytes: limits.net_between_bytes,
                total: limits.net_total,
            },
            per_host: HttpPerHost {
                at_once: limits.host_concurrency,
                each_second: limits.host_rate,
            },
            stop: Arc::default(),
        };
        Self { ctx, hooks: Hooks(Arc::new(exchanges)) }
    }

    /// Bytes that were sent and received.
    pub(crate) fn bytes(&self) -> u64 {
        let exchanges = &self.hooks.0;
        exchanges.bytes_max.saturating_sub(exchanges.bytes.load(Ordering::Relaxed))
    }

    /// What of them is left.
    pub(crate) fn bytes_left(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.hooks.0.bytes)
    }

    /// How a refused request ends the call.
    pub(crate) fn stop(&self) -> Arc<Stop> {
        Arc::clone(&self.hooks.0.stop)
    }
}

/// The same look at a request for a guest that runs in another process. What that process says of
/// its own looks counts for nothing.
pub(crate) struct Recheck(Arc<Exchanges>);

/// Where a granted request goes, and whether it may be to a private address.
pub(crate) struct Granted {
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path_and_query: String,
    pub(crate) private: bool,
    /// The request counts as open until this is dropped.
    pub(crate) open: OwnedSemaphorePermit,
}

impl Recheck {
    pub(crate) fn new(rights: Rights, limits: &CallLimits) -> Self {
        Self(HttpState::new(None, rights, limits, None).hooks.0)
    }

    /// Bytes that are left.
    pub(crate) fn bytes_left(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.bytes)
    }

    /// Where secrets may go.
    pub(crate) fn secrets(&self) -> Vec<SecretGrant> {
        self.0.rights.secrets()
    }

    /// Counts and parses a request and looks for a grant in every layer.
    pub(crate) fn admit(&self, method: &str, uri: &str) -> Result<Granted, CallError> {
        self.try_admit(method, uri).map_err(|_| self.why())
    }

    fn try_admit(&self, method: &str, uri: &str) -> Result<Granted, Error> {
        let Self(exchanges) = self;
        let open = exchanges.take_request()?;
        let target = exchanges.target(method, uri.parse().ok().as_ref())?;
        let private = exchanges.granted(method, &target)?;
        let Target { scheme, host, port, path_and_query, .. } = target;
        Ok(Granted { scheme, host, port, path_and_query, private, open })
    }

    /// Takes bytes of either direction from the call's budget.
    pub(crate) fn take(&self, count: usize) -> Result<(), CallError> {
        self.0.take_bytes(count).map_err(|_| self.why())
    }

    /// The headers that may be sent.
    pub(crate) fn headers(&self, headers: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
        let fine = |name: &str| name.parse().is_ok_and(|name: HeaderName| !is_forbidden(&name));
        headers.into_iter().filter(|(name, _)| fine(name)).collect()
    }

    /// The waits, none longer than any may be.
    pub(crate) fn timeouts(&self, wanted: HttpTimeouts) -> HttpTimeouts {
        HttpTimeouts {
            connect: wanted.connect.min(self.0.timeouts.connect),
            first_byte: wanted.first_byte.min(self.0.timeouts.first_byte),
            between_bytes: wanted.between_bytes.min(self.0.timeouts.between_bytes),
            total: wanted.total.min(self.0.timeouts.total),
        }
    }

    /// How much of a host is left to others: what an executor says of that counts for nothing.
    pub(crate) fn per_host(&self) -> HttpPerHost {
        self.0.per_host
    }

    fn why(&self) -> CallError {
        let unknown = || CallError::new(ErrorKind::DeniedHost, "the request is not granted");
        self.0.stop.get().unwrap_or_else(unknown)
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (table, state) = self.http_parts();
        WasiHttpCtxView { hooks: &mut state.hooks, table, ctx: &mut state.ctx }
    }
}

impl Exchanges {
    /// Ends the call and gives the guest an error, should it still be there to see it.
    fn refuse(&self, kind: ErrorKind, message: String) -> Error {
        self.stop.set(CallError::new(kind, message));
        Error::HttpRequestDenied
    }

    /// Takes bytes of either direction from the call's budget.
    fn take_bytes(&self, count: usize) -> Result<(), Error> {
        let take = |left: u64| left.checked_sub(count as u64);
        match self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => {
                // They are on their way already, so there is nothing left for others.
                self.bytes.store(0, Ordering::Relaxed);
                let message =
                    format!("the call may move {} bytes over the network", self.bytes_max);
                Err(self.refuse(ErrorKind::LimitNetBytes, message))
            }
        }
    }

    fn take_request(&self) -> Result<OwnedSemaphorePermit, Error> {
        let take = |left: u64| left.checked_sub(1);
        if self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            let message = format!("the call may send {} requests", self.requests_max);
            return Err(self.refuse(ErrorKind::LimitNetConcurrency, message));
        }
        Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
            let message = format!("the call may have {} requests open at once", self.slots_max);
            self.refuse(ErrorKind::LimitNetConcurrency, message)
        })
    }

    /// Where a request goes, if that has only one reading and the method is one of those there are.
    fn target(&self, method: &str, uri: Option<&http::Uri>) -> Result<Target, Error> {
        let parsed = uri.ok_or_else(|| "it is not an address".to_owned()).and_then(Target::parse);
        let target = parsed.map_err(|problem| {
            let message = format!("refused the address of a request: {problem}");
            let shown = uri.map(ToString::to_string).unwrap_or_default();
            self.rights.refused(Cap::Http, &format!("{method} {shown}"), ADDRESS_RULES);
            self.refuse(ErrorKind::DeniedHost, message)
        })?;
        if matches!(method, "CONNECT" | "TRACE") {
            let message = format!("method `{method}` is never granted");
            self.rights.refused(Cap::Http, &format!("{method} {target}"), ADDRESS_RULES);
            return Err(self.refuse(ErrorKind::DeniedHost, message));
        }
        Ok(target)
    }

    /// Whether every layer allows the request, and whether every grant names its host literally.
    ///
    /// The first layer is the skill's own ceiling. It may say `http://*`: what is reachable in the
    /// operator's network is for pipeline and operator to name, not for the skill's author.
    fn granted(&self, method: &str, target: &Target) -> Result<bool, Error> {
        let allows = |caps: &Caps| {
            caps.allows_http(method, target.scheme, &target.host, target.port, &target.path)
        };
        let line = format!("{method} {target}");
        self.rights
            .check(allows, ErrorKind::DeniedHost, &format!("`{line}`"), (Cap::Http, &line))
            .map_err(|error| self.refuse(error.kind, error.message))?;
        let named = |caps: &Caps| {
            caps.http.iter().filter(|grant| !grant.subdomains).any(|grant| {
                grant.allows(method, target.scheme, &target.host, target.port, &target.path)
            })
        };
        let mut granted = self.rights.granted().peekable();
        let private = target.may_be_private() && granted.peek().is_some() && granted.all(named);
        Ok(private)
    }

    /// The error a guest sees; a rule that was broken ends the call.
    fn failed(&self, failure: HttpFailure) -> Error {
        match failure.cause {
            HttpCause::Refused(kind) => {
                let error = self.refuse(kind, failure.message);
                if kind == ErrorKind::DeniedAddress {
                    Error::DestinationIpProhibited
                } else {
                    error
                }
            }
            HttpCause::Dns => Error::DnsError { rcode: None, info_code: None },
            HttpCause::Connect => Error::ConnectionRefused,
            HttpCause::Tls => Error::TlsProtocolError,
            HttpCause::Timeout => Error::ConnectionTimeout,
            HttpCause::Busy => Error::ConnectionLimitReached,
            HttpCause::Protocol => Error::HttpProtocolError,
        }
    }

    async fn exchange(
        self: Arc<Self>,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        track: Option<Track>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let permit = self.take_request()?;
        let (head, body) = request.into_parts();
        let method = head.method.as_str();
        let target = self.target(method, Some(&head.uri))?;
        let private = self.granted(method, &target)?;
        let line = format!("{method} {target}");
        let headers = outgoing(&head.headers);
        self.take_bytes(headers.iter().map(|(name, value)| name.len() + value.len()).sum())?;
        let empty = http_body::Body::is_end_stream(&body);
        let sent = Arc::<AtomicU64>::default();
        let request = HttpRequest {
            method: method.to_owned(),
            scheme: target.scheme.to_owned(),
            host: target.host,
            port: target.port,
            path_and_query: target.path_and_query,
            headers,
            body: (!empty).then(|| FromGuest::body(body, Arc::clone(&self), Arc::clone(&sent))),
            timeouts: clamped(options, self.timeouts),
            per_host: self.per_host,
            private,
            secrets: self.rights.secrets(),
        };
        let send = |request| async {
            match &self.port {
                Some(port) => port.send(request).await,
                None => Err(HttpFailure::new(HttpCause::Connect, "there is no network")),
            }
        };
        let response = match track {
            Some(track) => track.carry(request, sent, send).await,
            None => send(request).await,
        };
        let response = response.map_err(|failure| {
            match failure.cause {
                HttpCause::Refused(ErrorKind::DeniedAddress | ErrorKind::DeniedDns) => {
                    self.rights.refused(Cap::Http, &line, ADDRESS_RULES);
                }
                HttpCause::Refused(ErrorKind::DeniedSecret) => {
                    self.rights.refused(Cap::Secrets, &line, SECRET_RULES);
                }
                _ => {}
            }
            self.failed(failure)
        })?;
        self.response(response, permit)
    }

    fn response(
        self: &Arc<Self>,
        response: HttpResponse,
        permit: OwnedSemaphorePermit,
    ) -> Result<http::Response<WasiBody>, Error> {
        let sizes = response.headers.iter().map(|(name, value)| name.len() + value.len());
        let sizes: usize = sizes.sum();
        let counted = sizes.saturating_add(response.headers.len().saturating_mul(HEADER_BYTES));
        if counted as u64 > self.header_bytes_max {
            let max = self.header_bytes_max;
            let message = format!("the headers of an answer may have {max} bytes");
            return Err(self.refuse(ErrorKind::LimitNetBytes, message));
        }
        self.take_bytes(sizes)?;
        let body = FromServer::new(response.body, Arc::clone(self), permit);
        let mut answer = http::Response::new(body.boxed_unsync());
        *answer.status_mut() =
            http::StatusCode::from_u16(response.status).map_err(|_| Error::HttpProtocolError)?;
        *answer.headers_mut() = incoming(response.headers)?;
        Ok(answer)
    }
}

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    /// The port names the host; a second name could only differ.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Exchange {
        let exchanges = Arc::clone(&self.0);
        // Numbered here, where the guest asks, and not when its turn comes.
        let track = exchanges.deck.as_ref().map(Deck::exchange);
        Box::new(async move {
            let response = match Arc::clone(&exchanges).exchange(request, options, track).await {
                Ok(response) => response,
                Err(error) => {
                    if exchanges.stop.get().is_some() {
                        // The call is over. A guest that were told so would run on for as long as
                        // it takes to be stopped, and its fuel would differ from run to run.
                        std::future::pending::<()>().await;
                    }
                    return Err(error);
                }
            };
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, done))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES
    }
}

/// What the trait wants of a request on its way.
type Exchange = Box<
    dyn Future<
            Output = Result<
                (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>),
                Error,
            >,
        > + Send,
>;

fn clamped(options: Option<RequestOptions>, most: HttpTimeouts) -> HttpTimeouts {
    let options = options.unwrap_or_default();
    let clamp =
        |wanted: Option<Duration>, max: Duration| wanted.map_or(max, |wanted| wanted.min(max));
    HttpTimeouts {
        connect: clamp(options.connect_timeout, most.connect),
        first_byte: clamp(options.first_byte_timeout, most.first_byte),
        between_bytes: clamp(options.between_bytes_timeout, most.between_bytes),
        total: most.total,
    }
}
