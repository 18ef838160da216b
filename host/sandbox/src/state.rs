//! What belongs to one call and dies with it: the data of its store.

use std::sync::Arc;
use std::time::Instant;

use coldframe_engine::{Call, CallError, CallLimits, Recording, Tape};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::audit::Audit;
use crate::capabilities::http::HttpState;
use crate::capabilities::log::LogState;
use crate::capabilities::services::ServiceState;
use crate::capabilities::wasi;
use crate::limiter::{LimitHit, Limiter, count};
use crate::stop::Stop;
use crate::tape::Deck;

/// The data of a store.
pub(crate) struct CallState {
    pub(crate) limiter: Limiter,
    pub(crate) log: LogState,
    /// `None` in a call of a component that asks no host service.
    pub(crate) services: Option<Box<ServiceState>>,
    /// `None` in a call of a component that imports no HTTP.
    http: Option<Box<HttpState>>,
    /// Calls from the guest to host functions.
    pub(crate) host_calls: u64,
    /// The most linear memory that a tool of it held, bytes.
    pub(crate) callee_memory: u64,
    table: ResourceTable,
    /// Made when the guest first asks for it: seeding its generators takes longer than a small call.
    wasi: Option<Box<WasiCtx>>,
    /// Made when there is something to hear.
    deck: Option<Deck>,
    /// What it asked for.
    pub(crate) audit: Audit,
    tape: Option<Arc<Tape>>,
    handles: usize,
    random_max: u64,
    random_left: u64,
}

impl CallState {
    pub(crate) fn new(
        call: &Call,
        http: Option<HttpState>,
        services: Option<ServiceState>,
        deck: Option<Deck>,
        audit: Audit,
        begun: Instant,
    ) -> Self {
        let limits: &CallLimits = &call.limits;
        Self {
            limiter: Limiter::new(limits, Arc::clone(&call.memory)),
            log: LogState::new(limits, begun),
            services: services.map(Box::new),
            http: http.map(Box::new),
            host_calls: 0,
            callee_memory: 0,
            table: ResourceTable::new(),
            wasi: None,
            deck,
            audit,
            tape: call.tape.clone(),
            handles: count(limits.handles),
            random_max: limits.random_bytes,
            random_left: limits.random_bytes,
        }
    }

    /// The table of host resources, for a host function that is being called.
    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        self.host_calls += 1;
        // An empty table holds nothing, so setting this late is early enough.
        self.table.set_max_capacity(self.handles);
        &mut self.table
    }

    /// How host functions end the call from outside of it, where they may.
    pub(crate) fn stop(&self) -> Option<Arc<Stop>> {
        self.http.as_ref().map(|http| http.stop())
    }

    /// Bytes that went over the network.
    pub(crate) fn net_bytes(&self) -> u64 {
        // Both count the same where there are both.
        let services = || self.services.as_ref().map_or(0, |services| services.net_bytes());
        self.http.as_ref().map_or_else(services, |http| http.bytes())
    }

    /// Whether the component can send requests.
    pub(crate) fn has_http(&self) -> bool {
        self.http.is_some()
    }

    /// The tape of the call.
    pub(crate) fn deck(&mut self) -> Deck {
        self.deck.get_or_insert_with(|| Deck::new(self.tape.clone())).clone()
    }

    /// The lines of the call, and its tape.
    pub(crate) fn log_parts(&mut self) -> (&mut LogState, impl FnMut() -> Deck) {
        let Self { log, deck, tape, .. } = self;
        (log, || deck.get_or_insert_with(|| Deck::new(tape.clone())).clone())
    }

    /// What became of the tape.
    pub(crate) fn stop_tape(&mut self) -> (Recording, Option<CallError>) {
        if self.deck.is_none() && self.tape.is_none() {
            return (Recording::Nothing, None);
        }
        self.deck().stop()
    }

    /// Takes random bytes from what the call is given.
    pub(crate) fn take_random(&mut self, bytes: u64) -> Result<(), LimitHit> {
        let left = self.random_left.checked_sub(bytes);
        self.random_left = left.ok_or(LimitHit::Random { max: self.random_max })?;
        Ok(())
    }

    /// The table and the HTTP state, for a host function that is being called.
    pub(crate) fn http_parts(&mut self) -> (&mut ResourceTable, &mut HttpState) {
        self.host_calls += 1;
        self.table.set_max_capacity(self.handles);
        (&mut self.table, self.http.get_or_insert_with(|| Box::new(HttpState::closed())))
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.host_calls += 1;
        self.table.set_max_capacity(self.handles);
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi::context()));
        WasiCtxView { ctx, table: &mut self.table }
    }
}
