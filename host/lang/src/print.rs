//! A graph as the text of a pipeline: for graphs that no person wrote, and for comparing texts.
//!
//! The text compiles to the same graph, but for the digest of its source and the places in it.
//! Versions are exact (`@=1.2.3`), and steps stand in the order in which they can run.

pub(crate) mod parts;
pub(crate) mod steps;
#[cfg(test)]
mod tests;
pub(crate) mod values;

use semver::Version;

use crate::fmt::print::print;
use crate::fmt::tree::{Document, Item, Written};
use crate::graph::Graph;

use parts::{flow, list, opened, text};

/// The graph as a pipeline file, formatted.
///
/// Descriptions and comments are not in a graph, so they are not in the text.
pub fn to_yaml(graph: &Graph) -> String {
    let mut metadata = vec![("name", text(&graph.name))];
    if graph.version != Version::new(0, 0, 0) {
        metadata.push(("version", text(&graph.version.to_string())));
    }
    let mut top = vec![
        ("apiVersion", text("coldframe/v1")),
        ("kind", text("Pipeline")),
        ("metadata", flow(metadata)),
    ];
    if !graph.inputs.is_empty() {
        let inputs = graph.inputs.iter();
        top.push((
            "inputs",
            opened(inputs.map(|(name, input)| (name, values::value(&input.schema)))),
        ));
    }
    top.extend(parts::limits(&graph.limits));
    top.extend(parts::caps(Some(&graph.caps).filter(|caps| !caps.is_empty())));
    top.extend(parts::adapters(&graph.adapters));
    top.push(("steps", steps::steps(graph, 0)));
    if !graph.outputs.is_empty() {
        let outputs = graph.outputs.iter();
        top.push(("outputs", opened(outputs.map(|(name, value)| (name, values::template(value))))));
    }
    if !graph.policies.is_empty() {
        top.push(("policies", list(graph.policies.iter().map(parts::policy))));
    }
    if !graph.tests.is_empty() {
        top.push(("tests", list(graph.tests.iter().map(parts::test))));
    }
    escaped(&document(opened(top)))
}

/// In a file `${NAME}` is a value of the environment; in a graph it is a text. `${{` is a dollar
/// sign in front of a hole.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        if !found.starts_with("${{") {
            out.push('$');
        }
        out.push_str("${");
        rest = found.get(2..).unwrap_or_default();
    }
    out + rest
}

/// Limits as a map, if there are any.
pub(crate) fn parts_of_limits(limits: &crate::graph::Limits) -> Option<Written> {
    parts::limits(limits).map(|(_, value)| value)
}

/// A value alone, as text.
pub(crate) fn alone(value: Written) -> String {
    document(value).trim_end().to_owned()
}

fn document(root: Written) -> String {
    print(&Document { head: Vec::new(), root: Item::new(None, root), foot: Vec::new(), body: 0..0 })
}
