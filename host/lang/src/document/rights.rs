//! `limits` and `caps`, of a pipeline or a step.

use coldframe_format::caps::{GrantError, GrantLine as _, HttpGrant, ToolGrant};
use coldframe_format::{Cap, Caps};

use super::fields::{join, wrong_shape};
use super::{CapsDecl, LimitsDecl};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::limits::{self, LimitError};
use crate::shown::shown;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// The most lines of one grant. Those of a step are compared with each one around it.
const GRANTS_MAX: usize = 256;
/// Capabilities that the language will have.
const CAPS_LATER: &[&str] = &["memory", "env"];

fn entries<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> Option<&'n [Entry]> {
    let node = node?;
    match &node.kind {
        NodeKind::Map(entries) => Some(entries),
        _ => {
            report.push(wrong_shape(node, "a map", path));
            None
        }
    }
}

/// The limits at a node.
pub(crate) fn limits<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> LimitsDecl<'n> {
    let mut found = LimitsDecl::default();
    for entry in entries(node, path, report).unwrap_or_default() {
        let path = join(path, &entry.key.text);
        if !limits::NAMES.contains(&entry.key.text.as_str()) {
            report_unknown_limit(&entry.key, &path, report);
            continue;
        }
        let text = match &entry.value.kind {
            NodeKind::Number(found) => &found.json,
            NodeKind::String(text) => &text.text,
            _ => {
                report.push(wrong_shape(&entry.value, "a number or a text such as `30s`", &path));
                continue;
            }
        };
        match found.limits.set(&entry.key.text, text) {
            Ok(()) => found.places.push((&entry.key, entry.value.span)),
            Err(error) => report.push(bad_limit(&error, &entry.value, &path)),
        }
    }
    found
}

fn report_unknown_limit(key: &Text, path: &str, report: &mut Report) {
    let help = report.suggest(&key.text, "the limits are", limits::NAMES.iter().copied());
    let message = format!("there is no limit `{}`", shown(&key.text));
    report.push(Diagnostic::new(&codes::UNKNOWN_KEY, key.span, message).maybe_help(help).at(path));
}

fn bad_limit(error: &LimitError, value: &Node, path: &str) -> Diagnostic {
    Diagnostic::new(&codes::BAD_LIMIT, value.span, error.to_string())
        .maybe_help(error.help())
        .at(path)
}

/// The grants at a node.
pub(crate) fn caps<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Option<CapsDecl<'n>> {
    let entries = entries(node, path, report)?;
    let mut found = CapsDecl {
        span: entries.first().map_or(node?.span, |entry| entry.key.span),
        caps: Caps::default(),
        unclear: Vec::new(),
        places: Vec::new(),
        tools: Vec::new(),
    };
    for entry in entries {
        let path = join(path, &entry.key.text);
        let Some(cap) = Cap::named(&entry.key.text) else {
            report_unknown(&entry.key, &path, report);
            continue;
        };
        let clear = match cap.line() {
            Some(_) => lines(&mut found, cap, &entry.value, &path, report),
            None => flag(&mut found.caps, cap, &entry.value, &path, report),
        };
        if !clear {
            found.unclear.push(cap);
        }
        found.places.push((&entry.key, entry.value.span));
    }
    Some(found)
}

fn report_unknown(key: &Text, path: &str, report: &mut Report) {
    let shown = shown(&key.text);
    if CAPS_LATER.contains(&key.text.as_str()) {
        let message = format!("the capability `{shown}` is not supported yet by this version");
        report.push(
            Diagnostic::new(&codes::UNSUPPORTED_KEY, key.span, message)
                .help("remove it; nothing is ignored silently")
                .at(path),
        );
        return;
    }
    let help = report.suggest(&key.text, "the capabilities are", Cap::names());
    let message = format!("there is no capability `{shown}`");
    report.push(Diagnostic::new(&codes::UNKNOWN_KEY, key.span, message).maybe_help(help).at(path));
}

/// Reads a flag; `false` where it is none.
fn flag(caps: &mut Caps, cap: Cap, node: &Node, path: &str, report: &mut Report) -> bool {
    if let NodeKind::Bool(value) = &node.kind {
        caps.set(cap, *value);
        return true;
    }
    report.push(wrong_shape(node, "`true` or `false`", path).help("write `true` to grant it"));
    false
}

/// How it is written, by what was probably meant.
fn grant_help(cap: Cap, error: &GrantError) -> String {
    let text = error.text.as_str();
    // A text with a `*` at its end means all that is below, and that is written in two ways only.
    let base = text.trim_end_matches('*');
    let base = base.strip_suffix('/').unwrap_or(base);
    let meant = format!("{base}/**");
    if cap == Cap::Http
        && text.len() > base.len()
        && meant != text
        && HttpGrant::read(&meant).is_ok()
    {
        let meant = shown(&meant);
        return format!(
            "`/**` at the end is everything below, and a host alone every path: `{meant}`"
        );
    }
    format!("write `{}`, as in `{}`", error.shape, error.example)
}

/// Reads a list of lines; `false` where some are none.
fn lines<'n>(
    found: &mut CapsDecl<'n>,
    cap: Cap,
    node: &'n Node,
    path: &str,
    report: &mut Report,
) -> bool {
    let example = cap.line().map_or("", |(_, example)| example);
    let help = format!("for example `{cap}: [\"{example}\"]`");
    let NodeKind::List(items) = &node.kind else {
        report.push(wrong_shape(node, "a list of what is allowed", path).help(help));
        return false;
    };
    if items.len() > GRANTS_MAX {
        let message = format!("`{path}` has {} lines, expected at most {GRANTS_MAX}", items.len());
        report.push(
            Diagnostic::new(&codes::BAD_GRANT, node.span, message)
                .help(format!("write one line for many: `{example}`"))
                .at(path),
        );
        return false;
    }
    let mut clear = true;
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let NodeKind::String(text) = &item.kind else {
            report.push(wrong_shape(item, "a string", &path).help(help.clone()));
            clear = false;
            continue;
        };
        if cap == Cap::Tools
            && let Ok(grant) = text.text.parse::<ToolGrant>()
        {
            found.tools.push((index, grant, text));
        }
        if let Err(error) = found.caps.push(cap, &text.text) {
            clear = false;
            let message = format!("`{}` is not {}: {}", shown(&text.text), error.what, error.why);
            report.push(
                Diagnostic::new(&codes::BAD_GRANT, item.span, message)
                    .help(grant_help(cap, &error))
                    .at(&path),
            );
        }
    }
    clear
}
