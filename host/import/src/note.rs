//! What the author of a file should know about its translation: values, gathered while it is made.

use std::cell::{Cell, RefCell};

use coldframe_lang::suggest;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something the pipeline relied on is not in the translation; it does not compile, or does
    /// less, until somebody looked at it.
    Error,
    /// Something was lost or guessed.
    Warning,
    /// Something reads differently now.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A place in the file that is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// First byte.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How bad it is.
    pub severity: Severity,
    /// Which sort of thing; see [`codes`].
    pub code: &'static str,
    /// Where in their file.
    pub place: Place,
    /// What was found, and what became of it.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// The sorts of notes. A code never changes its meaning.
pub mod codes {
    /// Not YAML, or too large to be read.
    pub const YAML: &str = "yaml";
    /// An alias or a merge of maps; neither is followed.
    pub const ALIAS: &str = "alias";
    /// A tag that means nothing here.
    pub const TAG: &str = "tag";
    /// A key that stands twice in one map.
    pub const DUPLICATE_KEY: &str = "duplicate-key";
    /// A key that the other system does not have either.
    pub const UNKNOWN_KEY: &str = "unknown-key";
    /// A key that the other system has, and this one has no counterpart for.
    pub const UNSUPPORTED_KEY: &str = "unsupported-key";
    /// A kind of step or document that the other system does not have either.
    pub const UNKNOWN_KIND: &str = "unknown-kind";
    /// A key that has to be there.
    pub const MISSING_KEY: &str = "missing-key";
    /// A value of another shape than expected.
    pub const WRONG_SHAPE: &str = "wrong-shape";
    /// An expression or template that has no translation.
    pub const UNTRANSLATED: &str = "untranslated";
    /// A name that had to change.
    pub const RENAMED: &str = "renamed";
    /// A name that nothing has.
    pub const UNKNOWN_NAME: &str = "unknown-name";
    /// Something reads as what it most likely means.
    pub const GUESS: &str = "guess";
    /// Code that has to become a skill.
    pub const SKILL_NEEDED: &str = "skill-needed";
    /// A call of a language model.
    pub const MODEL_CALL: &str = "model-call";
    /// The same words do something else here.
    pub const DIFFERS: &str = "differs";
    /// Another file that has to be translated too.
    pub const OTHER_FILE: &str = "other-file";
    /// A value out of the environment.
    pub const ENVIRONMENT: &str = "environment";
    /// The translation is larger than a pipeline may be.
    pub const TOO_LARGE: &str = "too-large";
}

/// How many notes get a "did you mean"; each costs a look at every name there is.
const SUGGESTIONS_MAX: usize = 200;

/// The notes so far. Shared while the translation is made, so behind a cell.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    found: RefCell<Vec<Note>>,
    suggested: Cell<usize>,
}

impl Notes {
    pub(crate) fn add(
        &self,
        severity: Severity,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        let help = (!help.is_empty()).then_some(help);
        self.found.borrow_mut().push(Note { severity, code, place, message, help });
    }

    pub(crate) fn error(
        &self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, place, message, help);
    }

    pub(crate) fn warning(
        &self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, place, message, help);
    }

    pub(crate) fn info(
        &self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Info, code, place, message, help);
    }

    /// `did you mean …`, or the list of what there is.
    pub(crate) fn suggest<'a>(
        &self,
        wrong: &str,
        what: &str,
        names: impl IntoIterator<Item = &'a str> + Clone,
    ) -> String {
        self.suggested.set(self.suggested.get() + 1);
        if self.suggested.get() > SUGGESTIONS_MAX {
            return String::new();
        }
        suggest::help(wrong, what, names).unwrap_or_default()
    }

    /// All of them by place, each once.
    pub(crate) fn into_sorted(self) -> Vec<Note> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| {
            (a.place, a.severity, a.code, &a.message)
                .cmp(&(b.place, b.severity, b.code, &b.message))
        });
        found.dedup();
        found
    }
}
