//! What rules look at: the text, its tree, and the graph where there is one.

use std::ops::Range;

use coldframe_format::{Cap, CapSet, SkillRef};
use semver::{Comparator, Op, VersionReq};

use crate::graph::{Fallback, Graph, Step, StepKind, Uses};
use crate::source::{Source, Span};
use crate::sources::Sources;
use crate::world::World;
use crate::yaml::node::{Node, NodeKind, Text};
use crate::yaml::parts::read_parts;

/// What rules look at.
pub(super) struct Context<'a> {
    pub(super) text: &'a str,
    /// The bytes of the document, which is one of several.
    pub(super) own: Range<usize>,
    pub(super) root: Node,
    pub(super) graph: Option<Graph>,
    world: World<'a>,
    /// The one text there is.
    pub(super) sources: Sources,
}

impl<'a> Context<'a> {
    /// One for each document.
    pub(super) fn of(source: &Source<'a>, world: World<'a>) -> Vec<Self> {
        let parts = read_parts(source.text).unwrap_or_default();
        let pipelines = parts.iter().filter(|part| part.is_pipeline()).count();
        let contexts = parts.into_iter().map(|part| {
            let name = part.name().filter(|_| pipelines > 1);
            let graph = match part.is_pipeline() {
                true => crate::compile_named(source, name, world).graph,
                false => None,
            };
            let (text, sources) = (source.text, Sources::of(source));
            Self { text, own: part.range, root: part.root, graph, world, sources }
        });
        contexts.collect()
    }

    /// Every value of the tree with its path, outer ones first.
    pub(super) fn values(&self) -> Vec<(String, &Node)> {
        let mut found = Vec::new();
        let mut open = vec![(String::new(), &self.root)];
        while let Some((path, node)) = open.pop() {
            match &node.kind {
                NodeKind::List(items) => {
                    let items = items.iter().enumerate();
                    open.extend(items.map(|(index, item)| (format!("{path}[{index}]"), item)));
                }
                NodeKind::Map(entries) => open.extend(
                    entries
                        .iter()
                        .map(|entry| (crate::document::join(&path, &entry.key.text), &entry.value)),
                ),
                _ => {}
            }
            found.push((path, node));
        }
        found
    }

    /// Texts without quotes, on one line.
    pub(super) fn plain_texts(&self) -> Vec<(String, &Text)> {
        let texts =
            self.values().into_iter().filter_map(|(path, node)| Some((path, node.as_text()?)));
        texts.filter(|(_, text)| text.verbatim == Some(text.span.start)).collect()
    }

    /// The value at a path such as `steps[2].map.steps[0]`.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        let mut node = &self.root;
        for part in path.split('.') {
            let (key, indexes) = part.split_once('[').unwrap_or((part, ""));
            node = node.get(key)?;
            for index in indexes.split('[').filter(|index| !index.is_empty()) {
                let NodeKind::List(items) = &node.kind else { return None };
                node = items.get(index.trim_end_matches(']').parse::<usize>().ok()?)?;
            }
        }
        Some(node)
    }

    /// Where a step, or one of its keys, stands.
    pub(super) fn key(&self, step: &Step, key: &str) -> Span {
        let node = self.at(&step.yaml_path);
        let entries = match node.map(|node| &node.kind) {
            Some(NodeKind::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        let entry = entries.iter().find(|entry| entry.key.text == key).or(entries.first());
        entry.map_or(Span::default(), |entry| entry.key.span)
    }

    /// The calls of a step itself.
    pub(super) fn calls(step: &Step) -> impl Iterator<Item = &Uses> {
        let own = match &step.kind {
            StepKind::Uses(uses) => Some(uses),
            _ => None,
        };
        let fallback = match &step.fallback {
            Some(Fallback::Uses(uses)) => Some(uses),
            _ => None,
        };
        own.into_iter().chain(fallback)
    }

    /// What a call needs of the host; `None` where that is not known.
    pub(super) fn needs(&self, uses: &Uses) -> Option<CapSet> {
        let exact = Comparator {
            op: Op::Exact,
            major: uses.version.major,
            minor: Some(uses.version.minor),
            patch: Some(uses.version.patch),
            pre: uses.version.pre.clone(),
        };
        let wanted = SkillRef {
            id: uses.skill.clone(),
            req: VersionReq { comparators: vec![exact] },
            operation: None,
        };
        let entry = self.world.skills.find(&wanted).ok()?;
        if entry.interface.imports.is_empty() {
            return Some(CapSet::default());
        }
        entry.interface.required_caps().ok()
    }

    /// Whether a call does the same each time and nothing else.
    pub(super) fn is_pure(&self, uses: &Uses) -> bool {
        self.needs(uses) == Some(CapSet::default())
    }

    /// Whether a step calls over HTTP.
    pub(super) fn calls_http(&self, step: &Step) -> bool {
        Self::calls(step).any(|uses| self.needs(uses).is_some_and(|needs| needs.has(Cap::Http)))
    }
}
