//! The executor's side of requests: a port that asks the host.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coldframe_engine::ports::{
    BoxFuture, HttpBody, HttpCause, HttpFailure, HttpPort, HttpRequest, HttpResponse,
};
use coldframe_engine::services::{Answer, Ask, ServiceError, Services};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::broker::{Piece, Remote, Side, pass};
use super::message::{Body, Headers, RequestWord, Word};
use super::pipe::Pipe;

/// The exchanges of all calls.
pub(super) struct Exchanges {
    pipe: Arc<Pipe>,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
    asked: Mutex<HashMap<u64, oneshot::Sender<Result<Answer, ServiceError>>>>,
}

struct Open {
    head: Option<oneshot::Sender<Result<(u16, Headers), HttpFailure>>>,
    pulls: UnboundedSender<()>,
    pieces: UnboundedSender<Piece>,
}

impl Exchanges {
    pub(super) fn new(pipe: Arc<Pipe>) -> Arc<Self> {
        Arc::new(Self {
            pipe,
            next: AtomicU64::new(1),
            open: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    /// A service has answered.
    pub(super) fn answer(&self, number: u64, answer: Result<Answer, ServiceError>) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        if let Some(asked) = asked {
            let _ = asked.send(answer);
        }
    }

    async fn ask(self: Arc<Self>, call: u64, ask: Ask) -> Result<Answer, ServiceError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answered) = oneshot::channel();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        self.pipe.send(&Word::Ask { number, call, ask }, &[]);
        answered.await.unwrap_or_else(|_| Err(ServiceError::new("the host went away")))
    }

    /// The head of a response has come.
    pub(super) fn head(&self, exchange: u64, status: u16, headers: Headers) {
        let head = self.open().get_mut(&exchange).and_then(|open| open.head.take());
        if let Some(head) = head {
            let _ = head.send(Ok((status, headers)));
        }
    }

    /// Something was said of a body. A failure before the head is one of the whole exchange.
    pub(super) fn body(&self, exchange: u64, body: Body, raw: Vec<u8>) {
        let mut all = self.open();
        let Some(open) = all.get_mut(&exchange) else { return };
        match (body, open.head.take()) {
            (Body::Failed(failure), Some(head)) => {
                let _ = head.send(Err(failure));
            }
            (body, head) => {
                open.head = head;
                pass(body, raw, &open.pulls, &open.pieces);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(
        self: Arc<Self>,
        call: u64,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpFailure> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (head, headed) = oneshot::channel();
        let (pulls, pulled) = unbounded_channel();
        let (pieces, came) = unbounded_channel();
        self.open().insert(number, Open { head: Some(head), pulls, pieces });
        let open = Closing { exchanges: Arc::clone(&self), number };
        let (word, body) = RequestWord::new(number, call, request);
        self.pipe.send(&Word::Request(Box::new(word)), &[]);
        let feeding = body.map(|body| {
            tokio::spawn(feed(Arc::clone(&self.pipe), number, body, pulled)).abort_handle()
        });
        // Dropped with this future or with the response, it tells the host and ends the feeding.
        let response = Response {
            body: Remote::new(Arc::clone(&self.pipe), number, Side::Executor, came),
            feeding,
            _open: open,
        };
        let broken = |_| HttpFailure::new(HttpCause::Protocol, "the host went away");
        let (status, headers) = headed.await.map_err(broken)??;
        Ok(HttpResponse { status, headers, body: Box::pin(response) })
    }
}

/// Gives the host the request's body, piece by piece as it asks.
async fn feed(
    pipe: Arc<Pipe>,
    exchange: u64,
    mut body: HttpBody,
    mut pulled: UnboundedReceiver<()>,
) {
    while pulled.recv().await.is_some() {
        let piece = std::future::poll_fn(|cx| body.as_mut().poll_piece(cx)).await;
        let (said, raw, last) = match piece {
            Some(Ok(piece)) => (Body::Piece, piece, false),
            Some(Err(failure)) => (Body::Failed(failure), Vec::new(), true),
            None => (Body::End, Vec::new(), true),
        };
        pipe.send(&Word::Body { exchange, body: said }, &raw);
        if last {
            return;
        }
    }
}

struct Closing {
    exchanges: Arc<Exchanges>,
    number: u64,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.exchanges.open().remove(&self.number);
    }
}

/// A response's body, and all that ends with it.
struct Response {
    body: Remote,
    feeding: Option<tokio::task::AbortHandle>,
    _open: Closing,
}

impl coldframe_engine::ports::HttpBodyStream for Response {
    fn poll_piece(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Piece> {
        std::pin::Pin::new(&mut self.body).poll_piece(cx)
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        if let Some(feeding) = &self.feeding {
            feeding.abort();
        }
    }
}

/// The ways out of one call: the host has to know for whom it is asked.
#[derive(Clone)]
pub(super) struct CallPort {
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) call: u64,
}

impl HttpPort for CallPort {
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        Box::pin(Arc::clone(&self.exchanges).send(self.call, request))
    }
}

impl Services for CallPort {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        Box::pin(Arc::clone(&self.exchanges).ask(self.call, ask))
    }
}
