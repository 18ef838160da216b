//! The HTML of a document, with nothing in it that runs.

use pulldown_cmark::{Event, Tag, TagEnd, html};

use crate::target;

/// Converts Markdown to HTML: HTML inside is shown as text, unsafe links and images lose their target.
pub fn to_html(markdown: &str) -> String {
    let mut safe = Safe::default();
    let events = crate::parser(markdown).filter_map(|event| safe.event(event));
    let mut out = String::with_capacity(markdown.len() + markdown.len() / 2);
    html::push_html(&mut out, events);
    out
}

/// Replaces the events that would give unsafe HTML.
#[derive(Default)]
struct Safe {
    /// For each open link and image whether it is kept. Their ends do not name the target.
    kept: Vec<bool>,
}

impl Safe {
    fn event<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        Some(match event {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                return self.open(target::is_safe_link(dest_url)).then_some(event);
            }
            Event::Start(Tag::Image { ref dest_url, .. }) => {
                return self.open(target::is_safe_image(dest_url)).then_some(event);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                return self.kept.pop().unwrap_or_default().then_some(event);
            }
            event => event,
        })
    }

    fn open(&mut self, keep: bool) -> bool {
        self.kept.push(keep);
        keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        assert_eq!(to_html(markdown), expected, "{markdown}");
    }

    #[test]
    fn common_markup() {
        check("# Hi *there*", "<h1>Hi <em>there</em></h1>\n");
        check("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
        check("a & b < c", "<p>a &amp; b &lt; c</p>\n");
        check("", "");
    }

    #[test]
    fn extensions() {
        check("~~old~~", "<p><del>old</del></p>\n");
        check(
            "|a|b|\n|-|:-:|\n|1|2|",
            "<table><thead><tr><th>a</th><th style=\"text-align: center\">b</th></tr></thead><tbody>\n<tr><td>1</td><td style=\"text-align: center\">2</td></tr>\n</tbody></table>\n",
        );
        check(
            "a[^n]\n\n[^n]: note",
            "<p>a<sup class=\"footnote-reference\"><a href=\"#n\">1</a></sup></p>\n<div class=\"footnote-definition\" id=\"n\"><sup class=\"footnote-definition-label\">1</sup>\n<p>note</p>\n</div>\n",
        );
        check(
            "- [x] done",
            "<ul>\n<li><input disabled=\"\" type=\"checkbox\" checked=\"\"/>\ndone</li>\n</ul>\n",
        );
    }

    #[test]
    fn html_is_shown_as_text() {
        check("a <b onclick=\"x\">b</b>", "<p>a &lt;b onclick=\"x\"&gt;b&lt;/b&gt;</p>\n");
        check(
            "<script>\nalert(1)\n</script>",
            "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>\n",
        );
        check("<!-- c -->\n\nx", "<p>&lt;!-- c --&gt;\n</p>\n<p>x</p>\n");
        check("- <div>", "<ul>\n<li>\n<p>&lt;div&gt;</p>\n</li>\n</ul>\n");
        check("![<img src=x>](y)", "<p><img src=\"y\" alt=\"&lt;img src=x&gt;\" /></p>\n");
    }

    #[test]
    fn links_and_images_lead_to_safe_places_only() {
        check(
            "[a](https://b.example \"t\")",
            "<p><a href=\"https://b.example\" title=\"t\">a</a></p>\n",
        );
        check("[a](javascript:alert(1))", "<p>a</p>\n");
        check("[a](&#106;avascript&colon;alert(1))", "<p>a</p>\n");
        check("[a](<java&#10;script:alert(1)>)", "<p>a</p>\n");
        check("<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n");
        check("[a]\n\n[a]: vbscript:x", "<p>a</p>\n");
        check("![a *b*](data:image/png;base64,AAAA)", "<p>a <em>b</em></p>\n");
        check("[![a](data:x)](https://b.example)", "<p><a href=\"https://b.example\">a</a></p>\n");
        check("[![a](c.png)](data:x) z", "<p><img src=\"c.png\" alt=\"a\" /> z</p>\n");
        check(
            "<ada@example.com>",
            "<p><a href=\"mailto:ada@example.com\">ada@example.com</a></p>\n",
        );
        check("[a](x\" onclick=\"y)", "<p>[a](x\" onclick=\"y)</p>\n");
        check("[a](<x\" onclick=\"y>)", "<p><a href=\"x%22%20onclick=%22y\">a</a></p>\n");
    }

    #[test]
    fn deep_nesting_is_read_without_recursion() {
        for hostile in [">".repeat(100_000), "[".repeat(50_000), "*a ".repeat(30_000)] {
            assert!(!to_html(&hostile).is_empty());
        }
        assert!(!to_html(&"- ".repeat(20_000)).is_empty());
    }
}
