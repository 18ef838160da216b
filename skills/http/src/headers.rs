//! The headers of a request.

/// Names a caller has not set get these values.
pub type Defaults<'a> = &'a [(&'a str, &'a str)];

/// The headers to send: those of the caller, and the defaults that the caller did not set.
///
/// Fails on names and values that are none; the host refuses some more, such as `host`.
pub fn request(
    headers: Vec<(String, String)>,
    defaults: Defaults<'_>,
) -> Result<Vec<(String, String)>, String> {
    let mut all = Vec::with_capacity(headers.len() + defaults.len());
    for (name, value) in headers {
        if !is_name(&name) {
            return Err(format!("`{name}` is not the name of a header"));
        }
        if !value.chars().all(|c| c == '\t' || !c.is_control()) {
            return Err(format!("the value of header `{name}` has a control character"));
        }
        all.push((name.to_ascii_lowercase(), value));
    }
    for (name, value) in defaults {
        if !all.iter().any(|(own, _)| own == name) {
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    Ok(all)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Defaults<'_> = &[("user-agent", "coldframe"), ("accept", "*/*")];

    fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        let found = request(owned(headers), DEFAULTS);
        assert_eq!(found, expected.map(owned).map_err(str::to_owned));
    }

    #[test]
    fn the_callers_headers_come_first_and_count() {
        check(&[], Ok(DEFAULTS));
        check(
            &[("Accept", "a"), ("x", "1"), ("X", "ü\t2")],
            Ok(&[("accept", "a"), ("x", "1"), ("x", "ü\t2"), ("user-agent", "coldframe")]),
        );
    }

    #[test]
    fn what_would_break_the_request_is_refused() {
        check(&[("", "a")], Err("`` is not the name of a header"));
        check(&[("a b", "c")], Err("`a b` is not the name of a header"));
        check(&[("a:", "c")], Err("`a:` is not the name of a header"));
        check(&[("ä", "c")], Err("`ä` is not the name of a header"));
        check(&[("a", "b\r\nc: d")], Err("the value of header `a` has a control character"));
    }
}
