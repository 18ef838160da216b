//! Where links and images may lead.

/// Addresses that a link may have besides those within the site.
const LINK_SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];

/// Addresses that an image may come from besides those within the site.
const IMAGE_SCHEMES: &[&str] = &["http", "https"];

/// Whether a link may lead there.
pub(crate) fn is_safe_link(url: &str) -> bool {
    has_scheme_of(url, LINK_SCHEMES)
}

/// Whether an image may be loaded from there.
pub(crate) fn is_safe_image(url: &str) -> bool {
    has_scheme_of(url, IMAGE_SCHEMES)
}

/// Whether `url` has a scheme of the list, or none.
///
/// Browsers drop white space and control characters from the start of an address and line breaks
/// and tabs from all of it, so they are dropped here too before anything is compared.
fn has_scheme_of(url: &str, schemes: &[&str]) -> bool {
    let read: String = url.chars().filter(|c| *c > ' ').collect();
    let border = read.find([':', '/', '?', '#', '\\']);
    match border.and_then(|at| read.split_at_checked(at)) {
        Some((scheme, rest)) if rest.starts_with(':') => {
            schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, link: bool, image: bool) {
        assert_eq!((is_safe_link(url), is_safe_image(url)), (link, image), "{url:?}");
    }

    #[test]
    fn usual_addresses_are_safe() {
        check("https://example.com/a:b?c", true, true);
        check("HTTP://example.com", true, true);
        check("mailto:ada@example.com", true, false);
        check("tel:+49123", true, false);
    }

    #[test]
    fn addresses_within_the_site_are_safe() {
        for url in ["", "#top", "page", "../a", "/a?b=c:d", "//example.com/a", "?q=a:b", "a#b:c"] {
            check(url, true, true);
        }
    }

    #[test]
    fn everything_else_is_not() {
        for url in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "\u{1}javascript:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript\r:alert(1)",
            "vbscript:x",
            "data:text/html,x",
            "data:image/svg+xml,x",
            "file:///etc/passwd",
            "blob:https://example.com/1",
            ":x",
        ] {
            check(url, false, false);
        }
    }
}
