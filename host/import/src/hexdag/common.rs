//! What every node may say beside its work.

use coldframe_lang::shown::shown;

use super::documents::File;
use super::scope::Scope;
use super::{environment, spec};
use crate::fields::Fields;
use crate::note::codes;
use crate::out::step::Step;
use crate::out::{Map, Out};
use crate::values::{RETRIES_MAX, Values, duration};
use crate::work::Work;

/// What every node may say beside its work.
pub(super) fn common(step: &mut Step, spec: &mut Fields<'_, '_>, file: &File, scope: &Scope<'_>) {
    let work = scope.work;
    if let Some(node) = spec.take("when") {
        scope.at.set(node.place);
        step.when = Some(Values { work, names: scope, blocks: false }.expr(node));
    }
    if let Some((text, place)) = spec.take_text("timeout") {
        step.timeout = spec::timeout(text, place, work);
    }
    if step.timeout.is_none() && !step.body.has("wait") && !step.body.has("set") {
        step.timeout.clone_from(&file.timeout);
    }
    retry(step, spec, work);
    if let Some((handler, place)) = spec.take_text("on_error") {
        step.on_error = Some("continue");
        if scope.node(handler).is_none() {
            scope.unknown("node", handler, place);
            step.on_error = None;
        }
    }
    if let Some((false, _)) = spec.take_bool("critical") {
        step.on_error = Some("continue");
    }
}

pub(super) fn retry(step: &mut Step, spec: &mut Fields<'_, '_>, work: &Work) {
    let max = spec.take_text("max_retries").and_then(|(text, place)| {
        let text = environment::constant(text, place, work);
        let found = text.parse::<u32>().ok().filter(|found| *found <= RETRIES_MAX);
        if found.is_none() {
            work.untranslated(place, &text, "it is not a number of tries");
        }
        found
    });
    let mut retry = Map::default();
    if let Some(max) = max.filter(|max| *max > 0) {
        retry.put("max", Out::Bare(max.to_string()));
    } else {
        // Without tries the rest of it means nothing, and is reported so.
        return;
    }
    if let Some((text, place)) = spec.take_text("retry_backoff") {
        match text.parse::<f64>() {
            Ok(1.0) => retry.put("backoff", "constant"),
            Ok(factor) => {
                retry.put("backoff", "exponential");
                if factor != 2.0 {
                    let message = format!(
                        "delays double from try to try, and do not grow by {}",
                        shown(text)
                    );
                    work.notes.info(codes::DIFFERS, place, message, "");
                }
            }
            Err(_) if matches!(text, "constant" | "linear" | "exponential") => {
                retry.put("backoff", text);
            }
            Err(_) => drop(work.untranslated(place, text, "no way of waiting has this name")),
        }
    }
    for (theirs, ours) in [("retry_delay", "delay"), ("retry_max_delay", "max_delay")] {
        if let Some((text, place)) = spec.take_text(theirs) {
            match duration(&environment::constant(text, place, work)) {
                Some(found) => retry.put(ours, Out::Bare(found)),
                None => drop(work.untranslated(place, text, "it is not a length of time")),
            }
        }
    }
    retry.put("on", Out::texts(&["any".to_owned()]));
    step.retry = Some(retry);
}
