//! A graph in Graphviz's language.

use std::fmt::Write as _;

use super::{blocks, is_conditional, label};
use crate::graph::Graph;

/// The drawing. A step that holds others is a cluster with a node of its own at the top; an edge
/// out of a step with a condition is dashed.
pub fn dot(graph: &Graph) -> String {
    let mut out =
        format!("digraph {} {{\n  rankdir=TB;\n", quoted(std::slice::from_ref(&graph.name)));
    out += "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
    block(graph, 0, 1, &mut out);
    for (index, step) in graph.steps.iter().enumerate() {
        for need in &step.needs {
            let style = if is_conditional(graph, *need) { " [style=dashed]" } else { "" };
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "  s{need} -> s{index}{style};");
        }
    }
    out + "}\n"
}

/// Depth is that of the blocks, which the compiler bounds.
fn block(graph: &Graph, index: usize, depth: usize, out: &mut String) {
    let Some(found) = graph.blocks.get(index) else { return };
    let pad = "  ".repeat(depth);
    for at in found.steps.clone() {
        let Some(step) = graph.steps.get(at) else { continue };
        let held = blocks(step);
        if held.is_empty() {
            let _ = writeln!(out, "{pad}s{at} [label={}];", quoted(&label(step)));
            continue;
        }
        let _ = writeln!(out, "{pad}subgraph cluster_s{at} {{");
        let _ = writeln!(out, "{pad}  s{at} [label={}, shape=plaintext];", quoted(&label(step)));
        for (inner, name) in held {
            let Some(name) = name else {
                block(graph, inner, depth + 1, out);
                continue;
            };
            let _ = writeln!(out, "{pad}  subgraph cluster_b{inner} {{");
            let _ = writeln!(out, "{pad}    label={};", quoted(&[name]));
            block(graph, inner, depth + 2, out);
            let _ = writeln!(out, "{pad}  }}");
        }
        let _ = writeln!(out, "{pad}}}");
    }
}

/// A string of Graphviz, lines under each other.
fn quoted(lines: &[String]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
