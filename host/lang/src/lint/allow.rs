//! `# coldframe: allow W201` silences a rule on its line, or on the next where it stands alone.

use super::context::Context;
use super::{RULES, Report};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;
use crate::source::{Lines, Span};
use crate::suggest;
use crate::yaml::node::{Node, NodeKind};

const MARK: &str = "# coldframe: allow ";

/// One code in one comment.
struct Allowance<'t> {
    code: &'t str,
    span: Span,
    line: usize,
}

/// Allowances are looked at when all other rules have spoken.
pub(super) fn checked_elsewhere(_: &Context<'_>, _: &'static Code, _: &mut Report) {}

/// Leaves out what is allowed, and reports what allows nothing.
pub(super) fn apply(context: &Context<'_>, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let lines = Lines::new(context.text);
    let allowances = allowances(context, &lines);
    let mut used = vec![false; allowances.len()];
    let mut report = Report::default();
    for diagnostic in found {
        let line = lines.line(diagnostic.span.start);
        let mut silent = false;
        for (allowance, used) in allowances.iter().zip(&mut used) {
            if allowance.line == line && allowance.code == diagnostic.code.id {
                *used = true;
                silent = true;
            }
        }
        if !silent {
            report.push(diagnostic);
        }
    }
    let Some(unused) = RULES.first() else { return report.into_sorted(&context.sources) };
    for (allowance, _) in allowances.iter().zip(used).filter(|(_, used)| !used) {
        let known = RULES.iter().any(|rule| rule.code.id == allowance.code);
        let code = shown(allowance.code);
        let problem = if known {
            let message = format!("`{code}` is allowed here, and nothing here has it");
            Diagnostic::new(&unused.code, allowance.span, message).help("remove the comment")
        } else {
            let codes = RULES.iter().map(|rule| rule.code.id);
            let help = suggest::help(allowance.code, "the rules are", codes);
            let message = format!("there is no rule `{code}`");
            Diagnostic::new(&unused.code, allowance.span, message).maybe_help(help)
        };
        report.push(problem);
    }
    report.into_sorted(&context.sources)
}

fn allowances<'t>(context: &Context<'t>, lines: &Lines<'_>) -> Vec<Allowance<'t>> {
    let mut scalars = Vec::new();
    scalar_spans(&context.root, &mut scalars);
    scalars.sort_unstable();
    let mut found = Vec::new();
    for (at, _) in context.text.match_indices(MARK) {
        let before = scalars.partition_point(|span| span.start <= at);
        let inside = before.checked_sub(1).and_then(|index| scalars.get(index));
        if !context.own.contains(&at) || inside.is_some_and(|span| at < span.end) {
            continue;
        }
        let line = lines.line(at);
        let head = context.text.get(lines.start(line)..at).unwrap_or_default();
        let silenced = if head.trim().is_empty() { line + 1 } else { line };
        let from = at + MARK.len();
        let rest = context.text.get(from..lines.end(line)).unwrap_or_default();
        let mut offset = from;
        for part in rest.split([',', ' ']) {
            if !part.is_empty() {
                let span = Span::new(offset, offset + part.len());
                found.push(Allowance { code: part, span, line: silenced });
            }
            offset += part.len() + 1;
        }
    }
    found
}

fn scalar_spans(root: &Node, out: &mut Vec<Span>) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.kind {
            NodeKind::List(items) => open.extend(items),
            NodeKind::Map(entries) => {
                out.extend(entries.iter().map(|entry| entry.key.span));
                open.extend(entries.iter().map(|entry| &entry.value));
            }
            _ => out.push(node.span),
        }
    }
}
