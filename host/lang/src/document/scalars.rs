//! Values of one line that many keys take: counts, durations, choices, conditions.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::fields::{text, wrong_shape};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::limits;
use crate::shown::shown;
use crate::yaml::node::{Node, NodeKind, Text};

/// A whole number within a range.
pub(crate) fn count(
    node: &Node,
    name: &str,
    range: &RangeInclusive<u32>,
    path: &str,
    report: &mut Report,
) -> Option<u32> {
    let NodeKind::Number(number) = &node.kind else {
        let problem = wrong_shape(node, "a whole number", path);
        report.push(problem.help(format!("for example `{name}: {}`", range.start())));
        return None;
    };
    let found = number.json.parse::<u32>().ok().filter(|value| range.contains(value));
    if found.is_none() {
        let (least, most) = (range.start(), range.end());
        let message = format!(
            "`{name}` is `{}`, expected a whole number from {least} to {most}",
            shown(&number.written)
        );
        let help = format!("write a number from {least} to {most}");
        report.push(Diagnostic::new(&codes::BAD_LIMIT, node.span, message).help(help).at(path));
    }
    found
}

/// A stretch of time: `250ms`, `24h`, `7d`.
pub(crate) fn duration(
    node: Option<&Node>,
    name: &'static str,
    path: &str,
    report: &mut Report,
) -> Option<Duration> {
    let node = node?;
    let text = match &node.kind {
        NodeKind::Number(found) => &found.json,
        NodeKind::String(text) => &text.text,
        _ => {
            let problem = wrong_shape(node, "a duration", path);
            report.push(problem.help(format!("for example `{name}: 30s`")));
            return None;
        }
    };
    match limits::duration(name, text) {
        Ok(found) => Some(found),
        Err(error) => {
            report.push(
                Diagnostic::new(&codes::BAD_LIMIT, node.span, error.to_string())
                    .maybe_help(error.help())
                    .at(path),
            );
            None
        }
    }
}

/// One of some words.
pub(crate) fn choice<T: Copy>(
    node: &Node,
    name: &str,
    values: &[(&'static str, T)],
    path: &str,
    report: &mut Report,
) -> Option<T> {
    let words = values.iter().map(|(word, _)| *word);
    let found = match &node.kind {
        NodeKind::String(found) => found.text.clone(),
        NodeKind::Number(found) => found.written.clone(),
        NodeKind::Bool(found) => found.to_string(),
        _ => {
            let list = crate::suggest::listed(words).unwrap_or_default();
            report.push(wrong_shape(node, "a word", path).help(format!("the values are: {list}")));
            return None;
        }
    };
    let value = values.iter().find(|(word, _)| *word == found).map(|(_, value)| *value);
    if value.is_none() {
        let help = report.suggest(&found, "the values are", words);
        let message = format!("`{}` is not a value of `{name}`", shown(&found));
        report.push(
            Diagnostic::new(&codes::UNKNOWN_VALUE, node.span, message).maybe_help(help).at(path),
        );
    }
    value
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, path: &str, report: &mut Report) -> Option<bool> {
    if let NodeKind::Bool(value) = &node.kind {
        return Some(*value);
    }
    report.push(wrong_shape(node, "`true` or `false`", path));
    None
}

/// A condition. `true` and `false` are conditions too, and YAML has its own idea of them.
pub(crate) fn condition<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Option<&'n Text> {
    let node = node?;
    if let NodeKind::String(text) = &node.kind {
        return Some(text);
    }
    let key = path.rsplit('.').next().unwrap_or_default();
    let mut problem = wrong_shape(node, "an expression", path);
    problem = match &node.kind {
        NodeKind::Bool(value) if key == "assert" => {
            problem.help(format!("quote it: `{key}: \"{value}\"`"))
        }
        NodeKind::Bool(value) => {
            problem.help(format!("quote it: `{key}: \"{value}\"`, or leave `{key}` away"))
        }
        _ if key == "on" => problem.help("for example `on: verdict.label`"),
        _ => problem.help(format!("for example `{key}: \"words.count > 3\"`")),
    };
    report.push(problem);
    None
}

/// A text in which holes would mean nothing.
pub(crate) fn plain_text<'n>(node: &'n Node, path: &str, report: &mut Report) -> Option<&'n Text> {
    let found = text(node, path, report)?;
    if !found.text.contains("{{") {
        return Some(found);
    }
    report.push(
        Diagnostic::new(
            &codes::TEMPLATE_NOT_HERE,
            found.span,
            format!("`{path}` has no holes, since it is read before the run begins"),
        )
        .help("write it out; to choose while the run goes on, use `switch`")
        .at(path),
    );
    None
}
