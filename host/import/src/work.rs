//! What a translation gathers beside the steps: notes, inputs, and the skills that are needed.

use std::cell::{Cell, RefCell};

use coldframe_lang::shown::shown;
use indexmap::IndexMap;

use crate::Scaffold;
use crate::names::{Taken, field, kebab};
use crate::note::{Notes, Place, codes};
use crate::out::{Map, Out, Piece};

/// The most bytes that are written more often than they stand in the file: one long prompt that a
/// thousand steps name must not become a thousand long prompts.
const COPIED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Shared by everything that translates, so behind cells.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) notes: Notes,
    /// Ours to its schema.
    inputs: RefCell<IndexMap<String, Out>>,
    /// Their name of an input to ours.
    input_names: RefCell<IndexMap<String, String>>,
    taken_inputs: RefCell<Taken>,
    scaffolds: RefCell<IndexMap<String, Scaffold>>,
    /// Their module to our skill.
    skills: RefCell<IndexMap<String, String>>,
    taken_skills: RefCell<Taken>,
    /// Bytes that were written a second time.
    copied: Cell<usize>,
}

/// How many arguments a scaffold lists. They are a guess, and nobody writes more.
const INPUTS_MAX: usize = 64;

/// A function, class or prompt of theirs that has to become an operation of a skill.
pub(crate) struct Wanted<'a> {
    /// Names the skill: `pkg.mod`.
    pub(crate) module: &'a str,
    /// Names the operation: `fn`.
    pub(crate) operation: &'a str,
    pub(crate) why: String,
    pub(crate) place: Place,
    /// The code, where it stands in the file.
    pub(crate) source: Option<String>,
}

impl Work {
    /// Whether that many bytes may be written once more. They are taken off if so.
    pub(crate) fn afford(&self, bytes: usize) -> bool {
        let copied = self.copied.get().saturating_add(bytes);
        let fits = copied <= COPIED_BYTES_MAX;
        if fits {
            self.copied.set(copied);
        }
        fits
    }

    /// A copy of something that stands elsewhere, or nothing with a note where there are too many.
    pub(crate) fn copy<T: Clone + Default>(&self, value: &T, bytes: usize, place: Place) -> T {
        if self.afford(bytes) {
            return value.clone();
        }
        let message =
            "what is named here is too large to be written out once more, and is left away";
        self.notes.error(codes::TOO_LARGE, place, message, "hand it in as an input");
        T::default()
    }

    /// Declares an input once; the first schema counts. Gives the expression that reads it.
    pub(crate) fn input(&self, theirs: &str, schema: impl FnOnce() -> Out, place: Place) -> String {
        if let Some(ours) = self.input_names.borrow().get(theirs) {
            return format!("inputs.{ours}");
        }
        // Inputs stand behind `inputs.`, so that only their form matters.
        let plain = field(theirs);
        let ours = self.taken_inputs.borrow_mut().unique(&plain, '_', &|_| false);
        if ours != theirs {
            let message = format!("the input `{}` is called `{ours}` here", shown(theirs));
            self.notes.info(codes::RENAMED, place, message, "hand it in under the new name");
        }
        self.input_names.borrow_mut().insert(theirs.to_owned(), ours.clone());
        self.inputs.borrow_mut().insert(ours.clone(), schema());
        format!("inputs.{ours}")
    }

    /// Whether an input of that name was declared.
    pub(crate) fn has_input(&self, theirs: &str) -> bool {
        self.input_names.borrow().contains_key(theirs)
    }

    /// The `inputs` of the document.
    pub(crate) fn take_inputs(&self) -> Map {
        self.input_names.borrow_mut().clear();
        *self.taken_inputs.borrow_mut() = Taken::default();
        let inputs = std::mem::take(&mut *self.inputs.borrow_mut());
        Map(inputs.into_iter().map(|(name, schema)| (name, schema.into())).collect())
    }

    /// The reference to a skill that somebody has to write. `with` tells what it is called with.
    pub(crate) fn skill(&self, wanted: Wanted<'_>, with: &Map) -> String {
        let skill = {
            let mut skills = self.skills.borrow_mut();
            match skills.get(wanted.module) {
                Some(skill) => skill.clone(),
                None => {
                    let mut taken = self.taken_skills.borrow_mut();
                    let skill = taken.unique(&kebab(wanted.module), '-', &|_| false);
                    skills.insert(wanted.module.to_owned(), skill.clone());
                    skill
                }
            }
        };
        let operation = kebab(wanted.operation);
        let reference = format!("imported/{skill}#{operation}");
        let mut scaffolds = self.scaffolds.borrow_mut();
        let scaffold = scaffolds.entry(reference.clone()).or_insert_with(|| Scaffold {
            skill: format!("imported/{skill}"),
            operation,
            why: wanted.why,
            lines: Vec::new(),
            inputs: Vec::new(),
            source: wanted.source,
        });
        if scaffold.lines.last() != Some(&wanted.place.line) {
            scaffold.lines.push(wanted.place.line);
        }
        for (name, piece) in &with.0 {
            let is_new = scaffold.inputs.iter().all(|(known, _)| known != name);
            if is_new && scaffold.inputs.len() < INPUTS_MAX {
                scaffold.inputs.push((name.clone(), guessed_type(&piece.value).to_owned()));
            }
        }
        reference
    }

    pub(crate) fn finish(self) -> (Notes, Vec<Scaffold>) {
        (self.notes, self.scaffolds.into_inner().into_values().collect())
    }

    /// Notes that something has no translation. Gives a name that nothing has, so that our compiler
    /// stops there until somebody wrote what was meant, and the comment that quotes the original.
    pub(crate) fn untranslated(&self, place: Place, original: &str, why: &str) -> (String, String) {
        let message = format!("`{}` has no translation: {why}", shown(original));
        self.notes.error(
            codes::UNTRANSLATED,
            place,
            message,
            "the original stands as a comment in the translation; write what it means there",
        );
        (format!("untranslated_line_{}", place.line), self.was(place, original))
    }

    /// The path of another file. Ours is read before the run begins, and so has no holes.
    pub(crate) fn path(&self, path: &str, place: Place) -> String {
        if !["{{", "{%", "{#"].iter().any(|mark| path.contains(mark)) {
            return path.to_owned();
        }
        self.untranslated(place, path, "the path of a pipeline has no `{{` here");
        format!("./untranslated_line_{}.yml", place.line)
    }

    /// The comment that quotes an original.
    pub(crate) fn was(&self, place: Place, original: &str) -> String {
        format!("from line {}: was `{}`", place.line, original.trim())
    }

    /// As a value with its comment.
    pub(crate) fn untranslated_value(&self, place: Place, original: &str, why: &str) -> Piece {
        let (name, comment) = self.untranslated(place, original, why);
        Piece::from(Out::hole(&name)).comment(comment)
    }
}

/// What an argument most likely is.
fn guessed_type(value: &Out) -> &'static str {
    match value {
        Out::Bool(_) => "bool",
        Out::Bare(text) if text.parse::<i64>().is_ok() => "s64",
        Out::Bare(text) if text.parse::<f64>().is_ok() => "f64",
        Out::Text(text) if text.starts_with("{{") && text.ends_with("}}") => "json",
        Out::Bare(_) | Out::Text(_) => "string",
        Out::Null | Out::List(_) | Out::Map(_) => "json",
    }
}
