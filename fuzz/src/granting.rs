//! Of grants: what is written reads back, and what is within something allows nothing beyond it.

use coldframe_format::caps::{GrantLine as _, HttpGrant};

/// The first line is a grant, the second its ceiling, every other one a request:
/// `METHOD scheme host port path`.
pub fn grants(text: &str) {
    let mut lines = text.lines();
    let mut read = || lines.next().and_then(|line| line.parse::<HttpGrant>().ok());
    let (grant, ceiling) = (read(), read());
    for grant in [&grant, &ceiling].into_iter().flatten() {
        let again = grant.to_string().parse::<HttpGrant>();
        assert_eq!(again.as_ref(), Ok(grant), "`{grant}` does not read back");
        assert!(grant.is_within(grant), "`{grant}` is not within itself");
        assert!(!grant.to_string().chars().any(|c| c.is_control() || !c.is_ascii()), "{grant}");
    }
    let (Some(grant), Some(ceiling)) = (grant, ceiling) else { return };
    if !grant.is_within(&ceiling) {
        return;
    }
    for line in lines.take(32) {
        let parts: Vec<&str> = line.split(' ').collect();
        let [method, scheme, host, port, path] = parts[..] else { continue };
        let Ok(port) = port.parse() else { continue };
        let allowed = grant.allows(method, scheme, host, port, path);
        assert!(
            !allowed || ceiling.allows(method, scheme, host, port, path),
            "`{grant}` is within `{ceiling}`, and `{line}` is not"
        );
    }
}
