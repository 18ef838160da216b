//! Bodies on their way: counted against the call's budget in both directions.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use coldframe_engine::ports::{HttpBody, HttpBodyStream, HttpCause, HttpFailure};
use http_body::{Body, Frame};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::{Error, WasiBody};

use super::Exchanges;

/// What the guest writes, for the port to send. Trailers are dropped.
pub(super) struct FromGuest {
    body: WasiBody,
    exchanges: Arc<Exchanges>,
    /// Bytes so far.
    sent: Arc<AtomicU64>,
}

impl FromGuest {
    pub(super) fn body(
        body: WasiBody,
        exchanges: Arc<Exchanges>,
        sent: Arc<AtomicU64>,
    ) -> HttpBody {
        Box::pin(Self { body, exchanges, sent })
    }
}

impl HttpBodyStream for FromGuest {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        let ended = |error: Error| HttpFailure::new(HttpCause::Protocol, error.to_string());
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(ended(error)))),
                Some(Ok(frame)) => frame,
            };
            if let Ok(data) = frame.into_data() {
                let taken = self.exchanges.take_bytes(data.len());
                self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
                return Poll::Ready(Some(taken.map(|()| data.to_vec()).map_err(ended)));
            }
        }
    }
}

/// What the server sends, for the guest to read. The request counts as open until this is dropped.
pub(super) struct FromServer {
    body: Option<HttpBody>,
    exchanges: Arc<Exchanges>,
    _open: OwnedSemaphorePermit,
}

impl FromServer {
    pub(super) fn new(
        body: HttpBody,
        exchanges: Arc<Exchanges>,
        open: OwnedSemaphorePermit,
    ) -> Self {
        Self { body: Some(body), exchanges, _open: open }
    }
}

impl Body for FromServer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let piece = match ready!(body.as_mut().poll_piece(cx)) {
            Some(Ok(piece)) => self.exchanges.take_bytes(piece.len()).map(|()| piece),
            Some(Err(failure)) => Err(self.exchanges.failed(failure)),
            None => {
                self.body = None;
                return Poll::Ready(None);
            }
        };
        if piece.is_err() {
            self.body = None;
        }
        Poll::Ready(Some(piece.map(|piece| Frame::data(piece.into()))))
    }
}
