//! `steps`: the lists, and what each step says of itself.

use super::fields::{Fields, check_name, join, text, wrong_shape};
use super::kinds::{KINDS, Kind};
use super::{BlockDecl, Body, StepDecl, common, gates, rights, scalars};
use crate::codes;
use crate::diagnostic::{Diagnostic, Report};
use crate::expr;
use crate::source::Span;
use crate::yaml::node::{Entry, Node, NodeKind, Text};

/// Names that mean something else in expressions, now or later.
pub(crate) const RESERVED: &[&str] = &[
    "inputs", "run", "item", "index", "loop", "branches", "env", "secrets", "result", "steps",
    "totals", "events",
];

/// How deep steps that hold others may be nested. Everything that walks blocks recursively relies
/// on it.
pub(crate) const DEPTH_MAX: usize = 16;

/// The kinds of steps that the language will have, told apart by the key that names them.
const KINDS_LATER: &[&str] = &["jit"];

/// Keys of a step that the language will have.
const LATER: &[&str] = &["jit", "policies", "tests"];

/// All steps and blocks, as far as they are ones.
pub(super) fn read<'n>(
    top: &mut Fields<'n>,
    report: &mut Report,
) -> (Vec<StepDecl<'n>>, Vec<BlockDecl<'n>>) {
    let mut reader = Reader { steps: Vec::new(), blocks: Vec::new(), report };
    reader.open(String::new(), None);
    reader.steps(top, 0, 0);
    (reader.steps, reader.blocks)
}

/// Steps and blocks, as they are found.
pub(super) struct Reader<'n, 'r> {
    steps: Vec<StepDecl<'n>>,
    blocks: Vec<BlockDecl<'n>>,
    pub(super) report: &'r mut Report,
}

/// The place of a step whose body is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    /// The step, by place in the document.
    step: usize,
    /// How many blocks it stands in, its pipeline's own aside.
    depth: usize,
    /// The path of the step.
    pub(super) path: &'a str,
}

impl<'n> Reader<'n, '_> {
    fn open(&mut self, path: String, holder: Option<usize>) -> usize {
        self.blocks.push(BlockDecl { path, holder, steps: Vec::new(), output: None });
        self.blocks.len() - 1
    }

    /// `steps` and `output` of a step that holds them.
    pub(super) fn block(&mut self, fields: &mut Fields<'n>, here: Here<'_>) -> usize {
        let block = self.open(fields.here().to_owned(), Some(here.step));
        let output = fields.take("output");
        if let Some(block) = self.blocks.get_mut(block) {
            block.output = output;
        }
        self.steps(fields, block, here.depth + 1);
        block
    }

    /// The list under `steps`. Recurses, up to [`DEPTH_MAX`].
    fn steps(&mut self, fields: &mut Fields<'n>, block: usize, depth: usize) {
        let help = "list at least one step under `steps:`";
        let path = fields.path("steps");
        let Some(node) = fields.require("steps", help, self.report) else { return };
        let NodeKind::List(items) = &node.kind else {
            let problem = wrong_shape(node, "a list of steps", &path);
            self.report.push(problem.help("begin each step with `- id: …`"));
            return;
        };
        if items.is_empty() {
            let message = format!("`{path}` is empty, expected at least one step");
            self.report.push(
                Diagnostic::new(&codes::WRONG_SHAPE, node.span, message)
                    .help("begin each step with `- id: …`")
                    .at(&path),
            );
        }
        if depth > DEPTH_MAX {
            let message = format!("steps hold steps more than {DEPTH_MAX} deep");
            self.report.push(
                Diagnostic::new(&codes::TOO_DEEP, fields.span, message)
                    .help("move the inner steps into a pipeline of their own: `pipeline: ./inner.yml`")
                    .at(&path),
            );
            return;
        }
        for (index, item) in items.iter().enumerate() {
            self.step(item, format!("{path}[{index}]"), block, depth);
        }
    }

    fn step(&mut self, node: &'n Node, path: String, block: usize, depth: usize) {
        let Some(mut fields) = Fields::of(node, &path, self.report) else { return };
        let span = fields.span;
        let id = id(&mut fields, &path, self.report);
        let step = self.steps.len();
        if let Some(block) = self.blocks.get_mut(block) {
            block.steps.push(step);
        }
        let report = &mut *self.report;
        let below = |key: &str| join(&path, key);
        self.steps.push(StepDecl {
            span: id.map_or(span, |id| id.span),
            block,
            id,
            name: fields.take_text("name", report).map(|name| name.text.clone()),
            body: Body::Broken,
            needs: needs(fields.take("needs"), &below("needs"), report),
            when: scalars::condition(fields.take("when"), &below("when"), report),
            retry: common::retry(fields.take("retry"), &below("retry"), report),
            rate_limit: gates::rate_limit(fields.take("rate_limit"), &below("rate_limit"), report),
            circuit_breaker: gates::circuit_breaker(
                fields.take("circuit_breaker"),
                &below("circuit_breaker"),
                report,
            ),
            timeout: scalars::duration(
                fields.take("timeout"),
                "timeout",
                &below("timeout"),
                report,
            ),
            fallback: common::fallback(fields.take("fallback"), &below("fallback"), report),
            on_error: common::on_error(fields.take("on_error"), &below("on_error"), report),
            cache: None,
            limits: rights::limits(fields.take("limits"), &below("limits"), report),
            caps: rights::caps(fields.take("caps"), &below("caps"), report),
            path: path.clone(),
        });
        // What it stands for was put in its place before, or reported.
        let _expanded = fields.take("policy");
        let (body, cache) = self.body(&mut fields, node, Here { step, depth, path: &path });
        if let Some(decl) = self.steps.get_mut(step) {
            decl.body = body;
            decl.cache = cache;
        }
        fields.done("a step", LATER, self.report);
    }

    /// The one key that says what the step does, with those that belong to some kinds only.
    fn body(
        &mut self,
        fields: &mut Fields<'n>,
        node: &'n Node,
        here: Here<'_>,
    ) -> (Body<'n>, Option<(bool, Span)>) {
        let mut found: Vec<(&Kind, &'n Entry)> =
            KINDS.iter().filter_map(|kind| Some((kind, fields.take_entry(kind.key)?))).collect();
        // In the order of the source, for the message.
        found.sort_by_key(|(_, entry)| entry.key.span);
        let with = fields.take_entry("with");
        let cache = fields.take_entry("cache");
        let (kind, entry) = match found.as_slice() {
            [] => {
                // A kind of a later version is reported as that, among the left-over keys.
                if !KINDS_LATER.iter().any(|kind| node.get(kind).is_some()) {
                    self.report.push(nothing(fields.span, here.path));
                }
                return (Body::Broken, None);
            }
            [one] => *one,
            [first, second, ..] => {
                self.report.push(several(first, second, here.path));
                return (Body::Broken, None);
            }
        };
        if let Some(with) = with.filter(|_| !kind.with) {
            self.misplaced(with, kind, &["uses", "pipeline"], here.path);
        }
        if let Some(cache) = cache.filter(|_| !kind.cache) {
            self.misplaced(cache, kind, &["uses"], here.path);
        }
        let cache = cache.filter(|_| kind.cache).and_then(|entry| {
            let path = join(here.path, "cache");
            let cache = scalars::flag(&entry.value, &path, self.report)?;
            Some((cache, entry.value.span))
        });
        let body = (kind.read)(self, &entry.value, with.filter(|_| kind.with), here);
        (body.unwrap_or(Body::Broken), cache)
    }

    /// A key that stands on steps of some kinds only.
    fn misplaced(&mut self, entry: &Entry, kind: &Kind, of: &[&str], path: &str) {
        let key = &entry.key.text;
        let of: Vec<String> = of.iter().map(|kind| format!("`{kind}`")).collect();
        let message =
            format!("`{key}` belongs to {}, and this step has `{}`", of.join(" and "), kind.key);
        let help = match (key.as_str(), kind.key) {
            ("with", "set") => "move its values into `set`".to_owned(),
            ("with", "approve" | "wait") => "remove it".to_owned(),
            ("with", _) => {
                "remove it; what the step holds can name everything around it".to_owned()
            }
            _ => "remove it; only what a component computes from its arguments is kept".to_owned(),
        };
        self.report.push(
            Diagnostic::new(&codes::STEP_KIND, entry.key.span, message)
                .help(help)
                .at(&join(path, key)),
        );
    }
}

fn kinds() -> String {
    let keys: Vec<String> = KINDS.iter().map(|kind| format!("`{}`", kind.key)).collect();
    match keys.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn nothing(span: Span, path: &str) -> Diagnostic {
    let message = format!("the step does nothing, expected {}", kinds());
    Diagnostic::new(&codes::STEP_KIND, span, message)
        .help("call a skill: `uses: std/text#stats`, or compute values: `set: { … }`")
        .at(path)
}

fn several(first: &(&Kind, &Entry), second: &(&Kind, &Entry), path: &str) -> Diagnostic {
    let message =
        format!("a step does one thing, and this one has `{}` and `{}`", first.0.key, second.0.key);
    Diagnostic::new(&codes::STEP_KIND, second.1.key.span, message)
        .label(first.1.key.span, "the other one")
        .help(format!("make two steps of it; each has one of {}", kinds()))
        .at(path)
}

fn id<'n>(fields: &mut Fields<'n>, path: &str, report: &mut Report) -> Option<&'n Text> {
    let node = fields.require(
        "id",
        "give the step a name that expressions can use: `id: words`",
        report,
    )?;
    let path = join(path, "id");
    let id = text(node, &path, report)?;
    free_name(id, "step", &path, report);
    Some(id)
}

/// Whether a name can stand in expressions and means nothing else there. Reports where not.
pub(super) fn free_name(name: &Text, of: &str, path: &str, report: &mut Report) -> bool {
    let text = name.text.as_str();
    if !RESERVED.contains(&text) && !expr::KEYWORDS.contains(&text) {
        check_name(name, path, report);
        return true;
    }
    let message =
        format!("`{text}` means something else in expressions, so no {of} can be called that");
    report.push(
        Diagnostic::new(&codes::RESERVED_NAME, name.span, message)
            .help(format!("for example `{text}_{of}`"))
            .at(path),
    );
    false
}

fn needs<'n>(node: Option<&'n Node>, path: &str, report: &mut Report) -> Vec<&'n Text> {
    match node.map(|node| (&node.kind, node)) {
        None => Vec::new(),
        Some((NodeKind::String(text), _)) => vec![text],
        Some((NodeKind::List(items), _)) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| text(item, &format!("{path}[{index}]"), report))
            .collect(),
        Some((_, node)) => {
            report.push(wrong_shape(node, "the id of a step or a list of them", path));
            Vec::new()
        }
    }
}
