//! The tape of a call while it runs: recorded, or played back to a guest that has no outside.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use coldframe_engine::ports::{
    HttpBody, HttpBodyStream, HttpCause, HttpFailure, HttpRequest, HttpResponse,
};
use coldframe_engine::services::{Answer, Ask, ServiceError};
use coldframe_engine::tape::{Bytes, Exchange, Heard, Observed, ResponseHead, Tape};
use coldframe_engine::{CallError, Recording};
use coldframe_format::Digest;
use coldframe_journal::ErrorKind;

use crate::capabilities::services::Refused;

/// A call that hears more than this is not recorded, bytes.
const TAPE_BYTES_MAX: usize = 16 << 20;
/// What an entry counts beside the bytes in it.
const ENTRY_BYTES: usize = 32;

/// The tape of one call, shared with the tasks that carry its bodies.
#[derive(Debug, Clone)]
pub(crate) struct Deck(Arc<Mutex<Head>>);

#[derive(Debug)]
enum Head {
    Recording { tape: Tape, bytes: usize },
    Playing { tape: Arc<Tape>, at: usize, used: u64, exchange: usize, differs: bool },
}

impl Deck {
    /// Plays `tape`; without one, records.
    pub(crate) fn new(tape: Option<Arc<Tape>>) -> Self {
        Self(Arc::new(Mutex::new(match tape {
            Some(tape) => Head::Playing { tape, at: 0, used: 0, exchange: 0, differs: false },
            None => Head::Recording { tape: Tape::empty(), bytes: 0 },
        })))
    }

    /// Whether this is a tape from before.
    pub(crate) fn plays(&self) -> bool {
        matches!(*self.head(), Head::Playing { .. })
    }

    /// A number from outside: what `now` gives, or what it was.
    pub(crate) fn number(
        &self,
        of: Observed,
        now: impl FnOnce() -> u64,
    ) -> Result<u64, wasmtime::Error> {
        match self.played_number(of)? {
            Some(value) => Ok(value),
            None => {
                let value = now();
                self.note(of, value);
                Ok(value)
            }
        }
    }

    /// What a number was; nothing while this is a recording.
    pub(crate) fn played_number(&self, of: Observed) -> Result<Option<u64>, wasmtime::Error> {
        let mut head = self.head();
        let Head::Playing { tape, at, used, differs, .. } = &mut *head else { return Ok(None) };
        match tape.heard.get(*at) {
            Some(Heard::Number { of: recorded, value, times }) if *recorded == of => {
                *used += 1;
                if *used >= *times {
                    (*at, *used) = (*at + 1, 0);
                }
                Ok(Some(*value))
            }
            _ => {
                *differs = true;
                Err(differing())
            }
        }
    }

    /// Records a number.
    pub(crate) fn note(&self, of: Observed, value: u64) {
        let mut head = self.head();
        let Head::Recording { tape, bytes } = &mut *head else { return };
        match tape.heard.last_mut() {
            Some(Heard::Number { of: last, value: same, times })
                if *last == of && *same == value =>
            {
                *times += 1;
            }
            _ => keep(tape, bytes, 0, Heard::Number { of, value, times: 1 }),
        }
    }

    /// Something else from outside: what it was, if this plays.
    fn played<T>(&self, read: impl FnOnce(&Heard) -> Option<T>) -> wasmtime::Result<Option<T>> {
        let mut head = self.head();
        let Head::Playing { tape, at, differs, .. } = &mut *head else { return Ok(None) };
        match tape.heard.get(*at).and_then(read) {
            Some(found) => {
                *at += 1;
                Ok(Some(found))
            }
            None => {
                *differs = true;
                Err(differing())
            }
        }
    }

    /// The error of a guest that does not do what it did, where only the host function can tell.
    pub(crate) fn differing(&self) -> wasmtime::Error {
        if let Head::Playing { differs, .. } = &mut *self.head() {
            *differs = true;
        }
        differing()
    }

    fn record(&self, bytes: usize, heard: Heard) {
        if let Head::Recording { tape, bytes: all } = &mut *self.head() {
            keep(tape, all, bytes, heard);
        }
    }

    /// What was ready first, where that is known already.
    pub(crate) fn played_poll(&self) -> wasmtime::Result<Option<Vec<u32>>> {
        self.played(|heard| match heard {
            Heard::Polled(list) => Some(list.clone()),
            _ => None,
        })
    }

    pub(crate) fn note_poll(&self, list: &[u32]) {
        self.record(list.len() * 4, Heard::Polled(list.to_vec()));
    }

    /// Random bytes: what `fresh` gives, or what they were.
    pub(crate) fn random(
        &self,
        count: u64,
        fresh: impl FnOnce() -> wasmtime::Result<Vec<u8>>,
    ) -> wasmtime::Result<Vec<u8>> {
        let known = self.played(|heard| match heard {
            Heard::Random(Bytes(bytes)) if bytes.len() as u64 == count => Some(bytes.clone()),
            _ => None,
        })?;
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        let bytes = fresh()?;
        self.record(bytes.len(), Heard::Random(Bytes(bytes.clone())));
        Ok(bytes)
    }

    /// What a service said to the question, if this plays.
    pub(crate) fn played_answer(
        &self,
        question: Digest,
    ) -> wasmtime::Result<Option<Result<Answer, ServiceError>>> {
        self.played(|heard| match heard {
            Heard::Answer { asked, answer } if *asked == question => Some(answer.clone()),
            _ => None,
        })
    }

    pub(crate) fn note_answer(&self, asked: Digest, answer: &Result<Answer, ServiceError>) {
        // Nobody counts while nobody records.
        if !self.plays() {
            let bytes = serde_json::to_vec(answer).map_or(0, |text| text.len());
            self.record(bytes, Heard::Answer { asked, answer: answer.clone() });
        }
    }

    /// The next request over HTTP, in the order in which the guest sends them.
    pub(crate) fn exchange(&self) -> Track {
        let number = match &mut *self.head() {
            Head::Recording { tape, bytes } => {
                tape.exchanges.push(Exchange {
                    asked: None,
                    sent: 0,
                    head: None,
                    pieces: Vec::new(),
                    end: None,
                });
                *bytes = bytes.saturating_add(ENTRY_BYTES);
                tape.exchanges.len() - 1
            }
            Head::Playing { exchange, .. } => {
                *exchange += 1;
                *exchange - 1
            }
        };
        Track { deck: self.clone(), number }
    }

    /// What became of it: the recording, or that the guest did not ask what it had asked.
    pub(crate) fn stop(&self) -> (Recording, Option<CallError>) {
        match &mut *self.head() {
            Head::Recording { tape, bytes } => {
                let nothing = tape.heard.is_empty() && tape.exchanges.is_empty();
                let recording = match nothing {
                    true => Recording::Nothing,
                    false if *bytes > TAPE_BYTES_MAX => Recording::TooLarge,
                    false => Recording::Whole(Box::new(std::mem::replace(tape, Tape::empty()))),
                };
                (recording, None)
            }
            Head::Playing { tape, at, exchange, differs, .. } => {
                let unheard = *at < tape.heard.len() || *exchange != tape.exchanges.len();
                let error = (*differs || unheard).then(differing_call);
                (Recording::Nothing, error)
            }
        }
    }

    fn head(&self) -> MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps an entry, unless there is too much already: then nothing is kept any more.
fn keep(tape: &mut Tape, all: &mut usize, bytes: usize, heard: Heard) {
    if take(tape, all, bytes) {
        tape.heard.push(heard);
    }
}

fn take(tape: &mut Tape, all: &mut usize, bytes: usize) -> bool {
    *all = all.saturating_add(bytes).saturating_add(ENTRY_BYTES);
    let fits = *all <= TAPE_BYTES_MAX;
    if !fits {
        // Something stays, so that it counts as recorded.
        tape.heard.truncate(1);
        for exchange in &mut tape.exchanges {
            exchange.pieces.clear();
        }
    }
    fits
}

/// The digest of a question to a service.
pub(crate) fn question(ask: &Ask) -> Digest {
    Digest::of(&serde_json::to_vec(ask).unwrap_or_default())
}

fn differing_call() -> CallError {
    let message = "the component does not ask what it asked when this was recorded";
    CallError::new(ErrorKind::ReplayDiffers, message)
}

fn differing() -> wasmtime::Error {
    Refused(differing_call()).into()
}

/// One request on a tape.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    deck: Deck,
    number: usize,
}

impl Track {
    /// What came of the request, if this plays.
    fn played(&self, request: &HttpRequest) -> Option<Option<Exchange>> {
        let asked = address(request);
        let mut head = self.deck.head();
        let Head::Playing { tape, differs, .. } = &mut *head else { return None };
        let found = tape.exchanges.get(self.number).filter(|found| found.asked == Some(asked));
        *differs |= found.is_none();
        Some(found.cloned())
    }

    fn edit(&self, bytes: usize, edit: impl FnOnce(&mut Exchange)) {
        let mut head = self.deck.head();
        if let Head::Recording { tape, bytes: all } = &mut *head
            && take(tape, all, bytes)
            && let Some(exchange) = tape.exchanges.get_mut(self.number)
        {
            edit(exchange);
        }
    }

    /// Sends the request with `send` and records what comes of it; or takes what came of it then.
    /// `sent` counts the bytes of its body that went out.
    pub(crate) async fn carry<F>(
        self,
        mut request: HttpRequest,
        sent: Arc<std::sync::atomic::AtomicU64>,
        send: impl FnOnce(HttpRequest) -> F,
    ) -> Result<HttpResponse, HttpFailure>
    where
        F: Future<Output = Result<HttpResponse, HttpFailure>>,
    {
        match self.played(&request) {
            Some(Some(exchange)) => return play(exchange, request.body.take()).await,
            Some(None) => {
                let CallError { kind, message, .. } = differing_call();
                return Err(HttpFailure::new(HttpCause::Refused(kind), message));
            }
            None => {}
        }
        let asked = address(&request);
        self.edit(0, |exchange| exchange.asked = Some(asked));
        let result = send(request).await;
        let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
        let head = match &result {
            Ok(response) => Ok(ResponseHead {
                status: response.status,
                headers: response
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), Bytes(value.clone())))
                    .collect(),
            }),
            Err(failure) => Err(failure.clone()),
        };
        let bytes = match &head {
            Ok(head) => head.headers.iter().map(|(name, value)| name.len() + value.0.len()).sum(),
            Err(failure) => failure.message.len(),
        };
        self.edit(bytes, |exchange| (exchange.head, exchange.sent) = (Some(head), sent));
        let HttpResponse { status, headers, body } = result?;
        let body = Box::pin(Listened { body, track: self });
        Ok(HttpResponse { status, headers, body })
    }
}

/// Method, address and headers of a request. Its body is not in it: how much of that was sent when
/// the response came is for the network to say.
fn address(request: &HttpRequest) -> Digest {
    let HttpRequest { method, scheme, host, port, path_and_query, headers, .. } = request;
    let mut text = format!("{method} {scheme}://{host}:{port}{path_and_query}\n").into_bytes();
    for (name, value) in headers {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.push(b'\n');
    }
    Digest::of(&text)
}

/// A response's body that is recorded as the guest reads it.
struct Listened {
    body: HttpBody,
    track: Track,
}

impl HttpBodyStream for Listened {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        let piece = std::task::ready!(self.body.as_mut().poll_piece(cx));
        match &piece {
            Some(Ok(piece)) => {
                let kept = Bytes(piece.clone());
                self.track.edit(piece.len(), |exchange| exchange.pieces.push(kept));
            }
            Some(Err(failure)) => {
                let failure = failure.clone();
                let bytes = failure.message.len();
                self.track.edit(bytes, |exchange| exchange.end = Some(Err(failure)));
            }
            None => self.track.edit(0, |exchange| exchange.end = Some(Ok(()))),
        }
        Poll::Ready(piece)
    }
}

/// What came of a request then. Its body is read as far as it had been before the head came, and
/// then beside it: a guest that writes must not wait for ever.
async fn play(exchange: Exchange, body: Option<HttpBody>) -> Result<HttpResponse, HttpFailure> {
    let Exchange { sent, head, pieces, end, .. } = exchange;
    if let Some(mut body) = body {
        let mut taken = 0_u64;
        while taken < sent {
            match std::future::poll_fn(|cx| body.as_mut().poll_piece(cx)).await {
                Some(Ok(piece)) => taken = taken.saturating_add(piece.len() as u64),
                Some(Err(_)) | None => break,
            }
        }
        tokio::spawn(async move {
            while let Some(Ok(_)) = std::future::poll_fn(|cx| body.as_mut().poll_piece(cx)).await {}
        });
    }
    let Some(head) = head else { return std::future::pending().await };
    let ResponseHead { status, headers } = head?;
    let headers = headers.into_iter().map(|(name, Bytes(value))| (name, value)).collect();
    let body = Box::pin(Played { pieces: pieces.into(), end });
    Ok(HttpResponse { status, headers, body })
}

/// A response's body from a tape.
struct Played {
    pieces: VecDeque<Bytes>,
    end: Option<Result<(), HttpFailure>>,
}

impl HttpBodyStream for Played {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        if let Some(Bytes(piece)) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        match &self.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(failure)) => Poll::Ready(Some(Err(failure.clone()))),
            // The guest never heard more.
            None => Poll::Pending,
        }
    }
}
