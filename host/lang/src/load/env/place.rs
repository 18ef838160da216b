//! Where in a text a value of the environment is asked for.

/// Where `${` stands, or `$${`.
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) escaped: bool,
}

/// The next one from a place on. `${{` is a dollar sign in front of a hole.
pub(super) fn next(text: &str, from: usize) -> Option<Found> {
    let rest = text.get(from..)?;
    let bytes = rest.as_bytes();
    rest.match_indices("${").find(|(at, _)| bytes.get(at + 2) != Some(&b'{')).map(|(at, _)| {
        let escaped = at > 0 && bytes.get(at - 1) == Some(&b'$');
        Found { start: from + at - usize::from(escaped), escaped }
    })
}
