//! Language models: which provider answers for which model, and how each of them is spoken to.
//!
//! A question goes out through the same port as requests of skills, so that its key is put in and
//! taken out of answers in one place. Here is only what stands for the key.

mod answer;
mod anthropic;
mod exchange;
mod frames;
mod ollama;
mod openai;
mod question;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use coldframe_engine::ports::{BoxFuture, HttpPort};
use coldframe_engine::services::{
    Answer, Ask, LlmAnswer, LlmAsk, LlmChat, LlmProblem, Model, ServiceError, Services, Usage,
};
use coldframe_journal::ErrorKind;

use self::exchange::{Exchange, Provider};
use crate::secrets::Secrets;

/// Answers that may come at the same time, of all calls of this process.
const COMING_MAX: usize = 256;
/// After this time an answer that nobody asked on for is given up.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// The models that an operator has.
pub struct Models {
    entries: Vec<(Model, Provider)>,
    http: Arc<dyn HttpPort>,
    coming: Mutex<Coming>,
}

/// Models, and no other service.
pub struct ModelsAlone(Arc<Models>);

impl ModelsAlone {
    /// These models.
    pub fn new(models: Models) -> Self {
        Self(Arc::new(models))
    }
}

impl Services for ModelsAlone {
    fn ask(&self, ask: Ask) -> BoxFuture<Result<Answer, ServiceError>> {
        let Ask::Llm(ask) = ask else {
            let error = ServiceError::new("this host has no such service");
            return Box::pin(std::future::ready(Err(error)));
        };
        let answered = self.0.ask(ask);
        Box::pin(async move { answered.await.map(Answer::Llm) })
    }
}

/// Answers that are read piece by piece.
#[derive(Default)]
struct Coming {
    next: u64,
    by_number: BTreeMap<u64, One>,
}

struct One {
    since: Instant,
    exchange: Arc<tokio::sync::Mutex<Exchange>>,
}

impl Models {
    /// These models, asked through `http`, with keys from `secrets`.
    pub fn new(models: &[Model], http: Arc<dyn HttpPort>, secrets: &Secrets) -> Self {
        let entries = models.iter().map(|model| (model.clone(), Provider::of(model, secrets)));
        Self { entries: entries.collect(), http, coming: Mutex::default() }
    }

    /// Answers. What ends an answer is done at once, whether or not anybody waits for it.
    pub(crate) fn ask(
        self: &Arc<Self>,
        ask: LlmAsk,
    ) -> impl Future<Output = Result<LlmAnswer, ServiceError>> + Send + use<> {
        let models = Arc::clone(self);
        if let LlmAsk::Close(number) = &ask {
            models.coming().by_number.remove(number);
        }
        async move {
            match ask {
                LlmAsk::Chat(chat) => models.chat(&chat).await,
                LlmAsk::Open(chat) => models.open(&chat).await,
                LlmAsk::Next(number) => models.next(number).await,
                LlmAsk::Close(_) => Ok(LlmAnswer::Closed),
                LlmAsk::Embed { model, texts } => models.embed(&model, &texts).await,
            }
        }
    }

    fn provider(&self, model: &str) -> Result<&Provider, ServiceError> {
        let found = self.entries.iter().find(|(entry, _)| entry.names.allows(model));
        let (_, provider) = found.ok_or_else(|| {
            let message = "no provider here has that model".to_owned();
            ServiceError::refused(ErrorKind::DeniedModel, message)
        })?;
        if let Some(name) = provider.lacks() {
            let message = format!(
                "there is no secret `{name}` for the provider; give it with \
                 `--secret {name}=env:VARIABLE`"
            );
            return Err(ServiceError::refused(ErrorKind::DeniedSecret, message));
        }
        Ok(provider)
    }

    async fn chat(&self, chat: &LlmChat) -> Result<LlmAnswer, ServiceError> {
        let provider = self.provider(&chat.model)?;
        settled(provider.chat(&*self.http, chat).await)
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<LlmAnswer, ServiceError> {
        let provider = self.provider(model)?;
        settled(provider.embed(&*self.http, model, texts).await)
    }

    async fn open(&self, chat: &LlmChat) -> Result<LlmAnswer, ServiceError> {
        let provider = self.provider(&chat.model)?;
        if self.coming().is_full() {
            let message = "too many answers of language models are coming".to_owned();
            return failed(LlmProblem::Unavailable(message), Usage::Nothing);
        }
        match provider.open(&*self.http, chat).await {
            Ok(exchange) => Ok(LlmAnswer::Opened(self.coming().add(exchange))),
            Err(Failed { failure: Failure::Told(problem), usage }) => failed(problem, usage),
            Err(Failed { failure: Failure::Rule(error), .. }) => Err(error),
        }
    }

    async fn next(&self, number: u64) -> Result<LlmAnswer, ServiceError> {
        let gone = || {
            let message = "the answer is not waited for any more".to_owned();
            failed(LlmProblem::Unavailable(message), Usage::Unknown)
        };
        let exchange = match self.coming().by_number.get_mut(&number) {
            Some(one) => {
                one.since = Instant::now();
                Arc::clone(&one.exchange)
            }
            None => return gone(),
        };
        // One piece at a time. Whoever breaks off in the middle has lost the answer.
        let Ok(mut exchange) = exchange.try_lock() else { return gone() };
        let found = exchange.next().await;
        if !matches!(found, Ok(LlmAnswer::Piece(_))) {
            self.coming().by_number.remove(&number);
        }
        settled(found)
    }

    fn coming(&self) -> MutexGuard<'_, Coming> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coming {
    fn is_full(&mut self) -> bool {
        self.by_number.retain(|_, one| one.since.elapsed() < IDLE_MAX);
        self.by_number.len() >= COMING_MAX
    }

    fn add(&mut self, exchange: Exchange) -> u64 {
        self.next += 1;
        let exchange = Arc::new(tokio::sync::Mutex::new(exchange));
        self.by_number.insert(self.next, One { since: Instant::now(), exchange });
        self.next
    }
}

/// Why there is no answer, and what it took all the same.
#[derive(Debug)]
struct Failed {
    failure: Failure,
    usage: Usage,
}

#[derive(Debug)]
enum Failure {
    /// The guest is told.
    Told(LlmProblem),
    /// A rule was broken.
    Rule(ServiceError),
}

impl Failed {
    fn told(problem: LlmProblem, usage: Usage) -> Self {
        Self { failure: Failure::Told(problem), usage }
    }

    /// Something that came from the provider and cannot be read. It may have taken anything.
    fn unreadable(what: impl Into<String>) -> Self {
        Self::told(LlmProblem::Unavailable(what.into()), Usage::Unknown)
    }
}

fn failed(problem: LlmProblem, usage: Usage) -> Result<LlmAnswer, ServiceError> {
    Ok(LlmAnswer::Failed { problem, usage })
}

fn settled(found: Result<LlmAnswer, Failed>) -> Result<LlmAnswer, ServiceError> {
    match found {
        Ok(answer) => Ok(answer),
        Err(Failed { failure: Failure::Told(problem), usage }) => failed(problem, usage),
        Err(Failed { failure: Failure::Rule(error), .. }) => Err(error),
    }
}
