//! `macro`: the block that a use of a macro was written out to. No file has such a map: where a
//! step has `macro`, its value is a name until then.

use crate::document::Body;
use crate::document::fields::{Fields, join};
use crate::document::kinds::SwitchDecl;
use crate::document::steps::{Here, Reader};
use crate::yaml::node::{Entry, Node};

/// A block that always runs.
pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "macro");
    let mut fields = Fields::of(node, &path, reader.report)?;
    let block = reader.block(&mut fields, here);
    fields.done("a macro", &[], reader.report);
    Some(Body::Switch(SwitchDecl {
        span: node.span,
        on: None,
        cases: Vec::new(),
        default: Some(block),
    }))
}
