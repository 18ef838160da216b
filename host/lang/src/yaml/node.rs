//! The tree of a YAML document with the place of every key and value.

use std::ops::Range;

use serde_json::Value;

use crate::source::Span;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    List(Vec<Node>),
    /// In source order, without equal keys.
    Map(Vec<Entry>),
}

/// A number, in letters: `0.05` USD must not become a float on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    /// `010`
    pub(crate) written: String,
    /// `10`, as JSON writes it.
    ///
    /// INVARIANT: `scalar::number` has a value for it.
    pub(crate) json: String,
}

/// One line of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) value: Node,
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) span: Span,
    pub(crate) text: String,
    /// Where the characters themselves begin, if the source has them one after the other:
    /// behind the quote, and not where there are escapes or several lines.
    pub(crate) verbatim: Option<usize>,
    /// Parts of `text` that are data, ascending: what is in them is never read as a hole.
    pub(crate) data: Vec<Range<usize>>,
}

impl Node {
    /// `a string`, `a list`: for "expected …, found …".
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Number(_) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The value of a map's key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|e| e.key.text == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// How many items or lines it has; a scalar has none.
    pub(crate) fn len(&self) -> usize {
        match &self.kind {
            NodeKind::List(items) => items.len(),
            NodeKind::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// The text of a string.
    pub(crate) fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The same with every place moved by some offset. Depth is bounded by the reader.
    pub(crate) fn moved(&self, by: usize) -> Self {
        let kind = match &self.kind {
            NodeKind::String(text) => NodeKind::String(text.moved(by)),
            NodeKind::List(items) => {
                NodeKind::List(items.iter().map(|item| item.moved(by)).collect())
            }
            NodeKind::Map(entries) => NodeKind::Map(
                entries
                    .iter()
                    .map(|entry| Entry { key: entry.key.moved(by), value: entry.value.moved(by) })
                    .collect(),
            ),
            other => other.clone(),
        };
        Self { span: self.span.moved(by), kind }
    }

    /// How many values are in it, itself too.
    pub(crate) fn count(&self) -> usize {
        let below: usize = match &self.kind {
            NodeKind::List(items) => items.iter().map(Self::count).sum(),
            NodeKind::Map(entries) => entries.iter().map(|entry| entry.value.count()).sum(),
            _ => 0,
        };
        below + 1
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The plain value, without places. Depth is bounded by the reader.
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Number(found) => super::scalar::number(&found.json).unwrap_or_default(),
            NodeKind::String(text) => Value::String(text.text.clone()),
            NodeKind::List(items) => items.iter().map(Node::to_value).collect(),
            NodeKind::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.text.clone(), entry.value.to_value()))
                .collect(),
        }
    }
}

impl Text {
    /// A text that stands nowhere itself, with a place to point at.
    pub(crate) fn made(text: &str, span: Span) -> Self {
        Self { span, text: text.to_owned(), verbatim: None, data: Vec::new() }
    }

    /// The same, moved by some offset.
    pub(crate) fn moved(&self, by: usize) -> Self {
        Self {
            span: self.span.moved(by),
            verbatim: self.verbatim.map(|at| at + by),
            ..self.clone()
        }
    }
}
