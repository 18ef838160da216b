//! `coldframe search TEXT`: skills and pipelines by the words of their rows.

use coldframe_format::row::State;
use coldframe_format::{IndexRow, PipelineRow, SkillId};

use crate::error::Error;
use crate::pipeline::PipelineRelease;
use crate::registries::Registries;
use crate::registry::Release;

/// A skill or pipeline that was found, by its newest release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The release.
    pub found: Found,
    /// The registry it is in.
    pub location: String,
    /// The better it fits, the more.
    pub score: u32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A skill.
    Skill(Release),
    /// A pipeline.
    Pipeline(PipelineRelease),
}

impl Registries {
    /// The skills and pipelines in whose row every word of `text` occurs, the best first. An empty
    /// text finds all of them.
    pub fn search(&self, text: &str) -> Result<Vec<Hit>, Error> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let skills = self.releases()?.into_iter().map(|(registry, release)| {
            (
                registry,
                release.row.state,
                Parts::of_skill(&release.row).score(&words),
                Found::Skill(release),
            )
        });
        let pipelines = self.pipelines()?.into_iter().map(|(registry, release)| {
            let score = Parts::of_pipeline(&release.row).score(&words);
            (registry, release.row.state, score, Found::Pipeline(release))
        });
        let mut hits: Vec<Hit> = Vec::new();
        for (registry, state, score, found) in skills.chain(pipelines) {
            let (State::Ok | State::Deprecated, Some(score)) = (state, score) else { continue };
            let hit = Hit { found, location: registry.location().to_owned(), score };
            // Releases come oldest first, so a later one of the same takes its place.
            match hits.iter_mut().find(|other| other.id() == hit.id()) {
                Some(older) => *older = hit,
                None => hits.push(hit),
            }
        }
        hits.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id().cmp(b.id())));
        Ok(hits)
    }
}

impl Hit {
    fn id(&self) -> &SkillId {
        match &self.found {
            Found::Skill(release) => &release.row.id,
            Found::Pipeline(release) => &release.row.id,
        }
    }
}

/// The words of a row, by what they weigh.
struct Parts<'r> {
    id: &'r SkillId,
    keywords: &'r [String],
    /// Operations of a skill, inputs and outputs of a pipeline; each with its documentation.
    names: Vec<(&'r str, &'r str)>,
    description: &'r str,
}

impl<'r> Parts<'r> {
    fn of_skill(row: &'r IndexRow) -> Self {
        let names = row.operations.iter().map(|op| (op.name.as_str(), op.doc.as_str()));
        Self {
            id: &row.id,
            keywords: &row.keywords,
            names: names.collect(),
            description: &row.description,
        }
    }

    fn of_pipeline(row: &'r PipelineRow) -> Self {
        let inputs = row.inputs.iter().map(|input| input.name.as_str());
        let names = inputs.chain(row.outputs.iter().map(|output| output.name.as_str()));
        Self {
            id: &row.id,
            keywords: &[],
            names: names.map(|name| (name, "")).collect(),
            description: &row.description,
        }
    }

    /// How well it fits, `None` where a word does not occur at all.
    fn score(&self, words: &[String]) -> Option<u32> {
        let mut total = 1;
        for word in words {
            let best = self.score_word(word);
            if best == 0 {
                return None;
            }
            total += best;
        }
        Some(total)
    }

    /// The sum over the parts of a row, so that a word in the name and the description beats one
    /// in the name alone.
    fn score_word(&self, word: &str) -> u32 {
        let part = |text: &str, whole: u32, within: u32| {
            let text = text.to_lowercase();
            if text == word {
                whole
            } else if text.contains(word) {
                within
            } else {
                0
            }
        };
        let best = |scores: &mut dyn Iterator<Item = u32>| scores.max().unwrap_or_default();
        part(&self.id.to_string(), 1000, 0)
            + part(self.id.name(), 500, 200)
            + part(self.id.namespace(), 50, 0)
            + best(&mut self.keywords.iter().map(|keyword| part(keyword, 150, 80)))
            + best(&mut self.names.iter().map(|(name, _)| part(name, 120, 60)))
            + part(self.description, 40, 40)
            + best(&mut self.names.iter().map(|(_, doc)| part(doc, 20, 20)))
    }
}
