//! `set`: values by name.

use crate::document::Body;
use crate::document::fields::{join, named_values};
use crate::document::steps::{Here, Reader};
use crate::yaml::node::{Entry, Node};

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    Some(Body::Set(named_values(Some(node), &join(here.path, "set"), reader.report)))
}
