//! `pipeline`: another file, or a pipeline of a registry, with its inputs.

use coldframe_format::SkillRef;
use coldframe_format::name::NameError;

use super::arguments;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::fields::join;
use crate::document::scalars::plain_text;
use crate::document::steps::{Here, Reader};
use crate::document::{Body, Named};
use crate::shown::{sentence, shown};
use crate::yaml::node::{Entry, Node, Text};

/// A `pipeline` as it is written.
#[derive(Debug)]
pub(crate) struct PipelineDecl<'n> {
    pub(crate) reference: &'n Text,
    pub(crate) from: From,
    pub(crate) with: Named<'n>,
}

/// Where a pipeline comes from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    /// A file; the reference is its path.
    File,
    /// A registry, by name and version.
    Registry(SkillRef),
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
    match from(reference) {
        Ok(from) => Some(Body::Pipeline(PipelineDecl { reference, from, with })),
        Err(problem) => {
            reader.report.push((*problem).at(&path));
            None
        }
    }
}

/// A path begins with `./` or `../` or ends like a file; everything else is a name.
fn from(reference: &Text) -> Result<From, Box<Diagnostic>> {
    let text = reference.text.as_str();
    let is_file = ["./", "../", "/"].iter().any(|start| text.starts_with(start))
        || [".yml", ".yaml"].iter().any(|end| text.ends_with(end));
    if is_file {
        return Ok(From::File);
    }
    let bad = |message: String, help: &str| {
        let problem = Diagnostic::new(&codes::BAD_PIPELINE_REFERENCE, reference.span, message);
        Box::new(problem.help(help))
    };
    let help =
        "write its path from here, `./triage.yml`, or its name in a registry, `acme/triage@^1`";
    match text.parse::<SkillRef>() {
        Ok(wanted) if wanted.operation.is_some() => Err(bad(
            format!("`{}` names an operation, and pipelines have none", shown(text)),
            "leave out `#` and what follows; operations of skills are called with `uses`",
        )),
        Ok(wanted) => Ok(From::Registry(wanted)),
        Err(NameError::Shape(_)) => {
            Err(bad(format!("`{}` is neither a file nor `namespace/name`", shown(text)), help))
        }
        Err(error) => Err(bad(sentence(&error.to_string()), help)),
    }
}
