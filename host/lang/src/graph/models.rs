//! Which language models a run has, where each of them is asked, and what it costs.

use coldframe_format::caps::{GrantLine as _, LlmGrant};

/// Models of one provider at one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Which ones. Of several entries that a model fits, the first one counts.
    pub names: LlmGrant,
    /// What the provider speaks.
    pub adapter: ModelAdapter,
    /// Where it is, with the path in front of that of each question and without a `/` at its end.
    pub url: String,
    /// The name of the secret that questions carry; none for a provider that wants none.
    pub secret: Option<String>,
    /// What tokens cost.
    pub price: Price,
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelAdapter {
    /// `openai`: chat completions and embeddings, as many providers have them.
    OpenAi,
    /// `anthropic`: messages.
    Anthropic,
    /// `ollama`: chat and embeddings of a server of one's own.
    Ollama,
}

/// What a million tokens cost, nano-USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// Those of a prompt.
    pub input_nano: u64,
    /// Those of an answer.
    pub output_nano: u64,
}

impl ModelAdapter {
    /// Every one, by the word for it.
    pub const ALL: [(&'static str, Self); 3] =
        [("openai", Self::OpenAi), ("anthropic", Self::Anthropic), ("ollama", Self::Ollama)];
}

impl Model {
    /// Whether some of its names are granted.
    pub fn is_granted(&self, grants: &[LlmGrant]) -> bool {
        grants.iter().any(|grant| self.names.both(grant).is_some())
    }
}

impl Price {
    /// The most that a million tokens of any model cost that is granted, whichever side they are on.
    pub fn dearest(models: &[Model], grants: &[LlmGrant]) -> u64 {
        let granted = models.iter().filter(|model| model.is_granted(grants));
        granted.map(|model| model.price.input_nano.max(model.price.output_nano)).max().unwrap_or(0)
    }
}
