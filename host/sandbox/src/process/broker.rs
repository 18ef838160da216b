//! The host's side of requests that guests of an executor send: the right to each is looked at
//! again, by what this process knows of the call and not by what the executor says.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use coldframe_engine::ports::{HttpBody, HttpBodyStream, HttpCause, HttpFailure, HttpRequest};
use coldframe_engine::services::{Answer, Ask, ServiceError, ToolsAsk};
use coldframe_engine::{Call, Layer};
use coldframe_journal::{Asked, ErrorKind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::message::{Body, Order, RequestWord};
use super::pipe::Pipe;
use crate::audit::Audit;
use crate::capabilities::http::Recheck;
use crate::capabilities::services::{NO_SERVICE, ServiceState};
use crate::run::Outside;

/// What a call may ask of the outside, and what of it is left.
pub(super) struct Rights {
    http: Recheck,
    services: Mutex<ServiceState>,
    audit: Audit,
    /// Held while a tool of the call runs.
    tool: tokio::sync::Mutex<()>,
    /// The questions that are under way, until the call is over.
    asked: Mutex<Option<Vec<AbortHandle>>>,
}

impl Rights {
    pub(super) fn new(remote: &super::Remote, call: &Call, outside: &Outside) -> Self {
        let ceiling = Layer::new(remote.asked_by.clone(), remote.ceiling.clone());
        let audit = Audit::new();
        let rights = crate::rights::Rights::new(ceiling, Arc::clone(&call.grants), audit.clone());
        let http = Recheck::new(rights.clone(), &call.limits);
        let tools = Arc::clone(&call.tools);
        let services = ServiceState::new(outside, rights, &call.limits, tools);
        Self {
            audit,
            services: Mutex::new(services.sharing(http.bytes_left())),
            http,
            tool: tokio::sync::Mutex::default(),
            asked: Mutex::new(Some(Vec::new())),
        }
    }

    fn services(&self) -> MutexGuard<'_, ServiceState> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the task that answers a question. One of a call that is over is ended at once.
    fn keep(&self, task: AbortHandle) {
        match &mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(asked) => {
                asked.retain(|task| !task.is_finished());
                asked.push(task);
            }
            None => task.abort(),
        }
    }

    /// Waits until no tool of the call runs: one that is ended with its caller still says what it took.
    pub(super) async fn no_tool(&self) {
        drop(self.tool.lock().await);
    }

    /// The call is over: nothing of it goes on. Gives the tokens and nano-USD that it took, and the
    /// tools it called.
    pub(super) fn end(&self) -> (u64, u64, u64) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        asked.into_iter().flatten().for_each(|task| task.abort());
        let mut services = self.services();
        let (tokens, nano) = services.end();
        (tokens, nano, services.tools.called())
    }
}

impl Rights {
    /// What the call asked for: as this process saw it, and what the executor refused already.
    pub(super) fn asked(&self, there: &[Asked]) -> Vec<Asked> {
        let refused = there.iter().filter(|asked| asked.refused_by.is_some()).cloned();
        let mut asked: Vec<Asked> = self.audit.take().into_iter().chain(refused).collect();
        asked.sort();
        asked.dedup();
        asked
    }
}

/// The exchanges of one executor.
pub(super) struct Broker {
    pipe: Arc<Pipe>,
    outside: Outside,
    exchanges: Mutex<HashMap<u64, Exchange>>,
}

struct Exchange {
    /// The guest wants the next piece of the response.
    pulls: UnboundedSender<()>,
    /// What came of the request's body.
    pieces: UnboundedSender<Piece>,
    task: AbortHandle,
}

pub(super) type Piece = Option<Result<Vec<u8>, HttpFailure>>;

impl Broker {
    pub(super) fn new(pipe: Arc<Pipe>, outside: Outside) -> Self {
        Self { pipe, outside, exchanges: Mutex::default() }
    }

    /// Begins an exchange, on the runtime of the caller.
    pub(super) fn request(self: &Arc<Self>, word: RequestWord, rights: Option<Arc<Rights>>) {
        let (pulls, pulled) = unbounded_channel();
        let (pieces, body) = unbounded_channel();
        let number = word.exchange;
        let broker = Arc::clone(self);
        let task = tokio::spawn(async move {
            if let Err(failure) = broker.exchange(word, rights, body, pulled).await {
                broker.say(number, Body::Failed(failure), &[]);
            }
            broker.exchanges().remove(&number);
        });
        let exchange = Exchange { pulls, pieces, task: task.abort_handle() };
        // An executor that names two exchanges the same loses the first.
        if let Some(before) = self.exchanges().insert(number, exchange) {
            before.task.abort();
        }
    }

    async fn exchange(
        &self,
        word: RequestWord,
        rights: Option<Arc<Rights>>,
        body: UnboundedReceiver<Piece>,
        mut pulled: UnboundedReceiver<()>,
    ) -> Result<(), HttpFailure> {
        let unasked = || {
            let kind = ErrorKind::DeniedCapability;
            HttpFailure::new(HttpCause::Refused(kind), "no call that is under way asks for this")
        };
        let rights = rights.ok_or_else(unasked)?;
        let recheck = &rights.http;
        let refused = |error: coldframe_engine::CallError| {
            HttpFailure::new(HttpCause::Refused(error.kind), error.message)
        };
        let authority = format!("{}://{}:{}", word.scheme, word.host, word.port);
        let uri = format!("{authority}{}", word.path_and_query);
        let granted = recheck.admit(&word.method, &uri).map_err(refused)?;
        let number = word.exchange;
        let body = word.has_body.then(|| -> HttpBody {
            Box::pin(Remote::new(Arc::clone(&self.pipe), number, Side::Host, body))
        });
        let _open = granted.open;
        let timeouts = recheck.timeouts(word.timeouts());
        let request = HttpRequest {
            method: word.method,
            scheme: granted.scheme.to_owned(),
            host: granted.host,
            port: granted.port,
            path_and_query: granted.path_and_query,
            headers: recheck.headers(word.headers),
            body,
            timeouts,
            per_host: recheck.per_host(),
            private: granted.private,
            secrets: recheck.secrets(),
        };
        let none = || HttpFailure::new(HttpCause::Connect, "there is no network");
        let response = self.outside.http.as_ref().ok_or_else(none)?.send(request).await?;
        let order =
            Order::Head { exchange: number, status: response.status, headers: response.headers };
        self.pipe.send(&order, &[]);
        let mut body = response.body;
        while pulled.recv().await.is_some() {
            match std::future::poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
                Some(Ok(piece)) => {
                    recheck.take(piece.len()).map_err(refused)?;
                    self.say(number, Body::Piece, &piece);
                }
                Some(Err(failure)) => return Err(failure),
                None => {
                    self.say(number, Body::End, &[]);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Answers a question, on the runtime of the caller.
    pub(super) fn ask(self: &Arc<Self>, number: u64, ask: Ask, rights: Option<Arc<Rights>>) {
        let broker = Arc::clone(self);
        let of = rights.clone();
        let task = tokio::spawn(async move {
            let answer = broker.answer(ask, rights).await;
            broker.pipe.send(&Order::Answer { number, answer }, &[]);
        });
        if let Some(rights) = of {
            rights.keep(task.abort_handle());
        }
    }

    async fn answer(
        &self,
        mut ask: Ask,
        rights: Option<Arc<Rights>>,
    ) -> Result<Answer, ServiceError> {
        let unasked = || {
            let message = "no call that is under way asks for this";
            ServiceError::refused(ErrorKind::DeniedCapability, message)
        };
        let rights = rights.ok_or_else(unasked)?;
        let admitted = rights.services().admit(&mut ask);
        let ticket = admitted.map_err(|error| ServiceError::refused(error.kind, error.message))?;
        let _tool = match &ask {
            Ask::Tools(ToolsAsk::Call(_)) => Some(rights.tool.lock().await),
            _ => None,
        };
        let door = rights.services().door();
        let answer = match door {
            Some(services) => services.ask(ask).await,
            None => Err(ServiceError::new(NO_SERVICE)),
        };
        rights.services().granted(ticket, answer)
    }

    /// About a body: a piece of the request's that was pulled, or a pull for the response's.
    pub(super) fn body(&self, exchange: u64, body: Body, raw: Vec<u8>) {
        if let Some(exchange) = self.exchanges().get(&exchange) {
            pass(body, raw, &exchange.pulls, &exchange.pieces);
        }
    }

    /// Ends an exchange that nobody wants any more.
    pub(super) fn gone(&self, exchange: u64) {
        if let Some(exchange) = self.exchanges().remove(&exchange) {
            exchange.task.abort();
        }
    }

    fn say(&self, exchange: u64, body: Body, raw: &[u8]) {
        self.pipe.send(&Order::Body { exchange, body }, raw);
    }

    fn exchanges(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To whom what was said of a body goes. Nobody listening is nobody's loss.
pub(super) fn pass(
    body: Body,
    raw: Vec<u8>,
    pulls: &UnboundedSender<()>,
    pieces: &UnboundedSender<Piece>,
) {
    let piece = match body {
        Body::Pull => {
            let _ = pulls.send(());
            return;
        }
        Body::Piece => Some(Ok(raw)),
        Body::End => None,
        Body::Failed(failure) => Some(Err(failure)),
    };
    let _ = pieces.send(piece);
}

/// Which process this is.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Host,
    Executor,
}

/// A body whose pieces are on the other side, fetched one by one.
pub(super) struct Remote {
    pipe: Arc<Pipe>,
    exchange: u64,
    side: Side,
    pieces: UnboundedReceiver<Piece>,
    asked: bool,
}

impl Remote {
    pub(super) fn new(
        pipe: Arc<Pipe>,
        exchange: u64,
        side: Side,
        pieces: UnboundedReceiver<Piece>,
    ) -> Self {
        Self { pipe, exchange, side, pieces, asked: false }
    }
}

impl HttpBodyStream for Remote {
    fn poll_piece(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Piece> {
        if !self.asked {
            self.asked = true;
            let (exchange, body) = (self.exchange, Body::Pull);
            match self.side {
                Side::Host => self.pipe.send(&Order::Body { exchange, body }, &[]),
                Side::Executor => {
                    self.pipe.send(&super::message::Word::Body { exchange, body }, &[]);
                }
            }
        }
        let piece = ready!(self.pieces.poll_recv(cx));
        self.asked = false;
        let broken = || HttpFailure::new(HttpCause::Protocol, "the other side went away");
        Poll::Ready(piece.unwrap_or_else(|| Some(Err(broken()))))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // A request's body that is not read any more says nothing of the exchange.
        if matches!(self.side, Side::Executor) {
            let word = super::message::Word::Gone { exchange: self.exchange };
            self.pipe.send(&word, &[]);
        }
    }
}
