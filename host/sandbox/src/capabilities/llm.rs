//! `coldframe:host/llm`: questions to language models.

mod purse;

use coldframe_engine::services::{
    Answer, Ask, LlmAnswer, LlmAsk, LlmChat, LlmMessage, LlmProblem, LlmRole, LlmStop, Usage,
};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, Resource, ResourceType};

use super::services::{self, wrong_answer};
use crate::state::CallState;

pub(crate) use purse::{Hold, Purse};

/// The hottest a model may be, in thousandths.
const TEMPERATURE_MILLI_MAX: f32 = 2000.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "values are only made by lifting, which the compiler does not see")]
enum Role {
    #[component(name = "system")]
    System,
    #[component(name = "user")]
    User,
    #[component(name = "assistant")]
    Assistant,
}

#[derive(Debug, Clone, ComponentType, Lift)]
#[component(record)]
struct Message {
    role: Role,
    content: String,
}

#[derive(Debug, Clone, ComponentType, Lift)]
#[component(record)]
struct Request {
    model: String,
    messages: Vec<Message>,
    #[component(name = "max-tokens")]
    max_tokens: Option<u32>,
    temperature: Option<f32>,
    #[component(name = "json-schema")]
    json_schema: Option<String>,
}

#[derive(Debug, Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
struct Taken {
    #[component(name = "input-tokens")]
    input_tokens: u64,
    #[component(name = "output-tokens")]
    output_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum StopReason {
    #[component(name = "end")]
    End,
    #[component(name = "max-tokens")]
    MaxTokens,
    #[component(name = "filtered")]
    Filtered,
    #[component(name = "other")]
    Other,
}

#[derive(Debug, Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
struct Ending {
    stop: StopReason,
    usage: Taken,
}

#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Whole {
    text: String,
    ending: Ending,
}

/// `variant error` of the interface.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "refused")]
    Refused(String),
    #[component(name = "too-long")]
    TooLong(String),
    #[component(name = "rate-limited")]
    RateLimited(Option<u64>),
    #[component(name = "unavailable")]
    Unavailable(String),
}

/// `resource reply`: an answer that is coming.
struct Reply {
    /// None once there is no more of it.
    number: Option<u64>,
    ending: Option<Ending>,
}

type Store<'a> = StoreContextMut<'a, CallState>;
type Handle = Resource<Reply>;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    let mut llm = linker.instance(name)?;
    llm.resource_async("reply", ResourceType::host::<Reply>(), |mut store, rep| {
        Box::new(async move {
            let reply = store.data_mut().table().delete(Handle::new_own(rep))?;
            if let Some(number) = reply.number {
                ask(&mut store, LlmAsk::Close(number)).await?.ok();
            }
            Ok(())
        })
    })?;
    llm.func_wrap_async("chat", |mut store: Store<'_>, (request,): (Request,)| {
        Box::new(async move {
            let chat = match read(request) {
                Ok(chat) => chat,
                Err(error) => return Ok((Err(error),)),
            };
            let answer = ask(&mut store, LlmAsk::Chat(chat)).await?;
            Ok((match answer {
                Ok(LlmAnswer::Chat { text, stop, usage }) => {
                    Ok(Whole { text, ending: ending(stop, usage) })
                }
                Ok(_) => return Err(wrong_answer()),
                Err(error) => Err(error),
            },))
        })
    })?;
    llm.func_wrap_async("open", |mut store: Store<'_>, (request,): (Request,)| {
        Box::new(async move {
            let chat = match read(request) {
                Ok(chat) => chat,
                Err(error) => return Ok((Err(error),)),
            };
            let answer = ask(&mut store, LlmAsk::Open(chat)).await?;
            Ok((match answer {
                Ok(LlmAnswer::Opened(number)) => {
                    let reply = Reply { number: Some(number), ending: None };
                    Ok(store.data_mut().table().push(reply)?)
                }
                Ok(_) => return Err(wrong_answer()),
                Err(error) => Err(error),
            },))
        })
    })?;
    llm.func_wrap_async("[method]reply.next", |mut store: Store<'_>, (reply,): (Handle,)| {
        Box::new(async move { Ok((next(&mut store, &reply).await?,)) })
    })?;
    llm.func_wrap("[method]reply.ending", |mut store: Store<'_>, (reply,): (Handle,)| {
        Ok((store.data_mut().table().get(&reply)?.ending,))
    })?;
    llm.func_wrap_async("embed", |mut store: Store<'_>, (model, texts): (String, Vec<String>)| {
        Box::new(async move {
            Ok((match ask(&mut store, LlmAsk::Embed { model, texts }).await? {
                Ok(LlmAnswer::Vectors { vectors, .. }) => {
                    Ok(vectors.into_iter().map(|vector| vector.0).collect::<Vec<_>>())
                }
                Ok(_) => return Err(wrong_answer()),
                Err(error) => Err(error),
            },))
        })
    })
}

/// The next piece of an answer.
async fn next(
    store: &mut Store<'_>,
    reply: &Handle,
) -> wasmtime::Result<Result<Option<String>, Error>> {
    let Some(number) = store.data_mut().table().get(reply)?.number else { return Ok(Ok(None)) };
    let answer = ask(store, LlmAsk::Next(number)).await?;
    let (found, end) = match answer {
        Ok(LlmAnswer::Piece(text)) => return Ok(Ok(Some(text))),
        Ok(LlmAnswer::End { stop, usage }) => (Ok(None), Some(ending(stop, usage))),
        Ok(_) => return Err(wrong_answer()),
        Err(error) => (Err(error), None),
    };
    *store.data_mut().table().get_mut(reply)? = Reply { number: None, ending: end };
    Ok(found)
}

/// A conversation as a guest gives it.
fn read(request: Request) -> Result<LlmChat, Error> {
    let temperature_milli = match request.temperature {
        None => None,
        Some(found) => {
            let milli = (found * 1000.0).round();
            if !(0.0..=TEMPERATURE_MILLI_MAX).contains(&milli) {
                return Err(Error::Refused("the temperature is not from 0 to 2".to_owned()));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a whole number from 0 to 2000"
            )]
            let milli = milli as u32;
            Some(milli)
        }
    };
    let messages = request.messages.into_iter().map(|message| LlmMessage {
        role: match message.role {
            Role::System => LlmRole::System,
            Role::User => LlmRole::User,
            Role::Assistant => LlmRole::Assistant,
        },
        content: message.content,
    });
    Ok(LlmChat {
        model: request.model,
        messages: messages.collect(),
        max_tokens: request.max_tokens.map(u64::from),
        temperature_milli,
        json_schema: request.json_schema,
    })
}

fn ending(stop: LlmStop, usage: Usage) -> Ending {
    let (input_tokens, output_tokens) = match usage {
        Usage::Tokens { input, output } => (input, output),
        // What nobody says was filled in on the way here.
        Usage::Nothing | Usage::Unknown => (0, 0),
    };
    let stop = match stop {
        LlmStop::End => StopReason::End,
        LlmStop::MaxTokens => StopReason::MaxTokens,
        LlmStop::Filtered => StopReason::Filtered,
        LlmStop::Other => StopReason::Other,
    };
    Ending { stop, usage: Taken { input_tokens, output_tokens } }
}

async fn ask(store: &mut Store<'_>, ask: LlmAsk) -> wasmtime::Result<Result<LlmAnswer, Error>> {
    match services::ask(store, Ask::Llm(ask)).await? {
        Ok(Answer::Llm(LlmAnswer::Failed { problem, .. })) => Ok(Err(match problem {
            LlmProblem::Refused(message) => Error::Refused(message),
            LlmProblem::TooLong(message) => Error::TooLong(message),
            LlmProblem::RateLimited(after) => Error::RateLimited(after),
            LlmProblem::Unavailable(message) => Error::Unavailable(message),
        })),
        Ok(Answer::Llm(answer)) => Ok(Ok(answer)),
        Ok(_) => Err(wrong_answer()),
        Err(message) => Ok(Err(Error::Unavailable(message))),
    }
}
