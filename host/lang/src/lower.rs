//! The checked pipeline to a graph. Nothing is looked up or reported any more.

use std::collections::BTreeMap;

use coldframe_format::{Caps, Digest};
use indexmap::IndexMap;
use serde_json::Value;

use crate::document::{Body, Document, StepDecl};
use crate::graph::{Block, Graph, Input, OnError, Set, Step, StepKind, Uses};
use crate::resolve::tree::{Bound, BoundUse, Part as BoundPart, Target, Tree, TreeKind};
use crate::resolve::{self, Resolved};
use crate::source::{Lines, Source};
use crate::template::{Expr, Part, Path, Root, Template};
use crate::yaml::scalar;

/// The graph. `None` where something was reported that makes one impossible.
pub(crate) fn lower(
    source: &Source<'_>,
    document: &Document<'_>,
    resolved: &Resolved<'_>,
) -> Option<Graph> {
    let lines = Lines::new(source.text);
    let mut places = vec![0; document.steps.len()];
    for (place, index) in resolved.order.iter().enumerate() {
        *places.get_mut(*index)? = place;
    }
    let lowering = Lowering { document, places };
    let steps = resolved.order.iter().map(|index| {
        lowering.step(document.steps.get(*index)?, resolved.steps.get(*index)?, &lines)
    });
    let inputs = document.inputs.iter().map(|input| {
        (
            input.name.text.clone(),
            Input { schema: input.schema.clone(), default: input.default.clone() },
        )
    });
    let outputs = resolved
        .outputs
        .iter()
        .map(|(name, tree)| Some((name.text.clone(), lowering.template(tree)?)));
    let steps: Vec<Step> = steps.collect::<Option<_>>()?;
    Some(Graph {
        name: document.name.clone(),
        version: document.version.clone(),
        spec_sha256: Digest::of(source.text.as_bytes()),
        inputs: inputs.collect(),
        limits: document.limits.limits.clone(),
        caps: document.caps.as_ref().map_or_else(Caps::default, |decl| decl.caps.clone()),
        blocks: vec![Block { holder: None, steps: 0..steps.len(), output: None }],
        steps,
        outputs: outputs.collect::<Option<_>>()?,
        policies: Vec::new(),
        tests: Vec::new(),
    })
}

struct Lowering<'a, 'n> {
    document: &'a Document<'n>,
    /// From places in the document to places in the graph.
    places: Vec<usize>,
}

impl Lowering<'_, '_> {
    fn step(
        &self,
        decl: &StepDecl<'_>,
        step: &resolve::Step<'_>,
        lines: &Lines<'_>,
    ) -> Option<Step> {
        let id = decl.id?.text.clone();
        let kind = match (&decl.body, &step.skill) {
            (Body::Set(_), _) => StepKind::Set(Set {
                values: self.named(step)?.collect::<Option<IndexMap<_, _>>>()?,
            }),
            (Body::Uses { .. }, Some(skill)) => StepKind::Uses(Uses {
                skill: skill.entry.id.clone(),
                version: skill.entry.version.clone(),
                component: skill.entry.component,
                operation: skill.operation.clone(),
                with: self.named(step)?.collect::<Option<BTreeMap<_, _>>>()?,
            }),
            _ => return None,
        };
        let mut needs: Vec<usize> = step
            .needs
            .keys()
            .map(|index| self.places.get(*index).copied())
            .collect::<Option<_>>()?;
        needs.sort_unstable();
        let when = match &step.when {
            Some(bound) => Some(self.expr(bound)?),
            None => None,
        };
        Some(Step {
            name: decl.name.clone().unwrap_or_else(|| id.clone()),
            id,
            yaml_path: decl.path.clone(),
            line: lines.line(decl.span.start),
            block: 0,
            kind,
            needs,
            when,
            retry: None,
            timeout: None,
            fallback: None,
            on_error: OnError::default(),
            cache: false,
            limits: decl.limits.limits.clone(),
            caps: decl.caps.as_ref().map(|decl| decl.caps.clone()),
        })
    }

    fn named<'s>(
        &'s self,
        step: &'s resolve::Step<'_>,
    ) -> Option<impl Iterator<Item = Option<(String, Template)>> + 's> {
        Some(step.values.iter().map(|(name, tree)| Some((name.text.clone(), self.template(tree)?))))
    }

    fn template(&self, tree: &Tree<'_>) -> Option<Template> {
        Some(match &tree.kind {
            TreeKind::Null => Template::Literal(Value::Null),
            TreeKind::Bool(value) => Template::Literal(Value::Bool(*value)),
            TreeKind::Number(text) => Template::Literal(scalar::number(text)?),
            TreeKind::Text(text) => Template::Literal(Value::String((*text).to_owned())),
            TreeKind::Whole(bound) => {
                let expr = self.expr(bound)?;
                match expr.path {
                    Some(path) => Template::Path(path),
                    None => Template::Expr(expr),
                }
            }
            TreeKind::Mixed(parts) => Template::Text(
                parts
                    .iter()
                    .map(|part| match part {
                        BoundPart::Text(text) => Some(Part::Text(text.clone())),
                        BoundPart::Hole(bound) => Some(Part::Hole(self.expr(bound)?)),
                    })
                    .collect::<Option<_>>()?,
            ),
            TreeKind::List(items) => {
                let items: Vec<Template> =
                    items.iter().map(|item| self.template(item)).collect::<Option<_>>()?;
                whole_list(items)
            }
            TreeKind::Map(entries) => {
                let entries: IndexMap<String, Template> = entries
                    .iter()
                    .map(|(key, value)| Some((key.text.clone(), self.template(value)?)))
                    .collect::<Option<_>>()?;
                whole_map(entries)
            }
            TreeKind::Broken => return None,
        })
    }

    fn expr(&self, bound: &Bound) -> Option<Expr> {
        let mut roots: Vec<Root> =
            bound.uses.iter().map(|used| self.root(used.target)).collect::<Option<_>>()?;
        roots.sort();
        roots.dedup();
        let path = match bound.uses.first() {
            Some(used) if bound.plain => Some(self.path(used)?),
            _ => None,
        };
        Some(Expr { source: bound.source.clone(), roots, path })
    }

    fn path(&self, used: &BoundUse) -> Option<Path> {
        let segments = used.path.iter().map(|(segment, _)| segment.clone()).collect();
        Some(Path { root: self.root(used.target)?, segments })
    }

    fn root(&self, target: Target) -> Option<Root> {
        Some(match target {
            Target::Inputs => Root::Inputs,
            Target::Run => Root::Run,
            Target::Step(index) => {
                let id = self.document.steps.get(index)?.id?.text.clone();
                Root::Step(*self.places.get(index)?, id)
            }
        })
    }
}

/// A list without holes is a literal.
fn whole_list(items: Vec<Template>) -> Template {
    let literal = items.iter().map(as_literal).collect::<Option<Vec<&Value>>>();
    match literal {
        Some(values) => Template::Literal(values.into_iter().cloned().collect()),
        None => Template::List(items),
    }
}

/// A map without holes is a literal.
fn whole_map(entries: IndexMap<String, Template>) -> Template {
    let literal =
        entries.iter().map(|(key, value)| Some((key.clone(), as_literal(value)?.clone())));
    match literal.collect::<Option<serde_json::Map<_, _>>>() {
        Some(map) => Template::Literal(Value::Object(map)),
        None => Template::Map(entries),
    }
}

fn as_literal(template: &Template) -> Option<&Value> {
    match template {
        Template::Literal(value) => Some(value),
        _ => None,
    }
}
