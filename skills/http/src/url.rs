//! Addresses, taken apart for a request.

use std::fmt::Write as _;

/// The parts of an address that a request is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether the connection is encrypted: `https` and not `http`.
    pub secure: bool,
    /// Host and, where it is written, port.
    pub authority: String,
    /// Path and query, with everything encoded that must be. Begins with `/`.
    pub path_and_query: String,
}

impl Url {
    /// Takes an address apart, or says what is wrong with it.
    ///
    /// Nothing is guessed: an address that two readers could take for two hosts is refused. The
    /// host of the sandbox reads the parts again and has the last word.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` is not an address to fetch: {why}");
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no `://`"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("the scheme is neither `http` nor `https`")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        check_authority(authority).map_err(wrong)?;
        let path_and_query = encoded(target).map_err(wrong)?;
        Ok(Self { secure, authority: authority.to_ascii_lowercase(), path_and_query })
    }
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.is_empty() || authority.starts_with(':') {
        return Err("it has no host");
    }
    if authority.contains('@') {
        return Err("it has a user name, which belongs into a header");
    }
    if !authority.is_ascii() {
        return Err("the host has characters outside of ASCII, write it as `xn--…`");
    }
    let good =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    if !authority.bytes().all(good) {
        return Err("the host has a character that no host has");
    }
    Ok(())
}

/// Path and query as they are sent. What is encoded already stays as it is.
fn encoded(target: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        out.push('/');
    }
    for c in target.chars() {
        match c {
            '\\' => return Err("it has a backslash"),
            c if c.is_ascii_control() => return Err("it has a control character"),
            ' ' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}' | '\u{80}'.. => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a text does not fail.
                    let _ = write!(out, "%{byte:02X}");
                }
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, secure: bool, authority: &str, path_and_query: &str) {
        let expected = Url {
            secure,
            authority: authority.to_owned(),
            path_and_query: path_and_query.to_owned(),
        };
        assert_eq!(Url::parse(text), Ok(expected));
    }

    #[test]
    fn parts_are_found() {
        check("https://example.com", true, "example.com", "/");
        check("HTTP://Example.com:8080/A/b?c=d:e/f#g", false, "example.com:8080", "/A/b?c=d:e/f");
        check("https://[::1]:1/", true, "[::1]:1", "/");
        check("https://example.com?a=b", true, "example.com", "/?a=b");
        check("https://example.com#a/b", true, "example.com", "/");
        check("https://example.com/a@b://c", true, "example.com", "/a@b://c");
    }

    #[test]
    fn characters_are_encoded_once() {
        check("https://e.org/a b/ü?q=\"x\"", true, "e.org", "/a%20b/%C3%BC?q=%22x%22");
        check("https://e.org/a%20b+c~'()", true, "e.org", "/a%20b+c~'()");
    }

    #[track_caller]
    fn check_refused(text: &str, why: &str) {
        let expected = format!("`{text}` is not an address to fetch: {why}");
        assert_eq!(Url::parse(text), Err(expected));
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for text in ["", "example.com", "//example.com", "https:/example.com"] {
            check_refused(text, "it has no `://`");
        }
        for text in ["ftp://a.org", "file:///a", " https://a.org", "://a.org"] {
            check_refused(text, "the scheme is neither `http` nor `https`");
        }
        for text in ["https://", "https:///a", "https://:80/", "https://?a", "https://#a"] {
            check_refused(text, "it has no host");
        }
        check_refused("https://a@b.org/", "it has a user name, which belongs into a header");
        check_refused(
            "https://bücher.example/",
            "the host has characters outside of ASCII, write it as `xn--…`",
        );
        for text in ["https://a b.org/", "https://a\\@b.org/", "https://a%2eb/", "https://a\t.org"]
        {
            let user = text.contains('@');
            check_refused(
                text,
                if user {
                    "it has a user name, which belongs into a header"
                } else {
                    "the host has a character that no host has"
                },
            );
        }
        check_refused("https://a.org/b\\c", "it has a backslash");
        check_refused("https://a.org/b\r\nc", "it has a control character");
    }
}
