//! `policies`: rules over steps and over the result, as they are written.

use std::collections::BTreeMap;

use super::fields::{Fields, check_name, join, text, wrong_shape};
use super::scalars::{choice, condition};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::graph::Action;
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind, Text};

/// The most rules of a pipeline, those of its policies too.
const RULES_MAX: usize = 1_000;

/// A rule as it is written.
#[derive(Debug)]
pub(crate) struct RuleDecl<'n> {
    /// `policies[2]`
    pub(crate) path: String,
    pub(crate) id: &'n Text,
    /// The id of a step, `steps` or `run`.
    pub(crate) on: Option<&'n Text>,
    pub(crate) when: Option<&'n Text>,
    pub(crate) assert: &'n Text,
    pub(crate) action: Action,
    pub(crate) message: Option<&'n Text>,
}

/// The rules, as far as they are ones.
pub(crate) fn read<'n>(
    node: Option<&'n Node>,
    path: &str,
    report: &mut Report,
) -> Vec<RuleDecl<'n>> {
    let Some(node) = node else { return Vec::new() };
    let NodeKind::List(items) = &node.kind else {
        let help = "begin each with `- id: …`, or name a policy: `- NAME`";
        report.push(wrong_shape(node, "a list of rules", path).help(help));
        return Vec::new();
    };
    if items.len() > RULES_MAX {
        let message = format!("there are {} rules, expected at most {RULES_MAX}", items.len());
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                .help("join those that ask the same with `and`")
                .at(path),
        );
        return Vec::new();
    }
    let rules = items.iter().enumerate();
    let found: Vec<RuleDecl<'n>> =
        rules.filter_map(|(index, item)| rule(item, format!("{path}[{index}]"), report)).collect();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for rule in &found {
        if let Some(first) = seen.insert(&rule.id.text, rule.id.span) {
            let message = format!("two rules are called `{}`", shown(&rule.id.text));
            report.push(
                Diagnostic::new(&codes::DUPLICATE_ID, rule.id.span, message)
                    .label(first, "the first one")
                    .help("give one of them another id")
                    .at(&join(&rule.path, "id")),
            );
        }
    }
    found
}

fn rule<'n>(node: &'n Node, path: String, report: &mut Report) -> Option<RuleDecl<'n>> {
    let mut fields = Fields::like(
        node,
        &path,
        "{ id: cheap, assert: \"totals.cost_usd <= 0.10\", action: fail_run }",
        report,
    )?;
    let id = fields
        .require("id", "say what it is called when it is broken: `id: cheap`", report)
        .and_then(|node| text(node, &join(&path, "id"), report));
    if let Some(id) = id {
        check_name(id, &join(&path, "id"), report);
    }
    let on = fields.take_text("on", report);
    let when = condition(fields.take("when"), &join(&path, "when"), report);
    let help = "say what has to be true: `assert: totals.cost_usd <= 0.10`";
    let assert = fields.require("assert", help, report);
    let assert = condition(assert, &join(&path, "assert"), report);
    let help = "say what happens where it is not true: `action: fail_run`";
    let action = fields
        .require("action", help, report)
        .and_then(|node| choice(node, "action", &Action::ALL, &join(&path, "action"), report));
    let message = fields
        .take("message")
        .and_then(|node| super::scalars::plain_text(node, &join(&path, "message"), report));
    fields.done("a rule", &[], report);
    Some(RuleDecl { id: id?, on, when, assert: assert?, action: action?, message, path })
}
