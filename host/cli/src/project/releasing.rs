//! A pipeline on its way into a registry, and what registries say of what is in them.

use coldframe_client::Error;
use coldframe_format::{IndexRow, PipelineRow, SkillRef};
use coldframe_lang::source::Source;

use super::{Checked, Project, refusal};
use crate::exit::Fail;

/// What a registry says of a release.
pub(crate) enum Shown {
    Skill(Box<IndexRow>),
    Pipeline(Box<PipelineRow>),
}

impl Project {
    /// Checks a text as whoever takes it from a registry will. With the row where it is in order.
    pub(crate) fn check_release(
        &self,
        name: String,
        text: String,
        namespace: &str,
    ) -> (Checked, Option<PipelineRow>) {
        let released = self.with_world(|world| {
            let source = Source { name: &name, text: &text };
            coldframe_lang::compile_release(&source, namespace, world)
        });
        let compiled = released.compiled;
        let checked = Checked {
            graph: compiled.graph,
            name,
            text,
            diagnostics: compiled.diagnostics,
            sources: compiled.sources,
        };
        (checked, released.row)
    }

    /// The row of the newest skill or pipeline that a name means, and the registry it is in.
    pub(crate) fn show(&self, wanted: &SkillRef) -> Result<(Shown, String), Fail> {
        let skill = match self.registries.resolve(wanted) {
            Err(Error::UnknownSkill { .. }) => None,
            other => Some(other.map_err(refusal)?),
        };
        if let Some((registry, release)) = skill {
            let row = Box::new(release.row().clone());
            return Ok((Shown::Skill(row), registry.location().to_owned()));
        }
        let found = self.registries.resolve_pipeline(wanted);
        // Of the two that are not there, the one for which there is something near.
        let (registry, release) = found.map_err(|error| match error {
            Error::UnknownPipeline { closest: None, .. } => {
                refusal(self.registries.unknown(&wanted.id))
            }
            other => refusal(other),
        })?;
        let row = Box::new(release.row().clone());
        Ok((Shown::Pipeline(row), registry.location().to_owned()))
    }
}

impl Checked {
    /// The text that was checked.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a problem with one of these codes is among those that were found.
    pub(crate) fn has_any_of(&self, codes: &[&str]) -> bool {
        self.diagnostics.iter().any(|problem| codes.contains(&problem.code.id))
    }
}
