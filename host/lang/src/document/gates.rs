//! When a try of a step may begin: `rate_limit` and `circuit_breaker`.

use super::fields::{Fields, join, text};
use super::scalars::{count, duration};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::{CircuitBreaker, RateLimit};
use crate::shown::shown;
use crate::yaml::node::Node;

/// The most tries that are counted at once.
const MAX: u32 = 10_000;

/// `rate_limit`
pub(crate) fn rate_limit(
    node: Option<&Node>,
    path: &str,
    report: &mut Report,
) -> Option<RateLimit> {
    let mut fields = Fields::like(node?, path, "rate_limit: { max: 10, per: 1m }", report)?;
    let max = fields.require("max", "say how many tries may begin: `max: 10`", report);
    let max = max.and_then(|node| count(node, "max", &(1..=MAX), &join(path, "max"), report));
    let per = fields.require("per", "say in which time: `per: 1m`", report);
    let per = positive(per, "per", path, report);
    let group = group(&mut fields, report);
    fields.done("`rate_limit`", &[], report);
    Some(RateLimit { group: group?, max: max?, per: per? })
}

/// `circuit_breaker`
pub(crate) fn circuit_breaker(
    node: Option<&Node>,
    path: &str,
    report: &mut Report,
) -> Option<CircuitBreaker> {
    let example = "circuit_breaker: { failures: 5, open_for: 30s }";
    let mut fields = Fields::like(node?, path, example, report)?;
    let failures = fields.require("failures", "say after how many: `failures: 5`", report);
    let failures = failures
        .and_then(|node| count(node, "failures", &(1..=MAX), &join(path, "failures"), report));
    let open_for = fields.require("open_for", "say for how long: `open_for: 30s`", report);
    let open_for = positive(open_for, "open_for", path, report);
    let group = group(&mut fields, report);
    fields.done("`circuit_breaker`", &[], report);
    Some(CircuitBreaker { group: group?, failures: failures?, open_for: open_for? })
}

fn positive(
    node: Option<&Node>,
    name: &'static str,
    path: &str,
    report: &mut Report,
) -> Option<std::time::Duration> {
    let path = join(path, name);
    let found = duration(node, name, &path, report)?;
    if let Some(node) = node.filter(|_| found.is_zero()) {
        let message = format!("`{name}` is no time at all, so that nothing would come of it");
        report.push(
            Diagnostic::new(&codes::BAD_LIMIT, node.span, message)
                .help(format!("for example `{name}: 30s`"))
                .at(&path),
        );
        return None;
    }
    Some(found)
}

/// A group, if there is one; `None` where it is wrong.
fn group(fields: &mut Fields<'_>, report: &mut Report) -> Option<Option<String>> {
    let path = fields.path("group");
    let Some(node) = fields.take("group") else { return Some(None) };
    let found = text(node, &path, report)?;
    let good = found.text.len() <= 64
        && found.text.starts_with(|c: char| c.is_ascii_lowercase())
        && found.text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if !good {
        let message = format!("`{}` is not a name of a group", shown(&found.text));
        report.push(
            Diagnostic::new(&codes::BAD_NAME, found.span, message)
                .help("lower-case letters, digits, `-` and `_`, a letter first, at most 64")
                .at(&path),
        );
        return None;
    }
    Some(Some(found.text.clone()))
}
