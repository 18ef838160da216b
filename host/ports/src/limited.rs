//! A way out with less time than the host would give.

use std::sync::Arc;

use coldframe_engine::ports::{
    BoxFuture, HttpFailure, HttpPort, HttpRequest, HttpResponse, HttpTimeouts,
};

/// Sends requests through another port, none for longer than these times.
pub struct LimitedHttp {
    inner: Arc<dyn HttpPort>,
    most: HttpTimeouts,
}

impl LimitedHttp {
    /// A port with these bounds. A bound of `std::time::Duration::MAX` is none.
    pub fn new(inner: Arc<dyn HttpPort>, most: HttpTimeouts) -> Self {
        Self { inner, most }
    }
}

impl HttpPort for LimitedHttp {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let (own, most) = (request.timeouts, self.most);
        request.timeouts = HttpTimeouts {
            connect: own.connect.min(most.connect),
            first_byte: own.first_byte.min(most.first_byte),
            between_bytes: own.between_bytes.min(most.between_bytes),
            total: own.total.min(most.total),
        };
        self.inner.send(request)
    }
}
