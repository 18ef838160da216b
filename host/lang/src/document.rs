//! The tree as a pipeline: which keys there are, and whether their values have the right shape.
//!
//! Knows nothing of other steps, skills or expressions. What is missing or of the wrong shape is
//! reported and left out, so that the stages behind can look at the rest.

mod fields;
mod header;
mod inputs;
mod rights;
mod steps;

use coldframe_format::Caps;
use semver::Version;
use serde_json::Value;

use crate::diagnostic::Report;
use crate::graph::Limits;
use crate::source::Span;
use crate::yaml::node::{Node, Text};

pub(crate) use fields::join;
pub(crate) use steps::RESERVED;

use fields::Fields;

/// A pipeline as it is written.
#[derive(Debug)]
pub(crate) struct Document<'n> {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) inputs: Vec<InputDecl<'n>>,
    pub(crate) limits: LimitsDecl<'n>,
    pub(crate) caps: Option<CapsDecl<'n>>,
    pub(crate) steps: Vec<StepDecl<'n>>,
    pub(crate) outputs: Vec<(&'n Text, &'n Node)>,
}

/// A declared input.
#[derive(Debug)]
pub(crate) struct InputDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) schema: Value,
    pub(crate) default: Option<Value>,
}

/// Limits with the place of each.
#[derive(Debug, Default)]
pub(crate) struct LimitsDecl<'n> {
    pub(crate) limits: Limits,
    /// By name.
    pub(crate) places: Vec<(&'n Text, Span)>,
}

/// Grants with their places.
#[derive(Debug)]
pub(crate) struct CapsDecl<'n> {
    pub(crate) caps: Caps,
    /// Those whose value was wrong and is reported already.
    pub(crate) unclear: Vec<&'n str>,
    /// By name.
    pub(crate) places: Vec<(&'n Text, Span)>,
}

/// A step as it is written.
#[derive(Debug)]
pub(crate) struct StepDecl<'n> {
    /// `steps[2]`
    pub(crate) path: String,
    pub(crate) span: Span,
    pub(crate) id: Option<&'n Text>,
    pub(crate) name: Option<String>,
    pub(crate) body: Body<'n>,
    pub(crate) needs: Vec<&'n Text>,
    pub(crate) when: Option<&'n Text>,
    pub(crate) limits: LimitsDecl<'n>,
    pub(crate) caps: Option<CapsDecl<'n>>,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Body<'n> {
    Uses {
        reference: &'n Text,
        with: Vec<(&'n Text, &'n Node)>,
    },
    Set(Vec<(&'n Text, &'n Node)>),
    /// Reported already.
    Broken,
}

/// Reads the pipeline out of the tree.
pub(crate) fn read<'n>(root: &'n Node, report: &mut Report) -> Option<Document<'n>> {
    let mut top = Fields::of(root, "", report)?;
    // Other kinds have other keys; there is nothing to say about those.
    header::api_version_and_kind(&mut top, report)?;
    let (name, version) = header::metadata(&mut top, report);
    let document = Document {
        name,
        version,
        inputs: inputs::read(top.take("inputs"), report),
        limits: rights::limits(top.take("limits"), "limits", report),
        caps: rights::caps(top.take("caps"), "caps", report),
        steps: steps::read(&mut top, report),
        outputs: fields::named_values(top.take("outputs"), "outputs", report),
    };
    top.done("a pipeline", &["policies", "tests", "macros", "env", "secrets", "on_error"], report);
    Some(document)
}
