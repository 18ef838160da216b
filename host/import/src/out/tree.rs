//! A tree of YAML in which every value may have comments before it.

use indexmap::IndexMap;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Out {
    Null,
    Bool(bool),
    /// A number of JSON, or a limit such as `30s`: printed as it is.
    Bare(String),
    Text(String),
    List(Vec<Piece>),
    Map(Map),
}

/// A value with the comments before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) comments: Vec<String>,
    pub(crate) value: Out,
}

/// Keys and values in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Map(pub(crate) IndexMap<String, Piece>);

impl Map {
    /// Adds a line, in place of one with the same key.
    pub(crate) fn put(&mut self, key: impl Into<String>, value: impl Into<Piece>) {
        self.0.insert(key.into(), value.into());
    }

    /// Adds a line, if there is a value.
    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl Into<Piece>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// With one more line.
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<Piece>) -> Self {
        self.put(key, value);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

impl Out {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A whole hole: `"{{ expr }}"`.
    pub(crate) fn hole(expr: &str) -> Self {
        Self::Text(format!("{{{{ {expr} }}}}"))
    }

    /// A list of texts.
    pub(crate) fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().map(|text| Self::text(text).into()).collect())
    }

    /// How many bytes of text it has.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Bare(text) => text.len(),
            Self::List(items) => items.iter().map(|item| item.value.bytes() + 1).sum(),
            Self::Map(map) => {
                map.0.iter().map(|(key, piece)| key.len() + piece.value.bytes()).sum()
            }
            Self::Null | Self::Bool(_) => 1,
        }
    }

    /// How many values it has, and how deep it is nested.
    pub(crate) fn size(&self) -> (usize, usize) {
        let add = |sum: (usize, usize), piece: &Piece| {
            let (nodes, depth) = piece.value.size();
            (sum.0 + nodes, sum.1.max(depth))
        };
        let (nodes, depth) = match self {
            Self::List(items) => items.iter().fold((0, 0), add),
            Self::Map(map) => map.0.iter().map(|(_, piece)| piece).fold((0, 0), add),
            _ => return (1, 0),
        };
        (nodes + 1, depth + 1)
    }
}

impl From<Out> for Piece {
    fn from(value: Out) -> Self {
        Self { comments: Vec::new(), value }
    }
}

impl From<Map> for Piece {
    fn from(map: Map) -> Self {
        Out::Map(map).into()
    }
}

impl From<Map> for Out {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Out::text(text).into()
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Out::Text(text).into()
    }
}

impl Piece {
    /// With a comment before it.
    pub(crate) fn comment(mut self, text: impl Into<String>) -> Self {
        self.comments.push(text.into());
        self
    }

    /// With comments before it.
    pub(crate) fn comments(mut self, mut texts: Vec<String>) -> Self {
        self.comments.append(&mut texts);
        self
    }
}
