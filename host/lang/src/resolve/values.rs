//! Values and conditions to trees whose names are bound.

use std::collections::BTreeMap;
use std::ops::Range;

use super::names::{Names, View};
use super::place::{Locator, Place};
use super::tree::{Bound, BoundUse, Part, Target, Tree, TreeKind};
use crate::codes::{self, Code};
use crate::diagnostic::{Diagnostic, Report};
use crate::document::join;
use crate::expr::holes::{self, Piece};
use crate::expr::scan::{self, ErrorKind, ExprError, Use};
use crate::shown::shown;
use crate::source::Span;
use crate::sources::Sources;
use crate::yaml::node::{Node, NodeKind, Text};

/// Binds the names of one step, or of the outputs.
pub(super) struct Binder<'r, 'n> {
    pub(super) names: &'r Names<'r, 'n>,
    pub(super) sources: &'r Sources,
    /// The step that is looked at; the pipeline's outputs are none.
    pub(super) owner: Option<usize>,
    pub(super) view: View,
    /// By step: those it comes after, each with the first place that says so.
    pub(super) needs: &'r mut [BTreeMap<usize, Span>],
    pub(super) report: &'r mut Report,
}

impl<'r, 'n> Binder<'r, 'n> {
    pub(super) fn new(
        names: &'r Names<'r, 'n>,
        sources: &'r Sources,
        owner: Option<usize>,
        view: View,
        needs: &'r mut [BTreeMap<usize, Span>],
        report: &'r mut Report,
    ) -> Self {
        Self { names, sources, owner, view, needs, report }
    }

    /// Looks from elsewhere.
    pub(super) fn look(&mut self, view: View) {
        self.view = view;
    }

    pub(super) fn values(
        &mut self,
        values: &[(&'n Text, &'n Node)],
        path: &str,
    ) -> Vec<(&'n Text, Tree<'n>)> {
        values
            .iter()
            .map(|(name, node)| (*name, self.tree(node, &join(path, &name.text))))
            .collect()
    }

    /// A text that is one expression.
    pub(super) fn expression(&mut self, text: &'n Text, path: &str) -> Tree<'n> {
        let kind = self.condition(text, path).map_or(TreeKind::Broken, TreeKind::Whole);
        Tree { span: text.span, kind }
    }

    /// A value that is known before the run begins.
    pub(super) fn literal(&mut self, node: &'n Node, path: &str) -> Tree<'n> {
        let tree = self.tree(node, path);
        if !tree.has_holes() {
            return tree;
        }
        self.report.push(
            Diagnostic::new(
                &codes::TEMPLATE_NOT_HERE,
                node.span,
                "`is` compares with fixed values, and has no holes",
            )
            .help("write a condition: `when: …`")
            .at(path),
        );
        Tree { span: node.span, kind: TreeKind::Broken }
    }

    /// Depth is bounded by the reader.
    pub(super) fn tree(&mut self, node: &'n Node, path: &str) -> Tree<'n> {
        let kind = match &node.kind {
            NodeKind::Null => TreeKind::Null,
            NodeKind::Bool(value) => TreeKind::Bool(*value),
            NodeKind::Number(number) => TreeKind::Number(number),
            NodeKind::String(text) => self.text(text, path),
            NodeKind::List(items) => TreeKind::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.tree(item, &format!("{path}[{index}]")))
                    .collect(),
            ),
            NodeKind::Map(entries) => TreeKind::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let path = join(path, &entry.key.text);
                        self.refuse_holes(&entry.key, &path);
                        (&entry.key, self.tree(&entry.value, &path))
                    })
                    .collect(),
            ),
        };
        Tree { span: node.span, kind }
    }

    /// A hole in a key would be taken for text.
    fn refuse_holes(&mut self, key: &Text, path: &str) {
        if key.text.contains("{{") {
            self.report.push(
                Diagnostic::new(
                    &codes::TEMPLATE_NOT_HERE,
                    key.span,
                    "keys have no holes, only values have",
                )
                .help("build the map in an expression: `\"{{ {inputs.key: 1} }}\"`")
                .at(path),
            );
        }
    }

    fn text(&mut self, text: &'n Text, path: &str) -> TreeKind<'n> {
        let pieces = match holes::split_around(&text.text, &text.data) {
            Ok(pieces) => pieces,
            Err(error) => {
                // What is wrong stands in the source as it is, where the whole text may not.
                let range = error.start..error.end;
                let place = Locator::new(text, self.sources).place(range.clone());
                let error = ExprError { start: 0, end: range.len(), ..error };
                self.report_expr(error, &place, path);
                return TreeKind::Broken;
            }
        };
        match pieces.as_slice() {
            [] | [Piece::Text(_)] => TreeKind::Text(&text.text),
            [Piece::Hole(range)] => {
                match self.expr(&mut Locator::new(text, self.sources), range.clone(), path) {
                    Some(bound) => TreeKind::Whole(bound),
                    None => TreeKind::Broken,
                }
            }
            _ => self.mixed(text, &pieces, path),
        }
    }

    fn mixed(&mut self, text: &'n Text, pieces: &[Piece], path: &str) -> TreeKind<'n> {
        let mut parts = Vec::new();
        let mut broken = false;
        let mut locator = Locator::new(text, self.sources);
        for piece in pieces {
            match piece {
                Piece::Text(range) => {
                    parts.push(Part::Text(
                        text.text.get(range.clone()).unwrap_or_default().to_owned(),
                    ));
                }
                Piece::Hole(range) => match self.expr(&mut locator, range.clone(), path) {
                    Some(bound) => parts.push(Part::Hole(bound)),
                    None => broken = true,
                },
            }
        }
        if broken { TreeKind::Broken } else { TreeKind::Mixed(parts) }
    }

    /// A bare expression.
    pub(super) fn condition(&mut self, text: &Text, path: &str) -> Option<Bound> {
        if !text.data.is_empty() {
            self.report.push(
                Diagnostic::new(
                    &codes::ENV_NOT_HERE,
                    text.span,
                    "`${` stands in an expression, and values of the environment are never part of one",
                )
                .help("name it in a `set` step and use that: `set: { region: \"${REGION}\" }`")
                .at(path),
            );
            return None;
        }
        let written = text.text.trim();
        if written.starts_with("{{") && written.ends_with("}}") {
            let inner = written.trim_start_matches('{').trim_end_matches('}').trim();
            let key = path.rsplit('.').next().unwrap_or_default();
            self.report.push(
                Diagnostic::new(
                    &codes::WHEN_BRACES,
                    text.span,
                    format!("`{key}` is an expression, and needs no `{{{{ }}}}`"),
                )
                .help(format!("write `{key}: \"{}\"`", shown(inner)))
                .at(path),
            );
            return None;
        }
        let start = text.text.len() - text.text.trim_start().len();
        self.expr(&mut Locator::new(text, self.sources), start..start + written.len(), path)
    }

    /// The expression in a range of a text.
    fn expr(
        &mut self,
        locator: &mut Locator<'_>,
        range: Range<usize>,
        path: &str,
    ) -> Option<Bound> {
        self.view = self.view.from(self.sources.scope(locator.text.span));
        let source = locator.text.text.get(range.clone()).unwrap_or_default();
        let place = locator.place(range);
        let found = match scan::scan(source) {
            Ok(found) => found,
            Err(errors) => {
                for error in errors {
                    self.report_expr(error, &place, path);
                }
                return None;
            }
        };
        let named = found.uses.len();
        let uses: Vec<BoundUse> = found
            .uses
            .into_iter()
            .filter_map(|used| self.name(source, &place, used, path))
            .collect();
        (uses.len() == named).then(|| Bound {
            source: source.to_owned(),
            span: place.span(0, source.len()),
            uses,
            plain: found.plain,
        })
    }

    fn name(&mut self, source: &str, place: &Place, used: Use, path: &str) -> Option<BoundUse> {
        let span = place.span(used.start, used.end);
        let target = match used.name.as_str() {
            "inputs" if self.view.scope == 0 => Target::Inputs,
            "run" => Target::Run,
            name => match self.names.find(name, self.view) {
                Some(Target::Step(index)) => Target::Step(self.reference(index, name, span, path)?),
                Some(other) => other,
                None => {
                    self.unknown_name(
                        name,
                        source.get(used.start..).unwrap_or_default(),
                        span,
                        path,
                    );
                    return None;
                }
            },
        };
        let path = used
            .path
            .into_iter()
            .map(|part| (part.segment, place.span(part.start, part.end)))
            .collect();
        Some(BoundUse { target, span, path, guard: used.guard })
    }

    fn report_expr(&mut self, error: ExprError, place: &Place, path: &str) {
        report_expr(error, place, path, self.report);
    }
}

/// Reports what is wrong with an expression.
pub(super) fn report_expr(error: ExprError, place: &Place, path: &str, report: &mut Report) {
    let span = place.span(error.start, error.end);
    report.push(
        Diagnostic::new(code(error.kind), span, error.message).maybe_help(error.help).at(path),
    );
}

fn code(kind: ErrorKind) -> &'static Code {
    match kind {
        ErrorKind::Syntax => &codes::EXPRESSION_SYNTAX,
        ErrorKind::TooLarge => &codes::EXPRESSION_TOO_LARGE,
        ErrorKind::Statement => &codes::UNSUPPORTED_STATEMENT,
        ErrorKind::Filter => &codes::UNKNOWN_FILTER,
        ErrorKind::Test => &codes::UNKNOWN_TEST,
        ErrorKind::Function => &codes::UNKNOWN_FUNCTION,
    }
}
