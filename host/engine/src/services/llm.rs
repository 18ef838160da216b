//! Questions to language models.
//!
//! Tokens are bounded twice: what is asked says how long its answer may be, and what is answered
//! says what it took. Where a provider does not say, it counts as all it might have.

use serde::{Deserialize, Serialize};

/// A question to a language model, or about one that is being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LlmAsk {
    /// The whole answer at once.
    Chat(LlmChat),
    /// The answer piece by piece: gives a number for it.
    Open(LlmChat),
    /// The next piece of the answer with this number.
    Next(u64),
    /// Nobody wants the rest of it. Whoever answers does so as soon as it is asked, whether or not
    /// anybody waits for the answer.
    Close(u64),
    /// What texts mean, as vectors.
    Embed {
        /// The model.
        model: String,
        /// The texts.
        texts: Vec<String>,
    },
}

/// A conversation to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LlmChat {
    /// The model.
    pub model: String,
    /// What was said so far.
    pub messages: Vec<LlmMessage>,
    /// The most tokens of the answer. Whoever lets the question through fills it in.
    pub max_tokens: Option<u64>,
    /// How free the answer is, thousandths from 0 to 2000; the provider's own without one.
    pub temperature_milli: Option<u32>,
    /// The JSON Schema that the answer has to fit.
    pub json_schema: Option<String>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LlmMessage {
    /// Who says it.
    pub role: LlmRole,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LlmRole {
    /// The one who set the model up.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LlmAnswer {
    /// To [`LlmAsk::Chat`].
    Chat {
        /// What the model says.
        text: String,
        /// Why it stopped.
        stop: LlmStop,
        /// What it took.
        usage: Usage,
    },
    /// To [`LlmAsk::Open`].
    Opened(u64),
    /// To [`LlmAsk::Next`].
    Piece(String),
    /// To [`LlmAsk::Next`] behind the last piece.
    End {
        /// Why it stopped.
        stop: LlmStop,
        /// What it took.
        usage: Usage,
    },
    /// To [`LlmAsk::Close`].
    Closed,
    /// To [`LlmAsk::Embed`]: a vector for each text.
    Vectors {
        /// The vectors.
        vectors: Vec<Vector>,
        /// What it took.
        usage: Usage,
    },
    /// There is no answer.
    Failed {
        /// Why.
        problem: LlmProblem,
        /// What it took all the same.
        usage: Usage,
    },
}

/// Numbers of which two are the same where their bits are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vector(pub Vec<f32>);

impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        let bits = |vector: &Self| vector.0.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        bits(self) == bits(other)
    }
}

impl Eq for Vector {}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LlmStop {
    /// It had said everything.
    End,
    /// The most tokens of the answer were reached.
    MaxTokens,
    /// The provider cut it off for what it says.
    Filtered,
    /// Something else.
    Other,
}

/// What a question took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Usage {
    /// The provider did not take the question up.
    Nothing,
    /// As the provider says.
    Tokens {
        /// Those of the prompt.
        input: u64,
        /// Those of the answer.
        output: u64,
    },
    /// The provider does not say.
    Unknown,
}

/// Why a model gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LlmProblem {
    /// The provider does not want to answer this.
    Refused(String),
    /// The conversation is more than the model can take in.
    TooLong(String),
    /// There were too many questions; milliseconds until there may be another one.
    RateLimited(Option<u64>),
    /// The provider could not be reached, or failed.
    Unavailable(String),
}
