//! Problems as text for people and as JSON for programs. The only place that knows how they look.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Lines, Source, Span};

/// The most problems that are printed; the rest is counted.
pub const PRINTED_MAX: usize = 200;

/// The longest part of a source line that is shown, in bytes.
const LINE_BYTES_MAX: usize = 400;

/// The problems as a compiler prints them.
pub fn render_text(diagnostics: &[Diagnostic], source: &Source<'_>, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let lines = Lines::new(source.text);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(PRINTED_MAX) {
        out.push_str(&renderer.render(&report(diagnostic, source, &lines)));
        out.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(PRINTED_MAX).filter(|more| *more > 0) {
        out.push_str(&format!("… and {more} more problems\n\n"));
    }
    out
}

/// `{"diagnostics": […], "omitted": n}`
pub fn to_json(diagnostics: &[Diagnostic], source: &Source<'_>) -> Value {
    let lines = Lines::new(source.text);
    let shown: Vec<Value> =
        diagnostics.iter().take(PRINTED_MAX).map(|d| json_of(d, source, &lines)).collect();
    json!({ "diagnostics": shown, "omitted": diagnostics.len().saturating_sub(PRINTED_MAX) })
}

fn json_of(diagnostic: &Diagnostic, source: &Source<'_>, lines: &Lines<'_>) -> Value {
    let start = lines.position(diagnostic.span.start);
    let end = lines.position(diagnostic.span.end);
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let at = lines.position(label.span.start);
            json!({ "line": at.line, "column": at.column, "message": label.text })
        })
        .collect();
    json!({
        "code": diagnostic.code.id,
        "severity": diagnostic.severity.as_str(),
        "file": source.name,
        "line": start.line,
        "column": start.column,
        "end": { "line": end.line, "column": end.column },
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
        "yaml_path": diagnostic.yaml_path,
    })
}

fn report<'a>(
    diagnostic: &'a Diagnostic,
    source: &Source<'a>,
    lines: &Lines<'_>,
) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.id));
    for snippet in snippets(diagnostic, source, lines) {
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// One excerpt per line that has something to show. Only these lines are handed to the renderer,
/// which would look at the whole text each time.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    source: &Source<'a>,
    lines: &Lines<'_>,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut marks: Vec<(usize, Span, AnnotationKind, Option<&str>)> =
        vec![(lines.line(diagnostic.span.start), diagnostic.span, AnnotationKind::Primary, None)];
    for label in &diagnostic.labels {
        let line = lines.line(label.span.start);
        marks.push((line, label.span, AnnotationKind::Context, Some(&label.text)));
    }
    // The problem itself comes first, other places in the order of the source.
    if let Some(others) = marks.get_mut(1..) {
        others.sort_by_key(|(line, span, ..)| (*line, *span));
    }
    let mut shown: Vec<(usize, Snippet<'a, Annotation<'a>>, Span)> = Vec::new();
    for (line, span, kind, label) in marks {
        let at = match shown.iter().position(|(shown, ..)| *shown == line) {
            Some(at) => at,
            None => {
                let place = excerpt(source.text, lines, line, span);
                let text = source.text.get(place.start..place.end).unwrap_or_default();
                shown.push((line, Snippet::source(text).line_start(line).path(source.name), place));
                shown.len() - 1
            }
        };
        let Some((_, snippet, place)) = shown.get_mut(at) else { continue };
        // Several lines are shown by their first, and what is not in the excerpt by its border.
        let inside = |at: usize| at.clamp(place.start, place.end) - place.start;
        let (from, to) = (inside(span.start), inside(span.end));
        let mut annotation = kind.span(from..to);
        if let Some(label) = label {
            annotation = annotation.label(label);
        }
        *snippet = std::mem::replace(snippet, Snippet::source("")).annotation(annotation);
    }
    shown.into_iter().map(|(_, snippet, _)| snippet).collect()
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
