//! What the capabilities that ask a host service have in common: the rights of the call, and the
//! door. A refusal ends the call: code that asks for what it may not have is not left to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coldframe_engine::services::{
    Answer, Ask, LlmAsk, ServiceError, Services, SqlBound, Tool, ToolsAnswer, ToolsAsk,
};
use coldframe_engine::{CallError, CallLimits};
use coldframe_format::{Cap, CapSet};
use coldframe_journal::ErrorKind;
use wasmtime::StoreContextMut;

use super::llm::{Hold, Purse};
use super::{config, fs, kv, secrets, sql, tools};
use crate::rights::Rights;
use crate::run::Outside;
use crate::state::CallState;
use crate::tape::question;

/// The capabilities that ask a host service: one for each kind of [`Ask`].
pub(crate) const ASKING: CapSet = CapSet::of(Cap::Fs)
    .with(Cap::Kv)
    .with(Cap::Config)
    .with(Cap::Secrets)
    .with(Cap::Llm)
    .with(Cap::Sql)
    .with(Cap::Tools);

/// What one call has of the host's services.
pub(crate) struct ServiceState {
    services: Option<Arc<dyn Services>>,
    pub(crate) rights: Rights,
    /// Bytes the call may still write into files.
    disk_left: u64,
    disk_max: u64,
    /// Bytes and keys of a store.
    kv_max: (u64, u64),
    /// Of each statement of a database.
    sql_bound: SqlBound,
    /// Tokens, and money for them.
    purse: Purse,
    /// Bytes of the network that are left, shared with the requests of the call.
    net_left: Arc<AtomicU64>,
    net_max: u64,
    /// What the call has for tools.
    pub(crate) tools: tools::ToolBudget,
}

/// A question that was let through: what has to be settled once it is answered.
pub(crate) enum Ticket {
    Nothing,
    Model(Hold),
    Tool { hold: tools::Hold, net: u64, tokens: u64, nano: u64 },
}

impl Default for ServiceState {
    fn default() -> Self {
        Self::new(&Outside::default(), Rights::default(), &CallLimits::default(), Arc::default())
    }
}

impl ServiceState {
    pub(crate) fn new(
        outside: &Outside,
        rights: Rights,
        limits: &CallLimits,
        table: Arc<[Tool]>,
    ) -> Self {
        Self {
            services: outside.services.clone(),
            purse: Purse::new(outside.models.clone(), limits),
            tools: tools::ToolBudget::new(table, limits),
            net_left: Arc::new(AtomicU64::new(limits.net_bytes)),
            net_max: limits.net_bytes,
            rights,
            disk_left: limits.disk_bytes,
            disk_max: limits.disk_bytes,
            kv_max: (limits.kv_bytes, limits.kv_keys),
            sql_bound: SqlBound {
                rows: limits.sql_rows,
                bytes: limits.sql_bytes,
                time_us: u64::try_from(limits.sql_wall.as_micros()).unwrap_or(u64::MAX),
            },
        }
    }

    /// Takes bytes of the network from where the requests of the call take theirs.
    #[must_use]
    pub(crate) fn sharing(mut self, net_left: Arc<AtomicU64>) -> Self {
        self.net_left = net_left;
        self
    }

    /// Bytes that went over the network.
    pub(crate) fn net_bytes(&self) -> u64 {
        self.net_max.saturating_sub(self.net_left.load(Ordering::Relaxed))
    }

    /// Whom the call asks.
    pub(crate) fn door(&self) -> Option<Arc<dyn Services>> {
        self.services.clone()
    }

    /// Looks at the right to a question and takes from its budget; writes its bounds into it.
    pub(crate) fn admit(&mut self, ask: &mut Ask) -> Result<Ticket, CallError> {
        let admitted = match ask {
            Ask::Llm(ask) => {
                return self.purse.admit(&self.rights, ask).map(Ticket::Model);
            }
            Ask::Fs(ask) => fs::admit(self, ask),
            Ask::Kv(ask) => kv::admit(&self.rights, ask, self.kv_max),
            Ask::Config(key) => config::admit(&self.rights, key.as_deref()),
            Ask::Secret(name) => secrets::admit(&self.rights, name),
            Ask::Sql(ask) => sql::admit(&self.rights, ask, self.sql_bound),
            Ask::Tools(ToolsAsk::List) => Ok(()),
            Ask::Tools(ToolsAsk::Call(call)) => {
                tools::granted(&self.rights, &self.tools.table, &call.tool)?;
                let (tokens, nano) = self.purse.left();
                let net = self.net_left.load(Ordering::Relaxed);
                let hold = self.tools.admit(call, (net, tokens, nano))?;
                self.purse.take(tokens, nano);
                self.net_left.store(0, Ordering::Relaxed);
                return Ok(Ticket::Tool { hold, net, tokens, nano });
            }
        };
        admitted.map(|()| Ticket::Nothing)
    }

    /// What of an answer is granted. Settles what was set aside for it.
    pub(crate) fn granted(
        &mut self,
        ticket: Ticket,
        answer: Result<Answer, ServiceError>,
    ) -> Result<Answer, ServiceError> {
        match (ticket, answer) {
            (Ticket::Model(hold), Ok(Answer::Llm(mut answer))) => {
                self.purse.settle(hold, &mut answer);
                Ok(Answer::Llm(answer))
            }
            (Ticket::Model(hold), answer) => {
                self.purse.unanswered(hold);
                answer
            }
            (Ticket::Tool { hold, net, tokens, nano }, answer) => {
                let spent = match &answer {
                    Ok(Answer::Tools(ToolsAnswer::Called { spent, .. })) => Some(&**spent),
                    _ => None,
                };
                self.tools.settle(&hold, spent);
                let taken = spent.map_or((0, 0, 0), |spent| {
                    (
                        spent.net_bytes.min(net),
                        spent.tokens.min(tokens),
                        spent.services_nano.min(nano),
                    )
                });
                self.net_left.fetch_add(net.saturating_sub(taken.0), Ordering::Relaxed);
                self.purse.give_back(tokens.saturating_sub(taken.1), nano.saturating_sub(taken.2));
                for asked in spent.into_iter().flat_map(|spent| &spent.asked) {
                    self.rights.asked_below(asked);
                }
                answer
            }
            (Ticket::Nothing, Ok(Answer::Tools(ToolsAnswer::List(found)))) => {
                Ok(Answer::Tools(ToolsAnswer::List(tools::visible(&self.rights, found))))
            }
            (Ticket::Nothing, Ok(Answer::Config(found))) => {
                Ok(Answer::Config(config::granted(&self.rights, found)))
            }
            (Ticket::Nothing, answer) => answer,
        }
    }

    /// Ends what the call has under way. Gives the tokens and nano-USD that it took.
    pub(crate) fn end(&mut self) -> (u64, u64) {
        for number in self.purse.end() {
            if let Some(services) = &self.services {
                // It is done as soon as it is asked for.
                drop(services.ask(Ask::Llm(LlmAsk::Close(number))));
            }
        }
        self.purse.taken()
    }

    /// Takes bytes that are about to be written into a file.
    pub(super) fn take_disk(&mut self, bytes: u64) -> Result<(), CallError> {
        let left = self.disk_left.checked_sub(bytes).ok_or_else(|| {
            let message = format!("the call may write {} bytes into files", self.disk_max);
            CallError::new(ErrorKind::LimitDisk, message)
        })?;
        self.disk_left = left;
        Ok(())
    }
}

/// However the call ends, nothing of it goes on.
impl Drop for ServiceState {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a guest is told where there is nobody to ask.
pub(crate) const NO_SERVICE: &str = "this host has no such service";

/// An error that a host function ends the call with.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub(crate) struct Refused(pub(crate) CallError);

/// The state, for a host function that is being called.
pub(crate) fn state<'a>(store: &'a mut StoreContextMut<'_, CallState>) -> &'a mut ServiceState {
    let state = store.data_mut();
    state.host_calls += 1;
    state.services.get_or_insert_default()
}

/// Asks the service. The outer error ends the call, the inner one is for the guest.
pub(crate) async fn ask(
    store: &mut StoreContextMut<'_, CallState>,
    mut ask: Ask,
) -> wasmtime::Result<Result<Answer, String>> {
    let question = question(&ask);
    let deck = store.data_mut().deck();
    let state = state(store);
    let ticket = state.admit(&mut ask).map_err(Refused)?;
    let answer = match deck.played_answer(question)? {
        Some(answer) => answer,
        None => {
            let answer = match state.services.clone() {
                Some(services) => services.ask(ask).await,
                None => Err(ServiceError::new(NO_SERVICE)),
            };
            deck.note_answer(question, &answer);
            answer
        }
    };
    let state = store.data_mut().services.get_or_insert_default();
    match state.granted(ticket, answer) {
        Ok(answer) => Ok(Ok(answer)),
        Err(ServiceError { kind: None, message }) => Ok(Err(message)),
        Err(ServiceError { kind: Some(kind), message }) => {
            Err(Refused(CallError::new(kind, message)).into())
        }
    }
}

/// An answer to another question: a fault of ours.
pub(crate) fn wrong_answer() -> wasmtime::Error {
    let message = "a host service answered another question";
    Refused(CallError::new(ErrorKind::HostBug, message)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capability that is new is one or the other. The match has no last arm for the rest, so
    /// that it does not compile until somebody says which.
    #[test]
    fn every_capability_asks_a_service_or_has_a_way_of_its_own() {
        for cap in Cap::ALL {
            let asks = match cap {
                Cap::Fs
                | Cap::Kv
                | Cap::Config
                | Cap::Secrets
                | Cap::Llm
                | Cap::Sql
                | Cap::Tools => true,
                Cap::Http | Cap::Log | Cap::Clock | Cap::Random => false,
            };
            assert_eq!(ASKING.has(*cap), asks, "{cap}");
        }
    }
}
