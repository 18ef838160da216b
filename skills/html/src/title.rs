//! The title of a page.

use crate::layout::Layout;
use crate::pieces::{Piece, pieces};

/// [`crate::pieces::HIDDEN`], and drawings, which have titles of their own.
const HIDDEN: &[&str] =
    &["script", "style", "template", "noscript", "iframe", "noembed", "noframes", "svg"];

/// The text of the first `title`, unless it is empty.
pub fn title(html: &str) -> Option<String> {
    let mut pieces = pieces(html, HIDDEN);
    pieces.find(|piece| matches!(piece, Piece::Open(tag) if tag.name == "title"))?;
    // The text of a title is one piece: tags in it are text as well.
    let Some(Piece::Text(text)) = pieces.next() else { return None };
    let mut line = Layout::default();
    line.folded(&text);
    Some(line.finish()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: Option<&str>) {
        assert_eq!(title(html).as_deref(), expected, "{html}");
    }

    #[test]
    fn the_first_one_counts() {
        check("<head><TITLE>\n A &amp;  <b>b</b>\n</TITLE><title>c</title>", Some("A & <b>b</b>"));
        check("<title>never closed", Some("never closed"));
    }

    #[test]
    fn a_page_may_have_none() {
        check("<p>a</p>", None);
        check("<title> </title>", None);
        check("<title></title><p>a", None);
    }

    #[test]
    fn drawings_have_titles_of_their_own() {
        check("<svg><title>drawing</title></svg>", None);
        check("<svg><title>drawing</title></svg><title>page</title>", Some("page"));
    }
}
