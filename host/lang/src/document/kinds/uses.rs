//! `uses`: a call with its arguments.

use crate::diagnostic::Report;
use crate::document::fields::{join, text, wrong_shape};
use crate::document::steps::{Here, Reader};
use crate::document::{Body, Named};
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// A call as it is written.
#[derive(Debug)]
pub(crate) struct CallDecl<'n> {
    pub(crate) reference: &'n Text,
    pub(crate) with: Named<'n>,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let reference = text(node, &join(here.path, "uses"), reader.report)?;
    let with = arguments(with, &join(here.path, "with"), reader.report)?;
    Some(Body::Uses(CallDecl { reference, with }))
}

/// The arguments. Their names are looked at when it is known what takes them.
pub(in crate::document) fn arguments<'n>(
    with: Option<&'n Entry>,
    path: &str,
    report: &mut Report,
) -> Option<Named<'n>> {
    let Some(with) = with else { return Some(Vec::new()) };
    let NodeKind::Map(entries) = &with.value.kind else {
        let problem = wrong_shape(&with.value, "a map of arguments", path);
        report.push(problem.help("write `with: { name: value }`"));
        return None;
    };
    Some(entries.iter().map(|entry| (&entry.key, &entry.value)).collect())
}
