//! What must hold of every translation, whatever the file was.

use std::sync::Arc;

use coldframe_format::{SkillId, SkillRef};
use coldframe_import::{Imported, Severity};
use coldframe_lang::catalog::{CatalogError, SkillCatalog, SkillEntry};
use coldframe_lang::world::{NoFiles, World};
use coldframe_lang::{Source, compile};

/// No skills at all.
struct Empty;

impl SkillCatalog for Empty {
    fn find(&self, _wanted: &SkillRef) -> Result<Arc<SkillEntry>, CatalogError> {
        Err(CatalogError::UnknownSkill)
    }

    fn ids(&self) -> Vec<SkillId> {
        Vec::new()
    }
}

/// The codes of what our compiler says of a text.
pub(crate) fn problems(text: &str) -> Vec<(&'static str, String)> {
    let compiled = compile(&Source { name: "out.yml", text }, World::new(&Empty, &NoFiles));
    compiled.diagnostics.into_iter().map(|problem| (problem.code.id, problem.message)).collect()
}

/// Places are in the text, and our own reader takes what was written. A translation may still name
/// skills and values that are not there: that is what its notes are about.
pub(crate) fn check(text: &str, found: &Imported) -> Result<(), String> {
    for note in &found.notes {
        let place = note.place;
        if text.get(place.start..place.end).is_none() || place.line == 0 || place.column == 0 {
            return Err(format!("{note:?} is not in the text"));
        }
    }
    if found.pipeline.is_none() && !found.notes.iter().any(|note| note.severity == Severity::Error)
    {
        return Err("there is neither a pipeline nor an error".to_owned());
    }
    let too_large = found.notes.iter().any(|note| note.code == coldframe_import::codes::TOO_LARGE);
    let others = found.others.iter().map(|other| &other.text);
    for written in found.pipeline.iter().chain(others) {
        for (code, message) in problems(written) {
            // What is missing or empty in their file is so in ours, and the compiler says so: neither
            // `missing-key` nor `wrong-shape` is a fault of the translation.
            let of_the_reader = code.starts_with("yaml-");
            let of_ours = [
                "bad-name",
                "reserved-name",
                "duplicate-id",
                "bad-skill-reference",
                "unknown-key",
                "expression-syntax",
                "unsupported-statement",
                "when-braces",
                "template-not-here",
                "bad-limit",
                "step-kind",
                "bad-version",
                "env-syntax",
                "env-not-allowed",
                "env-not-here",
            ]
            .contains(&code);
            // Their steps may be called the same as one around them; ours may not, and say so.
            let around = message.contains("in a block around");
            if !too_large && !around && (of_the_reader || of_ours) {
                return Err(format!("{code}: {message}\n{written}"));
            }
        }
    }
    Ok(())
}
