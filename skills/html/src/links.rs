//! The links of a page.

use crate::elements;
use crate::layout::{Gap, Layout};
use crate::pieces::{HIDDEN, Piece, Tag, pieces};

/// Target and text of each `a` with `href`, in order.
pub fn links(html: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, Layout)> = None;
    for piece in pieces(html, HIDDEN) {
        // A link ends where the next one begins: there is none within another.
        let ends = match &piece {
            Piece::Open(tag) => tag.name == "a",
            Piece::Close(name) => name == "a",
            Piece::Text(_) => false,
        };
        if ends {
            found.extend(open.take().map(finished));
        }
        match piece {
            Piece::Open(tag) if tag.name == "a" => {
                let href = tag.attribute("href");
                open = href.map(|href| (href.trim_ascii().to_owned(), Layout::default()));
            }
            piece => {
                if let Some((_, text)) = &mut open {
                    push(text, &piece);
                }
            }
        }
    }
    found.extend(open.map(finished));
    found
}

fn finished((href, text): (String, Layout)) -> (String, String) {
    (href, text.finish())
}

fn push(text: &mut Layout, piece: &Piece) {
    // The text of a link is one line, whatever blocks are in it.
    let mut border = |name: &str| text.gap(elements::gap(name).min(Gap::Space));
    match piece {
        Piece::Text(part) => text.folded(part),
        Piece::Open(tag) => {
            border(&tag.name);
            text.folded(&description(tag));
        }
        Piece::Close(name) => border(name),
    }
}

/// What an image says.
fn description(tag: &Tag) -> String {
    tag.attribute("alt").filter(|_| tag.name == "img").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[(&str, &str)]) {
        let found = links(html);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(href, text)| (&**href, &**text)).collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn targets_are_as_written_and_texts_folded() {
        check(
            "x <a href=' /a?b=1&amp;c '> one\n <b>two</b>three </a><A HREF=#d></A> y",
            &[("/a?b=1&c", "one twothree"), ("#d", "")],
        );
    }

    #[test]
    fn blocks_and_images_inside_are_words() {
        check("<a href=b><div>c</div><div>d <img src=e alt='f g'></div></a>", &[("b", "c d f g")]);
    }

    #[test]
    fn links_that_are_not_closed_end_somewhere() {
        check("<a href=b>c <a href=d>e", &[("b", "c"), ("d", "e")]);
        check("<a href=b>c <a name=d>e</a>", &[("b", "c")]);
    }

    #[test]
    fn only_links_for_people_count() {
        check("<a>b</a><link href=c><script>'<a href=d>'</script><!-- <a href=e> -->", &[]);
    }
}
