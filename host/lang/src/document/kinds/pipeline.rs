//! `pipeline`: another file with its inputs.

use super::arguments;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::fields::join;
use crate::document::scalars::plain_text;
use crate::document::steps::{Here, Reader};
use crate::document::{Body, Named};
use crate::shown::shown;
use crate::yaml::node::{Entry, Node, Text};

/// A `pipeline` as it is written.
#[derive(Debug)]
pub(crate) struct PipelineDecl<'n> {
    pub(crate) reference: &'n Text,
    pub(crate) with: Named<'n>,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "pipeline");
    let reference = plain_text(node, &path, reader.report)?;
    let with = arguments(with, &join(here.path, "with"), reader.report)?;
    let file = reference.text.as_str();
    let named = ["./", "../"].iter().any(|start| file.starts_with(start))
        || [".yml", ".yaml"].iter().any(|end| file.ends_with(end));
    if !named {
        let message = format!("`{}` is not a file, and pipelines are named by file", shown(file));
        reader.report.push(
            Diagnostic::new(&codes::UNKNOWN_FILE, reference.span, message)
                .help("write its path from here: `pipeline: ./triage.yml`; skills are called with `uses`")
                .at(&path),
        );
        return None;
    }
    Some(Body::Pipeline(PipelineDecl { reference, with }))
}
