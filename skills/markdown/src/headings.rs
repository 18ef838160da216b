//! The headings of a document.

use pulldown_cmark::{Event, Tag, TagEnd};

/// Level (1 to 6) and text of each heading, in order.
pub fn headings(markdown: &str) -> Vec<(u8, String)> {
    let mut found = Vec::new();
    let mut open: Option<(u8, String)> = None;
    for event in crate::parser(markdown) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => open = Some((level as u8, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                found.extend(open.take().map(|(level, text)| (level, text.trim().to_owned())));
            }
            event => {
                if let Some((_, text)) = &mut open {
                    push_text(text, &event);
                }
            }
        }
    }
    found
}

fn push_text(text: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) => text.push_str(part),
        Event::SoftBreak | Event::HardBreak => text.push(' '),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &[(u8, &str)]) {
        let found = headings(markdown);
        let found: Vec<(u8, &str)> = found.iter().map(|(level, text)| (*level, &**text)).collect();
        assert_eq!(found, expected, "{markdown}");
    }

    #[test]
    fn both_spellings_count() {
        check("# One\ntext\n\nTwo\n---\n\n###### Six #", &[(1, "One"), (2, "Two"), (6, "Six")]);
    }

    #[test]
    fn markup_is_left_out() {
        check(
            "# A *b* [`c` d](https://e.example) ![f](g) <i>h</i> &amp; [^1]\n\n[^1]: note",
            &[(1, "A b c d f <i>h</i> &")],
        );
    }

    #[test]
    fn what_only_looks_like_one_does_not_count() {
        check("```\n# code\n```\n\n#tag\n\n    # indented\n\n\\# escaped", &[]);
        check("", &[]);
    }

    #[test]
    fn headings_stand_inside_other_blocks_too() {
        check("> # Quote\n\n- ## Item\n\n#", &[(1, "Quote"), (2, "Item"), (1, "")]);
    }

    #[test]
    fn lines_of_one_heading_are_joined() {
        check("one\ntwo\n===", &[(1, "one two")]);
    }
}
