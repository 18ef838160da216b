//! The checked pipeline to a graph. Nothing is looked up or reported any more.

mod apart;
mod kinds;

use coldframe_format::{Cap, Caps};
use indexmap::IndexMap;
use serde_json::Value;

use crate::document::{Document, StepDecl};
use crate::graph::{Block, Fallback, Graph, Input, Policy, Step, Test, Uses};
use crate::resolve::tree::{Bound, BoundUse, Named, Part as BoundPart, Target, Tree, TreeKind};
use crate::resolve::{self, Resolved};
use crate::source::{Lines, Source, Span};
use crate::sources::Sources;
use crate::template::{Expr, Part, Path, Root, Template};
use crate::yaml::scalar;

/// The graph. `None` where something was reported that makes one impossible.
pub(crate) fn lower(
    source: &Source<'_>,
    sources: &Sources,
    document: &Document<'_>,
    resolved: &Resolved<'_>,
) -> Option<Graph> {
    let lines = Lines::new(source.text);
    let line = |span: Span| sources.line(span, &lines);
    let lowering = Lowering::new(document, resolved)?;
    let mut steps = Vec::with_capacity(document.steps.len());
    let mut blocks = Vec::with_capacity(document.blocks.len());
    for index in &lowering.order {
        let (decl, block) = (document.blocks.get(*index)?, resolved.blocks.get(*index)?);
        let start = steps.len();
        for step in &block.order {
            steps.push(lowering.step(*step, &line)?);
        }
        blocks.push(Block {
            holder: match decl.holder {
                Some(holder) => Some(lowering.place(holder)?),
                None => None,
            },
            steps: start..steps.len(),
            output: match lowering.maybe(block.output.as_ref())? {
                Some(output) => Some(output),
                None => lowering.unnamed(&block.order),
            },
        });
    }
    let inputs = document.inputs.iter().map(|input| {
        (
            input.name.text.clone(),
            Input { schema: input.schema.clone(), default: input.default.clone() },
        )
    });
    Some(Graph {
        name: document.name.clone(),
        version: document.version.clone(),
        spec_sha256: sources.digest(),
        inputs: inputs.collect(),
        limits: document.limits.limits.clone(),
        caps: document.caps.as_ref().map_or_else(Caps::default, |decl| decl.caps.clone()),
        adapters: document.adapters.clone(),
        models: Vec::new(),
        tools: resolved.tools.clone().into(),
        steps,
        blocks,
        outputs: lowering.named(&resolved.outputs)?,
        policies: document
            .rules
            .iter()
            .zip(&resolved.rules)
            .map(|(decl, rule)| {
                let (when, assert) = (rule.when.clone(), rule.assert.clone());
                Some(Policy {
                    line: line(decl.id.span),
                    when: match when {
                        Some(when) => Some(lowering.claim(when)?),
                        None => None,
                    },
                    assert: lowering.claim(assert)?,
                    ..rule.clone()
                })
            })
            .collect::<Option<_>>()?,
        tests: document
            .trials
            .iter()
            .zip(&resolved.trials)
            .map(|(decl, test)| Some(Test { line: line(decl.name.span), ..lowering.trial(test)? }))
            .collect::<Option<_>>()?,
    })
}

struct Lowering<'a, 'n> {
    document: &'a Document<'n>,
    resolved: &'a Resolved<'n>,
    /// The blocks in the order of the graph: each behind the one its holder stands in.
    order: Vec<usize>,
    /// From blocks of the document to blocks of the graph.
    blocks: Vec<usize>,
    /// From steps of the document to steps of the graph.
    places: Vec<usize>,
    /// What steps and items are called.
    names: apart::Names,
}

impl<'a, 'n> Lowering<'a, 'n> {
    /// Lays the blocks out, level by level, the steps of each in an order that runs.
    fn new(document: &'a Document<'n>, resolved: &'a Resolved<'n>) -> Option<Self> {
        let mut order = vec![0];
        let mut blocks = vec![0; document.blocks.len()];
        let mut places = vec![0; document.steps.len()];
        let (mut at, mut place) = (0, 0);
        while let Some(block) = order.get(at).copied() {
            *blocks.get_mut(block)? = at;
            at += 1;
            for step in &resolved.blocks.get(block)?.order {
                *places.get_mut(*step)? = place;
                place += 1;
                order.extend(document.steps.get(*step)?.body.blocks());
            }
        }
        let names = apart::Names::new(document, &order);
        Some(Self { document, resolved, order, blocks, places, names })
    }

    /// A test, with steps by place in the graph.
    fn trial(&self, test: &Test) -> Option<Test> {
        let assert = test.assert.iter().cloned().map(|claim| self.claim(claim));
        Some(Test { assert: assert.collect::<Option<_>>()?, ..test.clone() })
    }

    /// An expression that looks at the run from outside, with steps by place in the graph.
    fn claim(&self, mut claim: Expr) -> Option<Expr> {
        let mut found = true;
        claim.each_root(&mut |root| {
            if let Root::Step(step, _) = root {
                match self.place(*step) {
                    Some(place) => *step = place,
                    None => found = false,
                }
            }
        });
        claim.roots.sort();
        found.then_some(claim)
    }

    fn place(&self, step: usize) -> Option<usize> {
        self.places.get(step).copied()
    }

    fn block(&self, block: usize) -> Option<usize> {
        self.blocks.get(block).copied()
    }

    fn step(&self, index: usize, line: &dyn Fn(Span) -> usize) -> Option<Step> {
        let (decl, step) = (self.document.steps.get(index)?, self.resolved.steps.get(index)?);
        let id = self.names.step(index)?.to_owned();
        let mut needs: Vec<usize> =
            step.needs.keys().map(|index| self.place(*index)).collect::<Option<_>>()?;
        needs.sort_unstable();
        let fallback = match &step.fallback {
            Some(fallback) => Some(self.fallback(fallback)?),
            None => None,
        };
        let StepDecl { name, path, retry, timeout, on_error, cache, .. } = decl;
        Some(Step {
            name: name.clone().or_else(|| Some(decl.id?.text.clone()))?,
            id,
            yaml_path: path.clone(),
            line: line(decl.span),
            block: self.block(decl.block)?,
            kind: self.kind(index, decl, step)?,
            needs,
            when: self.condition(step.when.as_ref())?,
            retry: retry.clone(),
            rate_limit: decl.rate_limit.clone(),
            circuit_breaker: decl.circuit_breaker.clone(),
            timeout: *timeout,
            fallback,
            on_error: on_error.0,
            cache: cache.map(|(cache, _)| cache),
            limits: decl.limits.limits.clone(),
            caps: decl.caps.as_ref().map(|decl| decl.caps.clone()),
        })
    }

    fn fallback(&self, fallback: &resolve::Fallback<'n>) -> Option<Fallback> {
        Some(match fallback {
            resolve::Fallback::Value(tree) => Fallback::Value(self.template(tree)?),
            resolve::Fallback::Uses(call) => Fallback::Uses(self.uses(call)?),
        })
    }

    fn uses(&self, call: &resolve::Call<'n>) -> Option<Uses> {
        let skill = call.skill.as_ref()?;
        let needs = skill.entry.interface.required_caps().unwrap_or_default();
        let tools = if needs.has(Cap::Tools) { &*self.resolved.tools } else { &[] };
        let entry = &skill.entry;
        let (id, operation) = (entry.id.clone(), skill.operation.clone());
        Some(Uses {
            asks: tools.iter().fold(needs, |asks, tool| asks.and(tool.needs)),
            pure: entry.interface.imports.is_empty(),
            with: self.named(&call.with)?,
            ..Uses::new(id, entry.version.clone(), entry.component, operation)
        })
    }

    /// What a block without an output comes to, where that isn't an object by the ids its steps
    /// have in the graph.
    fn unnamed(&self, steps: &[usize]) -> Option<Template> {
        let named = |step: &usize| {
            let (old, new) = (self.document.steps.get(*step)?.id?, self.names.step(*step)?);
            Some((old.text.clone(), new, *step))
        };
        let named = steps.iter().map(named).collect::<Option<Vec<_>>>()?;
        if named.iter().all(|(old, new, _)| old == new) {
            return None;
        }
        let values = named.into_iter().map(|(old, new, step)| {
            let roots = vec![Root::Step(self.place(step)?, new.to_owned())];
            // A step that was skipped comes to nothing.
            let source = format!("{new} | default(none)");
            Some((old, Template::Expr(Expr { source, roots, path: None })))
        });
        values.collect::<Option<_>>().map(Template::Map)
    }

    /// Named values as whatever map is wanted.
    fn named<M: FromIterator<(String, Template)>>(&self, values: &Named<'n>) -> Option<M> {
        values.iter().map(|(name, tree)| Some((name.text.clone(), self.template(tree)?))).collect()
    }

    /// Nothing, a template, or `None` where there can't be one.
    fn maybe(&self, tree: Option<&Tree<'n>>) -> Option<Option<Template>> {
        match tree {
            Some(tree) => self.template(tree).map(Some),
            None => Some(None),
        }
    }

    /// Nothing, an expression, or `None` where there can't be one.
    fn condition(&self, bound: Option<&Bound>) -> Option<Option<Expr>> {
        match bound {
            Some(bound) => self.expr(bound).map(Some),
            None => Some(None),
        }
    }

    fn template(&self, tree: &Tree<'_>) -> Option<Template> {
        Some(match &tree.kind {
            TreeKind::Null => Template::Literal(Value::Null),
            TreeKind::Bool(value) => Template::Literal(Value::Bool(*value)),
            TreeKind::Number(found) => Template::Literal(scalar::number(&found.json)?),
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
        Some(Expr { source: self.names.source(self.document, bound), roots, path })
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
                Root::Step(self.place(index)?, self.names.step(index)?.to_owned())
            }
            Target::Item(index) => {
                Root::Item(self.place(index)?, self.names.item(index)?.to_owned())
            }
            Target::Index(index) => Root::Index(self.place(index)?),
            Target::Loop(index) => Root::Loop(self.place(index)?),
            Target::Branches(index) => Root::Branches(self.place(index)?),
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
