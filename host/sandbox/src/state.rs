//! What belongs to one call and dies with it: the data of its store.

use std::sync::Arc;

use coldframe_engine::{Call, CallLimits};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capabilities::http::HttpState;
use crate::capabilities::log::LogState;
use crate::capabilities::services::ServiceState;
use crate::capabilities::wasi;
use crate::limiter::Limiter;
use crate::stop::Stop;

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
    table: ResourceTable,
    /// Made when the guest first asks for it: seeding its generators takes longer than a small call.
    wasi: Option<Box<WasiCtx>>,
    handles: u32,
}

impl CallState {
    pub(crate) fn new(
        call: &Call,
        http: Option<HttpState>,
        services: Option<ServiceState>,
    ) -> Self {
        let limits: &CallLimits = &call.limits;
        Self {
            limiter: Limiter::new(limits, Arc::clone(&call.memory)),
            log: LogState::new(limits.log_bytes),
            services: services.map(Box::new),
            http: http.map(Box::new),
            host_calls: 0,
            table: ResourceTable::new(),
            wasi: None,
            handles: limits.handles,
        }
    }

    /// The table of host resources, for a host function that is being called.
    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        self.host_calls += 1;
        // An empty table holds nothing, so setting this late is early enough.
        self.table.set_max_capacity(self.handles as usize);
        &mut self.table
    }

    /// How host functions end the call from outside of it, where they may.
    pub(crate) fn stop(&self) -> Option<Arc<Stop>> {
        self.http.as_ref().map(|http| http.stop())
    }

    /// The table and the HTTP state, for a host function that is being called.
    pub(crate) fn http_parts(&mut self) -> (&mut ResourceTable, &mut HttpState) {
        self.host_calls += 1;
        self.table.set_max_capacity(self.handles as usize);
        (&mut self.table, self.http.get_or_insert_with(|| Box::new(HttpState::closed())))
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.host_calls += 1;
        self.table.set_max_capacity(self.handles as usize);
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi::context()));
        WasiCtxView { ctx, table: &mut self.table }
    }
}
