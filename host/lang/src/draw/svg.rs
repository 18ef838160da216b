//! A graph as SVG. Colours follow the reader's light or dark setting.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::is_conditional;
use super::layout::{Placed, block};
use crate::graph::Graph;

const MARGIN: usize = 16;

const STYLE: &str = "\
text{font:13px ui-monospace,monospace;fill:#1f2937}\
.n{font-weight:600}\
rect{fill:#f8fafc;stroke:#64748b;rx:6}\
.b{fill:none;stroke-dasharray:4 3}\
path{fill:none;stroke:#64748b}\
.c{stroke-dasharray:5 4}\
@media(prefers-color-scheme:dark){text{fill:#e5e7eb}rect{fill:#1e293b;stroke:#94a3b8}path{stroke:#94a3b8}}";

/// The drawing, as a whole document.
pub fn svg(graph: &Graph) -> String {
    let (boxes, width, height) = block(graph, 0);
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut places = BTreeMap::new();
    let mut body = String::new();
    for one in &boxes {
        draw(one, MARGIN, MARGIN, &mut places, &mut body);
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 1L7 4L0 7\"/></marker></defs>\n",
        escaped(&graph.name)
    );
    out += &body;
    // Over the boxes: an edge between two steps of a block would vanish behind the box of the
    // step that holds it.
    edges(graph, &places, &mut out);
    out + "</svg>\n"
}

/// The box of a step in the picture: x, y, width, height.
type Places = BTreeMap<usize, (usize, usize, usize, usize)>;

/// Depth is that of the blocks, which the compiler bounds.
fn draw(one: &Placed, x: usize, y: usize, places: &mut Places, out: &mut String) {
    let (x, y) = (x + one.x, y + one.y);
    let (width, height) = (one.width, one.height);
    if let Some(step) = one.step {
        places.insert(step, (x, y, width, height));
    }
    if one.step.is_some() || !one.lines.is_empty() {
        let class = if one.step.is_some() { "" } else { " class=\"b\"" };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{class}/>"
        );
    }
    for (number, line) in one.lines.iter().enumerate() {
        let class = if number == 0 && one.step.is_some() { " class=\"n\"" } else { "" };
        let (tx, ty) = (x + 12, y + 24 + number * 16);
        let _ = writeln!(out, "<text x=\"{tx}\" y=\"{ty}\"{class}>{}</text>", escaped(line));
    }
    for inner in &one.inside {
        draw(inner, x, y, places, out);
    }
}

fn edges(graph: &Graph, places: &Places, out: &mut String) {
    for (index, step) in graph.steps.iter().enumerate() {
        let Some((x, y, width, _)) = places.get(&index) else { continue };
        for need in &step.needs {
            let Some((from_x, from_y, from_width, from_height)) = places.get(need) else {
                continue;
            };
            let class = if is_conditional(graph, *need) { " class=\"c\"" } else { "" };
            let (x1, y1) = (from_x + from_width / 2, from_y + from_height);
            let (x2, y2) = (x + width / 2, *y);
            let middle = usize::midpoint(y1, y2);
            let _ = writeln!(
                out,
                "<path d=\"M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}\" marker-end=\"url(#a)\"{class}/>"
            );
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
