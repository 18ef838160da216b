//! No pipeline has more than the ceilings that a `Config` sets. Steps need no look of their own:
//! they have no more than their pipeline.

use coldframe_format::Cap;

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{Document, join};
use crate::load::Ceiling;
use crate::shown::shown;
use crate::source::Span;

/// Compares limits and grants of the pipeline with every ceiling.
pub(crate) fn within(document: &Document<'_>, ceilings: &[&Ceiling<'_>], report: &mut Report) {
    for ceiling in ceilings {
        let name = shown(&ceiling.name);
        for (key, span) in &document.limits.places {
            let Some((_, place)) = ceiling.limits.places.iter().find(|(k, _)| k.text == key.text)
            else {
                continue;
            };
            if document.limits.limits.exceeds(&ceiling.limits.limits, &key.text) {
                let message = format!("`{}` is more than the ceiling of `{name}`", key.text);
                push(*span, message, *place, &join("limits", &key.text), report);
            }
        }
        let (Some(caps), Some(most)) = (&document.caps, &ceiling.caps) else { continue };
        for (key, span) in &caps.places {
            let Some(cap) = Cap::named(&key.text).filter(|cap| !most.unclear.contains(cap)) else {
                continue;
            };
            let Err(wider) = caps.caps.only(cap).is_within(&most.caps) else { continue };
            let what = wider.0.first().map_or("", String::as_str);
            let message =
                format!("`{}` is granted, which is more than the ceiling of `{name}`", shown(what));
            let place = most.places.iter().find(|(k, _)| k.text == key.text);
            let place = place.map_or(most.span, |(_, place)| *place);
            push(*span, message, place, &join("caps", &key.text), report);
        }
    }
}

fn push(span: Span, message: String, ceiling: Span, path: &str, report: &mut Report) {
    report.push(
        Diagnostic::new(&codes::ABOVE_CEILING, span, message)
            .label(ceiling, "the ceiling")
            .help("lower it, or ask those who keep the `Config` to raise the ceiling")
            .at(path),
    );
}
