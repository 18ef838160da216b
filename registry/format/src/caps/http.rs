//! One line of an `http` capability: `[METHOD ]scheme://host[:port][/path]`.
//!
//! The host `*` is every host, at every port where none is written. It is for the ceilings of
//! skills that fetch whatever they are told to; as a grant it gives away the whole network.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::line::{self, GrantLine};

/// `[METHOD ]scheme://host[:port][/path]`: which requests are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGrant {
    /// Upper case; `None` allows every method.
    pub method: Option<String>,
    /// `http` or `https`.
    pub scheme: String,
    /// Lower-case host. With `subdomains`, the part behind `*.`. Empty for `*`, every host.
    pub host: String,
    /// Written `*.host`: every name below `host`, at a label border, not `host` itself.
    /// Also true for `*`, so that no host counts as named.
    pub subdomains: bool,
    /// The scheme's own port where none is written; for `*` every port then, which is `None`.
    pub port: Option<u16>,
    /// `None` for every path; `/a/**` is the prefix `/a/`; without `**` the path must be equal.
    pub path: Option<PathGrant>,
}

/// The path part of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathGrant {
    /// Exactly this path.
    Exact(String),
    /// Every path that starts with this; it ends in `/`.
    Prefix(String),
}

impl HttpGrant {
    /// Whether the request is allowed. The parts must be canonical already: scheme and host in
    /// lower case, no trailing dot, the path without query.
    pub fn allows(&self, method: &str, scheme: &str, host: &str, port: u16, path: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method)
            && self.scheme == scheme
            && self.port.is_none_or(|own| own == port)
            && self.covers_host(host)
            && self.covers_path(path)
    }

    /// Written `*`.
    fn is_any_host(&self) -> bool {
        self.subdomains && self.host.is_empty()
    }

    fn covers_host(&self, host: &str) -> bool {
        if self.is_any_host() {
            return true;
        }
        if !self.subdomains {
            return self.host == host;
        }
        host.strip_suffix(&self.host)
            .and_then(|below| below.strip_suffix('.'))
            .is_some_and(|below| !below.is_empty())
    }

    fn covers_path(&self, path: &str) -> bool {
        match &self.path {
            None => true,
            // A path that a server may read as another one is covered by no path grant.
            Some(_) if !is_plain_path(path) => false,
            Some(PathGrant::Exact(own)) => own == path,
            Some(PathGrant::Prefix(own)) => path.starts_with(own),
        }
    }
}

impl GrantLine for HttpGrant {
    const WHAT: &'static str = "an HTTP grant";
    const SHAPE: &'static str = "[METHOD ]scheme://host[:port][/path]";
    const EXAMPLE: &'static str = "GET https://api.example.com/v1/**";

    fn read(text: &str) -> Result<Self, &'static str> {
        parse(text)
    }

    fn is_within(&self, ceiling: &Self) -> bool {
        let host = if ceiling.is_any_host() {
            true
        } else if self.subdomains {
            ceiling.subdomains && (self.host == ceiling.host || ceiling.covers_host(&self.host))
        } else {
            ceiling.covers_host(&self.host)
        };
        let path = match (&self.path, &ceiling.path) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(PathGrant::Exact(own)), Some(PathGrant::Exact(other))) => own == other,
            (Some(PathGrant::Prefix(_)), Some(PathGrant::Exact(_))) => false,
            (
                Some(PathGrant::Exact(own) | PathGrant::Prefix(own)),
                Some(PathGrant::Prefix(other)),
            ) => own.starts_with(other),
        };
        let method = ceiling.method.is_none() || ceiling.method == self.method;
        let port = ceiling.port.is_none() || ceiling.port == self.port;
        method && self.scheme == ceiling.scheme && port && host && path
    }
}

/// Whether a path means the same to everybody: no `.` or `..` segment in any spelling, no
/// backslash, no encoded slash.
fn is_plain_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    path.starts_with('/')
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !["%2e", "%2f", "%5c", "%00"].iter().any(|code| lower.contains(code))
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}

fn parse(text: &str) -> Result<HttpGrant, &'static str> {
    let (method, url) = match text.split_once(' ') {
        Some((method, url)) => (Some(parse_method(method)?), url),
        None => (None, text),
    };
    if url.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err("it has a space or control character inside");
    }
    let (scheme, rest) = url.split_once("://").ok_or("it has no `://`")?;
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err("the scheme is neither `http` nor `https`"),
    };
    if rest.contains(['?', '#']) {
        return Err("it has a query or fragment");
    }
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err("it has a user name");
    }
    let (host, port) = split_port(authority)?;
    let port = match port {
        Some(port) => Some(parse_port(port)?),
        None if host == "*" => None,
        None => Some(default_port),
    };
    let (host, subdomains) = match host.strip_prefix("*.") {
        _ if host == "*" => (String::new(), true),
        Some(host) => (parse_host(host, true)?, true),
        None => (parse_host(host, false)?, false),
    };
    let path = if path.is_empty() { None } else { Some(parse_path(path)?) };
    Ok(HttpGrant { method, scheme: scheme.to_owned(), host, subdomains, port, path })
}

fn parse_method(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return Err("the method is not a word in upper case");
    }
    Ok(text.to_owned())
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    // The colons of an IPv6 address stand before its `]`.
    let border =
        if authority.contains('[') { authority.rfind(']').unwrap_or(authority.len()) } else { 0 };
    match authority.get(border..).and_then(|tail| tail.find(':')) {
        Some(at) => {
            let (host, port) = authority.split_at(border + at);
            Ok((host, port.strip_prefix(':')))
        }
        None => Ok((authority, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port @ 1..) if digits && !text.starts_with('0') => Ok(port),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

/// A name in lower case without its trailing dot, or an address in its one spelling.
fn parse_host(text: &str, subdomains: bool) -> Result<String, &'static str> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return match address {
            Some(address) if !subdomains => Ok(format!("[{address}]")),
            Some(_) => Err("an address has no subdomains"),
            None => Err("the host is not an IPv6 address"),
        };
    }
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if host.contains('*') {
        return Err("`*` stands elsewhere than in a leading `*.`");
    }
    let good_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(good_label) {
        return Err("the host is not a name");
    }
    // What ends in a number is read as an address by some clients, `127.1` and `0x7f.1` too.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit()) {
        return match host.parse::<Ipv4Addr>() {
            Ok(_) if subdomains => Err("an address has no subdomains"),
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err("the host ends in a number and is not an IPv4 address"),
        };
    }
    Ok(host)
}

fn parse_path(text: &str) -> Result<PathGrant, &'static str> {
    let (stem, prefix) = match text.strip_suffix("/**") {
        Some(stem) => (format!("{stem}/"), true),
        None => (text.to_owned(), false),
    };
    if stem.contains('*') {
        return Err("`*` stands elsewhere than in a final `/**`");
    }
    if !is_plain_path(&stem) {
        return Err("the path has a `..`, a backslash or an encoded slash or dot");
    }
    Ok(if prefix { PathGrant::Prefix(stem) } else { PathGrant::Exact(stem) })
}

impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        let star = match (self.is_any_host(), self.subdomains) {
            (true, _) => "*",
            (false, true) => "*.",
            (false, false) => "",
        };
        write!(f, "{}://{star}{}", self.scheme, self.host)?;
        let usual = if self.scheme == "http" { 80 } else { 443 };
        // Left out, the port of `*` would be every port.
        if let Some(port) = self.port.filter(|port| *port != usual || self.is_any_host()) {
            write!(f, ":{port}")?;
        }
        match &self.path {
            None => Ok(()),
            Some(PathGrant::Exact(path)) => f.write_str(path),
            Some(PathGrant::Prefix(path)) => write!(f, "{path}**"),
        }
    }
}

line::text!(HttpGrant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> HttpGrant {
        text.parse().unwrap()
    }

    #[test]
    fn prints_what_it_read_in_one_spelling() {
        let cases = [
            ("https://api.example.com", "https://api.example.com"),
            ("GET https://API.Example.com.:443/v1/**", "GET https://api.example.com/v1/**"),
            ("http://localhost:8080/", "http://localhost:8080/"),
            ("http://a.org:80", "http://a.org"),
            ("https://*.example.org/x", "https://*.example.org/x"),
            ("M-SEARCH http://10.0.0.1/**", "M-SEARCH http://10.0.0.1/**"),
            ("https://[0:0::1]:8443", "https://[::1]:8443"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://a.org/%20x/~y", "https://a.org/%20x/~y"),
            ("https://*", "https://*"),
            ("GET http://*:80/v1/**", "GET http://*:80/v1/**"),
        ];
        for (text, expected) in cases {
            assert_eq!(grant(text).to_string(), expected);
            assert_eq!(grant(expected), grant(text));
        }
    }

    #[test]
    fn refuses_everything_ambiguous() {
        let cases = [
            ("", "it has no `://`"),
            ("*", "it has no `://`"),
            ("a.org", "it has no `://`"),
            ("//a.org", "it has no `://`"),
            ("ftp://a.org", "the scheme is neither `http` nor `https`"),
            ("HTTPS://a.org", "the scheme is neither `http` nor `https`"),
            ("*://a.org", "the scheme is neither `http` nor `https`"),
            ("https://", "the host is not a name"),
            ("https:///x", "the host is not a name"),
            ("https://.", "the host is not a name"),
            ("https://a..org", "the host is not a name"),
            ("https://a.org..", "the host is not a name"),
            ("https://-a.org", "the host is not a name"),
            ("https://a_b.org", "the host is not a name"),
            ("https://a%2eorg", "the host is not a name"),
            ("https://a\\b.org", "the host is not a name"),
            ("https://user@a.org", "it has a user name"),
            ("https://user:pw@a.org/x", "it has a user name"),
            ("https://a.org@evil.org", "it has a user name"),
            ("https://bücher.example", "it has characters outside of ASCII"),
            ("https://а.org", "it has characters outside of ASCII"),
            ("https://a.org?x", "it has a query or fragment"),
            ("https://a.org/x?y", "it has a query or fragment"),
            ("https://a.org/x#y", "it has a query or fragment"),
            ("https://**", "`*` stands elsewhere than in a leading `*.`"),
            ("https://*a", "`*` stands elsewhere than in a leading `*.`"),
            ("https://*:*", "the port is not a number from 1 to 65535"),
            ("https://*.*.org", "`*` stands elsewhere than in a leading `*.`"),
            ("https://a.*.org", "`*` stands elsewhere than in a leading `*.`"),
            ("https://a*.org", "`*` stands elsewhere than in a leading `*.`"),
            ("https://*.", "the host is not a name"),
            ("https://*.10.0.0.1", "an address has no subdomains"),
            ("https://*.[::1]", "an address has no subdomains"),
            ("https://[::1", "the host is not an IPv6 address"),
            ("https://[fe80::1%25eth0]", "the host is not an IPv6 address"),
            ("https://[::1]x", "the host is not an IPv6 address"),
            ("https://127.1", "the host ends in a number and is not an IPv4 address"),
            ("https://0x7f.1", "the host ends in a number and is not an IPv4 address"),
            ("https://2130706433", "the host ends in a number and is not an IPv4 address"),
            ("https://1.2.3.4.5", "the host ends in a number and is not an IPv4 address"),
            ("https://010.0.0.1", "the host ends in a number and is not an IPv4 address"),
            ("https://a.0x1", "the host ends in a number and is not an IPv4 address"),
            ("https://a.org:0", "the port is not a number from 1 to 65535"),
            ("https://a.org:", "the port is not a number from 1 to 65535"),
            ("https://a.org:65536", "the port is not a number from 1 to 65535"),
            ("https://a.org:+1", "the port is not a number from 1 to 65535"),
            ("https://a.org:080", "the port is not a number from 1 to 65535"),
            ("https://a.org:*", "the port is not a number from 1 to 65535"),
            ("https://a:1:2", "the port is not a number from 1 to 65535"),
            ("get https://a.org", "the method is not a word in upper case"),
            ("* https://a.org", "the method is not a word in upper case"),
            (" https://a.org", "the method is not a word in upper case"),
            ("GET,POST https://a.org", "the method is not a word in upper case"),
            ("GET  https://a.org", "it has a space or control character inside"),
            ("GET https://a.org /x", "it has a space or control character inside"),
            ("GET https://a.org\n", "it has a space or control character inside"),
            ("https://a.org/*", "`*` stands elsewhere than in a final `/**`"),
            ("https://a.org/**/x", "`*` stands elsewhere than in a final `/**`"),
            ("https://a.org/x**", "`*` stands elsewhere than in a final `/**`"),
            ("https://a.org/*/**", "`*` stands elsewhere than in a final `/**`"),
            ("https://a.org/../x", "the path has a `..`, a backslash or an encoded slash or dot"),
            ("https://a.org/./x", "the path has a `..`, a backslash or an encoded slash or dot"),
            ("https://a.org/%2E/x", "the path has a `..`, a backslash or an encoded slash or dot"),
            ("https://a.org/a%2fb", "the path has a `..`, a backslash or an encoded slash or dot"),
            ("https://a.org/a\\b", "the path has a `..`, a backslash or an encoded slash or dot"),
        ];
        for (text, why) in cases {
            let found = text.parse::<HttpGrant>().map_err(|error| error.why);
            assert_eq!(found, Err(why), "{text}");
        }
        assert!(format!("https://a.org/{}", "x".repeat(3000)).parse::<HttpGrant>().is_err());
    }

    #[test]
    fn allows_only_what_it_says() {
        // grant, method, scheme, host, port, path, allowed
        let cases = [
            ("https://a.org", "GET", "https", "a.org", 443, "/any/../thing", true),
            ("https://a.org", "GET", "http", "a.org", 443, "/", false),
            ("https://a.org", "GET", "https", "a.org", 8443, "/", false),
            ("https://a.org", "GET", "https", "b.a.org", 443, "/", false),
            ("https://a.org", "GET", "https", "a.org.evil", 443, "/", false),
            ("GET https://a.org", "GET", "https", "a.org", 443, "/", true),
            ("GET https://a.org", "POST", "https", "a.org", 443, "/", false),
            ("GET https://a.org", "get", "https", "a.org", 443, "/", false),
            ("https://*.a.org", "GET", "https", "x.a.org", 443, "/", true),
            ("https://*.a.org", "GET", "https", "x.y.a.org", 443, "/", true),
            ("https://*.a.org", "GET", "https", "a.org", 443, "/", false),
            ("https://*.a.org", "GET", "https", ".a.org", 443, "/", false),
            ("https://*.a.org", "GET", "https", "xa.org", 443, "/", false),
            ("https://*", "GET", "https", "a.org", 443, "/x", true),
            ("https://*", "GET", "https", "10.0.0.1", 8443, "/", true),
            ("https://*", "GET", "http", "a.org", 443, "/", false),
            ("https://*:443", "GET", "https", "[::1]", 443, "/", true),
            ("https://*:443", "GET", "https", "a.org", 8443, "/", false),
            ("GET https://*/x", "GET", "https", "a.org", 443, "/x", true),
            ("GET https://*/x", "GET", "https", "a.org", 443, "/y", false),
            ("GET https://*/x", "POST", "https", "a.org", 443, "/x", false),
            ("https://a.org/", "GET", "https", "a.org", 443, "/", true),
            ("https://a.org/", "GET", "https", "a.org", 443, "/x", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/", true),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/x/y", true),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v10", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/../admin", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/%2e%2E/admin", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/..%2fadmin", false),
            ("https://a.org/v1/**", "GET", "https", "a.org", 443, "/v1/..\\admin", false),
            ("https://a.org/**", "GET", "https", "a.org", 443, "/x", true),
            ("https://a.org/**", "GET", "https", "a.org", 443, "x", false),
        ];
        for (text, method, scheme, host, port, path, expected) in cases {
            let found = grant(text).allows(method, scheme, host, port, path);
            assert_eq!(found, expected, "{text} {method} {scheme}://{host}:{port}{path}");
        }
    }

    #[test]
    fn within_is_never_wider() {
        let cases = [
            ("https://a.org", "https://a.org", true),
            ("GET https://a.org", "https://a.org", true),
            ("https://a.org", "GET https://a.org", false),
            ("https://x.a.org", "https://*.a.org", true),
            ("https://*.x.a.org", "https://*.a.org", true),
            ("https://*.a.org", "https://*.a.org", true),
            ("https://*.a.org", "https://x.a.org", false),
            ("https://*.a.org", "https://a.org", false),
            ("https://*.a.org", "https://*.x.a.org", false),
            ("https://a.org/x", "https://a.org/**", true),
            ("https://a.org/x/**", "https://a.org/**", true),
            ("https://a.org/**", "https://a.org/x/**", false),
            ("https://a.org/x/**", "https://a.org/x/", false),
            ("https://a.org", "https://a.org/**", false),
            ("https://a.org:8443/x", "https://*", true),
            ("https://*.a.org", "https://*", true),
            ("https://10.0.0.1", "https://*", true),
            ("https://*", "https://*", true),
            ("https://*:443", "https://*", true),
            ("https://*", "https://*:443", false),
            ("https://a.org", "https://*:443", true),
            ("http://a.org", "https://*", false),
            ("https://a.org", "GET https://*", false),
            ("https://*", "https://a.org", false),
            ("https://*", "https://*.a.org", false),
            ("http://a.org:443", "https://a.org", false),
            ("https://a.org:444", "https://a.org", false),
        ];
        for (inner, outer, expected) in cases {
            assert_eq!(grant(inner).is_within(&grant(outer)), expected, "{inner} in {outer}");
        }
    }
}
