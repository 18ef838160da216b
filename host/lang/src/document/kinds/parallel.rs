//! `parallel`: its branches, and when they are enough.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::Body;
use crate::document::fields::{Fields, check_name, join, wrong_shape};
use crate::document::scalars::{choice, count};
use crate::document::steps::{Here, Reader};
use crate::graph::{Join, Tie};
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// A `parallel` as it is written.
#[derive(Debug)]
pub(crate) struct ParallelDecl<'n> {
    pub(crate) branches: Vec<BranchDecl<'n>>,
    pub(crate) join: Join,
    pub(crate) output: Option<&'n Node>,
}

/// A branch as it is written.
#[derive(Debug)]
pub(crate) struct BranchDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) block: usize,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "parallel");
    let mut fields =
        Fields::like(node, &path, "parallel: { branches: { a: …, b: … } }", reader.report)?;
    let how = fields.take("join");
    let map =
        fields.require("branches", "name at least two: `branches: { a: …, b: … }`", reader.report);
    let output = fields.take("output");
    let mut branches = Vec::new();
    for entry in entries(map, &join(&path, "branches"), reader.report) {
        let path = join(&join(&path, "branches"), &entry.key.text);
        check_name(&entry.key, &path, reader.report);
        let Some(mut fields) = Fields::of(&entry.value, &path, reader.report) else { continue };
        let block = reader.block(&mut fields, here);
        fields.done("a branch", &[], reader.report);
        branches.push(BranchDecl { name: &entry.key, block });
    }
    let count = u32::try_from(map.map_or(0, Node::len)).unwrap_or(u32::MAX);
    let how = how.and_then(|node| joined(node, count, &join(&path, "join"), reader.report));
    fields.done("`parallel`", &[], reader.report);
    Some(Body::Parallel(ParallelDecl { branches, join: how.unwrap_or_default(), output }))
}

fn entries<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> &'n [Entry] {
    let Some(node) = node else { return &[] };
    let NodeKind::Map(entries) = &node.kind else {
        let problem = wrong_shape(node, "a map of branches", path);
        report.push(problem.help("give each branch a name: `branches: { a: { steps: […] } }`"));
        return &[];
    };
    if entries.len() < 2 {
        let found = if entries.is_empty() { "no branch" } else { "one branch" };
        let message = format!("`{path}` has {found}, expected at least two");
        report.push(
            Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                .help("add a branch, or put the steps where this one stands")
                .at(path),
        );
    }
    entries
}

/// `all`, `any`, `vote`, `{ quorum: 2 }`, `{ vote: { tie: first } }`.
fn joined(node: &Node, branches: u32, path: &str, report: &mut Report) -> Option<Join> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let words = [("all", Join::All), ("any", Join::Any), ("vote", Join::Vote(Tie::Fail))];
        if node.as_text().is_some_and(|text| text.text == "quorum") {
            let message = "`quorum` needs a number";
            report.push(
                Diagnostic::new(&codes::UNKNOWN_VALUE, node.span, message)
                    .help("write how many branches are enough: `join: { quorum: 2 }`")
                    .at(path),
            );
            return None;
        }
        return choice(node, "join", &words, path, report);
    }
    let mut fields = Fields::of(node, path, report)?;
    let span = fields.span;
    let quorum = fields.take("quorum");
    let vote = fields.take("vote");
    fields.done("`join`", &[], report);
    match (quorum, vote) {
        (Some(node), None) => {
            let range = 1..=branches.max(1);
            count(node, "quorum", &range, &join(path, "quorum"), report).map(Join::Quorum)
        }
        (None, Some(node)) => {
            let path = join(path, "vote");
            let mut fields = Fields::of(node, &path, report)?;
            let ties = [("fail", Tie::Fail), ("first", Tie::First)];
            let tie = fields.take("tie");
            let tie = tie.map(|node| choice(node, "tie", &ties, &join(&path, "tie"), report));
            fields.done("`vote`", &[], report);
            Some(Join::Vote(tie.unwrap_or(Some(Tie::Fail))?))
        }
        (Some(_), Some(_)) => {
            let message = format!("`{path}` has both `quorum` and `vote`, expected one of them");
            report.push(
                Diagnostic::new(&codes::WRONG_SHAPE, span, message).help("remove one").at(path),
            );
            None
        }
        (None, None) => {
            let message = format!("`{path}` has neither `quorum` nor `vote`");
            let help = "write `all`, `any`, `{ quorum: 2 }` or `{ vote: { tie: fail } }`";
            report.push(Diagnostic::new(&codes::MISSING_KEY, span, message).help(help).at(path));
            None
        }
    }
}
