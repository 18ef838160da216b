//! `kind: Macro`: steps with parameters, written once for many places.

use jsonschema::Validator;

use super::documents::{first, twice};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{fields, header, inputs};
use crate::inputs::schema;
use crate::source::Span;
use crate::yaml::node::{Node, NodeKind};

use fields::Fields;

/// A `Macro` as it is written.
#[derive(Debug)]
pub(super) struct Macro<'n> {
    pub(super) name: String,
    pub(super) span: Span,
    /// Where the parameters are declared.
    pub(super) declared: Span,
    pub(super) parameters: Vec<Parameter<'n>>,
    pub(super) steps: &'n Node,
    pub(super) output: &'n Node,
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter<'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
    /// None where the schema is wrong, and reported.
    pub(super) schema: Option<Validator>,
    /// Used where no argument is given.
    pub(super) default: Option<&'n Node>,
}

/// Reads a `Macro` and adds it to the others.
///
/// `patterns` counts the regular expressions of all macros.
pub(super) fn read<'n>(
    document: &'n Node,
    found: &mut Vec<Macro<'n>>,
    patterns: &mut usize,
    report: &mut Report,
) {
    let Some(mut top) = Fields::of(document, "", report) else { return };
    header::api_version(&mut top, report);
    top.take("kind");
    let (name, _) = header::metadata(&mut top, report);
    let span = first(document);
    let declared = top.take_entry("parameters");
    let schemas = declared.map(|entry| &entry.value);
    let parameters = inputs::read(schemas, "parameters", patterns, report)
        .into_iter()
        .map(|input| Parameter {
            name: &input.name.text,
            span: input.name.span,
            default: declared.and_then(|entry| entry.value.get(&input.name.text)?.get("default")),
            schema: schema::compile(&input.schema).ok(),
        })
        .collect();
    let steps = top.require("steps", "list at least one step under `steps:`", report);
    let help = "say what a use comes to: `output: \"{{ words }}\"`";
    let output = top.require("output", help, report);
    top.done("a macro", &["caps", "limits", "tests"], report);
    let (Some(steps), Some(output)) = (steps, output) else { return };
    if steps.len() == 0 || !matches!(steps.kind, NodeKind::List(_)) {
        let problem = fields::wrong_shape(steps, "a list with at least one step", "steps");
        report.push(problem.help("begin each step with `- id: …`"));
        return;
    }
    if let Some(before) = found.iter().find(|other| other.name == name) {
        report.push(twice("macros", &name, span, before.span));
        return;
    }
    let declared = declared.map_or(span, |entry| entry.key.span);
    refuse_params(steps, report);
    found.push(Macro { name, span, declared, parameters, steps, output });
}

/// No step takes the name that the parameters have.
fn refuse_params(steps: &Node, report: &mut Report) {
    let NodeKind::List(items) = &steps.kind else { return };
    for (index, item) in items.iter().enumerate() {
        let Some(id) = item.get("id").and_then(Node::as_text).filter(|id| id.text == PARAMS) else {
            continue;
        };
        let message = "`params` are the parameters, so no step of a macro can be called that";
        report.push(
            Diagnostic::new(&codes::RESERVED_NAME, id.span, message)
                .help("for example `params_step`")
                .at(&format!("steps[{index}].id")),
        );
    }
}

/// What expressions in a macro call the parameters.
pub(super) const PARAMS: &str = "params";
