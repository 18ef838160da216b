//! Problems as text for people and as JSON for programs. The only place that knows how they look.

use std::collections::BTreeMap;
use std::rc::Rc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Severity};
use crate::shown::sentence;
use crate::source::{Lines, Position, Span};
use crate::sources::Texts;

/// The most problems that are printed; the rest is counted.
pub const PRINTED_MAX: usize = 200;

/// The longest part of a source line that is shown, in bytes.
const LINE_BYTES_MAX: usize = 400;

/// The problems as a compiler prints them.
pub fn render_text(diagnostics: &[Diagnostic], texts: &impl Texts, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut places = Places::new(texts);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(PRINTED_MAX) {
        out.push_str(&renderer.render(&report(diagnostic, &mut places)));
        out.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(PRINTED_MAX).filter(|more| *more > 0) {
        out.push_str(&format!("… and {more} more problems\n\n"));
    }
    out
}

/// `{"diagnostics": […], "omitted": n}`
pub fn to_json(diagnostics: &[Diagnostic], texts: &impl Texts) -> Value {
    let mut places = Places::new(texts);
    let shown: Vec<Value> =
        diagnostics.iter().take(PRINTED_MAX).map(|d| json_of(d, &mut places)).collect();
    json!({ "diagnostics": shown, "omitted": diagnostics.len().saturating_sub(PRINTED_MAX) })
}

/// Offsets to lines, for each text that has something to show.
pub(crate) struct Places<'a, T> {
    texts: &'a T,
    /// By where the text begins.
    lines: BTreeMap<usize, Rc<Lines<'a>>>,
}

/// A text that has something to show.
pub(crate) struct Shown<'a> {
    pub(crate) name: &'a str,
    text: &'a str,
    base: usize,
    lines: Rc<Lines<'a>>,
}

impl<'a, T: Texts> Places<'a, T> {
    pub(crate) fn new(texts: &'a T) -> Self {
        Self { texts, lines: BTreeMap::new() }
    }

    pub(crate) fn at(&mut self, offset: usize) -> Shown<'a> {
        let found = self.texts.text_at(offset);
        let lines = self.lines.entry(found.base).or_insert_with(|| Rc::new(Lines::new(found.text)));
        Shown { name: found.name, text: found.text, base: found.base, lines: Rc::clone(lines) }
    }
}

impl Shown<'_> {
    pub(crate) fn position(&self, offset: usize) -> Position {
        self.lines.position(offset.saturating_sub(self.base))
    }
}

fn json_of<T: Texts>(diagnostic: &Diagnostic, places: &mut Places<'_, T>) -> Value {
    let file = places.at(diagnostic.span.start);
    let (start, end) = (file.position(diagnostic.span.start), file.position(diagnostic.span.end));
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let there = places.at(label.span.start);
            let at = there.position(label.span.start);
            let mut shown = json!({ "line": at.line, "column": at.column, "message": label.text });
            // Labels are in the same file unless they say so.
            if let Some(shown) = shown.as_object_mut().filter(|_| there.base != file.base) {
                shown.insert("file".to_owned(), json!(there.name));
            }
            shown
        })
        .collect();
    json!({
        "code": diagnostic.code.id,
        "severity": diagnostic.severity.as_str(),
        "file": file.name,
        "line": start.line,
        "column": start.column,
        "end": { "line": end.line, "column": end.column },
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
        "yaml_path": diagnostic.yaml_path,
    })
}

fn report<'a, T: Texts>(diagnostic: &'a Diagnostic, places: &mut Places<'a, T>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.id));
    for snippet in snippets(diagnostic, places) {
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// A place to show: a line of a text, and what to say there.
struct Mark<'a> {
    shown: Shown<'a>,
    line: usize,
    span: Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
}

impl<'a> Mark<'a> {
    fn new(shown: Shown<'a>, span: Span, kind: AnnotationKind, label: Option<&'a str>) -> Self {
        let span =
            Span::new(span.start.saturating_sub(shown.base), span.end.saturating_sub(shown.base));
        Self { line: shown.lines.line(span.start), shown, span, kind, label }
    }
}

/// One excerpt per line that has something to show. Only these lines are handed to the renderer,
/// which would look at the whole text each time.
fn snippets<'a, T: Texts>(
    diagnostic: &'a Diagnostic,
    places: &mut Places<'a, T>,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let primary = diagnostic.span;
    let mut marks =
        vec![Mark::new(places.at(primary.start), primary, AnnotationKind::Primary, None)];
    let own = marks.first().map_or(0, |mark| mark.shown.base);
    for label in &diagnostic.labels {
        let shown = places.at(label.span.start);
        marks.push(Mark::new(shown, label.span, AnnotationKind::Context, Some(&label.text)));
    }
    // The problem itself comes first, other places in the order of the source, its own text first.
    if let Some(others) = marks.get_mut(1..) {
        others.sort_by_key(|mark| (mark.shown.base != own, mark.shown.base, mark.line, mark.span));
    }
    let mut done: Vec<((usize, usize), Snippet<'a, Annotation<'a>>, Span)> = Vec::new();
    for Mark { shown, line, span, kind, label } in marks {
        let key = (shown.base, line);
        let at = match done.iter().position(|(other, ..)| *other == key) {
            Some(at) => at,
            None => {
                let place = excerpt(shown.text, &shown.lines, line, span);
                let text = shown.text.get(place.start..place.end).unwrap_or_default();
                done.push((
                    key,
                    Snippet::source(text).line_start(line).path(sentence(shown.name)),
                    place,
                ));
                done.len() - 1
            }
        };
        let Some((_, snippet, place)) = done.get_mut(at) else { continue };
        // Several lines are shown by their first, and what is not in the excerpt by its border.
        let inside = |at: usize| at.clamp(place.start, place.end) - place.start;
        let (from, to) = (inside(span.start), inside(span.end));
        let mut annotation = kind.span(from..to);
        if let Some(label) = label {
            annotation = annotation.label(label);
        }
        *snippet = std::mem::replace(snippet, Snippet::source("")).annotation(annotation);
    }
    done.into_iter().map(|(_, snippet, _)| snippet).collect()
}

/// A line, or of a very long one the part around the place.
fn excerpt(text: &str, lines: &Lines<'_>, line: usize, span: Span) -> Span {
    let (start, end) = (lines.start(line), lines.end(line));
    if end - start <= LINE_BYTES_MAX {
        return Span::new(start, end);
    }
    let border =
        |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let from = border(span.start.saturating_sub(LINE_BYTES_MAX / 2)).max(start);
    Span::new(from, border((from + LINE_BYTES_MAX).min(end)))
}
