//! One way to write a pipeline: order of keys, indentation, quotes, empty lines. Comments stay.
//!
//! | kept | changed |
//! |---|---|
//! | comments, block scalars, lines of long texts, `{ }` and `[ ]` where they fit | order of the keys the language knows, indentation, quotes that say nothing, second empty lines |

mod block;
mod inline;
mod order;
pub(crate) mod parse;
pub(crate) mod print;
pub(crate) mod scalar;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod tree;
mod trivia;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};
use crate::yaml::parts::read_parts;
use crate::yaml::read;

use tree::{Collection, Document, Lead, Written};

/// `format-differs`, see its page.
pub static FORMAT_DIFFERS: Code = Code {
    id: "format-differs",
    severity: Severity::Error,
    refusal: false,
    page: include_str!("codes/format-differs.md"),
};

/// The text in its one form: equal texts, and formatted ones, stay as they are. Of several
/// documents each is formatted, and a line `---` begins all but the first.
///
/// The result is read again, and refused where a value or a comment is not what it was.
///
/// # Errors
/// What the reader has against the text, or `format-differs`.
pub fn format(text: &str) -> Result<String, Box<Diagnostic>> {
    let parts = read_parts(text)?;
    if parts.len() == 1 {
        return one(text);
    }
    let mut out = String::with_capacity(text.len());
    for part in &parts {
        let own = text.get(part.range.clone()).unwrap_or_default();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        if matches!(part.root.kind, NodeKind::List(_) | NodeKind::Map(_)) {
            if !out.is_empty() {
                out.push_str("---\n");
            }
            let formatted = one(own).map_err(|mut problem| {
                problem.span = problem.span.moved(part.range.start);
                problem
            })?;
            out.push_str(&formatted);
        } else {
            out.push_str(own);
        }
    }
    let again = read_parts(&out).map_err(|_| differs(0, text))?;
    let kept = parts.len() == again.len()
        && parts.iter().zip(&again).all(|(before, after)| same(&before.root, &after.root));
    if kept { Ok(out) } else { Err(differs(0, text)) }
}

/// The only document of a text in its one form.
fn one(text: &str) -> Result<String, Box<Diagnostic>> {
    let root = read::read(text)?;
    if !matches!(root.kind, NodeKind::List(_) | NodeKind::Map(_)) {
        // No pipeline, and nothing to put in order.
        return Ok(text.to_owned());
    }
    let mut document = parse::parse(text, &root).map_err(|lost| differs(lost.0, text))?;
    let comments = comments(&document);
    order::sort(&mut document.root.value);
    let out = print::print(&document);
    let again = read::read(&out).map_err(|_| differs(0, text))?;
    let reparsed = parse::parse(&out, &again).map_err(|_| differs(0, text))?;
    if !same(&root, &again) || comments != self::comments(&reparsed) {
        return Err(differs(0, text));
    }
    Ok(out)
}

fn differs(at: usize, text: &str) -> Box<Diagnostic> {
    let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Box::new(
        Diagnostic::new(
            &FORMAT_DIFFERS,
            Span::new(at, at + width),
            "the formatted text would not say the same, so it was left as it is",
        )
        .help("write this part in a simpler way, and please report it"),
    )
}

/// Whether two trees say the same, whatever the order of keys.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            let sorted = |entries: &'_ [crate::yaml::node::Entry]| -> Vec<usize> {
                let mut order: Vec<usize> = (0..entries.len()).collect();
                order.sort_by_key(|at| entries.get(*at).map(|entry| entry.key.text.clone()));
                order
            };
            a.len() == b.len()
                && sorted(a).into_iter().zip(sorted(b)).all(|(left, right)| {
                    matches!((a.get(left), b.get(right)), (Some(a), Some(b))
                        if a.key.text == b.key.text && same(&a.value, &b.value))
                })
        }
        (NodeKind::String(a), NodeKind::String(b)) => a.text == b.text,
        (a, b) => a == b,
    }
}

/// All comments, sorted, since keys move with theirs.
fn comments(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |leads: &[Lead]| {
        for lead in leads {
            if let Lead::Comment(text) = lead {
                found.push(text.clone());
            }
        }
    };
    add(&document.head);
    add(&document.foot);
    add(&document.root.lead);
    add(&document.root.trail.iter().cloned().map(Lead::Comment).collect::<Vec<_>>());
    let mut open: Vec<&Collection> = Vec::new();
    if let Written::Collection(root) = &document.root.value {
        open.push(root);
    }
    while let Some(next) = open.pop() {
        add(&next.foot);
        for item in &next.items {
            add(&item.lead);
            add(&item.below);
            add(&item.trail.iter().cloned().map(Lead::Comment).collect::<Vec<_>>());
            if let Written::Collection(inner) = &item.value {
                open.push(inner);
            }
        }
    }
    found.sort();
    found
}
