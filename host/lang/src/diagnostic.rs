//! A problem in the user's file, as a value: code, place, what is wrong, what to do.

use crate::codes::Code;
use crate::source::Span;
use crate::sources::Sources;
use crate::suggest;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is no graph.
    Error,
    /// There is a graph, and probably something its author did not mean.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of problem; `explain` has a page on each.
    pub code: &'static Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What is wrong: expected and found.
    pub message: String,
    /// Other places that have to do with it.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// The place in the document: `steps[2].with.text`.
    pub yaml_path: Option<String>,
}

/// Another place that has to do with a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

impl Diagnostic {
    /// A problem of this kind at this place.
    pub(crate) fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            span,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            yaml_path: None,
        }
    }

    /// With a line on what to do.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// With a line on what to do, if there is one.
    pub(crate) fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }

    /// With another place.
    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// With its place in the document.
    pub(crate) fn at(mut self, yaml_path: &str) -> Self {
        if !yaml_path.is_empty() {
            self.yaml_path = Some(yaml_path.to_owned());
        }
        self
    }

    /// Whether a signature, digest or revocation was the reason, rather than the user's text.
    pub fn is_refusal(&self) -> bool {
        self.code.refusal
    }
}

/// How many problems get a "did you mean". Each one costs a look at every name there is, and
/// nobody reads more of them.
const SUGGESTIONS_MAX: usize = 200;

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Diagnostic>,
    suggested: usize,
}

impl Report {
    /// Adds a problem. One without help, since there is nothing to list or suggestions have run out,
    /// gets the way to its page.
    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        let page = || format!("`coldframe explain {}` says more", diagnostic.code.id);
        let help = diagnostic.help.take().unwrap_or_else(page);
        self.found.push(diagnostic.help(help));
    }

    /// Adds the problems of another report.
    pub(crate) fn append(&mut self, other: Self) {
        self.found.extend(other.found);
        self.suggested += other.suggested;
    }

    /// Forgets the problems of a kind.
    pub(crate) fn forget(&mut self, code: &Code) {
        self.found.retain(|problem| problem.code != code);
    }

    /// `did you mean …`, or the list of what there is.
    pub(crate) fn suggest<'a>(
        &mut self,
        wrong: &str,
        what: &str,
        candidates: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Option<String> {
        self.suggested += 1;
        if self.suggested > SUGGESTIONS_MAX {
            return None;
        }
        suggest::help(wrong, what, candidates)
    }

    /// Whether there is a problem that forbids a graph.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// All of them by place, each where it is written.
    pub(crate) fn into_sorted(mut self, sources: &Sources) -> Vec<Diagnostic> {
        for problem in &mut self.found {
            sources.settle(problem);
        }
        self.found
            .sort_by(|a, b| (a.span, a.code.id, &a.message).cmp(&(b.span, b.code.id, &b.message)));
        self.found.dedup();
        self.found
    }
}
