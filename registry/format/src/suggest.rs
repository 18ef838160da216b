//! "Did you mean": the nearest of some names, and names as a list for people.

/// How many names a message lists before it says how many more there are.
const LISTED_MAX: usize = 12;

/// The name most like `wanted`, if one is near enough that it was probably meant.
pub fn closest(wanted: &str, names: &[String]) -> Option<String> {
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        // `total_cmp`, and the first of equals, so that the answer does not depend on luck.
        .min_by(|(a, _), (b, _)| b.total_cmp(a))
        .map(|(_, name)| name.clone())
}

/// The names in backticks with commas between them.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<String> =
        names.iter().take(LISTED_MAX).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len().checked_sub(LISTED_MAX) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let names: Vec<String> = ["stats", "split", "status"].map(str::to_owned).into();
        assert_eq!(closest("stast", &names).as_deref(), Some("stats"));
        assert_eq!(closest("splits", &names).as_deref(), Some("split"));
        assert_eq!(closest("xyz", &names), None);
    }

    #[test]
    fn lists_at_most_a_dozen() {
        let names: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        assert!(list(&names).ends_with("`11` and 2 more"), "{}", list(&names));
        assert_eq!(list(&["a", "b"]), "`a`, `b`");
    }
}
