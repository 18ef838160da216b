//! Capabilities: what a step's component imports is granted, and nothing is granted for nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_format::{CapNeeds, Caps};

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{CapsDecl, Document, From, join};
use crate::resolve::{Call, Resolved, SubPipeline, Work};
use crate::shown::{sentence, shown};

/// The capabilities by name.
const NAMES: [&str; 4] = ["http", "log", "clock", "random"];

/// Whether every import is covered by a grant, nothing has more than what is around it, and every
/// grant is of use to some step.
pub(super) fn needed_and_granted(
    document: &Document<'_>,
    resolved: &Resolved<'_>,
    report: &mut Report,
) {
    let mut needed = CapNeeds::default();
    // As long as a skill is unknown, so is what it needs.
    let mut all_known = true;
    let mut compared = Compared::new();
    for (index, step) in resolved.steps.iter().enumerate() {
        let grants = Grants::around(document, index);
        grants.nest(report);
        for (key, call) in step.calls() {
            let Some(skill) = &call.skill else {
                all_known = false;
                continue;
            };
            match skill.entry.interface.required_caps() {
                Ok(needs) => {
                    needed = both(needed, needs);
                    for name in names(needs) {
                        grants.check(call, key, name, report);
                    }
                }
                Err(unknown) => {
                    all_known = false;
                    report_import(&grants, call, key, &unknown.0, report);
                }
            }
        }
        match &step.work {
            Work::Broken => all_known = false,
            Work::Pipeline(child) => match &child.child {
                Some(compiled) => {
                    let caps = &compiled.graph.caps;
                    needed = both(
                        needed,
                        CapNeeds {
                            http: !caps.http.is_empty(),
                            log: caps.log,
                            clock: caps.clock,
                            random: caps.random,
                        },
                    );
                    grants.check_child(child, caps, &mut compared, report);
                }
                None => all_known = false,
            },
            _ => {}
        }
    }
    if all_known {
        unused(document, needed, report);
    }
}

fn both(a: CapNeeds, b: CapNeeds) -> CapNeeds {
    CapNeeds {
        http: a.http || b.http,
        log: a.log || b.log,
        clock: a.clock || b.clock,
        random: a.random || b.random,
    }
}

fn names(needs: CapNeeds) -> impl Iterator<Item = &'static str> {
    NAMES
        .into_iter()
        .zip([needs.http, needs.log, needs.clock, needs.random])
        .filter_map(|(name, needed)| needed.then_some(name))
}

/// Whether it is granted, or was meant to be.
fn has(decl: &CapsDecl<'_>, name: &str) -> bool {
    let granted = match name {
        "http" => !decl.caps.http.is_empty(),
        "log" => decl.caps.log,
        "clock" => decl.caps.clock,
        _ => decl.caps.random,
    };
    granted || decl.unclear.contains(&name)
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
            let one = only(&own.caps, &key.text);
            let Some(what) = wider(&one, outer) else { continue };
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
        let wider = compared
            .entry((graph, self.steps.last().map(|(step, _)| *step)))
            .or_insert_with(|| NAMES.iter().filter_map(|n| wider(&only(caps, n), outer)).collect());
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
    fn check(&self, call: &Call<'_>, key: &str, name: &str, report: &mut Report) {
        let Some(skill) = &call.skill else { return };
        let pipeline = self.document.caps.as_ref();
        let place = if !pipeline.is_some_and(|caps| has(caps, name)) {
            "the pipeline's `caps`".to_owned()
        } else if let Some((step, _)) = self.steps.iter().find(|(_, caps)| !has(caps, name)) {
            format!("`{}.caps`", self.document.steps.get(*step).map_or("", |step| &step.path))
        } else {
            return;
        };
        let wanted = match name {
            "http" => {
                let ceiling = skill.entry.ceiling.http.iter();
                let ceiling: Vec<String> =
                    ceiling.map(|grant| format!("{:?}", grant.to_string())).collect();
                let lines = if ceiling.is_empty() {
                    "\"GET https://HOST/**\"".to_owned()
                } else {
                    ceiling.join(", ")
                };
                format!("http: [{}]", sentence(&lines))
            }
            name => format!("{name}: true"),
        };
        let line = if pipeline.is_none() {
            format!("if that is intended, add `caps: {{ {wanted} }}` to the pipeline")
        } else {
            format!("if that is intended, add `{wanted}` to {place}")
        };
        let message = format!(
            "`{}` needs the capability `{name}`, which {place} does not grant",
            skill.entry.id
        );
        report.push(
            Diagnostic::new(&codes::CAPABILITY_NOT_GRANTED, call.reference.span, message)
                .help(line)
                .at(&join(self.path, key)),
        );
    }
}

/// A grant that what is around does not have. What is unclear there is reported there.
fn wider(one: &Caps, outer: Option<&CapsDecl<'_>>) -> Option<String> {
    let none = Caps::default();
    let problem = one.is_within(outer.map_or(&none, |outer| &outer.caps)).err()?;
    let what = problem.0.first()?.clone();
    let unclear = outer.map(|outer| outer.unclear.as_slice()).unwrap_or_default();
    let is_unclear = unclear.iter().any(|name| only(one, name) == *one);
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

/// One capability of several.
pub(super) fn only(caps: &Caps, name: &str) -> Caps {
    let mut one = Caps::default();
    match name {
        "http" => one.http.clone_from(&caps.http),
        "log" => one.log = caps.log,
        "clock" => one.clock = caps.clock,
        _ => one.random = caps.random,
    }
    one
}

fn unused(document: &Document<'_>, needed: CapNeeds, report: &mut Report) {
    let Some(caps) = &document.caps else { return };
    for (key, _) in &caps.places {
        let name = key.text.as_str();
        let of_use = names(needed).any(|needed| needed == name);
        if of_use || !has(caps, name) || caps.unclear.contains(&name) {
            continue;
        }
        report.push(
            Diagnostic::new(
                &codes::UNUSED_CAPABILITY,
                key.span,
                format!("the pipeline grants `{}`, and no step can use it", key.text),
            )
            .help("remove it")
            .at(&join("caps", &key.text)),
        );
    }
}
