//! `loop`: what is carried along, and when it ends.

use super::REPEATS_MAX;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::Body;
use crate::document::fields::{Fields, join};
use crate::document::scalars::{choice, condition, count};
use crate::document::steps::{Here, Reader};
use crate::graph::OnMax;
use crate::yaml::node::{Entry, Node, Text};

/// A `loop` as it is written.
#[derive(Debug)]
pub(crate) struct LoopDecl<'n> {
    pub(crate) state: Option<&'n Node>,
    pub(crate) whilst: Option<&'n Text>,
    pub(crate) until: Option<&'n Text>,
    pub(crate) max: u32,
    pub(crate) next: Option<&'n Node>,
    pub(crate) on_max: OnMax,
    pub(crate) block: usize,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "loop");
    let mut fields = Fields::like(node, &path, "loop: { max: 5, steps: […] }", reader.report)?;
    let report = &mut *reader.report;
    let state = fields.take("state");
    let (whilst, until) = (fields.take("while"), fields.take("until"));
    let asks = whilst.is_some() || until.is_some();
    let whilst = condition(whilst, &join(&path, "while"), report);
    let until = condition(until, &join(&path, "until"), report);
    let max = fields
        .require("max", "say when it ends at the latest: `max: 10`", report)
        .and_then(|node| count(node, "max", &(1..=REPEATS_MAX), &join(&path, "max"), report));
    let next = fields.take("next");
    let values = [("fail", OnMax::Fail), ("stop", OnMax::Stop)];
    let written = fields.take_entry("on_max");
    let on_max = written
        .and_then(|entry| choice(&entry.value, "on_max", &values, &join(&path, "on_max"), report));
    if let (Some(OnMax::Fail), Some(entry), false) = (on_max, written, asks) {
        let message = "the loop has neither `while` nor `until`, so it would always fail";
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, entry.value.span, message)
                .help("remove `on_max`, or say when the loop has done its work: `until: …`")
                .at(&join(&path, "on_max")),
        );
    }
    let block = reader.block(&mut fields, here);
    fields.done("`loop`", &[], reader.report);
    Some(Body::Loop(LoopDecl {
        state,
        whilst,
        until,
        // The run would not begin without it; the problem has been reported.
        max: max.unwrap_or(1),
        next,
        on_max: on_max.unwrap_or(if asks { OnMax::Fail } else { OnMax::Stop }),
        block,
    }))
}
