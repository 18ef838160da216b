//! What every step may say about its failures: `retry`, `fallback`, `on_error`.

use std::time::Duration;

use super::fields::{Fields, join, text, wrong_shape};
use super::kinds::{CallDecl, arguments};
use super::scalars::{choice, count, duration};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::{Backoff, FAILURES, OnError, Retry, RetryOn};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};

/// The most tries after the first one.
const RETRIES_MAX: u32 = 100;
/// The delay before the second try where `delay` is not given.
const DELAY: Duration = Duration::from_secs(1);
/// The longest delay where `max_delay` is not given.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// What takes the place of a step that failed.
#[derive(Debug)]
pub(crate) enum FallbackDecl<'n> {
    Value(&'n Node),
    Uses(CallDecl<'n>),
}

/// `retry`
pub(crate) fn retry(node: Option<&Node>, path: &str, report: &mut Report) -> Option<Retry> {
    let mut fields = Fields::like(node?, path, "retry: { max: 3 }", report)?;
    let max = fields.require("max", "say how often: `max: 3`", report);
    let max =
        max.and_then(|node| count(node, "max", &(1..=RETRIES_MAX), &join(path, "max"), report));
    let backoffs = [
        ("constant", Backoff::Constant),
        ("linear", Backoff::Linear),
        ("exponential", Backoff::Exponential),
    ];
    let backoff = fields
        .take("backoff")
        .and_then(|node| choice(node, "backoff", &backoffs, &join(path, "backoff"), report));
    let delay = duration(fields.take("delay"), "delay", &join(path, "delay"), report);
    let most = fields.take("max_delay");
    let delay_max = duration(most, "max_delay", &join(path, "max_delay"), report);
    if let (Some(delay), Some(delay_max), Some(node)) = (delay, delay_max, most)
        && delay > delay_max
    {
        let message = "`max_delay` is shorter than `delay`";
        report.push(
            Diagnostic::new(&codes::BAD_LIMIT, node.span, message)
                .help("raise it, or lower `delay`")
                .at(&join(path, "max_delay")),
        );
    }
    let on = fields.take("on").map(|node| failures(node, &join(path, "on"), report));
    fields.done("`retry`", &[], report);
    let delay = delay.unwrap_or(DELAY);
    Some(Retry {
        max: max?,
        backoff: backoff.unwrap_or_default(),
        delay,
        delay_max: delay_max.unwrap_or(DELAY_MAX).max(delay),
        on: on.unwrap_or_else(|| vec![RetryOn::Transient]),
    })
}

/// Sorts of failures.
fn failures(node: &Node, path: &str, report: &mut Report) -> Vec<RetryOn> {
    let NodeKind::List(items) = &node.kind else {
        let problem = wrong_shape(node, "a list of failures", path);
        report.push(problem.help("for example `on: [transient, guest.error]`"));
        return Vec::new();
    };
    if items.is_empty() {
        let message = format!("`{path}` is empty, so nothing would be tried again");
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                .help("name failures: `on: [transient]`, or remove `retry`")
                .at(path),
        );
    }
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(text) = text(item, &path, report) else { continue };
        match text.text.as_str() {
            "transient" => found.push(RetryOn::Transient),
            "any" => found.push(RetryOn::Any),
            kind if FAILURES.contains(&kind) => found.push(RetryOn::Kind(kind.to_owned())),
            wrong => {
                let known = ["transient", "any"].into_iter().chain(FAILURES.iter().copied());
                let help = report.suggest(wrong, "there are", known);
                let message = format!("there is no failure `{}`", shown(wrong));
                report.push(
                    Diagnostic::new(&codes::UNKNOWN_VALUE, text.span, message)
                        .maybe_help(help)
                        .at(&path),
                );
            }
        }
    }
    found
}

/// `fallback`
pub(crate) fn fallback<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Option<FallbackDecl<'n>> {
    let mut fields = Fields::like(node?, path, "fallback: { value: null }", report)?;
    let value = fields.take_entry("value");
    let uses = fields.take_entry("uses");
    let with = fields.take_entry("with");
    if let (None, Some(with)) = (uses, with) {
        report.push(
            Diagnostic::new(
                &codes::STEP_KIND,
                with.key.span,
                "`with` belongs to `uses`, and this fallback has none",
            )
            .help("add `uses: …`, or write the value itself: `value: …`")
            .at(&join(path, "with")),
        );
    }
    let found = match (value, uses) {
        (Some(value), None) => Some(FallbackDecl::Value(&value.value)),
        (None, Some(uses)) => {
            let reference = text(&uses.value, &join(path, "uses"), report);
            let with = arguments(with, &join(path, "with"), report);
            reference
                .zip(with)
                .map(|(reference, with)| FallbackDecl::Uses(CallDecl { reference, with }))
        }
        (None, None) => {
            if with.is_none() {
                report.push(
                    Diagnostic::new(
                        &codes::MISSING_KEY,
                        fields.span,
                        format!("`{path}` has neither `value` nor `uses`"),
                    )
                    .help("say what takes the place of the output: `fallback: { value: null }`")
                    .at(path),
                );
            }
            None
        }
        (Some(value), Some(uses)) => {
            report.push(
                Diagnostic::new(
                    &codes::STEP_KIND,
                    uses.key.span,
                    "a fallback has either `value` or `uses`, and this one has both",
                )
                .label(value.key.span, "the other one")
                .help("remove one of them")
                .at(path),
            );
            None
        }
    };
    fields.done("`fallback`", &[], report);
    found
}

/// `on_error`, with its place.
pub(crate) fn on_error(
    node: Option<&Node>,
    path: &str,
    report: &mut Report,
) -> (OnError, Option<Span>) {
    let Some(node) = node else { return (OnError::default(), None) };
    let values = [("fail", OnError::Fail), ("continue", OnError::Continue)];
    let found = choice(node, "on_error", &values, path, report);
    (found.unwrap_or_default(), Some(node.span))
}
