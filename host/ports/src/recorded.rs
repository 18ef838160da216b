//! HTTP from a recording: for tests, which have no network.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use coldframe_engine::ports::{
    BoxFuture, HttpCause, HttpFailure, HttpPort, HttpRequest, HttpResponse,
};
use coldframe_journal::ErrorKind;

use crate::whole::Whole;

/// A request with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Upper case.
    pub method: String,
    /// `https://example.com/path?query`, as it is sent.
    pub url: String,
    /// The status of the answer.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body of the answer.
    pub body: Vec<u8>,
}

/// Answers requests from a recording. Each exchange answers once, in its order among equal ones;
/// the last of them goes on answering. What is not recorded is refused, and nothing is dialled.
#[derive(Debug, Default)]
pub struct RecordedHttp {
    exchanges: Mutex<VecDeque<(Exchange, bool)>>,
}

impl RecordedHttp {
    /// A port that knows these exchanges.
    pub fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self { exchanges: Mutex::new(exchanges.into_iter().map(|one| (one, false)).collect()) }
    }

    /// The exchanges that nobody asked for.
    pub fn unused(&self) -> Vec<Exchange> {
        let exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.iter().filter(|(_, used)| !used).map(|(one, _)| one.clone()).collect()
    }

    fn answer(&self, method: &str, url: &str) -> Option<Exchange> {
        let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for (one, used) in exchanges.iter_mut() {
            if one.method != method || one.url != url {
                continue;
            }
            if !*used {
                *used = true;
                return Some(one.clone());
            }
            last = Some(one.clone());
        }
        last
    }
}

impl HttpPort for RecordedHttp {
    fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let url = url(&request);
        let answer = match self.answer(&request.method, &url) {
            Some(found) => Ok(HttpResponse {
                status: found.status,
                headers: found
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name, value.into_bytes()))
                    .collect(),
                body: Box::pin(Whole(Some(found.body).filter(|body| !body.is_empty()))),
            }),
            None => Err(HttpFailure::new(
                HttpCause::Refused(ErrorKind::DeniedHost),
                format!("`{} {url}` is not recorded", request.method),
            )),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// The address as people write it: no port where it is the scheme's own.
fn url(request: &HttpRequest) -> String {
    let own = if request.scheme == "https" { 443 } else { 80 };
    let port = if request.port == own { String::new() } else { format!(":{}", request.port) };
    format!("{}://{}{port}{}", request.scheme, request.host, request.path_and_query)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use coldframe_engine::ports::HttpTimeouts;

    use super::*;

    fn exchange(url: &str, body: &str) -> Exchange {
        Exchange {
            method: "GET".into(),
            url: url.into(),
            status: 200,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: body.into(),
        }
    }

    /// The answer to a GET: status and body, or the failure's message.
    fn ask(port: &RecordedHttp, path: &str) -> String {
        let second = Duration::from_secs(1);
        let timeouts = HttpTimeouts {
            connect: second,
            first_byte: second,
            between_bytes: second,
            total: second,
        };
        let request = HttpRequest {
            method: "GET".into(),
            scheme: "https".into(),
            host: "a.example".into(),
            port: 443,
            path_and_query: path.into(),
            headers: Vec::new(),
            body: None,
            timeouts,
            per_host: coldframe_engine::ports::HttpPerHost::UNBOUNDED,
            private: false,
            secrets: Vec::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        match runtime.block_on(port.send(request)) {
            Err(failure) => failure.message,
            Ok(mut response) => {
                let piece = runtime
                    .block_on(std::future::poll_fn(|cx| response.body.as_mut().poll_piece(cx)));
                let body = piece.and_then(Result::ok).unwrap_or_default();
                format!("{} {}", response.status, String::from_utf8(body).unwrap())
            }
        }
    }

    #[test]
    fn answers_what_is_recorded_in_order_and_nothing_else() {
        let port = RecordedHttp::new([
            exchange("https://a.example/x", "one"),
            exchange("https://a.example/x", "two"),
            exchange("https://a.example/y", ""),
        ]);
        let asked = ["/x", "/x", "/x", "/z"].map(|path| ask(&port, path));
        let refused = "`GET https://a.example/z` is not recorded";
        assert_eq!(asked, ["200 one", "200 two", "200 two", refused]);
        let unused: Vec<String> = port.unused().into_iter().map(|one| one.url).collect();
        assert_eq!(unused, ["https://a.example/y"]);
    }
}
