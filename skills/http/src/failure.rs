//! What the errors of `wasi:http` mean to a caller.

use wasip2::http::types::ErrorCode;

use crate::guest::Error;

/// The error of a request to `authority` that got no response.
pub(crate) fn failure(authority: &str, code: &ErrorCode) -> Error {
    match transient(code) {
        Some(what) => Error::Transient(format!("`{authority}`: {what}")),
        None => Error::Permanent(format!("`{authority}`: {}", permanent(code))),
    }
}

/// What happened, where it may not happen again.
fn transient(code: &ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => "the name cannot be looked up",
        ErrorCode::DestinationNotFound => "the host is not found",
        ErrorCode::DestinationUnavailable => "the host cannot be reached",
        ErrorCode::ConnectionRefused => "the connection is refused",
        ErrorCode::ConnectionTerminated => "the connection broke",
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => "the time ran out",
        ErrorCode::ConnectionLimitReached => "there are too many connections",
        ErrorCode::HttpResponseIncomplete => "the response is not complete",
        ErrorCode::InternalError(_) => "the request failed inside of the host",
        _ => return None,
    })
}

/// What happened, where it will happen again.
fn permanent(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::HttpRequestDenied => "the request is not allowed",
        ErrorCode::DestinationIpProhibited | ErrorCode::DestinationIpUnroutable => {
            "the address of the host is not allowed"
        }
        ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => "no encrypted connection can be made",
        ErrorCode::HttpProtocolError => "one side broke the rules of HTTP",
        ErrorCode::HttpRequestBodySize(_) => {
            "the body of the request is not as long as its headers say"
        }
        ErrorCode::HttpRequestHeaderSectionSize(_) | ErrorCode::HttpRequestHeaderSize(_) => {
            "the headers of the request are too long"
        }
        ErrorCode::HttpResponseBodySize(_) => "the body of the response is too long",
        ErrorCode::HttpResponseHeaderSectionSize(_) | ErrorCode::HttpResponseHeaderSize(_) => {
            "the headers of the response are too long"
        }
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            "the address is not one that can be asked for"
        }
        _ => "the request failed",
    }
}
