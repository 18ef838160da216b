//! Text to trees, within budgets. Never recurses, so that no input can exhaust the stack.
//!
//! The compiler's own reader refuses everything that our language does without. This one reads the
//! files of others: several documents, tags kept as data, keys that stand twice. Aliases are not
//! followed, so that a tree is never larger than its text.

use std::collections::BTreeMap;

use coldframe_lang::shown::{sentence, shown};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::node::{Entry, Key, Node, NodeKind};
use super::scalar;
use crate::note::{Notes, Place, codes};

/// The longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// The most values (keys aside) in a file.
pub const NODES_MAX: usize = 50_000;
/// How deep lists and maps may be nested. Everything that walks the tree recursively relies on it.
pub const DEPTH_MAX: usize = 64;

/// The documents of a text; `None` where it cannot be read, which is then in the notes.
pub(crate) fn read(text: &str, notes: &Notes) -> Option<Vec<Node>> {
    if text.len() > TEXT_BYTES_MAX {
        let start = Place { line: 1, column: 1, ..Place::default() };
        let message =
            format!("the file has {} bytes, expected at most {TEXT_BYTES_MAX}", text.len());
        notes.error(codes::YAML, start, message, "split it into several pipelines");
        return None;
    }
    // Offsets count from behind a byte order mark, the parser never sees one.
    let base = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = text.get(base..).unwrap_or_default();
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: false,
        emit_unresolved_aliases: true,
        // One more than ours, so that our own message is the one that is seen.
        flow_nesting_limit: DEPTH_MAX + 1,
        block_nesting_limit: DEPTH_MAX + 1,
    };
    let mut composer =
        Composer { notes, body, base, open: Vec::new(), documents: Vec::new(), nodes: 0 };
    for next in Parser::new_from_str_with_options(body, options) {
        match next {
            Ok((event, span)) => composer.event(event, &span)?,
            Err(error) => {
                composer.scan_error(&error);
                return None;
            }
        }
    }
    Some(composer.documents)
}

/// A collection that is being read.
struct Open {
    place: Place,
    tag: Option<String>,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Key>, seen: BTreeMap<String, usize> },
}

struct Composer<'a> {
    notes: &'a Notes,
    body: &'a str,
    base: usize,
    open: Vec<Open>,
    documents: Vec<Node>,
    nodes: usize,
}

impl Composer<'_> {
    /// `None` stops the reading; why is in the notes.
    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Option<()> {
        let place = self.place(at);
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(place),
            Event::Scalar(value, style, _, tag) => {
                let tag = tag.and_then(|_| self.tag(at, place));
                self.scalar(&value, style, tag, place)
            }
            Event::SequenceStart(_, _, tag) => {
                let tag = tag.and_then(|_| self.tag(at, place));
                self.enter(Open { place, tag, kind: OpenKind::List(Vec::new()) })
            }
            Event::MappingStart(_, _, tag) => {
                let tag = tag.and_then(|_| self.tag(at, place));
                let kind = OpenKind::Map { entries: Vec::new(), key: None, seen: BTreeMap::new() };
                self.enter(Open { place, tag, kind })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.leave();
                Some(())
            }
            _ => Some(()),
        }
    }

    fn place(&self, span: &granit_parser::Span) -> Place {
        let range = span.byte_range().unwrap_or_default();
        Place {
            start: range.start + self.base,
            end: range.end.max(range.start) + self.base,
            line: span.start.line().max(1),
            column: span.start.col() + 1,
        }
    }

    /// The tag as it is written. Those that only repeat what a value is are left away.
    fn tag(&self, at: &granit_parser::Span, place: Place) -> Option<String> {
        let range = at.tag_span().and_then(|tag| tag.byte_range()).unwrap_or_default();
        let written = self.body.get(range).unwrap_or_default();
        if let Some(core) = written.strip_prefix("!!") {
            if !matches!(core, "str" | "int" | "float" | "bool" | "null" | "map" | "seq") {
                self.notes.warning(
                    codes::TAG,
                    place,
                    format!("the tag `{}` is left away", shown(written)),
                    "write the value as plain YAML",
                );
            }
            // `!!str 5` is a text, as quotes would make it.
            return (core == "str").then(|| written.to_owned());
        }
        Some(written.to_owned())
    }

    fn alias(&mut self, place: Place) -> Option<()> {
        let range = place.start.saturating_sub(self.base)..place.end.saturating_sub(self.base);
        let written = self.body.get(range).unwrap_or_default().to_owned();
        self.notes.error(
            codes::ALIAS,
            place,
            format!(
                "the alias `{}` is not followed, and nothing stands in its place",
                shown(&written)
            ),
            "write the value out in their file, and import it again",
        );
        self.count(place)?;
        self.put(Node { place, tag: Some(written), kind: NodeKind::Null });
        Some(())
    }

    fn enter(&mut self, open: Open) -> Option<()> {
        if self.open.len() >= DEPTH_MAX {
            self.too_deep(open.place);
            return None;
        }
        self.count(open.place)?;
        self.open.push(open);
        Some(())
    }

    fn count(&mut self, place: Place) -> Option<()> {
        self.nodes += 1;
        if self.nodes <= NODES_MAX {
            return Some(());
        }
        let message = format!("the file has more than {NODES_MAX} values");
        self.notes.error(codes::YAML, place, message, "split it into several pipelines");
        None
    }

    fn leave(&mut self) {
        let Some(Open { place, tag, kind }) = self.open.pop() else { return };
        let kind = match kind {
            OpenKind::List(items) => NodeKind::List(items),
            OpenKind::Map { entries, .. } => NodeKind::Map(entries),
        };
        self.put(Node { place, tag, kind });
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<String>,
        place: Place,
    ) -> Option<()> {
        if let Some(Open { kind: OpenKind::Map { key: None, .. }, .. }) = self.open.last() {
            self.key(Key { place, text: value.to_owned() });
            return Some(());
        }
        self.count(place)?;
        let is_text = tag.as_deref() == Some("!!str");
        let kind = if style == ScalarStyle::Plain && !is_text {
            let (kind, doubtful) = scalar::classify(value);
            if doubtful {
                self.notes.info(
                    codes::GUESS,
                    place,
                    format!(
                        "`{}` means different things to different YAML readers, and is read as {}",
                        shown(value),
                        Node { place, tag: None, kind: kind.clone() }.what()
                    ),
                    "quote it, or write `true`, `false` or a plain decimal number",
                );
            }
            kind
        } else {
            NodeKind::Text(value.to_owned())
        };
        self.put(Node { place, tag: tag.filter(|_| !is_text), kind });
        Some(())
    }

    fn key(&mut self, new: Key) {
        if new.text == "<<" {
            self.notes.error(
                codes::ALIAS,
                new.place,
                "`<<` merges maps, and that is not followed",
                "write the keys out in their file, and import it again",
            );
        }
        let Some(Open { kind: OpenKind::Map { key, seen, .. }, .. }) = self.open.last_mut() else {
            return;
        };
        if seen.contains_key(&new.text) {
            self.notes.warning(
                codes::DUPLICATE_KEY,
                new.place,
                format!(
                    "the key `{}` stands here a second time, and the last one counts",
                    shown(&new.text)
                ),
                "keep one of the two",
            );
        }
        *key = Some(new);
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.documents.push(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map { entries, key, seen }) => match key.take() {
                Some(key) => match seen.get(&key.text).and_then(|at| entries.get_mut(*at)) {
                    Some(entry) => *entry = Entry { key, value: node },
                    None => {
                        seen.insert(key.text.clone(), entries.len());
                        entries.push(Entry { key, value: node });
                    }
                },
                // A list, a map or an alias as a key. Its value is kept under a name nobody has.
                None => *key = Some(Key { place: node.place, text: format!("({})", node.what()) }),
            },
        }
    }

    fn too_deep(&self, place: Place) {
        let message = format!("lists and maps are nested more than {DEPTH_MAX} deep");
        self.notes.error(codes::YAML, place, message, "move inner parts into files of their own");
    }

    fn scan_error(&self, error: &ScanError) {
        let marker = error.marker();
        let at = marker.byte_offset().unwrap_or_default().min(self.body.len());
        let at = (0..=at).rev().find(|at| self.body.is_char_boundary(*at)).unwrap_or_default();
        let start = at + self.base;
        let place =
            Place { start, end: start, line: marker.line().max(1), column: marker.col() + 1 };
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            self.too_deep(place);
            return;
        }
        let mut message = error.info().to_string();
        // Their sentences begin in both cases, ours in one.
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let help = "check indentation, quotes and brackets here and on the line before";
        self.notes.error(codes::YAML, place, format!("not YAML: {}", sentence(&message)), help);
    }
}
