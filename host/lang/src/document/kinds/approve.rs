//! `approve`: the question and what a no does.

use crate::document::Body;
use crate::document::fields::{Fields, join, text};
use crate::document::scalars::choice;
use crate::document::steps::{Here, Reader};
use crate::graph::OnReject;
use crate::yaml::node::{Entry, Node};

/// An `approve` as it is written.
#[derive(Debug)]
pub(crate) struct ApproveDecl<'n> {
    /// `None` where it was reported.
    pub(crate) message: Option<&'n Node>,
    pub(crate) show: Option<&'n Node>,
    pub(crate) on_reject: OnReject,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "approve");
    let report = &mut *reader.report;
    let mut fields = Fields::like(node, &path, "approve: { message: \"Publish it?\" }", report)?;
    let message = fields
        .require("message", "say what is asked: `message: \"Publish it?\"`", report)
        .filter(|node| text(node, &join(&path, "message"), report).is_some());
    let show = fields.take("show");
    let values = [("fail", OnReject::Fail), ("continue", OnReject::Continue)];
    let on_reject = fields
        .take("on_reject")
        .and_then(|node| choice(node, "on_reject", &values, &join(&path, "on_reject"), report));
    fields.done("`approve`", &[], report);
    Some(Body::Approve(ApproveDecl { message, show, on_reject: on_reject.unwrap_or_default() }))
}
