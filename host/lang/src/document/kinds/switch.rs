//! `switch`: its cases, and when each applies.

use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::Body;
use crate::document::fields::{Fields, join, wrong_shape};
use crate::document::scalars::condition;
use crate::document::steps::{Here, Reader};
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// A `switch` as it is written.
#[derive(Debug)]
pub(crate) struct SwitchDecl<'n> {
    pub(crate) span: Span,
    pub(crate) on: Option<&'n Text>,
    pub(crate) cases: Vec<CaseDecl<'n>>,
    pub(crate) default: Option<usize>,
}

/// A case as it is written.
#[derive(Debug)]
pub(crate) struct CaseDecl<'n> {
    pub(crate) test: TestDecl<'n>,
    pub(crate) path: String,
    pub(crate) block: usize,
}

/// When a case applies.
#[derive(Debug)]
pub(crate) enum TestDecl<'n> {
    Is(Vec<&'n Node>),
    When(&'n Text),
    /// Reported already.
    Broken,
}

pub(super) fn read<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
    _with: Option<&'n Entry>,
    here: Here<'_>,
) -> Option<Body<'n>> {
    let path = join(here.path, "switch");
    let mut fields =
        Fields::like(node, &path, "switch: { on: verdict.label, cases: […] }", reader.report)?;
    let on = fields.take_entry("on");
    let list = fields.take("cases");
    let mut compares = None;
    let mut cases = Vec::new();
    for (index, item) in self::list(list, &path, reader.report).iter().enumerate() {
        let path = format!("{path}.cases[{index}]");
        let Some(mut fields) = Fields::of(item, &path, reader.report) else { continue };
        let is = fields.take_entry("is");
        compares = compares.or(is.map(|is| is.key.span));
        let test = test(is, &mut fields, &path, reader.report);
        let block = reader.block(&mut fields, here);
        fields.done("a case", &[], reader.report);
        cases.push(CaseDecl { test, path, block });
    }
    let default = fields.take("default").and_then(|node| {
        let mut fields = Fields::of(node, &join(&path, "default"), reader.report)?;
        let block = reader.block(&mut fields, here);
        fields.done("`default`", &[], reader.report);
        Some(block)
    });
    // With a default alone it is a block, which is what macros become.
    if list.is_none() && default.is_none() {
        let message = format!("`cases` is missing in `{path}`");
        reader.report.push(
            Diagnostic::new(&codes::MISSING_KEY, fields.span, message)
                .help("list the cases under `cases:`")
                .at(&path),
        );
    }
    on_and_is(on, compares, &path, reader.report);
    let found = on.and_then(|on| condition(Some(&on.value), &join(&path, "on"), reader.report));
    let span = fields.span;
    fields.done("`switch`", &[], reader.report);
    Some(Body::Switch(SwitchDecl { span, on: found, cases, default }))
}

fn list<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> &'n [Node] {
    let Some(node) = node else { return &[] };
    let path = join(path, "cases");
    let help = "begin each case with `- is: …` or `- when: …`";
    match &node.kind {
        NodeKind::List(items) if !items.is_empty() => items,
        NodeKind::List(_) => {
            let message = format!("`{path}` is empty, expected at least one case");
            report.push(
                Diagnostic::new(&codes::WRONG_SHAPE, node.span, message).help(help).at(&path),
            );
            &[]
        }
        _ => {
            report.push(wrong_shape(node, "a list of cases", &path).help(help));
            &[]
        }
    }
}

fn test<'n>(
    is: Option<&'n Entry>,
    fields: &mut Fields<'n>,
    path: &str,
    report: &mut Report,
) -> TestDecl<'n> {
    let when = fields.take_entry("when");
    match (is, when) {
        (Some(is), None) => values(&is.value, path, report),
        (None, Some(when)) => condition(Some(&when.value), &join(path, "when"), report)
            .map_or(TestDecl::Broken, TestDecl::When),
        (Some(is), Some(when)) => {
            report.push(
                Diagnostic::new(
                    &codes::WRONG_SHAPE,
                    when.key.span,
                    "a case has either `is` or `when`, and this one has both",
                )
                .label(is.key.span, "the other one")
                .help("put both into `when`")
                .at(path),
            );
            TestDecl::Broken
        }
        (None, None) => {
            let message = format!("`{path}` has neither `is` nor `when`");
            report.push(
                Diagnostic::new(&codes::MISSING_KEY, fields.span, message)
                    .help("say when the case applies: `is: …` or `when: …`; what is left goes to `default`")
                    .at(path),
            );
            TestDecl::Broken
        }
    }
}

/// A value, or a list of values.
fn values<'n>(node: &'n Node, path: &str, report: &mut Report) -> TestDecl<'n> {
    match &node.kind {
        NodeKind::List(items) if items.is_empty() => {
            let path = join(path, "is");
            let message = format!("`{path}` is empty, so the case would never apply");
            report.push(
                Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                    .help("list the values: `is: [billing, refund]`")
                    .at(&path),
            );
            TestDecl::Broken
        }
        NodeKind::List(items) => TestDecl::Is(items.iter().collect()),
        _ => TestDecl::Is(vec![node]),
    }
}

/// `on` is there for `is`, and `is` needs it.
fn on_and_is(on: Option<&Entry>, is: Option<Span>, path: &str, report: &mut Report) {
    match (on, is) {
        (None, Some(span)) => report.push(
            Diagnostic::new(
                &codes::MISSING_KEY,
                span,
                format!("`is` compares with `on`, which is missing in `{path}`"),
            )
            .help("name the value: `on: verdict.label`, or write conditions: `when: …`")
            .at(path),
        ),
        (Some(on), None) => report.push(
            Diagnostic::new(
                &codes::WRONG_SHAPE,
                on.key.span,
                "no case has `is`, so nothing is compared with `on`",
            )
            .help("remove it, or write `is: …` in a case")
            .at(&join(path, "on")),
        ),
        _ => {}
    }
}
