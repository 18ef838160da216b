//! The plain text of a page.

use crate::elements;
use crate::layout::{Gap, Layout};
use crate::pieces::{Piece, Tag, pieces};

/// [`crate::pieces::HIDDEN`], and the title, which is not on the page itself.
const HIDDEN: &[&str] =
    &["script", "style", "template", "noscript", "iframe", "noembed", "noframes", "title"];

/// Converts HTML to plain text.
pub fn to_text(html: &str) -> String {
    let mut page = Page::default();
    for piece in pieces(html, HIDDEN) {
        match piece {
            Piece::Open(tag) => page.open(&tag),
            Piece::Close(name) => page.close(&name),
            Piece::Text(text) => page.text(&text),
        }
    }
    page.layout.finish()
}

/// Where in the page the reading stands.
#[derive(Default)]
struct Page {
    layout: Layout,
    /// The number of the last item of each open list; `None` where items have no numbers.
    lists: Vec<Option<u32>>,
    /// How many `pre` are open.
    pre: usize,
    /// Whether nothing stands behind `<pre>` yet: a line break there is not shown.
    pre_begins: bool,
}

impl Page {
    fn open(&mut self, tag: &Tag) {
        self.layout.gap(elements::gap(&tag.name));
        self.pre_begins = false;
        match &*tag.name {
            "ul" | "menu" => self.open_list(None),
            "ol" => self.open_list(Some(0)),
            "li" => self.open_item(),
            "pre" | "listing" => {
                self.pre += 1;
                self.pre_begins = true;
            }
            "img" => self.layout.folded(&tag.attribute("alt").unwrap_or_default()),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "ul" | "menu" | "ol" => self.close_list(),
            "li" => self.layout.end_item(),
            "pre" | "listing" => self.pre = self.pre.saturating_sub(1),
            _ => {}
        }
        self.layout.gap(elements::gap(name));
    }

    fn text(&mut self, text: &str) {
        let begins = std::mem::take(&mut self.pre_begins);
        if self.pre == 0 {
            self.layout.folded(text);
        } else {
            self.layout.kept(if begins { text.strip_prefix('\n').unwrap_or(text) } else { text });
        }
    }

    fn open_list(&mut self, number: Option<u32>) {
        // A list within an item belongs to its lines, one of its own stands apart.
        self.layout.gap(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
        self.lists.push(number);
        self.layout.level = self.lists.len();
    }

    fn close_list(&mut self) {
        self.layout.end_item();
        self.lists.pop();
        self.layout.level = self.lists.len();
        self.layout.gap(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
    }

    fn open_item(&mut self) {
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{number}. ")
            }
            _ => "- ".to_owned(),
        };
        self.layout.item(marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(to_text(html), expected, "{html}");
    }

    #[test]
    fn blocks_are_separated_and_words_are_not() {
        check("<h1>A</h1><p>b <b>c</b>d\n e</p>\n<p>f<br>g</p>", "A\n\nb cd e\n\nf\ng");
        check("<div>a<div>b</div></div>c", "a\nb\nc");
        check("<p>a<p>b", "a\n\nb");
        check("plain", "plain");
        check(" \n ", "");
    }

    #[test]
    fn lists_have_markers_and_levels() {
        check("a<ul><li>b<li> <p>c</p><p>d</p></li></ul>e", "a\n\n- b\n- c\n\n  d\n\ne");
        check("<ol><li>a<ul><li>b</li><li></li></ul></li><li>c</li></ol>", "1. a\n  - b\n2. c");
        check("<li>a</li><li>b</li></ul>c", "- a\n- b\n\nc");
    }

    #[test]
    fn cells_of_a_row_stand_in_one_line() {
        check(
            "<table><tr><th>a</th><th>b</th></tr>\n<tr><td>1</td> <td></td><td>2</td></tr></table>",
            "a | b\n1 | 2",
        );
    }

    #[test]
    fn preformatted_lines_are_kept() {
        check("a<pre>\n  b\n\n c  d</pre>e  f", "a\n\n  b\n\n c  d\n\ne f");
        check("</pre>a  b", "a b");
        check("<pre>\n\n\n a</pre>", " a");
    }

    #[test]
    fn links_and_images_leave_their_text() {
        check("see <a href='x'>this</a> <img alt='a  cat' src=y>.<img>", "see this a cat.");
    }

    #[test]
    fn what_is_not_for_people_is_left_out() {
        check(
            "<head><title>t</title><style>s</style></head><body>a<script>'<p>'</script>b&nbsp;&copy;",
            "ab ©",
        );
    }

    #[test]
    fn hostile_markup_costs_no_more_than_its_length() {
        for (part, text) in [
            ("<div>", "x"),
            ("<ul><li>", "x"),
            ("<table><tr><td>", "x"),
            ("<pre>", "x"),
            ("</ul>", "x"),
            ("<a href=x><b>", "x"),
            ("<svg><title>", "x"),
        ] {
            let html = part.repeat(300_000 / part.len()) + text;
            assert!(to_text(&html).len() < 100, "{part}");
        }
        for part in ["<ul><li>x", "<p>x<table>", "&", "<", "<!--", "<!", "<a b=c ", "\0"] {
            let html = part.repeat(200_000 / part.len());
            assert!(to_text(&html).len() < 5_000_000, "{part}");
        }
    }
}
