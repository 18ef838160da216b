//! Where the boxes stand: rows by distance from the start, blocks inside of the steps that hold
//! them. Whole pixels, so that the same graph gives the same picture everywhere.

use super::{blocks, label};
use crate::graph::{Graph, Step};

const CHAR_WIDTH: usize = 8;
const LINE_HEIGHT: usize = 16;
const PAD: usize = 12;
const GAP_X: usize = 24;
const GAP_Y: usize = 40;

/// A box with what is inside of it. Places are from the box around it.
#[derive(Debug)]
pub(super) struct Placed {
    /// The step; none for a block with a name.
    pub(super) step: Option<usize>,
    pub(super) lines: Vec<String>,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) inside: Vec<Placed>,
}

/// The boxes of a block, with the width and height they take. Depth is that of the blocks, which
/// the compiler bounds.
pub(super) fn block(graph: &Graph, index: usize) -> (Vec<Placed>, usize, usize) {
    let steps = graph.blocks.get(index).map_or(0..0, |block| block.steps.clone());
    let first = steps.start;
    let mut rows: Vec<Vec<Placed>> = Vec::new();
    let mut row_of: Vec<usize> = Vec::with_capacity(steps.len());
    for at in steps {
        let Some(step) = graph.steps.get(at) else { continue };
        let above = step.needs.iter().filter_map(|need| row_of.get(need.checked_sub(first)?));
        let row = above.max().map_or(0, |row| row + 1);
        row_of.push(row);
        if rows.len() <= row {
            rows.resize_with(row + 1, Vec::new);
        }
        if let Some(row) = rows.get_mut(row) {
            row.push(place(graph, at, step));
        }
    }
    rows_under_each_other(rows)
}

fn rows_under_each_other(mut rows: Vec<Vec<Placed>>) -> (Vec<Placed>, usize, usize) {
    let row_width = |row: &[Placed]| {
        row.iter().map(|one| one.width).sum::<usize>() + GAP_X * row.len().saturating_sub(1)
    };
    let width = rows.iter().map(|row| row_width(row)).max().unwrap_or(0);
    let mut y = 0;
    for row in &mut rows {
        let mut x = (width - row_width(row)) / 2;
        let height = row.iter().map(|one| one.height).max().unwrap_or(0);
        for one in row.iter_mut() {
            one.x = x;
            one.y = y;
            x += one.width + GAP_X;
        }
        y += height + GAP_Y;
    }
    (rows.into_iter().flatten().collect(), width, y.saturating_sub(GAP_Y))
}

fn place(graph: &Graph, at: usize, step: &Step) -> Placed {
    let mut inside = Vec::new();
    for (index, name) in blocks(step) {
        let (mut boxes, mut width, mut height) = block(graph, index);
        let lines: Vec<String> = name.into_iter().collect();
        let head = lines.len() * LINE_HEIGHT;
        if !lines.is_empty() {
            for one in &mut boxes {
                one.x += PAD;
                one.y += PAD + head;
            }
            width = (width + 2 * PAD).max(text_width(&lines) + 2 * PAD);
            height += 2 * PAD + head;
        }
        inside.push(Placed { step: None, lines, x: 0, y: 0, width, height, inside: boxes });
    }
    let lines = label(step);
    let head = lines.len() * LINE_HEIGHT + 2 * PAD;
    let (mut inside, inner_width, inner_height) = rows_under_each_other(vec![inside]);
    let width = (inner_width + if inside.is_empty() { 0 } else { 2 * PAD })
        .max(text_width(&lines) + 2 * PAD);
    for one in &mut inside {
        one.x += (width - inner_width) / 2;
        one.y += head;
    }
    let height = if inside.is_empty() { head } else { head + inner_height + PAD };
    Placed { step: Some(at), lines, x: 0, y: 0, width, height, inside }
}

fn text_width(lines: &[String]) -> usize {
    lines.iter().map(|line| line.chars().count() * CHAR_WIDTH).max().unwrap_or(0)
}
