//! Text and tree to a document with its comments.
//!
//! The reader's tree says what the values are and where they stand; between them there can only be
//! white space, comments and punctuation, which is collected here. Recursion is bounded by the
//! reader's depth.

use super::block;
use super::tree::{Collection, Document, Item, Lead, Scalar, Written};
use super::trivia::{Parser, Trivia, comments, leads};
use crate::yaml::node::{Entry, Node, NodeKind};

/// Why a text could not be taken apart: the offset where what was expected is not.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) usize);

/// Takes a document apart. `root` is what the reader made of `text`.
pub(crate) fn parse(text: &str, root: &Node) -> Result<Document, Lost> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser::new(text, start);
    parser.fill();
    // A list begins with its first dash, a map with its first key.
    let marks = parser.pending.iter().position(|trivia| matches!(trivia, Trivia::Mark { .. }));
    let marks = marks.unwrap_or(parser.pending.len());
    let head = leads(parser.pending.drain(..marks).collect());
    let mut item = Item::new(None, Written::Nothing);
    item.value = parser.value(root, &mut item.lead, &mut item.trail, None)?;
    let foot = leads(parser.take_all());
    let body = match &item.value {
        Written::Collection(root) => {
            let source = |item: Option<&Item>| item.and_then(|item| item.source.clone());
            let first = source(root.items.first()).unwrap_or_default();
            first.start..source(root.items.last()).unwrap_or_default().end
        }
        _ => 0..0,
    };
    Ok(Document { head, root: item, foot, body })
}

impl Parser<'_> {
    /// A value. What stands between its key or dash and it goes to `lead` and `trail`. `around` is
    /// the column of that key or dash.
    fn value(
        &mut self,
        node: &Node,
        lead: &mut Vec<Lead>,
        trail: &mut Option<String>,
        around: Option<usize>,
    ) -> Result<Written, Lost> {
        if node.kind == NodeKind::Null && node.span.start == node.span.end {
            *trail = self.take_trail();
            return Ok(Written::Nothing);
        }
        match (&node.kind, self.peek()) {
            // A dash before it says that the bracket is that of the first item.
            (NodeKind::List(items), Some('[')) if !self.has_dash() => {
                self.before_inline(lead, trail);
                let mut found = self.flow_list(items)?;
                if found.items.is_empty() {
                    lead.append(&mut found.foot);
                }
                self.after_inline(lead, trail);
                return Ok(Written::Collection(found));
            }
            (NodeKind::Map(entries), Some('{')) => {
                self.before_inline(lead, trail);
                let mut found = self.flow_map(entries)?;
                if found.items.is_empty() {
                    lead.append(&mut found.foot);
                }
                self.after_inline(lead, trail);
                return Ok(Written::Collection(found));
            }
            (NodeKind::List(items), _) => {
                *trail = self.take_trail();
                return self.block_list(items, around).map(Written::Collection);
            }
            (NodeKind::Map(entries), _) => {
                *trail = self.take_trail();
                return self.block_map(entries, around).map(Written::Collection);
            }
            _ => {}
        }
        self.before_inline(lead, trail);
        let found = match self.peek() {
            Some('|' | '>') => self.block_scalar(node, lead, trail)?,
            _ => self.scalar(node)?,
        };
        self.after_inline(lead, trail);
        Ok(Written::Scalar(found))
    }

    /// Comments between a key and a value that is not a block.
    fn before_inline(&mut self, lead: &mut Vec<Lead>, trail: &mut Option<String>) {
        *trail = self.take_trail();
        lead.extend(comments(self.take_all()));
    }

    /// The comment behind a value.
    fn after_inline(&mut self, lead: &mut Vec<Lead>, trail: &mut Option<String>) {
        self.consumed = self.at;
        self.fill();
        if let Some(found) = self.take_trail() {
            // Both cannot stand on the line.
            lead.extend(trail.replace(found).map(Lead::Comment));
        }
    }

    fn block_list(&mut self, nodes: &[Node], around: Option<usize>) -> Result<Collection, Lost> {
        let mut items = Vec::new();
        let mut own = 0;
        let mut from = self.line_after(self.consumed);
        for node in nodes {
            let (before, at) = self.take_until('-').ok_or(Lost(self.at))?;
            from = self.begin(from, at, items.is_empty() && around.is_none());
            own = self.column(at);
            let mut item = Item::new(None, Written::Nothing);
            item.lead = leads(before);
            item.value = self.value(node, &mut item.lead, &mut item.trail, Some(own))?;
            self.fill();
            if matches!(item.value, Written::Collection(Collection { flow: false, .. })) {
                item.lead.extend(item.trail.take().map(Lead::Comment));
            }
            item.below = self.below(&item.value, own);
            let end = self.line_after(self.consumed);
            item.source = Some(from..end);
            from = end;
            items.push(item);
        }
        let foot = self.take_deeper(own.max(around.map_or(0, |around| around + 1)));
        Ok(Collection { is_map: false, flow: false, column: Some(own), items, foot })
    }

    fn block_map(&mut self, entries: &[Entry], around: Option<usize>) -> Result<Collection, Lost> {
        let mut items = Vec::new();
        let mut own = 0;
        let mut from = self.line_after(self.consumed);
        for entry in entries {
            let at = match self.take_until('?') {
                Some((before, at)) => {
                    // Comments behind the `?` too.
                    self.pending.splice(0..0, before);
                    at
                }
                None => entry.key.span.start,
            };
            from = self.begin(from, at, items.is_empty() && around.is_none());
            own = self.column(at);
            let mut item = Item::new(None, Written::Nothing);
            item.lead = leads(self.take_all());
            item.key = Some(self.key(entry, &mut item.lead)?);
            item.value = self.value(&entry.value, &mut item.lead, &mut item.trail, Some(own))?;
            self.fill();
            item.below = self.below(&item.value, own);
            let end = self.line_after(self.consumed);
            item.source = Some(from..end);
            from = end;
            items.push(item);
        }
        let foot = self.take_deeper(own.max(around.map_or(0, |around| around + 1)));
        Ok(Collection { is_map: true, flow: false, column: Some(own), items, foot })
    }

    fn below(&mut self, value: &Written, column: usize) -> Vec<Lead> {
        match value {
            Written::Nothing => self.take_deeper(column + 1),
            _ => Vec::new(),
        }
    }

    /// A key and the `:` behind it.
    fn key(&mut self, entry: &Entry, lead: &mut Vec<Lead>) -> Result<(String, String), Lost> {
        let raw = self.text.get(entry.key.span.start..entry.key.span.end).unwrap_or_default();
        if self.at != entry.key.span.start || raw.starts_with(['|', '>']) {
            return Err(Lost(self.at));
        }
        let raw = raw.to_owned();
        self.at = entry.key.span.end;
        self.consumed = self.at;
        let ahead = (self.at, self.pending.len());
        self.fill();
        if self.peek() == Some(':') {
            lead.extend(comments(self.take_all()));
            self.at += 1;
            self.consumed = self.at;
            self.fill();
        } else {
            // A key without value; what follows belongs to what follows.
            self.at = ahead.0;
            self.pending.truncate(ahead.1);
        }
        Ok((raw, entry.key.text.clone()))
    }

    fn flow_list(&mut self, nodes: &[Node]) -> Result<Collection, Lost> {
        self.bracket('[')?;
        let mut items = Vec::new();
        for node in nodes {
            let mut item = Item::new(None, Written::Nothing);
            item.lead = comments(self.take_all());
            item.value = match &node.kind {
                // `[a: 1]`
                NodeKind::Map(entries) if self.peek() != Some('{') => {
                    let items =
                        entries.iter().map(|entry| self.pair(entry)).collect::<Result<_, _>>()?;
                    Written::Collection(Collection::flow(true, items, Vec::new()))
                }
                _ => self.value(node, &mut item.lead, &mut item.trail, None)?,
            };
            self.behind_flow_item(&mut item.lead, &mut item.trail);
            items.push(item);
        }
        let foot = comments(self.take_all());
        self.closing(']')?;
        Ok(Collection::flow(false, items, foot))
    }

    fn flow_map(&mut self, entries: &[Entry]) -> Result<Collection, Lost> {
        self.bracket('{')?;
        let mut items = Vec::new();
        for entry in entries {
            let mut item = self.pair(entry)?;
            self.behind_flow_item(&mut item.lead, &mut item.trail);
            items.push(item);
        }
        let foot = comments(self.take_all());
        self.closing('}')?;
        Ok(Collection::flow(true, items, foot))
    }

    fn pair(&mut self, entry: &Entry) -> Result<Item, Lost> {
        let mut item = Item::new(None, Written::Nothing);
        item.lead = comments(self.take_all());
        item.key = Some(self.key(entry, &mut item.lead)?);
        item.value = self.value(&entry.value, &mut item.lead, &mut item.trail, None)?;
        Ok(item)
    }

    fn bracket(&mut self, bracket: char) -> Result<(), Lost> {
        if self.peek() != Some(bracket) {
            return Err(Lost(self.at));
        }
        self.at += 1;
        self.fill();
        Ok(())
    }

    /// The caller asks for what follows.
    fn closing(&mut self, bracket: char) -> Result<(), Lost> {
        if self.peek() != Some(bracket) {
            return Err(Lost(self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// The comma, and a comment on the same line.
    fn behind_flow_item(&mut self, lead: &mut Vec<Lead>, trail: &mut Option<String>) {
        self.fill();
        if let Some((before, _)) = self.take_until(',') {
            lead.extend(comments(before));
        }
        if let Some(found) = self.take_trail() {
            lead.extend(trail.replace(found).map(Lead::Comment));
        }
    }

    fn scalar(&mut self, node: &Node) -> Result<Scalar, Lost> {
        let raw = self.text.get(node.span.start..node.span.end).unwrap_or_default();
        if self.at != node.span.start || raw.is_empty() {
            return Err(Lost(self.at));
        }
        let lines = raw.split('\n').enumerate().map(|(index, line)| {
            let line = line.trim_end_matches('\r');
            if index == 0 { line } else { line.trim_start_matches([' ', '\t']) }
        });
        let lines = lines.map(str::to_owned).collect();
        self.at = node.span.end;
        Ok(Scalar::Raw { lines, text: node.as_text().map(|text| text.text.clone()) })
    }

    fn block_scalar(
        &mut self,
        node: &Node,
        lead: &mut Vec<Lead>,
        trail: &mut Option<String>,
    ) -> Result<Scalar, Lost> {
        let value = node.as_text().ok_or(Lost(self.at))?;
        let found = block::read(self.rest(), &value.text).ok_or(Lost(self.at))?;
        self.at += found.length;
        if let Some(comment) = found.comment {
            lead.extend(trail.replace(comment).map(Lead::Comment));
        }
        Ok(found.scalar)
    }
}
