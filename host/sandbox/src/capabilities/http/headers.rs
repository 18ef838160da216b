//! Headers that are about a connection, or meant for a proxy: none goes out, none comes in.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error};

/// Headers about the connection and not the message, and those meant for a proxy.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    // `expect` asks for an answer before the body is sent: that is for whoever sends it to ask.
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || matches!(name.as_str(), "te" | "trailer" | "expect")
        || name.as_str().starts_with("proxy-")
}

/// What a guest sends, without those.
pub(super) fn outgoing(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let sent = headers.iter().filter(|(name, _)| !is_forbidden(name));
    sent.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

/// What a server answers, without those, and without those that its `connection` names.
pub(super) fn incoming(headers: Vec<(String, Vec<u8>)>) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    let named = named_by_connection(&headers);
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| Error::HttpProtocolError)?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| Error::HttpProtocolError)?;
        if !is_forbidden(&name) && !named.contains(&name) {
            map.append(name, value);
        }
    }
    Ok(map)
}

/// A guest can send no `connection`; a server may.
fn named_by_connection(headers: &[(String, Vec<u8>)]) -> HashSet<HeaderName> {
    let lists = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    lists
        .flat_map(|(_, list)| list.split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// About the connection: whoever sends them, the other side never sees them.
    const HOPS: &[&str] = &[
        "Connection",
        "Expect",
        "Host",
        "HTTP2-Settings",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Status",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    ];

    fn all() -> Vec<(String, Vec<u8>)> {
        let names = HOPS.iter().chain(&["accept", "x-hop", "x-end"]);
        names.map(|name| ((*name).to_owned(), b"100-continue".to_vec())).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_is_about_the_connection_is_not_sent() {
        let map: HeaderMap = all()
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_bytes(&value).unwrap()))
            .collect::<Vec<(HeaderName, HeaderValue)>>()
            .into_iter()
            .collect();
        let sent: Vec<String> = outgoing(&map).into_iter().map(|(name, _)| name).collect();
        assert_eq!(sent, ["accept", "x-hop", "x-end"]);
    }

    #[test]
    fn what_is_about_the_connection_does_not_arrive() {
        assert_eq!(names(&incoming(all()).unwrap()), ["accept", "x-hop", "x-end"]);
        let with = |list: &str| {
            let mut headers = all();
            headers.push(("CONNECTION".to_owned(), list.as_bytes().to_vec()));
            incoming(headers).unwrap()
        };
        assert_eq!(names(&with("close, X-Hop ,, not a name")), ["accept", "x-end"]);
    }
}
