//! The rules of a pipeline: what they look at is there, and so is what they do about it.

use super::claims::{Claims, Seen};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, RuleDecl, join};
use crate::graph::{Action, Policy, Subject};
use crate::shown::shown;
use crate::yaml::node::Text;

/// The rules. Steps in `Expr::roots` are counted by place in the document.
pub(super) fn bind(
    document: &Document<'_>,
    claims: &mut Claims<'_, '_>,
    report: &mut Report,
) -> Vec<Policy> {
    document.rules.iter().filter_map(|rule| bind_rule(claims, rule, report)).collect()
}

fn bind_rule(
    claims: &mut Claims<'_, '_>,
    rule: &RuleDecl<'_>,
    report: &mut Report,
) -> Option<Policy> {
    let subject = subject(claims.document, rule.on, &join(&rule.path, "on"), report);
    let seen = match &subject {
        None | Some(Subject::Run) => Seen::Run,
        Some(Subject::Step(_) | Subject::EveryStep) => Seen::Step,
    };
    let of = match &subject {
        Some(Subject::Step(id)) => only(claims.document, id),
        _ => None,
    };
    if subject == Some(Subject::Run) && rule.action == Action::FailStep {
        let message = format!(
            "the rule `{}` looks at the whole run, where no step can fail",
            shown(&rule.id.text)
        );
        report.push(
            Diagnostic::new(&codes::UNKNOWN_VALUE, rule.id.span, message)
                .help("write `action: fail_run`, or say at which steps it looks: `on: steps`")
                .at(&join(&rule.path, "action")),
        );
    }
    let mut bound =
        |text: &Text, key: &str| claims.bind(text, (seen, of), &join(&rule.path, key), report);
    let when = match rule.when {
        Some(when) => Some(bound(when, "when")?),
        None => None,
    };
    Some(Policy {
        id: rule.id.text.clone(),
        when,
        assert: bound(rule.assert, "assert")?,
        subject: subject?,
        action: rule.action,
        message: rule.message.map(|message| message.text.clone()),
        // The graph knows lines; here there are only places.
        line: 0,
    })
}

/// The step with this id, where there is just one.
fn only(document: &Document<'_>, id: &str) -> Option<usize> {
    let steps = document.steps.iter().enumerate();
    let mut found = steps.filter(|(_, step)| step.id.is_some_and(|own| own.text == id));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

fn subject(
    document: &Document<'_>,
    on: Option<&Text>,
    path: &str,
    report: &mut Report,
) -> Option<Subject> {
    let Some(on) = on else { return Some(Subject::Run) };
    let ids = || document.steps.iter().filter_map(|step| Some(step.id?.text.as_str()));
    match on.text.as_str() {
        "run" => Some(Subject::Run),
        "steps" => Some(Subject::EveryStep),
        id if ids().any(|other| other == id) => Some(Subject::Step(id.to_owned())),
        wrong => {
            let help =
                report.suggest(wrong, "there are", ["run", "steps"].into_iter().chain(ids()));
            let message = format!("there is no step `{}`", shown(wrong));
            report.push(
                Diagnostic::new(&codes::UNKNOWN_STEP, on.span, message).maybe_help(help).at(path),
            );
            None
        }
    }
}
