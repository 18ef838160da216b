//! Tokens and money of one call. What a question may take is set aside before it is asked and
//! settled by what came of it; what nobody says counts as all that was set aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use coldframe_engine::services::{LlmAnswer, LlmAsk, LlmChat, Model, Price, Usage};
use coldframe_engine::step::usd;
use coldframe_engine::{CallError, CallLimits};
use coldframe_format::{Cap, Caps};
use coldframe_journal::ErrorKind;
use coldframe_journal::receipt::{fuel_for, price_nano};

use crate::rights::Rights;
use crate::sanitize;

/// The longest answer where nobody says how long it may be, tokens.
const ANSWER_TOKENS: u64 = 4096;
/// What a provider wraps a conversation, and each message or text, into, tokens.
const AROUND_ALL: u64 = 64;
const AROUND_EACH: u64 = 16;
/// What it says of a schema.
const AROUND_SCHEMA: u64 = 512;

/// What a call may still take.
pub(crate) struct Purse {
    /// What models cost; none where another process counts.
    models: Option<Arc<[Model]>>,
    tokens_max: u64,
    nano_max: u64,
    /// Settled and set aside.
    tokens: u64,
    nano: u64,
    /// Answers that are coming.
    open: BTreeMap<u64, Coming>,
}

/// What is set aside for a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hold {
    what: What,
    input: u64,
    output: u64,
    price: Price,
}

/// What the question is about.
#[derive(Debug, Clone, Copy)]
enum What {
    /// Something that is answered at once.
    Whole,
    /// An answer that will come in pieces.
    Opening,
    /// The next piece of one.
    Piece(u64),
    /// Something that takes nothing.
    Nothing,
}

struct Coming {
    hold: Hold,
    /// Bytes of the answer so far, which is at least as many as there were tokens.
    bytes: u64,
}

impl Hold {
    fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    fn nano(&self, input: u64, output: u64) -> u64 {
        let Price { input_nano, output_nano } = self.price;
        price_nano(input, input_nano).saturating_add(price_nano(output, output_nano))
    }
}

impl Purse {
    pub(crate) fn new(models: Option<Arc<[Model]>>, limits: &CallLimits) -> Self {
        Self {
            models,
            tokens_max: limits.tokens,
            nano_max: limits.services_nano,
            tokens: 0,
            nano: 0,
            open: BTreeMap::new(),
        }
    }

    /// Looks who grants a question, sets aside what it may take, and bounds its answer.
    pub(crate) fn admit(&mut self, rights: &Rights, ask: &mut LlmAsk) -> Result<Hold, CallError> {
        let (model, input, chat) = match ask {
            LlmAsk::Chat(chat) | LlmAsk::Open(chat) => {
                (chat.model.clone(), prompt(chat), Some(chat))
            }
            LlmAsk::Embed { model, texts } => (model.clone(), around(texts.iter()), None),
            LlmAsk::Next(number) | LlmAsk::Close(number) if !self.open.contains_key(number) => {
                let message = "the call has no such answer of a language model";
                return Err(CallError::new(ErrorKind::DeniedCapability, message));
            }
            LlmAsk::Next(number) => {
                return Ok(Hold { what: What::Piece(*number), ..Hold::nothing() });
            }
            LlmAsk::Close(number) => {
                self.give_up(*number);
                return Ok(Hold::nothing());
            }
        };
        let shown = sanitize::line(&model, 64);
        let what = format!("the model `{shown}`");
        let allows = |caps: &Caps| caps.llm.iter().any(|grant| grant.allows(&model));
        rights.check(allows, ErrorKind::DeniedModel, &what, (Cap::Llm, &shown))?;
        let price = self.price(&model, &shown)?;
        let mut hold = Hold { what: What::Whole, input, output: 0, price };
        let is_chat = chat.is_some();
        if let Some(chat) = chat {
            hold.output = match chat.max_tokens {
                Some(most) => most,
                None => self.longest(&hold),
            };
            chat.max_tokens = Some(hold.output);
        }
        self.has(&hold, is_chat)?;
        if matches!(ask, LlmAsk::Open(_)) {
            hold.what = What::Opening;
        }
        self.tokens = self.tokens.saturating_add(hold.tokens());
        self.nano = self.nano.saturating_add(hold.nano(hold.input, hold.output));
        Ok(hold)
    }

    /// What a model costs; a model without a price is none.
    fn price(&self, model: &str, shown: &str) -> Result<Price, CallError> {
        let Some(models) = &self.models else { return Ok(Price::default()) };
        let found = models.iter().find(|entry| entry.names.allows(model));
        found.map(|entry| entry.price).ok_or_else(|| {
            let message = format!(
                "there is no model `{shown}` here: no entry under `models` of a `kind: Config` \
                 fits it"
            );
            CallError::new(ErrorKind::DeniedModel, message)
        })
    }

    /// The most tokens of an answer that what is left would pay.
    fn longest(&self, hold: &Hold) -> u64 {
        let tokens = self.tokens_left().saturating_sub(hold.input);
        let nano = self.nano_left().saturating_sub(hold.nano(hold.input, 0));
        let output_nano = hold.price.output_nano;
        // At a price of nothing there is no bound.
        tokens.min(fuel_for(nano, output_nano)).min(ANSWER_TOKENS)
    }

    fn has(&self, hold: &Hold, is_chat: bool) -> Result<(), CallError> {
        let needs = match is_chat {
            true => format!(
                "the prompt has up to {} and the answer up to {}",
                hold.input,
                // An answer of nothing is none.
                hold.output.max(1)
            ),
            false => format!("the texts have up to {}", hold.input),
        };
        let tokens = hold.tokens().max(hold.input.saturating_add(u64::from(is_chat)));
        // Where the answer was cut to nothing, it is said which of both has run out.
        let nano = hold.nano(hold.input, hold.output.max(u64::from(is_chat)));
        let (left, max) = (self.tokens_left(), self.tokens_max);
        if tokens > left {
            let message = format!(
                "the call may take {max} tokens of language models and has {left} left; {needs}"
            );
            return Err(CallError::new(ErrorKind::LimitTokens, message));
        }
        if nano > self.nano_left() {
            let message = format!(
                "the call may spend {} USD on host services and has {} left; {needs}, for {} USD",
                usd(self.nano_max),
                usd(self.nano_left()),
                usd(nano)
            );
            return Err(CallError::new(ErrorKind::LimitCost, message));
        }
        Ok(())
    }

    /// Tokens and nano-USD that are left.
    pub(crate) fn left(&self) -> (u64, u64) {
        (self.tokens_left(), self.nano_left())
    }

    /// Sets tokens and nano-USD aside for somebody else.
    pub(crate) fn take(&mut self, tokens: u64, nano: u64) {
        self.tokens = self.tokens.saturating_add(tokens);
        self.nano = self.nano.saturating_add(nano);
    }

    /// What of that was not taken after all.
    pub(crate) fn give_back(&mut self, tokens: u64, nano: u64) {
        self.tokens = self.tokens.saturating_sub(tokens);
        self.nano = self.nano.saturating_sub(nano);
    }

    fn tokens_left(&self) -> u64 {
        self.tokens_max.saturating_sub(self.tokens)
    }

    fn nano_left(&self) -> u64 {
        self.nano_max.saturating_sub(self.nano)
    }

    /// Settles by what came of a question, and writes into the answer what it counts as.
    pub(crate) fn settle(&mut self, hold: Hold, answer: &mut LlmAnswer) {
        match (hold.what, answer) {
            (What::Nothing, _) => {}
            (What::Opening, LlmAnswer::Opened(number)) => {
                let before = self.open.insert(*number, Coming { hold, bytes: 0 });
                // Two of one number would be a fault of ours; neither comes for nothing.
                debug_assert!(before.is_none(), "two answers have one number");
            }
            (What::Whole | What::Opening, answer) => self.close(&hold, usage_of(answer)),
            (What::Piece(number), LlmAnswer::Piece(text)) => {
                if let Some(coming) = self.open.get_mut(&number) {
                    coming.bytes = coming.bytes.saturating_add(text.len() as u64);
                }
            }
            (What::Piece(number), answer) => {
                if let Some(coming) = self.open.remove(&number) {
                    self.close(&coming.hold, usage_of(answer));
                }
            }
        }
    }

    /// Settles where there was no answer at all.
    pub(crate) fn unanswered(&mut self, hold: Hold) {
        match hold.what {
            What::Nothing => {}
            What::Whole | What::Opening => self.close(&hold, Some(&mut Usage::Nothing)),
            What::Piece(number) => self.give_up(number),
        }
    }

    fn close(&mut self, hold: &Hold, usage: Option<&mut Usage>) {
        let most = Usage::Tokens { input: hold.input, output: hold.output };
        let taken = match usage {
            Some(usage) => {
                if *usage == Usage::Unknown {
                    *usage = most;
                }
                *usage
            }
            None => most,
        };
        let (input, output) = match taken {
            Usage::Tokens { input, output } => (input, output),
            Usage::Nothing | Usage::Unknown => (0, 0),
        };
        let tokens = self.tokens.saturating_sub(hold.tokens());
        self.tokens = tokens.saturating_add(input).saturating_add(output);
        let nano = self.nano.saturating_sub(hold.nano(hold.input, hold.output));
        self.nano = nano.saturating_add(hold.nano(input, output));
    }

    /// Nobody waits for the rest of an answer: what came of it counts, and its prompt.
    fn give_up(&mut self, number: u64) {
        let Some(Coming { hold, bytes }) = self.open.remove(&number) else { return };
        let mut usage = Usage::Tokens { input: hold.input, output: bytes.min(hold.output) };
        self.close(&hold, Some(&mut usage));
    }

    /// Gives up all answers that still come, and gives their numbers.
    pub(crate) fn end(&mut self) -> Vec<u64> {
        let open: Vec<u64> = self.open.keys().copied().collect();
        open.iter().for_each(|number| self.give_up(*number));
        open
    }

    /// Tokens and nano-USD that were taken.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.tokens, self.nano)
    }
}

impl Hold {
    fn nothing() -> Self {
        Self { what: What::Nothing, input: 0, output: 0, price: Price::default() }
    }
}

fn usage_of(answer: &mut LlmAnswer) -> Option<&mut Usage> {
    match answer {
        LlmAnswer::Chat { usage, .. }
        | LlmAnswer::End { usage, .. }
        | LlmAnswer::Vectors { usage, .. }
        | LlmAnswer::Failed { usage, .. } => Some(usage),
        LlmAnswer::Opened(_) | LlmAnswer::Piece(_) | LlmAnswer::Closed => None,
    }
}

/// The most tokens of a prompt: none has less than a byte.
fn prompt(chat: &LlmChat) -> u64 {
    let said = around(chat.messages.iter().map(|message| &message.content));
    let schema = chat.json_schema.as_ref();
    said.saturating_add(schema.map_or(0, |schema| schema.len() as u64 + AROUND_SCHEMA))
}

fn around<'t>(texts: impl Iterator<Item = &'t String>) -> u64 {
    texts.map(|text| text.len() as u64 + AROUND_EACH).fold(AROUND_ALL, u64::saturating_add)
}
