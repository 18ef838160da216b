//! Capabilities: what a step's component imports is granted, and nothing is granted for nothing.

mod proposal;

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{Cap, CapSet, Caps};

use self::proposal::{Proposal, proposal};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{CapsDecl, Document, From, join};
use crate::resolve::{Call, Resolved, SubPipeline, Work};
use crate::shown::shown;

/// Whether every import is covered by a grant, nothing has more than what is around it, and every
/// grant is of use to some step.
pub(super) fn needed_and_granted(
    document: &Document<'_>,
    resolved: &Resolved<'_>,
    report: &mut Report,
) {
    // What each step needs with all it holds. As long as a skill is unknown, so is what it needs.
    let mut needed = vec![Some(CapSet::default()); document.steps.len()];
    let mut whole = Some(CapSet::default());
    let mut compared = Compared::new();
    for (index, step) in resolved.steps.iter().enumerate() {
        let grants = Grants::around(document, index);
        grants.nest(report);
        let mut own = Some(CapSet::default());
        for (key, call) in step.calls() {
            let Some(skill) = &call.skill else {
                own = None;
                continue;
            };
            match skill.entry.interface.required_caps() {
                Ok(needs) => {
                    own = both(own, Some(needs));
                    if needs.has(Cap::Tools) {
                        let tools = resolved.tools.iter().map(|tool| tool.needs);
                        own = both(own, Some(tools.fold(CapSet::default(), CapSet::and)));
                    }
                    for cap in needs.iter() {
                        grants.check(call, key, cap, report);
                    }
                }
                Err(unknown) => {
                    own = None;
                    report_import(&grants, call, key, &unknown.0, report);
                }
            }
        }
        match &step.work {
            Work::Broken => own = None,
            Work::Pipeline(child) => match &child.child {
                Some(compiled) => {
                    let caps = &compiled.graph.caps;
                    own = both(own, Some(caps.set_of()));
                    grants.check_child(child, caps, &mut compared, report);
                }
                None => own = None,
            },
            _ => {}
        }
        for around in document.around(index) {
            if let Some(slot) = needed.get_mut(around) {
                *slot = both(*slot, own);
            }
        }
        whole = both(whole, own);
    }
    if let (Some(caps), Some(needs)) = (&document.caps, whole) {
        unused(caps, needs, ("the pipeline", "no step"), "caps", |_| false, report);
    }
    for (index, needs) in needed.into_iter().enumerate() {
        let grants = Grants::around(document, index);
        let (Some((_, caps)), Some(needs)) = (grants.steps.last().filter(|_| grants.own), needs)
        else {
            continue;
        };
        let (_, outer) = grants.nearest(1);
        let is_wider = |cap: Cap| wider(&caps.caps.only(cap), outer).is_some();
        let path = join(grants.path, "caps");
        unused(caps, needs, ("the step", "nothing in it"), &path, is_wider, report);
    }
}

/// Unknown where one of them is.
fn both(a: Option<CapSet>, b: Option<CapSet>) -> Option<CapSet> {
    Some(a?.and(b?))
}

/// Whether it is granted, or was meant to be.
fn has(decl: &CapsDecl<'_>, cap: Cap) -> bool {
    decl.caps.has(cap) || decl.unclear.contains(&cap)
}

/// What of the grants of a pipeline goes beyond those of a step; each pair is compared once.
type Compared = BTreeMap<(Option<usize>, Option<usize>), Vec<String>>;

/// Everything that is granted around a step, and by it.
struct Grants<'a, 'n> {
    document: &'a Document<'n>,
    /// The path of the step.
    path: &'a str,
    /// By the steps that say so, outer ones first. What the pipeline grants stands apart.
    steps: Vec<(usize, &'a CapsDecl<'n>)>,
    /// Whether the step itself is among them.
    own: bool,
}

impl<'a, 'n> Grants<'a, 'n> {
    fn around(document: &'a Document<'n>, step: usize) -> Self {
        let decl = |step: usize| document.steps.get(step);
        let mut steps: Vec<_> = document
            .around(step)
            .filter_map(|step| Some((step, decl(step)?.caps.as_ref()?)))
            .collect();
        steps.reverse();
        let own = decl(step).is_some_and(|decl| decl.caps.is_some());
        Self { document, path: decl(step).map_or("", |decl| &decl.path), steps, own }
    }

    /// Who grants what counts, leaving out so many of the innermost: a step, or the pipeline. A
    /// pipeline without `caps` grants nothing.
    fn nearest(&self, skip: usize) -> (String, Option<&'a CapsDecl<'n>>) {
        match self.steps.iter().rev().nth(skip) {
            Some((step, caps)) => (format!("`{}`", self.document.id(*step)), Some(*caps)),
            None => ("the pipeline".to_owned(), self.document.caps.as_ref()),
        }
    }

    /// A step's grants narrow those around it.
    fn nest(&self, report: &mut Report) {
        let Some((_, own)) = self.steps.last().filter(|_| self.own) else { return };
        let (who, outer) = self.nearest(1);
        for (key, span) in &own.places {
            let Some(cap) = Cap::named(&key.text) else { continue };
            let Some(what) = wider(&own.caps.only(cap), outer) else { continue };
            let path = join(&join(self.path, "caps"), &key.text);
            let message = format!("the step grants `{}`, which {who} does not", shown(&what));
            let whose =
                if who == "the pipeline" { "the pipeline's".to_owned() } else { "its".to_owned() };
            let help = format!(
                "a step can only narrow what {who} grants: widen {whose} `caps`, or narrow this"
            );
            report
                .push(Diagnostic::new(&codes::CAPS_TOO_WIDE, *span, message).help(help).at(&path));
        }
    }

    /// A pipeline that a step runs has no more than the step.
    fn check_child(
        &self,
        child: &SubPipeline<'_>,
        caps: &Caps,
        compared: &mut Compared,
        report: &mut Report,
    ) {
        let (who, outer) = self.nearest(0);
        let graph = child.child.as_ref().map(|child| Arc::as_ptr(&child.graph).addr());
        let wider =
            compared.entry((graph, self.steps.last().map(|(step, _)| *step))).or_insert_with(
                || Cap::ALL.iter().filter_map(|cap| wider(&caps.only(*cap), outer)).collect(),
            );
        for what in wider {
            let message = format!(
                "`{}` grants `{}`, which {who} does not",
                shown(&child.reference.text),
                shown(what)
            );
            let mut problem = Diagnostic::new(&codes::CAPS_TOO_WIDE, child.reference.span, message);
            if let Some(outer) = outer {
                problem = problem.label(outer.span, format!("what {who} grants"));
            }
            let narrow = match child.from {
                From::File => "narrow those of that file",
                From::Registry(_) => "choose another pipeline",
            };
            report.push(
                problem
                    .help(format!("if that is intended, widen the `caps` of {who}; else {narrow}"))
                    .at(&join(self.path, "pipeline")),
            );
        }
    }

    /// Whether everyone around a call, and its step, grants what it needs.
    fn check(&self, call: &Call<'_>, key: &str, cap: Cap, report: &mut Report) {
        let Some(skill) = &call.skill else { return };
        let pipeline = self.document.caps.as_ref();
        let (place, decl) = if !pipeline.is_some_and(|caps| has(caps, cap)) {
            ("the pipeline's `caps`".to_owned(), pipeline)
        } else if let Some((step, caps)) = self.steps.iter().find(|(_, caps)| !has(caps, cap)) {
            let path = self.document.steps.get(*step).map_or("", |step| &step.path);
            (format!("`{path}.caps`"), Some(*caps))
        } else {
            return;
        };
        // The line that says no in so many words.
        let named =
            |key: &&(&crate::yaml::node::Text, crate::source::Span)| key.0.text == cap.name();
        let refusal = decl.and_then(|decl| decl.places.iter().find(named));
        let Proposal { line: wanted, behind } = proposal(cap, &skill.entry.ceiling);
        let help = if refusal.is_some() && cap == Cap::Http {
            format!(
                "an empty list allows no request at all; if some are intended, list them: `{wanted}`"
            )
        } else if refusal.is_some() && cap.line().is_some() {
            format!("an empty list allows nothing; if some is intended, list it: `{wanted}`")
        } else if refusal.is_some() {
            format!("if that is intended, write `{wanted}` in {place}")
        } else if pipeline.is_none() {
            format!("if that is intended, add `caps: {{ {wanted} }}` to the pipeline")
        } else {
            format!("if that is intended, add `{wanted}` to {place}")
        } + &behind;
        let message = format!(
            "`{}` needs the capability `{cap}`, which {place} does not grant",
            skill.entry.id
        );
        let mut problem =
            Diagnostic::new(&codes::CAPABILITY_NOT_GRANTED, call.reference.span, message);
        if let Some((_, span)) = refusal {
            problem = problem.label(*span, "grants nothing");
        }
        report.push(problem.help(help).at(&join(self.path, key)));
    }
}

/// A grant that what is around does not have. What is unclear there is reported there.
fn wider(one: &Caps, outer: Option<&CapsDecl<'_>>) -> Option<String> {
    let none = Caps::default();
    let problem = one.is_within(outer.map_or(&none, |outer| &outer.caps)).err()?;
    let what = problem.0.first()?.clone();
    let unclear = outer.map(|outer| outer.unclear.as_slice()).unwrap_or_default();
    let is_unclear = unclear.iter().any(|cap| one.only(*cap) == *one);
    (!is_unclear).then_some(what)
}

fn report_import(
    grants: &Grants<'_, '_>,
    call: &Call<'_>,
    key: &str,
    import: &str,
    report: &mut Report,
) {
    let Some(skill) = &call.skill else { return };
    let message = format!(
        "`{}` imports `{}`, which this version does not offer",
        skill.entry.id,
        shown(import)
    );
    report.push(
        Diagnostic::new(&codes::UNKNOWN_IMPORT, call.reference.span, message)
            .help("choose another version of the skill, or a later version of coldframe")
            .at(&join(grants.path, key)),
    );
}

/// Grants that nothing needs, but for those that `is_wrong` says have another problem.
fn unused(
    caps: &CapsDecl<'_>,
    needed: CapSet,
    (who, nobody): (&str, &str),
    path: &str,
    is_wrong: impl Fn(Cap) -> bool,
    report: &mut Report,
) {
    for (key, _) in &caps.places {
        let Some(cap) = Cap::named(&key.text) else { continue };
        let wrong = caps.unclear.contains(&cap) || is_wrong(cap);
        if needed.has(cap) || !has(caps, cap) || wrong {
            continue;
        }
        report.push(
            Diagnostic::new(
                &codes::UNUSED_CAPABILITY,
                key.span,
                format!("{who} grants `{cap}`, and {nobody} can use it"),
            )
            .help("remove it")
            .at(&join(path, cap.name())),
        );
    }
}
