//! The ports of a run, as the adapters of its pipeline say.

use std::sync::Arc;
use std::time::Duration;

use coldframe_engine::ports::{HttpPort, HttpTimeouts};
use coldframe_lang::graph::{Adapters, Exchange, HttpAdapter};
use coldframe_ports::{HttpClient, LimitedHttp, RecordedHttp};

/// The way requests are sent. Grants have decided before that.
pub(crate) fn http(adapters: &Adapters) -> Arc<dyn HttpPort> {
    match &adapters.http {
        None => Arc::new(HttpClient::new()),
        Some(HttpAdapter::Client(times)) => {
            let most = |time: Option<Duration>| time.unwrap_or(Duration::MAX);
            let most = HttpTimeouts {
                connect: most(times.connect),
                first_byte: most(times.first_byte),
                between_bytes: most(times.between_bytes),
                total: most(times.total),
            };
            Arc::new(LimitedHttp::new(Arc::new(HttpClient::new()), most))
        }
        Some(HttpAdapter::Recorded(exchanges)) => Arc::new(recorded(exchanges)),
    }
}

/// A port that answers as it is written.
pub(crate) fn recorded(exchanges: &[Exchange]) -> RecordedHttp {
    RecordedHttp::new(exchanges.iter().map(|one| coldframe_ports::Exchange {
        method: one.method.clone(),
        url: one.url.clone(),
        status: one.status,
        headers: one.headers.clone(),
        body: one.body.clone().into_bytes(),
    }))
}
