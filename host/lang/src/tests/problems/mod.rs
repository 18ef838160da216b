//! Wrong pipelines and what is said about them, all of it.

mod failures;
mod files;
mod flow;
mod kinds;
mod names;
mod nesting;
mod rights;
mod rules;
mod shape;
mod trials;

use super::{HEAD, compiled};
use crate::source::Lines;

/// What is said about a whole text: place, code and message, and below each the help.
fn said(text: &str) -> String {
    let lines = Lines::new(text);
    let mut found = String::new();
    for problem in compiled(text).diagnostics {
        let at = lines.position(problem.span.start);
        let (code, message) = (problem.code.id, &problem.message);
        found += &format!("{}:{} {code}: {message}\n", at.line, at.column);
        for label in &problem.labels {
            let at = lines.position(label.span.start);
            found += &format!("    {}:{} {}\n", at.line, at.column, label.text);
        }
        let help = problem.help.expect("every problem comes with help");
        found += &format!("    {help}\n");
    }
    found
}

/// The same against what should be said.
#[track_caller]
fn check_whole(text: &str, expected: &str) {
    assert_eq!(said(text), expected, "{text}");
}

/// The same about a text behind the usual three lines.
#[track_caller]
fn check(text: &str, expected: &str) {
    check_whole(&format!("{HEAD}{text}"), expected);
}
