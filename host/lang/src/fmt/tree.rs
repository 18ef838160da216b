//! A document with all that a person sees in it: values as they are written, comments, blank lines.

use std::ops::Range;

/// A value as it is written.
#[derive(Debug)]
pub(crate) enum Written {
    /// Nothing at all, which is null.
    Nothing,
    Scalar(Scalar),
    Collection(Collection),
}

/// A scalar as it is written.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    /// On one line or several, with its quotes. Lines behind the first have no indentation.
    Raw {
        lines: Vec<String>,
        /// What it says, if it is a text; numbers, booleans and null have none.
        text: Option<String>,
    },
    /// Behind `|` or `>`.
    Block {
        /// `|` or `>` and what follows, without an indentation.
        folded: bool,
        /// `+` or `-`.
        chomp: Option<char>,
        /// The first line begins with a space, so that the indentation has to be told.
        told: bool,
        /// Without indentation.
        lines: Vec<String>,
    },
}

/// A list or a map.
#[derive(Debug)]
pub(crate) struct Collection {
    pub(crate) is_map: bool,
    /// In brackets.
    pub(crate) flow: bool,
    /// Of those without brackets: where its items begin in their lines, in bytes. None for those
    /// that are new.
    pub(crate) column: Option<usize>,
    pub(crate) items: Vec<Item>,
    /// Behind the last item.
    pub(crate) foot: Vec<Lead>,
}

/// An item of a list or a line of a map.
#[derive(Debug)]
pub(crate) struct Item {
    /// On the lines before it.
    pub(crate) lead: Vec<Lead>,
    /// Of maps: the key as it is written, and what it says.
    pub(crate) key: Option<(String, String)>,
    pub(crate) value: Written,
    /// Behind it on its line, or behind its key where the value is a block.
    pub(crate) trail: Option<String>,
    /// Below a value that isn't there, deeper than its key.
    pub(crate) below: Vec<Lead>,
    /// The lines it has in the text, with what is before it; none in brackets or where it changed.
    pub(crate) source: Option<Range<usize>>,
}

/// What stands on lines of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lead {
    Blank,
    /// With its `#`.
    Comment(String),
}

/// A whole document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) head: Vec<Lead>,
    pub(crate) root: Item,
    pub(crate) foot: Vec<Lead>,
    /// Where the first and behind the last item of the root are, in bytes.
    pub(crate) body: Range<usize>,
}

impl Item {
    /// An item without comments that is in no text yet.
    pub(crate) fn new(key: Option<(String, String)>, value: Written) -> Self {
        Self { lead: Vec::new(), key, value, trail: None, below: Vec::new(), source: None }
    }
}

impl Written {
    /// Whether an empty line behind it would be a part of it.
    pub(crate) fn keeps_empty_lines(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Scalar(found) => matches!(found, Scalar::Block { chomp: Some('+'), .. }),
            Self::Collection(found) => {
                found.foot.is_empty()
                    && found.items.last().is_some_and(|item| item.value.keeps_empty_lines())
            }
        }
    }
}

impl Collection {
    /// One in brackets.
    pub(crate) fn flow(is_map: bool, items: Vec<Item>, foot: Vec<Lead>) -> Self {
        Self { is_map, flow: true, column: None, items, foot }
    }

    /// Whether it can stand on one line as far as comments are concerned.
    pub(crate) fn has_comments(&self) -> bool {
        !self.foot.is_empty()
            || self.items.iter().any(|item| {
                item.trail.is_some()
                    || item.lead.iter().chain(&item.below).any(|lead| *lead != Lead::Blank)
                    || matches!(&item.value, Written::Collection(inner) if inner.has_comments())
            })
    }
}
