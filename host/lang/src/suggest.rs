//! "Did you mean": the nearest of the names that would have been right.

use crate::shown::shown;

/// The longest list of names in a help text.
const LISTED_MAX: usize = 10;

/// The candidate nearest to `wrong`, if one is near enough to be what was meant.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    // A third of the letters may differ: fewer misses typing errors, more finds strangers. Of one
    // or two letters none may, or every short name would be near to every other.
    let allowed = length / 3;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Also keeps the distance, which costs the product of both lengths, from long names.
        if candidate.len().abs_diff(wrong.len()) > (allowed + 1) * 4 {
            continue;
        }
        let distance =
            if same_word(wrong, candidate) { 0 } else { strsim::osa_distance(wrong, candidate) };
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Equal but for case, `_` and `-`: `costUsd`, `cost-usd` and `cost_usd`.
fn same_word(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
    };
    plain(a) == plain(b)
}

/// `did you mean …`, or the list of what there is.
pub fn help<'a>(
    wrong: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    match nearest(wrong, candidates.clone()) {
        Some(name) => Some(format!("did you mean `{}`?", shown(name))),
        None => listed(candidates).map(|list| format!("{what}: {list}")),
    }
}

/// `a`, `b` and 3 more; `None` without any.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names = names.into_iter();
    let first: Vec<String> =
        names.by_ref().take(LISTED_MAX).map(|name| format!("`{}`", shown(name))).collect();
    let rest = names.count();
    match (first.is_empty(), rest) {
        (true, _) => None,
        (false, 0) => Some(first.join(", ")),
        (false, _) => Some(format!("{} and {rest} more", first.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_errors_and_other_spellings_only() {
        let names = ["needs", "uses", "cost_usd", "when"];
        assert_eq!(nearest("use", names), Some("uses"));
        assert_eq!(nearest("wehn", names), Some("when"));
        assert_eq!(nearest("costUsd", names), Some("cost_usd"));
        assert_eq!(nearest("zebra", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("y", ["x", "Y"]), Some("Y"));
        assert_eq!(nearest("y", ["x"]), None);
    }

    #[test]
    fn lists_at_most_ten() {
        let names: Vec<String> = (0..12).map(|n| format!("n{n}")).collect();
        let list = listed(names.iter().map(String::as_str)).unwrap();
        assert!(list.ends_with("`n9` and 2 more"), "{list}");
        assert_eq!(listed([]), None);
    }
}
