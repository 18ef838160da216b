//! Text to tree, within budgets. Never recurses, so that no input can exhaust the stack.
//!
//! The tree is put together here, straight from granit-parser's events (the parser under
//! serde-saphyr), because only they have the exact place of every key and value and the written
//! form of every number. So duplicate keys, aliases, tags, merge keys, further documents, depth and
//! size are refused here too.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError};

use super::characters;
use super::node::{Entry, Node, NodeKind, Text};
use super::plain::plain;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::shown::shown;
use crate::source::Span;

/// The longest pipeline text, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// The most values (keys aside) in a pipeline.
pub(crate) const NODES_MAX: usize = 50_000;
/// How deep lists and maps may be nested. Everything that walks the tree recursively relies on it.
pub(crate) const DEPTH_MAX: usize = 64;

/// How a text is read.
pub(crate) struct Reading<'a> {
    /// Where the offsets of the text begin.
    pub(crate) base: usize,
    /// How deep the place is that the text goes to.
    pub(crate) depth: usize,
    /// Values so far, those of other texts too.
    pub(crate) nodes: Rc<Cell<usize>>,
    /// The most documents.
    pub(crate) documents: usize,
    /// Finds the files behind `!include`; without it, that is a tag like any other.
    pub(crate) include: Option<&'a mut dyn Include>,
}

/// Finds what stands behind `!include`.
pub(crate) trait Include {
    /// The value that takes the place of a path, at this depth.
    fn include(&mut self, path: &Text, depth: usize) -> Result<Node, Box<Diagnostic>>;
}

/// Reads one document that is all there is.
pub(crate) fn read(text: &str) -> Result<Node, Box<Diagnostic>> {
    let nodes = Rc::new(Cell::new(0));
    let reading = Reading { base: 0, depth: 0, nodes, documents: 1, include: None };
    read_all(text, reading).and_then(|mut documents| documents.pop().ok_or_else(|| empty(0)))
}

/// Reads the documents of a text, at least one.
pub(crate) fn read_all(text: &str, reading: Reading<'_>) -> Result<Vec<Node>, Box<Diagnostic>> {
    characters::check(text, reading.base)?;
    // Offsets count from behind a byte order mark, the parser never sees one.
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = text.get(mark..).unwrap_or_default();
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        // One more than ours, so that our own message is the one that is seen.
        flow_nesting_limit: DEPTH_MAX + 1,
        block_nesting_limit: DEPTH_MAX + 1,
    };
    let base = reading.base + mark;
    let mut composer =
        Composer { body, base, reading, open: Vec::new(), root: None, done: Vec::new(), begun: 0 };
    for next in Parser::new_from_str_with_options(body, options) {
        let (event, span) = next.map_err(|error| composer.scan_error(&error))?;
        composer.event(event, &span)?;
    }
    match composer.done.as_slice() {
        [] => Err(empty(base - mark)),
        [only] if only.kind == NodeKind::Null => Err(empty(base - mark)),
        _ => Ok(composer.done),
    }
}

fn empty(base: usize) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(
            &codes::YAML_EMPTY,
            Span::new(base, base),
            "the file is empty, expected a pipeline",
        )
        .help("start with `apiVersion: coldframe/v1` and `kind: Pipeline`"),
    )
}

/// A collection that is being read.
enum Open {
    List { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, key: Option<Text>, seen: BTreeMap<String, Span> },
}

struct Composer<'a, 'i> {
    body: &'a str,
    base: usize,
    reading: Reading<'i>,
    open: Vec<Open>,
    /// The value of the document that is being read.
    root: Option<Node>,
    done: Vec<Node>,
    begun: usize,
}

impl Composer<'_, '_> {
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Box<Diagnostic>> {
        let span = self.span(at);
        if event.tag().is_some() {
            let tag = at.tag_span().map_or(span, |tag| self.span(&tag));
            return match &event {
                Event::Scalar(path, style, ..) if self.written(tag) == "!include" => {
                    self.included(path, *style, span, tag)
                }
                _ => Err(self.refused_tag(tag)),
            };
        }
        match event {
            Event::StreamStart | Event::StreamEnd => Ok(()),
            Event::DocumentEnd => self.document_end(span),
            Event::DocumentStart(..) => self.document(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => {
                Err(self.refused_alias(span))
            }
            Event::Scalar(value, style, ..) => self.scalar(&value, style, span),
            Event::SequenceStart(..) => {
                self.enter(Open::List { start: span.start, items: Vec::new() }, span)
            }
            Event::MappingStart(..) => self.enter(
                Open::Map {
                    start: span.start,
                    entries: Vec::new(),
                    key: None,
                    seen: BTreeMap::new(),
                },
                span,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                self.leave(span);
                Ok(())
            }
            // Comments are switched off. Whatever else a later parser may send, it is not taken
            // for something that can be left out.
            _ => Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_SYNTAX,
                    span,
                    "not YAML that pipelines are written in",
                )
                .help("use only maps, lists and scalars"),
            )),
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        Span::new(range.start + self.base, range.end + self.base)
    }

    fn document(&mut self, span: Span) -> Result<(), Box<Diagnostic>> {
        self.begun += 1;
        let most = self.reading.documents;
        if self.begun <= most {
            return Ok(());
        }
        let (message, help) = if most == 1 {
            let message = "a second document begins here, expected one".to_owned();
            (message, "put each document into a file of its own")
        } else {
            let message = format!("the file has more than {most} documents");
            (message, "put some of them into files of their own")
        };
        Err(Box::new(Diagnostic::new(&codes::YAML_DOCUMENTS, span, message).help(help)))
    }

    fn document_end(&mut self, span: Span) -> Result<(), Box<Diagnostic>> {
        let root = self.root.take().unwrap_or(Node { span, kind: NodeKind::Null });
        // A file that is nothing but an empty document is an empty file.
        if let Some(empty) = [self.done.first(), Some(&root)]
            .into_iter()
            .flatten()
            .find(|document| document.kind == NodeKind::Null && !self.done.is_empty())
        {
            let message = "the document is empty";
            let place = Span::new(empty.span.start, empty.span.start);
            return Err(Box::new(
                Diagnostic::new(&codes::YAML_EMPTY, place, message)
                    .help("remove the line `---` that begins it, or write something in it"),
            ));
        }
        self.done.push(root);
        Ok(())
    }

    /// The value of a file in the place of `!include path`.
    fn included(
        &mut self,
        path: &str,
        style: ScalarStyle,
        span: Span,
        tag: Span,
    ) -> Result<(), Box<Diagnostic>> {
        let there = match self.open.last() {
            None | Some(Open::Map { key: None, .. }) => false,
            Some(Open::List { .. } | Open::Map { .. }) => true,
        };
        let text = self.text(path, style, Span::new(tag.start, span.end.max(tag.end)));
        let depth = self.reading.depth + self.open.len();
        let Some(include) = self.reading.include.as_mut().filter(|_| there) else {
            return Err(self.refused_tag(tag));
        };
        let node = include.include(&text, depth)?;
        match (self.open.last_mut(), node) {
            // Where a list is included into a list, its items are.
            (Some(Open::List { items, .. }), Node { kind: NodeKind::List(more), .. }) => {
                items.extend(more);
            }
            (_, node) => self.place(node),
        }
        Ok(())
    }

    fn refused_alias(&self, span: Span) -> Box<Diagnostic> {
        let text = self.written(span);
        Box::new(
            Diagnostic::new(
                &codes::YAML_ALIAS,
                span,
                format!("`{}` is an anchor or alias, and those are not read", shown(text)),
            )
            .help("write the value out, or compute it once in a `set` step; a text that begins with `&` or `*` needs quotes"),
        )
    }

    fn refused_tag(&self, span: Span) -> Box<Diagnostic> {
        let text = self.written(span);
        Box::new(
            Diagnostic::new(
                &codes::YAML_TAG,
                span,
                format!("`{}` is a tag, and tags are not read", shown(text)),
            )
            .help(if text == "!include" && self.reading.include.is_none() {
                "only whole files can be worked on here, without those they include"
            } else if text == "!include" {
                "a file can be included as the value of a key, or as an item of a list"
            } else {
                "leave it away; a text that begins with `!` needs quotes"
            }),
        )
    }

    /// The source at a place.
    fn written(&self, span: Span) -> &str {
        let range = span.start.saturating_sub(self.base)..span.end.saturating_sub(self.base);
        self.body.get(range).unwrap_or_default()
    }

    fn enter(&mut self, open: Open, span: Span) -> Result<(), Box<Diagnostic>> {
        self.refuse_as_key(span)?;
        if self.reading.depth + self.open.len() >= DEPTH_MAX {
            return Err(too_deep(span));
        }
        self.count(span)?;
        self.open.push(open);
        Ok(())
    }

    /// Only scalars are keys.
    fn refuse_as_key(&self, span: Span) -> Result<(), Box<Diagnostic>> {
        match self.open.last() {
            Some(Open::Map { key: None, .. }) => Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_KEY,
                    span,
                    "a list or map is used as a key, expected a name",
                )
                .help("quote texts with braces: `\"{{ inputs.name }}\"`"),
            )),
            _ => Ok(()),
        }
    }

    fn count(&mut self, span: Span) -> Result<(), Box<Diagnostic>> {
        let nodes = self.reading.nodes.get() + 1;
        self.reading.nodes.set(nodes);
        if nodes <= NODES_MAX {
            return Ok(());
        }
        Err(Box::new(
            Diagnostic::new(
                &codes::YAML_TOO_LARGE,
                span,
                format!("the file has more than {NODES_MAX} values"),
            )
            .help("put data into files and hand them in as inputs"),
        ))
    }

    fn leave(&mut self, span: Span) {
        let (start, kind, last) = match self.open.pop() {
            Some(Open::List { start, items }) => {
                let last = items.last().map(|item| item.span.end);
                (start, NodeKind::List(items), last)
            }
            Some(Open::Map { start, entries, .. }) => {
                let last = entries.last().map(|entry| entry.value.span.end);
                (start, NodeKind::Map(entries), last)
            }
            None => return,
        };
        // The end of a block collection is where the next thing begins; its last value is nearer.
        let end = if span.end > span.start { span.end } else { last.unwrap_or(start) };
        self.place(Node { span: Span::new(start, end), kind });
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        span: Span,
    ) -> Result<(), Box<Diagnostic>> {
        let text = self.text(value, style, span);
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return self.key(text, style);
        }
        self.count(span)?;
        let kind = if style == ScalarStyle::Plain { plain(text)? } else { NodeKind::String(text) };
        self.place(Node { span, kind });
        Ok(())
    }

    fn text(&self, value: &str, style: ScalarStyle, span: Span) -> Text {
        let quote =
            usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let at = span.start + quote;
        let inner = Span::new(at, span.end.saturating_sub(quote));
        let verbatim = (self.written(inner) == value).then_some(at);
        Text { span, text: value.to_owned(), verbatim, data: Vec::new() }
    }

    fn key(&mut self, text: Text, style: ScalarStyle) -> Result<(), Box<Diagnostic>> {
        if style == ScalarStyle::Plain && text.text == "<<" {
            return Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_MERGE_KEY,
                    text.span,
                    "`<<` merges maps, and that is not read",
                )
                .help("write the keys out"),
            ));
        }
        // The parser stands in `~` for a key that isn't there.
        if text.text.is_empty() || text.span.start == text.span.end {
            return Err(Box::new(
                Diagnostic::new(&codes::YAML_KEY, text.span, "an empty key, expected a name")
                    .help("give the value a name, or remove the `:`"),
            ));
        }
        let Some(Open::Map { key, seen, .. }) = self.open.last_mut() else { return Ok(()) };
        if let Some(first) = seen.get(&text.text) {
            return Err(Box::new(
                Diagnostic::new(
                    &codes::YAML_DUPLICATE_KEY,
                    text.span,
                    format!("the key `{}` stands here a second time", shown(&text.text)),
                )
                .label(*first, "first here")
                .help("keep one of the two"),
            ));
        }
        seen.insert(text.text.clone(), text.span);
        *key = Some(text);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push(Entry { key, value: node });
                }
            }
        }
    }

    fn scan_error(&self, error: &ScanError) -> Box<Diagnostic> {
        let at = self.offset(error.marker());
        let width = self.written(Span::new(at, at + 4)).chars().next().map_or(0, char::len_utf8);
        let span = Span::new(at, at + width);
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return too_deep(span);
        }
        let mut message = error.info().to_string();
        // Their sentences begin in both cases, ours in one.
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Box::new(
            Diagnostic::new(&codes::YAML_SYNTAX, span, format!("not YAML: {}", shown(&message)))
                .help(syntax_help(error.kind())),
        )
    }

    /// The byte offset of a place the parser names, at a character's border.
    fn offset(&self, marker: &Marker) -> usize {
        let at = marker.byte_offset().unwrap_or_default().min(self.body.len());
        let at = (0..=at).rev().find(|at| self.body.is_char_boundary(*at)).unwrap_or_default();
        at + self.base
    }
}

fn too_deep(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(
            &codes::YAML_TOO_DEEP,
            span,
            format!("lists and maps are nested more than {DEPTH_MAX} deep"),
        )
        .help("hand deep data in as an input"),
    )
}

fn syntax_help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => "indent with spaces",
        ErrorKind::UnclosedQuotedScalar => "close the quote",
        ErrorKind::DirectiveDisallowed => "remove the line that begins with `%`",
        _ => "check indentation, quotes and brackets here and on the line before",
    }
}
