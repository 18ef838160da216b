//! A document as text.

use super::inline::{inline, key, one_line};
use super::tree::{Collection, Document, Item, Lead, Scalar, Written};

/// The text of a document in its one form.
pub(crate) fn print(document: &Document) -> String {
    let mut out = Out::default();
    out.leads(&document.head, 0);
    out.leads(&document.root.lead, 0);
    match &document.root.value {
        Written::Collection(found) => match inline(&document.root.value, 0) {
            Some(text) => out.line(0, &with_comment(text, document.root.trail.as_ref())),
            None => {
                let trail = document.root.trail.iter().cloned().map(Lead::Comment);
                out.leads(&trail.collect::<Vec<_>>(), 0);
                out.collection(found, 0);
            }
        },
        value => out.value("", value, document.root.trail.as_ref(), 0),
    }
    let last = document.foot.iter().rposition(|lead| *lead != Lead::Blank);
    out.leads(document.foot.get(..last.map_or(0, |last| last + 1)).unwrap_or_default(), 0);
    out.finish()
}

/// The text of a document that was edited: what did not change stands as it stood in `text`.
pub(crate) fn print_edited(document: &Document, text: &str) -> String {
    // A root without a column is another one than that of the text.
    let Written::Collection(root @ Collection { flow: false, column: Some(column), .. }) =
        &document.root.value
    else {
        return print(document);
    };
    let mut out = Out { source: Some(text), ..Out::default() };
    out.items(root, *column);
    let head = text.get(..document.body.start).unwrap_or_default();
    let tail = text.get(document.body.end..).unwrap_or_default();
    let last = root.items.last().and_then(|item| item.source.as_ref());
    let moved = last.is_none_or(|last| last.end != document.body.end);
    let tail =
        if moved { settled(tail, *column, out.kept == out.lines.len()) } else { tail.to_owned() };
    format!("{head}{}{tail}", out.finish())
}

/// With the empty lines and comments at its beginning where they belong. A new text before them
/// could take deeper ones for its own, and one that keeps empty lines those too.
fn settled(text: &str, indent: usize, mut drop_empty: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let plain = line.trim();
        if !plain.is_empty() && !plain.starts_with('#') {
            break;
        }
        if !plain.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(plain);
            drop_empty = false;
        }
        if !drop_empty {
            out.push('\n');
        }
        rest = rest.get(line.len()..).unwrap_or_default();
    }
    out + rest
}

#[derive(Default)]
struct Out<'t> {
    /// Where unchanged items are taken from.
    source: Option<&'t str>,
    lines: Vec<String>,
    /// How many lines there were behind a text that keeps its empty lines: one more would be its.
    kept: usize,
}

impl Out<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{}{text}", " ".repeat(indent)));
    }

    /// Comments, and at most one empty line each time, none at the beginning.
    fn leads(&mut self, leads: &[Lead], indent: usize) {
        for lead in leads {
            match lead {
                Lead::Comment(text) => self.line(indent, text),
                Lead::Blank if self.may_be_empty() => {
                    self.lines.push(String::new());
                }
                Lead::Blank => {}
            }
        }
    }

    fn may_be_empty(&self) -> bool {
        self.lines.len() != self.kept && self.lines.last().is_some_and(|line| !line.is_empty())
    }

    fn finish(mut self) -> String {
        // Only kept line breaks of a block scalar may stand at the end, and those are not ours.
        self.lines.push(String::new());
        self.lines.join("\n")
    }

    fn collection(&mut self, found: &Collection, indent: usize) {
        let indent = self.indent(found, indent);
        self.items(found, indent);
        self.leads(&found.foot, indent);
    }

    fn items(&mut self, found: &Collection, indent: usize) {
        let mut before: Option<usize> = None;
        for (index, item) in found.items.iter().enumerate() {
            // What stood before it in the text may be gone, or be another.
            let moved = before != item.source.as_ref().map(|source| source.start) && index > 0;
            before = item.source.as_ref().map(|source| source.end);
            if self.unchanged(item, indent, moved) {
                continue;
            }
            let lead = if index == 0 { trim_blank(&item.lead) } else { &item.lead };
            self.leads(lead, indent);
            self.item(item, indent);
        }
    }

    /// Where the items of a collection begin. Unchanged ones have to stay where they are.
    fn indent(&self, found: &Collection, indent: usize) -> usize {
        found.column.filter(|_| self.source.is_some()).unwrap_or(indent)
    }

    fn item(&mut self, item: &Item, indent: usize) {
        match &item.key {
            Some((raw, name)) => self.entry(&key(raw, name), item, indent),
            None => self.list_item(item, indent),
        }
        self.leads(&item.below, indent + 2);
    }

    /// Takes over the lines of an item that did not change.
    fn unchanged(&mut self, item: &Item, indent: usize, moved: bool) -> bool {
        let (Some(text), Some(range)) = (self.source, &item.source) else { return false };
        let Some(own) = text.get(range.clone()) else { return false };
        // Behind the dash of what is around it.
        let begins = text
            .get(..range.start)
            .is_none_or(|before| before.is_empty() || before.ends_with('\n'));
        let pad = if begins { String::new() } else { " ".repeat(indent) };
        let whole = format!("{pad}{}", own.strip_suffix('\n').unwrap_or(own));
        let kept = self.kept == self.lines.len();
        let whole = if moved || kept { settled(&whole, indent, kept) } else { whole };
        self.lines.extend(whole.split('\n').map(str::to_owned));
        if item.value.keeps_empty_lines() {
            self.kept = self.lines.len();
        }
        true
    }

    fn entry(&mut self, key: &str, item: &Item, indent: usize) {
        let head = format!("{}{key}:", " ".repeat(indent));
        if let Written::Collection(found) = &item.value {
            match inline(&item.value, head.chars().count() + 1) {
                Some(text) => {
                    self.lines.push(with_comment(format!("{head} {text}"), item.trail.as_ref()));
                }
                None => {
                    self.lines.push(with_comment(head, item.trail.as_ref()));
                    self.collection(found, indent + 2);
                }
            }
            return;
        }
        self.value(&head, &item.value, item.trail.as_ref(), indent);
    }

    fn list_item(&mut self, item: &Item, indent: usize) {
        let head = format!("{}-", " ".repeat(indent));
        let Written::Collection(found) = &item.value else {
            return self.value(&head, &item.value, item.trail.as_ref(), indent);
        };
        if let Some(text) = inline(&item.value, indent + 2) {
            self.lines.push(with_comment(format!("{head} {text}"), item.trail.as_ref()));
            return;
        }
        // What would stand between the dash and the first key stands above the dash.
        let mut inner = Out { source: self.source, ..Out::default() };
        let column = self.indent(found, indent + 2);
        inner.leads(&item.trail.iter().cloned().map(Lead::Comment).collect::<Vec<_>>(), column);
        inner.collection(found, column);
        let mut begun = false;
        let kept = inner.kept == inner.lines.len();
        for line in inner.lines {
            if begun {
                self.lines.push(line);
            } else if line.trim_start().starts_with('#') {
                self.line(indent, line.trim_start());
            } else if line.is_empty() {
                self.leads(&[Lead::Blank], indent);
            } else {
                begun = true;
                match column.checked_sub(indent + 1) {
                    // The author gave it too little room to stand behind the dash.
                    None | Some(0) => self.lines.extend([head.clone(), line]),
                    Some(gap) => {
                        self.lines.push(format!("{head}{}{}", " ".repeat(gap), line.trim_start()));
                    }
                }
            }
        }
        if kept {
            self.kept = self.lines.len();
        }
    }

    /// A value that is no list or map, behind its key or dash.
    fn value(&mut self, head: &str, value: &Written, trail: Option<&String>, indent: usize) {
        let space = if head.is_empty() { "" } else { " " };
        match value {
            Written::Nothing => self.lines.push(with_comment(head.to_owned(), trail)),
            Written::Scalar(Scalar::Raw { lines, text }) => {
                if let Some(line) = one_line(lines, text.as_ref(), false) {
                    self.lines.push(with_comment(format!("{head}{space}{line}"), trail));
                    return;
                }
                for (index, line) in lines.iter().enumerate() {
                    let text = match (index, line.is_empty()) {
                        (0, _) => format!("{head}{space}{line}"),
                        (_, true) => String::new(),
                        (..) => format!("{}{line}", " ".repeat(indent + 2)),
                    };
                    let last = index + 1 == lines.len();
                    self.lines.push(with_comment(text, trail.filter(|_| last)));
                }
            }
            Written::Scalar(Scalar::Block { folded, chomp, told, lines }) => {
                let mut mark = String::from(if *folded { ">" } else { "|" });
                if *told {
                    mark.push('2');
                }
                mark.extend(chomp);
                self.lines.push(with_comment(format!("{head}{space}{mark}"), trail));
                for line in lines {
                    self.line(if line.is_empty() { 0 } else { indent + 2 }, line);
                }
                if *chomp == Some('+') {
                    self.kept = self.lines.len();
                }
            }
            Written::Collection(_) => {}
        }
    }
}

fn trim_blank(leads: &[Lead]) -> &[Lead] {
    match leads.split_first() {
        Some((Lead::Blank, rest)) => rest,
        _ => leads,
    }
}

fn with_comment(line: String, comment: Option<&String>) -> String {
    match comment {
        Some(comment) => format!("{line} {comment}"),
        None => line,
    }
}
