//! Where in the source an expression stands, given where it stands in its text. Escapes and
//! indentation make a difference between the two.

use std::ops::Range;

use crate::source::Span;
use crate::sources::Sources;
use crate::yaml::node::Text;

/// Finds the expressions of one text in the source, one after the other.
pub(super) struct Locator<'a> {
    pub(super) text: &'a Text,
    source: &'a Sources,
    /// Where the next expression can begin. `None` once one was not found: looking for each of a
    /// thousand in vain would take long.
    from: Option<usize>,
}

/// The place of one expression.
pub(super) struct Place {
    /// Where it begins, if it stands in the source as it is.
    start: Option<usize>,
    /// The whole text.
    all: Span,
}

impl<'a> Locator<'a> {
    pub(super) fn new(text: &'a Text, source: &'a Sources) -> Self {
        Self { text, source, from: Some(text.span.start) }
    }

    /// The place of a range of the text. Ranges ascend.
    pub(super) fn place(&mut self, range: Range<usize>) -> Place {
        let all = self.text.span;
        if let Some(verbatim) = self.text.verbatim {
            return Place { start: Some(verbatim + range.start), all };
        }
        let wanted = self.text.text.get(range).unwrap_or_default();
        let start = self.from.and_then(|from| {
            let rest = self.source.get(Span::new(from, all.end))?;
            rest.find(wanted).map(|at| from + at)
        });
        self.from = start.map(|start| start + wanted.len());
        Place { start, all }
    }
}

impl Place {
    /// The span of some bytes of the expression; all of the text where that is not known.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.start.map_or(self.all, |at| Span::new(at + start, at + end))
    }
}
