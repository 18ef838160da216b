//! `governance` of a policy: which skills pipelines may call at all.

use coldframe_format::SkillId;

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::fields::{Fields, join, text, wrong_shape};
use crate::shown::shown;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};

/// What pipelines may call, and what not. What is denied is denied even where it is allowed too.
#[derive(Debug)]
pub(crate) struct Governance {
    /// Nothing else may be called; `None` leaves everything.
    allow: Option<Vec<Pattern>>,
    deny: Vec<Pattern>,
    span: Span,
}

/// `acme/*`, `acme/mail` or `acme/mail#send`.
#[derive(Debug)]
struct Pattern {
    namespace: String,
    name: Option<String>,
    operation: Option<String>,
    span: Span,
}

impl Governance {
    /// What denies a call: where it stands, and whether it is a line of `deny`.
    pub(crate) fn denies(&self, skill: &SkillId, operation: &str) -> Option<(Span, bool)> {
        let covers = |pattern: &&Pattern| pattern.covers(skill, operation);
        if let Some(pattern) = self.deny.iter().find(covers) {
            return Some((pattern.span, true));
        }
        let allow = self.allow.as_ref()?;
        (!allow.iter().any(|pattern| covers(&pattern))).then_some((self.span, false))
    }
}

impl Pattern {
    fn of(written: &str, span: Span) -> Option<Self> {
        let (skill, operation) = match written.split_once('#') {
            Some((skill, operation)) => (skill, Some(operation)),
            None => (written, None),
        };
        let (namespace, name) = skill.split_once('/')?;
        let all = name == "*";
        // `acme/x` stands in for every name: what is a namespace is decided in one place.
        let id = format!("{namespace}/{}", if all { "x" } else { name });
        let id: SkillId = id.parse().ok()?;
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        if operation.is_some_and(|operation| all || !word(operation)) {
            return None;
        }
        Some(Self {
            namespace: id.namespace().to_owned(),
            name: (!all).then(|| name.to_owned()),
            operation: operation.map(str::to_owned),
            span,
        })
    }

    fn covers(&self, skill: &SkillId, operation: &str) -> bool {
        skill.namespace() == self.namespace
            && self.name.as_deref().is_none_or(|name| skill.name() == name)
            && self.operation.as_deref().is_none_or(|own| own == operation)
    }
}

/// Reads `governance`.
pub(super) fn read(node: &Node, report: &mut Report) -> Option<Governance> {
    let path = "governance";
    let mut fields = Fields::like(node, path, "governance: { allow: [std/*] }", report)?;
    let span = fields.span;
    let allow = fields.take("allow").map(|node| patterns(node, &join(path, "allow"), report));
    let deny = fields.take("deny").map(|node| patterns(node, &join(path, "deny"), report));
    if allow.is_none() && deny.is_none() {
        report.push(
            Diagnostic::new(&codes::MISSING_KEY, span, "`governance` says nothing")
                .help("write `allow: [std/*]` or `deny: [acme/mail]`")
                .at(path),
        );
    }
    fields.done("`governance`", &["redact"], report);
    Some(Governance { allow, deny: deny.unwrap_or_default(), span })
}

fn patterns(node: &Node, path: &str, report: &mut Report) -> Vec<Pattern> {
    let NodeKind::List(items) = &node.kind else {
        let problem = wrong_shape(node, "a list of skills", path);
        report.push(problem.help("for example `[std/*, acme/mail#send]`"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(text) = text(item, &path, report) else { continue };
        match Pattern::of(&text.text, text.span) {
            Some(pattern) => found.push(pattern),
            None => report.push(
                Diagnostic::new(
                    &codes::BAD_SKILL_REFERENCE,
                    text.span,
                    format!("`{}` does not say which skills are meant", shown(&text.text)),
                )
                .help("write `acme/*`, `acme/mail` or `acme/mail#send`, without a version")
                .at(&path),
            ),
        }
    }
    found
}
