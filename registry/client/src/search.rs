//! `coldframe search TEXT`: skills by the words of their rows.

use coldframe_format::row::State;
use coldframe_format::{IndexRow, SkillId};

use crate::error::Error;
use crate::registries::Registries;
use crate::registry::Release;

/// A skill that was found, by its newest release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The release.
    pub release: Release,
    /// The registry it is in.
    pub location: String,
    /// The better it fits, the more.
    pub score: u32,
}

impl Registries {
    /// The skills in whose row every word of `text` occurs, the best first. An empty text finds
    /// all of them.
    pub fn search(&self, text: &str) -> Result<Vec<Hit>, Error> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let mut hits: Vec<Hit> = Vec::new();
        for (registry, release) in self.releases()? {
            if !matches!(release.row.state, State::Ok | State::Deprecated) {
                continue;
            }
            let Some(score) = score(&release.row, &words) else { continue };
            let hit = Hit { release, location: registry.location().to_owned(), score };
            // Releases come oldest first, so a later one of the same skill takes its place.
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
        &self.release.row.id
    }
}

/// How well a row fits, `None` where a word does not occur at all.
fn score(row: &IndexRow, words: &[String]) -> Option<u32> {
    let mut total = 1;
    for word in words {
        let best = score_word(row, word);
        if best == 0 {
            return None;
        }
        total += best;
    }
    Some(total)
}

/// The sum over the parts of a row, so that a word in the name and the description beats one in
/// the name alone.
fn score_word(row: &IndexRow, word: &str) -> u32 {
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
    part(&row.id.to_string(), 1000, 0)
        + part(row.id.name(), 500, 200)
        + part(row.id.namespace(), 50, 0)
        + best(&mut row.keywords.iter().map(|keyword| part(keyword, 150, 80)))
        + best(&mut row.operations.iter().map(|op| part(&op.name, 120, 60)))
        + part(&row.description, 40, 40)
        + best(&mut row.operations.iter().map(|op| part(&op.doc, 20, 20)))
}
