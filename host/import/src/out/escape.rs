//! `${` in somebody's text: their characters, which in ours would begin a value of the environment.

/// The text as it is written into a pipeline, so that it reads back as itself. A dollar sign before
/// a hole begins nothing.
pub(super) fn escaped(text: &str) -> String {
    match filled(text) {
        Some(out) => out,
        // A text that is no template, and would be read as a broken one to find the dollar signs: a
        // description, say. Its marks are written as a template would have them.
        None => filled(&crate::expr::template::escape(text)).unwrap_or_default(),
    }
}

/// `None` where something begins that does not end, or is no hole, and there is something to escape.
fn filled(text: &str) -> Option<String> {
    if !text.contains("${") {
        return Some(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_hole = false;
    let mut quote = None;
    let mut braces = 0_usize;
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
        let mut length = c.len_utf8();
        match (in_hole, quote) {
            (false, _) if rest.starts_with("{%") || rest.starts_with("{#") => return None,
            (false, _) => {
                in_hole = rest.starts_with("{{");
                length += usize::from(in_hole);
            }
            // What stands in quotes ends no hole.
            (true, Some(_)) if c == '\\' => {
                length += rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            (true, Some(open)) if c == open => quote = None,
            (true, Some(_)) => {}
            (true, None) if matches!(c, '\'' | '"') => quote = Some(c),
            (true, None) if c == '{' => braces += 1,
            (true, None) if c == '}' && braces > 0 => braces -= 1,
            (true, None) => in_hole = !rest.starts_with("}}"),
        }
        let (taken, behind) = rest.split_at(length);
        out.push_str(taken);
        rest = behind;
    }
    (!in_hole).then_some(out)
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
            ("{{ {a: {b: 1}} ~ '${c}' }}", "{{ {a: {b: 1}} ~ '$\\u007bc}' }}"),
            ("${a} {{ b", "$${a} {{ '{{' }} b"),
            ("{% ${a}", "{{ '{%' }} $${a}"),
            ("{{ b", "{{ b"),
            ("ü$", "ü$"),
            ("{{ ' }} ${b} \\' ${c}' }} ${d}", "{{ ' }} $\\u007bb} \\' $\\u007bc}' }} $${d}"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
