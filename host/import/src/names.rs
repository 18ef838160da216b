//! Their names to ours: `[a-z][a-z0-9_]*`, not reserved, unique where they are seen.

use std::collections::BTreeMap;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What may come behind a name of theirs: a number, and what a helper step is for (`_next_input`).
const SUFFIX_BYTES_MAX: usize = 16;

/// Words that mean something else in our expressions.
const RESERVED: &[&str] = &[
    "inputs", "run", "result", "item", "index", "loop", "branches", "env", "secrets", "steps",
    "totals", "events", "and", "else", "false", "if", "in", "is", "none", "not", "or", "true",
    "dict", "range",
];

/// Their name as one of ours, not yet unique.
pub(crate) fn identifier(text: &str) -> String {
    let mut out = String::new();
    let mut lower_before = false;
    for c in text.chars() {
        if out.len() >= NAME_BYTES_MAX - SUFFIX_BYTES_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            // `BillingTeam` and `billingTeam` are `billing_team`.
            if c.is_ascii_uppercase() && lower_before {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    let trimmed = out.trim_end_matches('_');
    let whole = if trimmed.is_empty() { "step" } else { trimmed };
    let prefix = if whole.starts_with(|c: char| c.is_ascii_digit()) { "n" } else { "" };
    let suffix = if RESERVED.contains(&whole) { "_step" } else { "" };
    format!("{prefix}{whole}{suffix}")
}

/// Their name of an argument, an input or a part of a state. Those stand behind a dot, where no word
/// is reserved.
pub(crate) fn field(text: &str) -> String {
    let name = identifier(text);
    if name.strip_suffix("_step") == Some(text) { text.to_owned() } else { name }
}

/// Their name as a word of a skill's or a pipeline's name: `a-z`, `0-9` and single `-`.
pub(crate) fn kebab(text: &str) -> String {
    let word = identifier(text);
    let word = word
        .strip_suffix("_step")
        .filter(|_| !text.to_lowercase().ends_with("step"))
        .unwrap_or(&word);
    word.replace('_', "-")
}

/// Names that are taken, with the number to go on with for each.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeMap<String, usize>);

impl Taken {
    /// The name itself, or with the next number behind it where it is taken already; its end is cut
    /// off where that would be too long.
    pub(crate) fn unique(&mut self, name: &str, mark: char, also: &dyn Fn(&str) -> bool) -> String {
        let mut candidate = with_suffix(name, "");
        let mut number = self.0.get(name).copied().unwrap_or(1);
        while self.0.contains_key(&candidate) || also(&candidate) {
            number += 1;
            candidate = with_suffix(name, &format!("{mark}{number}"));
        }
        self.0.insert(name.to_owned(), number);
        self.0.entry(candidate.clone()).or_insert(1);
        candidate
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let kept = name.floor_char_boundary(NAME_BYTES_MAX - suffix.len());
    format!("{}{suffix}", name[..kept].trim_end_matches(['_', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ours() {
        for (theirs, ours) in [
            ("Fetch Data", "fetch_data"),
            ("billingTeam", "billing_team"),
            ("loop", "loop_step"),
            ("1st", "n1st"),
            ("--", "step"),
            ("größe", "gr_e"),
            ("a.b:c", "a_b_c"),
        ] {
            assert_eq!(identifier(theirs), ours);
        }
        assert!(identifier(&"x".repeat(200)).len() <= NAME_BYTES_MAX);
        assert_eq!(kebab("my_pkg.tools"), "my-pkg-tools");
    }

    #[test]
    fn collisions_are_numbered() {
        let mut taken = Taken::default();
        let mut next = |name: &str| taken.unique(name, '_', &|name| name == "a_3");
        assert_eq!([next("a"), next("a"), next("a"), next("a_2")], ["a", "a_2", "a_4", "a_2_2"]);
        let long = "x".repeat(80);
        assert_eq!([next(&long), next(&long)], ["x".repeat(64), format!("{}_2", "x".repeat(62))]);
    }
}
