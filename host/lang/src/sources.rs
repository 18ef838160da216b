//! All texts of one compilation in one space of offsets, so that a [`Span`] of two numbers says
//! which file it lies in, and code that only hands spans on need not know of files.
//!
//! A file takes as many offsets as it has bytes. What is written once and used in several places (a
//! macro, a policy) takes new offsets each time, a *copy* of all files: so a problem in it knows
//! which use it belongs to, and names in it are told apart from equal names around it.

use std::sync::Arc;

use coldframe_format::Digest;

use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Lines, Source, Span};

/// The most labels that say how a text came in.
const WAYS_MAX: usize = 20;

/// The texts that were read, in order. The first one is the pipeline's own.
#[derive(Debug, Default)]
pub struct Sources {
    regions: Vec<Region>,
    /// One behind the last offset.
    end: usize,
    /// One behind the last offset of a file. Files come before copies.
    files_end: usize,
}

/// A range of offsets, up to where the next one begins.
#[derive(Debug)]
struct Region {
    base: usize,
    /// A file, or a copy of all of them.
    file: Option<File>,
    /// What brought it in, and the word for that.
    way: Option<(Span, String)>,
}

#[derive(Debug)]
struct File {
    name: String,
    text: Arc<str>,
}

/// A text with its name, and the offset of its first byte.
#[derive(Debug, Clone, Copy)]
pub struct TextAt<'a> {
    /// Shown in diagnostics.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// The offset of its first byte.
    pub base: usize,
}

/// Where rendering finds the text around a place: [`Sources`], or a [`Source`] that is alone.
pub trait Texts {
    /// The text that an offset lies in.
    fn text_at(&self, offset: usize) -> TextAt<'_>;
}

impl Texts for Source<'_> {
    fn text_at(&self, _offset: usize) -> TextAt<'_> {
        TextAt { name: self.name, text: self.text, base: 0 }
    }
}

impl Texts for Sources {
    fn text_at(&self, offset: usize) -> TextAt<'_> {
        let at = self.written(Span::new(offset, offset));
        let region = self
            .region(at.start)
            .and_then(|(_, region)| Some((region.base, region.file.as_ref()?)));
        region.map_or(TextAt { name: "", text: "", base: 0 }, |(base, file)| TextAt {
            name: &file.name,
            text: &file.text,
            base,
        })
    }
}

impl Sources {
    /// One text alone.
    pub fn of(source: &Source<'_>) -> Self {
        let mut sources = Self::default();
        sources.add(source.name, Arc::from(source.text), None);
        sources
    }

    /// Adds a file, and says where its offsets begin. `way` is what brought it in.
    pub(crate) fn add(&mut self, name: &str, text: Arc<str>, way: Option<(Span, String)>) -> usize {
        let base = self.end;
        // One more than bytes: the end of a text is a place in it.
        self.end = base.saturating_add(text.len() + 1);
        self.files_end = self.end;
        let file = Some(File { name: name.to_owned(), text });
        self.regions.push(Region { base, file, way });
        base
    }

    /// Adds a copy of everything there is, for one use of something. What has the offset `at` has
    /// the offset `base + at` in it.
    pub(crate) fn copy(&mut self, used: Span, way: String) -> usize {
        let base = self.end;
        self.end = base.saturating_add(self.files_end);
        self.regions.push(Region { base, file: None, way: Some((used, way)) });
        base
    }

    /// The files in the order in which they were read, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.regions
            .iter()
            .filter_map(|region| region.file.as_ref())
            .map(|file| (file.name.as_str(), &*file.text))
    }

    /// The digest of the text, or where there are several of all of them with their names.
    pub(crate) fn digest(&self) -> Digest {
        let mut files = self.files();
        if let (Some((_, only)), None) = (files.next(), files.next()) {
            return Digest::of(only.as_bytes());
        }
        let mut all = Vec::new();
        for (name, text) in self.files() {
            for part in [name, text] {
                all.extend_from_slice(part.len().to_string().as_bytes());
                all.push(b':');
                all.extend_from_slice(part.as_bytes());
            }
        }
        Digest::of(&all)
    }

    fn region(&self, offset: usize) -> Option<(usize, &Region)> {
        let index = self.regions.partition_point(|region| region.base <= offset).checked_sub(1)?;
        self.regions.get(index).map(|region| (index, region))
    }

    /// Which copy a place lies in; 0 for what is used where it is written.
    pub(crate) fn scope(&self, span: Span) -> usize {
        self.region(span.start)
            .filter(|(_, region)| region.file.is_none())
            .map_or(0, |(index, _)| index)
    }

    /// The place as it is written in its file.
    fn written(&self, span: Span) -> Span {
        match self.region(span.start) {
            Some((_, region)) if region.file.is_none() => Span::new(
                span.start.saturating_sub(region.base),
                span.end.saturating_sub(region.base),
            ),
            _ => span,
        }
    }

    /// The text at a place.
    pub(crate) fn get(&self, span: Span) -> Option<&str> {
        let span = self.written(span);
        let TextAt { text, base, .. } = self.text_at(span.start);
        text.get(span.start.checked_sub(base)?..span.end.checked_sub(base)?)
    }

    /// What brought in the text at a place, inner ones first.
    fn ways(&self, span: Span) -> Vec<(Span, &str)> {
        let mut found: Vec<(Span, &str)> = Vec::new();
        let mut at = span;
        while found.len() < WAYS_MAX {
            // First how the file that it is written in came in, then where it is used.
            let mut written = self.written(at);
            while let Some((way, text)) = self.way(written).filter(|_| found.len() < WAYS_MAX) {
                found.push((way, text));
                written = way;
            }
            match self.way(at).filter(|_| self.scope(at) > 0) {
                Some((used, text)) => {
                    found.push((used, text));
                    at = used;
                }
                None => break,
            }
        }
        found
    }

    /// What brought in the file or copy that a place lies in.
    fn way(&self, span: Span) -> Option<(Span, &str)> {
        let (way, text) = self.region(span.start)?.1.way.as_ref()?;
        Some((*way, text))
    }

    /// The line in the pipeline's own file where a place is, or where it comes in. From 1.
    pub(crate) fn line(&self, span: Span, lines: &Lines<'_>) -> usize {
        let outer = std::iter::successors(Some(span), |span| Some(self.way(*span)?.0)).last();
        lines.line(outer.unwrap_or(span).start)
    }

    /// Moves the places of a problem to where they are written, with labels for how they came in.
    pub(crate) fn settle(&self, problem: &mut Diagnostic) {
        for (span, text) in self.ways(problem.span) {
            problem.labels.push(Label { span, text: text.to_owned() });
        }
        problem.span = self.written(problem.span);
        for label in &mut problem.labels {
            label.span = self.written(label.span);
        }
        problem.labels.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn places_know_their_file_and_how_they_came_in() {
        let mut sources = Sources::default();
        assert_eq!(sources.add("a", "0123".into(), None), 0);
        let b = sources.add("b", "xyz".into(), Some((Span::new(1, 2), "included here".to_owned())));
        assert_eq!(b, 5);
        assert_eq!(sources.text_at(4).name, "a");
        assert_eq!(sources.text_at(5).name, "b");
        assert_eq!(sources.get(Span::new(6, 8)), Some("yz"));
        assert_eq!(sources.scope(Span::new(6, 8)), 0);

        let copy = sources.copy(Span::new(3, 4), "used here".to_owned());
        let inner = sources.copy(Span::new(copy + 2, copy + 3), "used here".to_owned());
        let there = Span::new(inner + 6, inner + 8);
        assert_eq!(sources.get(there), Some("yz"));
        assert_eq!(sources.scope(there), 3);
        assert_eq!(sources.text_at(there.start).name, "b");
        assert_eq!(sources.line(there, &Lines::new("0123")), 1);

        let mut problem = Diagnostic::new(&codes::YAML_SYNTAX, there, "wrong");
        sources.settle(&mut problem);
        assert_eq!(problem.span, Span::new(6, 8));
        let labels: Vec<(Span, &str)> =
            problem.labels.iter().map(|label| (label.span, label.text.as_str())).collect();
        assert_eq!(
            labels,
            [
                (Span::new(1, 2), "included here"),
                (Span::new(2, 3), "used here"),
                (Span::new(3, 4), "used here"),
            ]
        );
    }
}
