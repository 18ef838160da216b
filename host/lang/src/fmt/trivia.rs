//! What stands between two values: white space, comments and punctuation.

use super::tree::Lead;

/// What stands between two values.
#[derive(Debug, Clone)]
pub(super) enum Trivia {
    /// An empty line.
    Blank,
    Comment {
        column: usize,
        own_line: bool,
        text: String,
        end: usize,
    },
    /// `-`, `?` or `,`
    Mark {
        at: usize,
        mark: char,
    },
}

/// Reads a text from value to value.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Read but not yet given to anything, in order.
    pub(super) pending: Vec<Trivia>,
    /// Behind the last that was given to something.
    pub(super) consumed: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, pending: Vec::new(), consumed: at }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Bytes from the beginning of the line.
    pub(super) fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        at - before.rfind('\n').map_or(0, |line| line + 1)
    }

    /// Reads on to the next value or bracket.
    pub(super) fn fill(&mut self) {
        let mut fresh_line =
            self.at == 0 || self.text.get(..self.at).is_some_and(|t| t.ends_with('\n'));
        while let Some(c) = self.peek() {
            match c {
                '\n' => {
                    if fresh_line {
                        self.pending.push(Trivia::Blank);
                    }
                    fresh_line = true;
                }
                ' ' | '\t' | '\r' => {}
                '#' => {
                    let line = self.rest().lines().next().unwrap_or_default();
                    let (length, text) = (line.len(), line.trim_end().to_owned());
                    let column = self.column(self.at);
                    self.at += length;
                    let end = self.at;
                    self.pending.push(Trivia::Comment { column, own_line: fresh_line, text, end });
                    fresh_line = false;
                    continue;
                }
                _ if fresh_line && self.is_marker() => {
                    self.at += 3;
                    fresh_line = false;
                    continue;
                }
                ',' => {
                    self.mark(c);
                    fresh_line = false;
                }
                '-' | '?' if self.is_indicator() => {
                    self.mark(c);
                    fresh_line = false;
                }
                _ => return,
            }
            self.at += 1;
        }
    }

    pub(super) fn mark(&mut self, mark: char) {
        self.pending.push(Trivia::Mark { at: self.at, mark });
    }

    /// `-` or `?` before white space.
    pub(super) fn is_indicator(&self) -> bool {
        self.rest().chars().nth(1).is_none_or(char::is_whitespace)
    }

    /// `---` or `...` at the beginning of a line.
    pub(super) fn is_marker(&self) -> bool {
        let rest = self.rest();
        self.column(self.at) == 0
            && (rest.starts_with("---") || rest.starts_with("..."))
            && rest.chars().nth(3).is_none_or(char::is_whitespace)
    }

    pub(super) fn take_all(&mut self) -> Vec<Trivia> {
        std::mem::take(&mut self.pending)
    }

    pub(super) fn has_dash(&self) -> bool {
        self.pending.iter().any(|trivia| matches!(trivia, Trivia::Mark { mark: '-', .. }))
    }

    /// What is pending before the first mark of this sort; the mark is taken too. Its place.
    pub(super) fn take_until(&mut self, wanted: char) -> Option<(Vec<Trivia>, usize)> {
        let found = self.pending.iter().enumerate().find_map(|(index, trivia)| match trivia {
            Trivia::Mark { at, mark } if *mark == wanted => Some((index, *at)),
            _ => None,
        });
        let (index, at) = found?;
        let mut before: Vec<Trivia> = self.pending.drain(..=index).collect();
        before.pop();
        self.consumed = self.consumed.max(at + 1);
        Some((before, at))
    }

    /// The comment at the end of the line that was just read.
    pub(super) fn take_trail(&mut self) -> Option<String> {
        match self.pending.first() {
            Some(Trivia::Comment { own_line: false, text, end, .. }) => {
                let text = text.clone();
                self.consumed = *end;
                self.pending.remove(0);
                Some(text)
            }
            _ => None,
        }
    }

    /// Comments at the front that stand at `column` or deeper.
    pub(super) fn take_deeper(&mut self, column: usize) -> Vec<Lead> {
        let deep = |trivia: &Trivia| match trivia {
            Trivia::Blank => true,
            Trivia::Comment { column: own, .. } => *own >= column,
            Trivia::Mark { .. } => false,
        };
        let count = self.pending.iter().take_while(|trivia| deep(trivia)).count();
        let last =
            self.pending.iter().take(count).rposition(|t| matches!(t, Trivia::Comment { .. }));
        match last {
            Some(last) => {
                let taken: Vec<Trivia> = self.pending.drain(..=last).collect();
                if let Some(Trivia::Comment { end, .. }) = taken.last() {
                    self.consumed = *end;
                }
                leads(taken)
            }
            None => Vec::new(),
        }
    }

    /// Where the text of an item begins whose dash or key stands at `at`: with the lines before it
    /// from `from` on, or in the line of what is around. The head of the file is not the first
    /// item's.
    pub(super) fn begin(&self, from: usize, at: usize, first: bool) -> usize {
        if first { at - self.column(at) } else { from.min(at) }
    }

    /// The beginning of the line behind a place; the place itself where it begins one.
    pub(super) fn line_after(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        if before.is_empty() || before.ends_with('\n') {
            return at;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |line| at + line + 1)
    }
}

/// Comments and blank lines. Marks that nothing took are punctuation and go.
pub(super) fn leads(trivia: Vec<Trivia>) -> Vec<Lead> {
    let mut out = Vec::new();
    for trivia in trivia {
        match trivia {
            Trivia::Blank if out.last() != Some(&Lead::Blank) => out.push(Lead::Blank),
            Trivia::Comment { text, .. } => out.push(Lead::Comment(text)),
            Trivia::Blank | Trivia::Mark { .. } => {}
        }
    }
    out
}

/// Comments alone.
pub(super) fn comments(trivia: Vec<Trivia>) -> Vec<Lead> {
    let mut found = leads(trivia);
    found.retain(|lead| *lead != Lead::Blank);
    found
}
