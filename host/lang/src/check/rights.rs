//! Capabilities: what a step's component imports is granted, and nothing is granted for nothing.

use coldframe_format::{CapNeeds, Caps};

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Body, CapsDecl, Document, StepDecl, join};
use crate::resolve::{Resolved, Skill};
use crate::shown::{sentence, shown};
use crate::source::Span;

/// Whether every import is covered by a grant, no step has more than the pipeline, and every grant
/// is of use to some step.
pub(super) fn needed_and_granted(
    document: &Document<'_>,
    resolved: &Resolved<'_>,
    report: &mut Report,
) {
    let mut needed = CapNeeds::default();
    // As long as a skill is unknown, so is what it needs.
    let mut all_known = true;
    for (decl, step) in document.steps.iter().zip(&resolved.steps) {
        within_pipeline(document, decl, report);
        let Some(skill) = &step.skill else {
            all_known &= matches!(decl.body, Body::Set(_));
            continue;
        };
        match skill.entry.interface.required_caps() {
            Ok(needs) => {
                needed = CapNeeds {
                    http: needed.http || needs.http,
                    log: needed.log || needs.log,
                    clock: needed.clock || needs.clock,
                    random: needed.random || needs.random,
                };
                for name in names(needs) {
                    granted(document, decl, skill, name, report);
                }
            }
            Err(unknown) => {
                all_known = false;
                report_import(decl, skill, &unknown.0, report);
            }
        }
    }
    if all_known {
        unused(document, needed, report);
    }
}

fn names(needs: CapNeeds) -> impl Iterator<Item = &'static str> {
    [("http", needs.http), ("log", needs.log), ("clock", needs.clock), ("random", needs.random)]
        .into_iter()
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

fn granted(
    document: &Document<'_>,
    decl: &StepDecl<'_>,
    skill: &Skill,
    name: &str,
    report: &mut Report,
) {
    let pipeline = document.caps.as_ref().is_some_and(|caps| has(caps, name));
    let step = decl.caps.as_ref().is_none_or(|caps| has(caps, name));
    if pipeline && step {
        return;
    }
    let wanted = match name {
        "http" => {
            let ceiling: Vec<String> = skill
                .entry
                .ceiling
                .http
                .iter()
                .map(|grant| format!("{:?}", grant.to_string()))
                .collect();
            let lines = if ceiling.is_empty() {
                "\"GET https://HOST/**\"".to_owned()
            } else {
                ceiling.join(", ")
            };
            format!("http: [{}]", sentence(&lines))
        }
        name => format!("{name}: true"),
    };
    let place =
        if pipeline { format!("`{}.caps`", decl.path) } else { "the pipeline's `caps`".to_owned() };
    let line = if document.caps.is_none() && !pipeline {
        format!("if that is intended, add `caps: {{ {wanted} }}` to the pipeline")
    } else {
        format!("if that is intended, add `{wanted}` to {place}")
    };
    report.push(
        Diagnostic::new(
            &codes::CAPABILITY_NOT_GRANTED,
            reference_span(decl),
            format!(
                "`{}` needs the capability `{name}`, which {place} does not grant",
                skill.entry.id
            ),
        )
        .help(line)
        .at(&join(&decl.path, "uses")),
    );
}

fn reference_span(decl: &StepDecl<'_>) -> Span {
    match &decl.body {
        Body::Uses { reference, .. } => reference.span,
        _ => decl.span,
    }
}

fn report_import(decl: &StepDecl<'_>, skill: &Skill, import: &str, report: &mut Report) {
    report.push(
        Diagnostic::new(
            &codes::UNKNOWN_IMPORT,
            reference_span(decl),
            format!(
                "`{}` imports `{}`, which this version does not offer",
                skill.entry.id,
                shown(import)
            ),
        )
        .help("choose another version of the skill, or a later version of coldframe")
        .at(&join(&decl.path, "uses")),
    );
}

/// A step's grants narrow the pipeline's.
fn within_pipeline(document: &Document<'_>, decl: &StepDecl<'_>, report: &mut Report) {
    let Some(caps) = &decl.caps else { return };
    let none = Caps::default();
    let pipeline = document.caps.as_ref().map_or(&none, |decl| &decl.caps);
    let unclear = document.caps.as_ref().map(|decl| decl.unclear.as_slice()).unwrap_or_default();
    for (key, span) in &caps.places {
        if unclear.contains(&key.text.as_str()) {
            continue;
        }
        let one = only(&caps.caps, &key.text);
        let Err(wider) = one.is_within(pipeline) else { continue };
        let what = wider.0.first().map_or("", String::as_str);
        let path = join(&join(&decl.path, "caps"), &key.text);
        report.push(
            Diagnostic::new(
                &codes::CAPS_TOO_WIDE,
                *span,
                format!("the step grants `{}`, which the pipeline does not", shown(what)),
            )
            .help("a step can only narrow what the pipeline grants: widen the pipeline's `caps`, or narrow this")
            .at(&path),
        );
    }
}

/// One capability of several.
fn only(caps: &Caps, name: &str) -> Caps {
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
