//! `${` in somebody's text: their characters, which in ours would begin a value of the environment.

/// The text as it is written into a pipeline, so that it reads back as itself. A dollar sign before
/// a hole begins nothing.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_hole = false;
    while let Some(c) = rest.chars().next() {
        let opens = rest.starts_with("${") && !rest.starts_with("${{");
        if opens && in_hole {
            // In an expression it stands in quotes.
            out.push_str("$\\u007b");
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        if opens {
            out.push_str("$${");
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        if rest.starts_with("{{") && !in_hole {
            in_hole = true;
        } else if rest.starts_with("}}") {
            in_hole = false;
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn only_what_would_begin_a_value_is_escaped() {
        for (text, expected) in [
            ("costs $5 {a}", "costs $5 {a}"),
            ("${HOME}/x", "$${HOME}/x"),
            ("$${x}", "$$${x}"),
            ("${{ price }}", "${{ price }}"),
            ("{{ a }} ${b}", "{{ a }} $${b}"),
            ("{{ '${b}' }} ${c}", "{{ '$\\u007bb}' }} $${c}"),
            ("ü$", "ü$"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
