//! What the elements of HTML do to the lines around them.

use crate::layout::Gap;

/// The least that stands between what is inside an element and what is before and behind it.
pub(crate) fn gap(name: &str) -> Gap {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "table" | "dl"
        | "figure" | "hr" | "form" | "fieldset" | "details" | "address" | "listing" => Gap::Blank,
        "html" | "head" | "body" | "div" | "section" | "article" | "aside" | "header"
        | "footer" | "main" | "nav" | "search" | "hgroup" | "center" | "dialog" | "menu" | "ul"
        | "ol" | "li" | "dt" | "dd" | "tr" | "thead" | "tbody" | "tfoot" | "caption"
        | "figcaption" | "summary" | "legend" | "option" | "optgroup" | "br" => Gap::Line,
        "td" | "th" => Gap::Cell,
        "button" | "input" | "select" | "textarea" => Gap::Space,
        _ => Gap::None,
    }
}
