//! What comes from outside while a run goes on: decisions and signals.

use std::future::Future;
use std::pin::Pin;

use coldframe_journal::Event;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

/// Something a person or another program says to a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To a step that asks for approval.
    Decision {
        /// The step, by its place in the run.
        step: String,
        /// Yes or no.
        approved: bool,
        /// Who says so.
        by: String,
        /// Why, for people.
        note: Option<String>,
    },
    /// A signal, to every step that waits for it.
    Signal {
        /// Its name.
        name: String,
        /// What comes with it.
        value: Value,
    },
}

impl From<Answer> for Event {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Decision { step, approved, by, note } => {
                Self::DecisionMade { step, approved, by, note }
            }
            Answer::Signal { name, value } => Self::SignalReceived { name, value },
        }
    }
}

/// Where answers come from while a run is driven.
pub trait Answers: Send + Sync {
    /// The next answer; waits for it. Dropping the future loses none.
    fn next<'a>(&'a self) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// Nobody answers while the run goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAnswers;

impl Answers for NoAnswers {
    fn next<'a>(&'a self) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(std::future::pending())
    }
}

/// Answers through a channel.
#[derive(Debug)]
pub struct AnswerQueue(Mutex<mpsc::UnboundedReceiver<Answer>>);

impl AnswerQueue {
    /// A queue and its near end.
    pub fn new() -> (mpsc::UnboundedSender<Answer>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(Mutex::new(receiver)))
    }
}

impl Answers for AnswerQueue {
    fn next<'a>(&'a self) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            match self.0.lock().await.recv().await {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}
