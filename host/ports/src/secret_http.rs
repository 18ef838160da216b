//! Requests that carry secrets: values go in on the way out, and are taken out of what comes back.
//!
//! Taking them out is a best effort: a server that turns a value into something else (backwards, a
//! hash of it) gives it away. That is why a secret goes to the hosts it is bound to and nowhere
//! else.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aho_corasick::{AhoCorasick, MatchKind};
use coldframe_engine::ports::{
    BoxFuture, HttpBody, HttpBodyStream, HttpCause, HttpFailure, HttpPort, HttpRequest,
    HttpResponse,
};
use zeroize::Zeroizing;

use crate::secrets::Secrets;

/// Puts secrets into requests on their way to another port.
pub struct SecretHttp {
    inner: Arc<dyn HttpPort>,
    secrets: Arc<Secrets>,
    scrubber: Option<Arc<Scrubber>>,
}

impl SecretHttp {
    /// The port with these secrets.
    pub fn new(inner: Arc<dyn HttpPort>, secrets: Arc<Secrets>) -> Self {
        let scrubber = Scrubber::of(&secrets).map(Arc::new);
        Self { inner, secrets, scrubber }
    }
}

impl HttpPort for SecretHttp {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
        let grants = std::mem::take(&mut request.secrets);
        if let Err(error) = self.secrets.inject(&mut request, &grants) {
            let cause = error.kind.map_or(HttpCause::Protocol, HttpCause::Refused);
            return Box::pin(std::future::ready(Err(HttpFailure::new(cause, error.message))));
        }
        let (inner, scrubber) = (Arc::clone(&self.inner), self.scrubber.clone());
        Box::pin(async move {
            let sent = inner.send(request).await;
            let Some(scrubber) = scrubber else { return sent };
            let mut response = sent.map_err(|mut failure| {
                failure.message = scrubber.text(&failure.message);
                failure
            })?;
            for (name, value) in &mut response.headers {
                *name = scrubber.text(name);
                *value = scrubber.bytes(value);
            }
            response.body = Box::pin(Scrubbed::new(response.body, scrubber));
            Ok(response)
        })
    }
}

/// Finds values of secrets.
struct Scrubber {
    needles: AhoCorasick,
    /// What stands for each of them.
    instead: Vec<String>,
    /// Where each of them may have begun.
    begun: Vec<Begun>,
}

impl Scrubber {
    fn of(secrets: &Secrets) -> Option<Self> {
        let (needles, instead): (Vec<_>, Vec<_>) = secrets.needles().into_iter().unzip();
        if needles.is_empty() {
            return None;
        }
        let begun = needles.iter().map(|needle| Begun::of(needle)).collect();
        let needles = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(needles.iter().map(|needle| needle.as_bytes()))
            .ok()?;
        Some(Self { needles, instead, begun })
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.needles.replace_all_bytes(bytes, &self.instead)
    }

    fn text(&self, text: &str) -> String {
        self.needles.replace_all(text, &self.instead)
    }

    /// Replaces in what is held as far as no later byte can change that; leaves the rest.
    fn take(&self, held: &mut Vec<u8>, at_end: bool) -> Vec<u8> {
        // A value that begins in front of this place has its end in what is held. Nothing more is
        // kept back: who reads an answer as it comes does not wait for its next piece.
        let begun = self.begun.iter().map(|needle| needle.behind(held)).max();
        let sure = if at_end { held.len() } else { held.len().saturating_sub(begun.unwrap_or(0)) };
        let mut out = Vec::new();
        let mut from = 0;
        while from < sure {
            let found = held.get(from..).and_then(|rest| self.needles.find(rest));
            let (start, end, instead) = match found.filter(|found| from + found.start() < sure) {
                Some(found) => {
                    let instead = self.instead.get(found.pattern().as_usize());
                    (from + found.start(), from + found.end(), instead)
                }
                None => (sure, sure, None),
            };
            out.extend_from_slice(held.get(from..start).unwrap_or_default());
            out.extend_from_slice(instead.map_or("", String::as_str).as_bytes());
            from = end;
        }
        held.drain(..from);
        out
    }
}

/// How much of a value a text ends with.
struct Begun {
    value: Zeroizing<Vec<u8>>,
    /// For each beginning of the value, how long a shorter beginning is that it ends with.
    shorter: Vec<usize>,
}

impl Begun {
    fn of(value: &str) -> Self {
        let value = Zeroizing::new(value.as_bytes().to_vec());
        let mut begun = Self { shorter: vec![0; value.len()], value };
        let mut length = 0;
        for at in 1..begun.value.len() {
            length = begun.value.get(at).map_or(0, |byte| begun.next(length, *byte));
            if let Some(slot) = begun.shorter.get_mut(at) {
                *slot = length;
            }
        }
        begun
    }

    /// The length of the beginning that is there once `byte` follows one of `length`.
    fn next(&self, mut length: usize, byte: u8) -> usize {
        while length > 0 && self.value.get(length) != Some(&byte) {
            length = self.shorter.get(length - 1).copied().unwrap_or(0);
        }
        if self.value.get(length) == Some(&byte) { length + 1 } else { 0 }
    }

    /// Bytes at the end of a text that the value begins with, but for the whole of it.
    fn behind(&self, text: &[u8]) -> usize {
        let most = self.value.len().saturating_sub(1).min(text.len());
        let tail = text.get(text.len() - most..).unwrap_or_default();
        tail.iter().fold(0, |length, byte| self.next(length, *byte))
    }
}

/// A body without the values of secrets.
struct Scrubbed {
    inner: Option<HttpBody>,
    held: Vec<u8>,
    scrubber: Arc<Scrubber>,
}

impl Scrubbed {
    fn new(inner: HttpBody, scrubber: Arc<Scrubber>) -> Self {
        Self { inner: Some(inner), held: Vec::new(), scrubber }
    }
}

impl HttpBodyStream for Scrubbed {
    fn poll_piece(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
        let this = self.get_mut();
        loop {
            let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
            let piece = ready!(inner.as_mut().poll_piece(cx));
            match piece {
                Some(Ok(piece)) => {
                    this.held.extend_from_slice(&piece);
                    let out = this.scrubber.take(&mut this.held, false);
                    if !out.is_empty() {
                        return Poll::Ready(Some(Ok(out)));
                    }
                }
                Some(Err(failure)) => {
                    this.inner = None;
                    return Poll::Ready(Some(Err(failure)));
                }
                None => {
                    this.inner = None;
                    let out = this.scrubber.take(&mut this.held, true);
                    return Poll::Ready((!out.is_empty()).then_some(Ok(out)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber() -> (Scrubber, String) {
        let mut secrets = Secrets::default();
        secrets.insert("key", Zeroizing::new("s3cret/value+1".to_owned())).unwrap();
        (Scrubber::of(&secrets).unwrap(), secrets.placeholder("key").unwrap())
    }

    #[test]
    fn every_spelling_is_taken_out() {
        let (scrubber, placeholder) = scrubber();
        for text in [
            "s3cret/value+1",
            "czNjcmV0L3ZhbHVlKzE",
            "s3cret%2Fvalue%2B1",
            "xs3cret/value+1x",
            r"s3cret\/value+1",
        ] {
            let found = scrubber.text(text);
            assert!(found.contains(&placeholder), "{text}: {found}");
            assert!(!found.contains("s3cret") && !found.contains("czNj"), "{found}");
        }
        assert_eq!(scrubber.text("s3cret/value"), "s3cret/value");
    }

    #[test]
    fn a_value_in_pieces_is_found_however_it_is_cut() {
        let (scrubber, placeholder) = scrubber();
        let body = b"before s3cret/value+1 between s3cret/value+1s3cret/value+1 after";
        let expected =
            format!("before {placeholder} between {placeholder}{placeholder} after").into_bytes();
        for size in 1..body.len() {
            let (mut held, mut out) = (Vec::new(), Vec::new());
            for piece in body.chunks(size) {
                held.extend_from_slice(piece);
                out.extend(scrubber.take(&mut held, false));
            }
            out.extend(scrubber.take(&mut held, true));
            assert_eq!(String::from_utf8(out), String::from_utf8(expected.clone()), "{size}");
        }
    }

    /// What comes piece by piece is handed on piece by piece, but for what may be a value.
    #[test]
    fn only_the_beginning_of_a_value_is_kept_back() {
        let (scrubber, _) = scrubber();
        for (text, kept) in [
            ("data: hello", ""),
            ("data: s3", "s3"),
            ("s3s3cret/value+", "s3cret/value+"),
            ("s3cret/value-", ""),
            ("c", "c"),
        ] {
            let mut held = text.as_bytes().to_vec();
            let out = scrubber.take(&mut held, false);
            assert_eq!(String::from_utf8(held).unwrap(), kept, "{text}");
            assert_eq!(out.len() + kept.len(), text.len(), "{text}");
        }
    }

    /// Sends back what it was sent, in a header and in a body of two pieces.
    struct Echo;

    struct Pieces(Vec<Vec<u8>>);

    impl HttpBodyStream for Pieces {
        fn poll_piece(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Vec<u8>, HttpFailure>>> {
            Poll::Ready(self.0.pop().map(Ok))
        }
    }

    impl HttpPort for Echo {
        fn send(&self, request: HttpRequest) -> BoxFuture<Result<HttpResponse, HttpFailure>> {
            let value = request.headers[0].1.clone();
            assert_eq!(value, b"Bearer s3cret/value+1", "what the server sees");
            let (first, second) = value.split_at(value.len() / 2);
            let body = Pieces(vec![second.to_vec(), first.to_vec()]);
            let headers = vec![("x-echo".to_owned(), value)];
            let response = HttpResponse { status: 200, headers, body: Box::pin(body) };
            Box::pin(std::future::ready(Ok(response)))
        }
    }

    #[test]
    fn a_server_sees_the_value_and_a_guest_never_does() {
        let mut secrets = Secrets::default();
        secrets.insert("key", Zeroizing::new("s3cret/value+1".to_owned())).unwrap();
        let placeholder = secrets.placeholder("key").unwrap();
        let port = SecretHttp::new(Arc::new(Echo), Arc::new(secrets));
        let second = std::time::Duration::from_secs(1);
        let request = HttpRequest {
            method: "GET".into(),
            scheme: "https".into(),
            host: "a.org".into(),
            port: 443,
            path_and_query: "/".into(),
            headers: vec![("authorization".into(), format!("Bearer {placeholder}").into_bytes())],
            body: None,
            timeouts: coldframe_engine::ports::HttpTimeouts {
                connect: second,
                first_byte: second,
                between_bytes: second,
                total: second,
            },
            per_host: coldframe_engine::ports::HttpPerHost::UNBOUNDED,
            private: false,
            secrets: vec!["key for https://a.org in authorization".parse().unwrap()],
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut response = runtime.block_on(port.send(request)).unwrap_or_else(|e| panic!("{e:?}"));
        let expected = format!("Bearer {placeholder}");
        assert_eq!(String::from_utf8(response.headers[0].1.clone()).unwrap(), expected);
        let mut body = Vec::new();
        while let Some(piece) =
            runtime.block_on(std::future::poll_fn(|cx| response.body.as_mut().poll_piece(cx)))
        {
            body.extend(piece.unwrap());
        }
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
