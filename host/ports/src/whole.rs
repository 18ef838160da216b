//! A body that is there already.

use std::pin::Pin;
use std::task::{Context, Poll};

use coldframe_engine::ports::{HttpBodyStream, HttpFailure};

/// A body in one piece.
pub(crate) struct Whole(pub(crate) Option<Vec<u8>>);

impl HttpBodyStream for Whole {
    fn poll_piece(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
