//! `map`: what its block runs for, and how.

use super::REPEATS_MAX;
use crate::document::Body;
use crate::document::fields::{Fields, join, wrong_shape};
use crate::document::scalars::{choice, count};
use crate::document::steps::{Here, Reader, free_name};
use crate::graph::{ITEMS_MAX, OnItemError, SIDE_BY_SIDE};
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// The most items that are worked on at the same time.
const CONCURRENT_MAX: u32 = 1_024;

/// A `map` as it is written.
#[derive(Debug)]
pub(crate) struct MapDecl<'n> {
    /// A string is an expression. `None` where it was reported.
    pub(crate) over: Option<&'n Node>,
    /// What stands after `as`.
    pub(crate) name: Option<&'n Text>,
    pub(crate) max: u32,
    pub(crate) max_concurrent: u32,
    pub(crate) on_error: OnItemError,
    pub(crate) block: usize,
}

impl MapDecl<'_> {
    /// What the item is called.
    pub(crate) fn item(&self) -> &str {
        self.name.map_or("item", |name| &name.text)
    }
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "map");
    let mut fields =
        Fields::like(node, &path, "map: { over: inputs.items, steps: […] }", reader.report)?;
    let report = &mut *reader.report;
    let help = "name a list or an object: `over: inputs.items`";
    let over = fields.require("over", help, report).filter(|node| {
        let good = matches!(node.kind, NodeKind::String(_) | NodeKind::List(_) | NodeKind::Map(_));
        if !good {
            let expected = "an expression, a list or a map";
            report.push(wrong_shape(node, expected, &join(&path, "over")).help(help));
        }
        good
    });
    let name = fields.take_text("as", report);
    let name = name
        .filter(|name| name.text == "item" || free_name(name, "item", &join(&path, "as"), report));
    let mut number = |key: &'static str, range| {
        let node = fields.take(key)?;
        count(node, key, &range, &join(&path, key), report)
    };
    let max = number("max", 1..=REPEATS_MAX);
    let max_concurrent = number("max_concurrent", 1..=CONCURRENT_MAX);
    let values = [
        ("fail", OnItemError::Fail),
        ("skip", OnItemError::Skip),
        ("collect", OnItemError::Collect),
    ];
    let on_error = fields
        .take("on_error")
        .and_then(|node| choice(node, "on_error", &values, &join(&path, "on_error"), report));
    let block = reader.block(&mut fields, here);
    fields.done("`map`", &[], reader.report);
    Some(Body::Map(MapDecl {
        over,
        name,
        max: max.unwrap_or(ITEMS_MAX),
        max_concurrent: max_concurrent.unwrap_or(SIDE_BY_SIDE),
        on_error: on_error.unwrap_or_default(),
        block,
    }))
}
