//! Of the address of a request: it has one reading, whoever reads it.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::target::Target;

/// Reads an address as the HTTP capability does, and as the URL standard does.
pub fn url(text: &str) {
    let Ok(uri) = text.parse::<http::Uri>() else { return };
    let Ok(target) = Target::parse(&uri) else { return };
    let Target { scheme, host, port, path, path_and_query } = &target;
    assert!(path.starts_with('/') && path_and_query.starts_with(path.as_str()), "{target:?}");
    assert!(*port != 0 && *host == host.to_ascii_lowercase(), "{target:?}");
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'@';
    assert!(host.bytes().all(plain) && path_and_query.is_ascii(), "{target:?}");
    // What is dialled reads as what was checked.
    let dialled = format!("{scheme}://{host}:{port}{path_and_query}");
    let again = dialled.parse::<http::Uri>().map(|uri| Target::parse(&uri));
    assert!(matches!(again, Ok(Ok(again)) if again == target), "{dialled} reads differently");
    // Others read the same host and port out of it, and out of what was written.
    for written in [text, &dialled] {
        let Ok(other) = url::Url::parse(written) else { continue };
        let theirs = other.host_str().unwrap_or_default().trim_end_matches('.');
        // An IPv6 address is written in more than one way.
        let ours = host.trim_matches(['[', ']']).parse::<Ipv6Addr>();
        match other.host() {
            Some(url::Host::Ipv6(theirs)) => {
                assert_eq!(ours, Ok(theirs), "`{written}` has two hosts")
            }
            _ => assert_eq!(theirs, host, "`{written}` has two hosts"),
        }
        assert_eq!(other.port_or_known_default(), Some(*port), "`{written}` has two ports");
        let is_address = matches!(other.host(), Some(url::Host::Ipv4(_)));
        assert_eq!(is_address, host.parse::<Ipv4Addr>().is_ok(), "`{written}` is a name to one");
    }
}
