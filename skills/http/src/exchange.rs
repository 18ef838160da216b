//! One request and its response, over `wasi:http`.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::StreamError;

use crate::body::Body;
use crate::failure::failure;
use crate::guest::{Error, RateLimit, Response};
use crate::retry_after;
use crate::url::Url;

/// What a host takes at once, by the contract of `blocking-write-and-flush`.
const WRITE_BYTES_MAX: usize = 4096;

/// How much is asked for at once.
const READ_BYTES: u64 = 64 << 10;

/// What to send. With a body it is a POST.
pub(crate) struct Request {
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

/// Sends a request and reads the whole response.
pub(crate) fn exchange(request: Request) -> Result<Response, Error> {
    let Request { url, headers, body } = request;
    let outgoing = outgoing(&url, &headers, body.is_some())?;
    // Taken before the request is given away, written after: the host reads as it sends.
    let channel = body.map(|text| (text, outgoing.body()));
    let failed = |code| failure(&url.authority, &code);
    let pending = outgoing_handler::handle(outgoing, None).map_err(failed)?;
    if let Some((text, Ok(channel))) = channel {
        send(&text, channel);
    }
    pending.subscribe().block();
    match pending.get() {
        Some(Ok(response)) => {
            response.map_err(failed).and_then(|response| incoming(&url, response))
        }
        _ => Err(Error::Transient(format!("`{}`: no response came", url.authority))),
    }
}

fn outgoing(
    url: &Url,
    headers: &[(String, String)],
    posts: bool,
) -> Result<OutgoingRequest, Error> {
    let fields = Fields::new();
    for (name, value) in headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|_| Error::Permanent(format!("header `{name}` cannot be sent")))?;
    }
    let request = OutgoingRequest::new(fields);
    let scheme = if url.secure { Scheme::Https } else { Scheme::Http };
    request
        .set_method(if posts { &Method::Post } else { &Method::Get })
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(&url.authority)))
        .and_then(|()| request.set_path_with_query(Some(&url.path_and_query)))
        .map_err(|()| Error::Permanent(format!("`{}` cannot be asked", url.authority)))?;
    Ok(request)
}

/// Writes the body of the request. What goes wrong shows in the response, or in that there is none.
fn send(text: &str, channel: OutgoingBody) {
    if let Ok(stream) = channel.write() {
        for part in text.as_bytes().chunks(WRITE_BYTES_MAX) {
            if stream.blocking_write_and_flush(part).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(channel, None);
}

fn incoming(url: &Url, response: IncomingResponse) -> Result<Response, Error> {
    let status = response.status();
    let headers: Vec<(String, String)> = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| {
            (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned())
        })
        .collect();
    if status == 429 {
        let wait = headers.iter().find(|(name, _)| name == "retry-after");
        return Err(Error::RateLimited(RateLimit {
            message: format!("`{}` asks for fewer requests", url.authority),
            retry_after_ms: wait.and_then(|(_, value)| retry_after::milliseconds(value)),
        }));
    }
    let body = response
        .consume()
        .map_err(|()| Error::Transient(format!("`{}`: the response has no body", url.authority)))?;
    Ok(Response { status, headers, body: text(url, &body)? })
}

fn text(url: &Url, incoming: &IncomingBody) -> Result<String, Error> {
    let broken = || Error::Transient(format!("`{}`: the response broke off", url.authority));
    let stream = incoming.stream().map_err(|()| broken())?;
    let mut body = Body::default();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(part) => body.push(&part).map_err(Error::Permanent)?,
            Err(StreamError::Closed) => return body.text().map_err(Error::Permanent),
            Err(StreamError::LastOperationFailed(_)) => return Err(broken()),
        }
    }
}
