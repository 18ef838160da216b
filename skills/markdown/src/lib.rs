//! Markdown to HTML that is safe to show, and the headings of a document.

#[cfg(target_arch = "wasm32")]
mod guest;
pub mod headings;
pub mod html;
mod target;

use pulldown_cmark::{Options, Parser};

/// The one dialect that all operations read.
fn parser(markdown: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS;
    Parser::new_ext(markdown, options)
}
