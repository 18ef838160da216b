//! Where a request goes: parsed once, into parts that have only one reading.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A target in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Lower case; an IPv6 address in brackets and in its shortest spelling.
    pub(super) host: String,
    /// The port to dial.
    pub(super) port: u16,
    /// Starts with `/`.
    pub(super) path: String,
    /// The path with `?` and query, if there is one.
    pub(super) path_and_query: String,
}

impl Target {
    /// Reads a target, or says what is wrong with it.
    pub(super) fn parse(uri: &http::Uri) -> Result<Self, String> {
        let (scheme, default_port) = match uri.scheme_str() {
            Some("https") => ("https", 443),
            Some("http") => ("http", 80),
            _ => return Err("the scheme must be http or https".to_owned()),
        };
        let authority = uri.authority().ok_or("there is no host")?.as_str();
        let (host, port) = split(authority)?;
        let port = match port {
            Some(port) => {
                port.parse().ok().filter(|port| *port != 0).ok_or("the port is not one")?
            }
            None => default_port,
        };
        let path_and_query = path_and_query(uri)?;
        let path = path_and_query.split('?').next().unwrap_or("/").to_owned();
        Ok(Self { scheme, host: host_name(host)?, port, path, path_and_query })
    }

    /// Whether a grant of just this host may lead to a private address: it is an address itself,
    /// or the name of this machine.
    pub(super) fn may_be_private(&self) -> bool {
        self.host == "localhost"
            || self.host.starts_with('[')
            || self.host.parse::<Ipv4Addr>().is_ok()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default_port = if self.scheme == "https" { 443 } else { 80 };
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port != default_port {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&crate::sanitize::line(&self.path, 200))
    }
}

/// Host and port text of an authority without userinfo.
fn split(authority: &str) -> Result<(&str, Option<&str>), String> {
    if !authority.bytes().all(|byte| byte.is_ascii_graphic()) || authority.contains('@') {
        return Err("the host must be plain ASCII without userinfo".to_owned());
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (inner, rest) = rest.split_once(']').ok_or("the host has an unclosed bracket")?;
        let host = authority.get(..inner.len() + 2).unwrap_or_default();
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("something stands behind the host's bracket".to_owned()),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err("the host has more than one colon".to_owned()),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn host_name(host: &str) -> Result<String, String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // This parser takes no zone id.
        let address: Ipv6Addr = inner.parse().map_err(|_| "the host is no IPv6 address")?;
        return Ok(format!("[{address}]"));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 253 || !name.bytes().all(fits) {
        return Err("the host is no name".to_owned());
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err("the host has an empty or overlong label".to_owned());
    }
    // `127.1`, `0x7f.1`, `2130706433`: readings differ, so only the plain form is an address.
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if numeric && name.parse::<Ipv4Addr>().is_err() {
        return Err("the host is a number but no IPv4 address of four plain parts".to_owned());
    }
    Ok(name)
}

/// The path as it will be on the wire. What another parser would rewrite is refused, so that the
/// path that was granted is the path that is asked for.
fn path_and_query(uri: &http::Uri) -> Result<String, String> {
    let text = match uri.path_and_query() {
        None => "/".to_owned(),
        Some(given) if given.as_str().starts_with('?') => format!("/{}", given.as_str()),
        Some(given) => given.as_str().to_owned(),
    };
    if !text.starts_with('/') || text.contains(['\\', '#']) {
        return Err("the path must start with `/` and hold no `\\` or `#`".to_owned());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the path must be plain ASCII, percent-encode the rest".to_owned());
    }
    let path = text.split('?').next().unwrap_or_default().to_ascii_lowercase();
    let dots = |segment: &str| matches!(segment.replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(dots) || path.contains("%2f") || path.contains("%5c") {
        return Err("the path must not hold `.` or `..` segments or encoded slashes".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str) -> Result<Target, String> {
        Target::parse(&uri.parse().map_err(|error| format!("no uri: {error}"))?)
    }

    #[track_caller]
    fn check(uri: &str, expected: &str) {
        let target = parse(uri).unwrap();
        let Target { scheme, host, port, path_and_query, .. } = &target;
        assert_eq!(format!("{scheme} {host} {port} {path_and_query}"), expected);
    }

    #[test]
    fn canonical() {
        check("https://A.Example.ORG", "https a.example.org 443 /");
        check("http://a.org.:8080/x?y=/../z", "http a.org 8080 /x?y=/../z");
        check("https://a.org?q", "https a.org 443 /?q");
        check("http://[0:0:0:0:0:0:0:1]:81/", "http [::1] 81 /");
        check("http://127.0.0.1/", "http 127.0.0.1 80 /");
        check("http://0x.org/", "http 0x.org 80 /");
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for uri in [
            "http://user@a.org/",
            "http://a.org@b.org/",
            "http://a.org:80@b.org/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.0.0.1.:80.1/",
            "http://a..org/",
            "http://a.org:0/",
            "http://a.org:65536/",
            "http://a.org:/",
            "http://[::1%25eth0]/",
            "http://[::1]x/",
            "http://%61.org/",
            "http://a.org/../b",
            "http://a.org/%2e%2E/b",
            "http://a.org/.%2e/b",
            "http://a.org/x%2f..",
            "http://a.org/a%5cb",
            "ftp://a.org/",
            "/just/a/path",
        ] {
            assert!(parse(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn only_addresses_and_this_machine_may_be_private() {
        for (uri, expected) in [
            ("http://127.0.0.1/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST./", true),
            ("http://a.localhost/", false),
            ("http://internal/", false),
        ] {
            assert_eq!(parse(uri).unwrap().may_be_private(), expected, "{uri}");
        }
    }
}
