//! Counts what wasmtime's own limits do not: all memories of a call and of a run together, and all
//! tables of a call together.

use std::sync::Arc;

use coldframe_engine::{CallLimits, MemoryMeter};
use wasmtime::ResourceLimiter;

/// A bound that was reached. Host functions and the limiter return it; it ends the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitHit {
    /// All linear memories of the call.
    #[error("the call may use {max} bytes of memory and asked for {wanted}")]
    Memory { wanted: u64, max: u64 },
    /// All linear memories of the run.
    #[error("all live calls of the run may use {max} bytes of memory together")]
    RunMemory { max: u64 },
    /// All tables of the call.
    #[error("the call may use {max} table elements and asked for {wanted}")]
    Table { wanted: u64, max: u64 },
    /// Bytes of log lines.
    #[error("the call may log {max} bytes")]
    Log { max: u64 },
    /// Log lines for the time the call has run.
    #[error("the call may log {max} lines a second")]
    LogRate { max: u64 },
    /// Random bytes.
    #[error("the call may have {max} random bytes")]
    Random { max: u64 },
}

/// A count as wasmtime takes it.
pub(crate) fn count(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The counter of one call. Gives all memory back to the run when it is dropped.
pub(crate) struct Limiter {
    run: Arc<MemoryMeter>,
    memory: u64,
    memory_max: u64,
    memory_peak: u64,
    table: u64,
    table_max: u64,
    instances: usize,
    memories: usize,
    tables: usize,
    /// What the growth before took, to be given back if it fails after all.
    last_memory: u64,
    last_table: u64,
}

impl Limiter {
    pub(crate) fn new(limits: &CallLimits, run: Arc<MemoryMeter>) -> Self {
        Self {
            run,
            memory: 0,
            memory_max: limits.memory_bytes,
            memory_peak: 0,
            table: 0,
            table_max: limits.table_elements,
            instances: count(limits.instances),
            memories: count(limits.memories),
            tables: count(limits.tables),
            last_memory: 0,
            last_table: 0,
        }
    }

    /// The most linear memory the call held, bytes.
    pub(crate) fn memory_peak(&self) -> u64 {
        self.memory_peak
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.last_memory = 0;
        let delta = (desired as u64).saturating_sub(current as u64);
        let wanted = self.memory.saturating_add(delta);
        // A module that asks for more than it declared itself gets its -1, as the standard says.
        let own_bound = maximum.filter(|maximum| (*maximum as u64) < self.memory_max);
        if own_bound.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if wanted > self.memory_max {
            return Err(LimitHit::Memory { wanted, max: self.memory_max }.into());
        }
        if !self.run.take(delta) {
            return Err(LimitHit::RunMemory { max: self.run.max() }.into());
        }
        self.memory = wanted;
        self.memory_peak = self.memory_peak.max(wanted);
        self.last_memory = delta;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory -= self.last_memory;
        self.run.give_back(self.last_memory);
        self.last_memory = 0;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.last_table = 0;
        let delta = (desired as u64).saturating_sub(current as u64);
        let wanted = self.table.saturating_add(delta);
        let own_bound = maximum.filter(|maximum| (*maximum as u64) < self.table_max);
        if own_bound.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if wanted > self.table_max {
            return Err(LimitHit::Table { wanted, max: self.table_max }.into());
        }
        self.table = wanted;
        self.last_table = delta;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table -= self.last_table;
        self.last_table = 0;
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.memories
    }

    fn tables(&self) -> usize {
        self.tables
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.run.give_back(self.memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(memory_bytes: u64, table_elements: u64, run: u64) -> (Limiter, Arc<MemoryMeter>) {
        let run = Arc::new(MemoryMeter::new(run));
        let limits = CallLimits { memory_bytes, table_elements, ..CallLimits::default() };
        (Limiter::new(&limits, run.clone()), run)
    }

    #[track_caller]
    fn hit(result: wasmtime::Result<bool>) -> LimitHit {
        *result.expect_err("a limit").downcast_ref::<LimitHit>().expect("our own type")
    }

    #[test]
    fn memories_are_summed() {
        let (mut limiter, _run) = limiter(300, 0, 1000);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert!(limiter.memory_growing(100, 200, None).unwrap());
        let expected = LimitHit::Memory { wanted: 301, max: 300 };
        assert_eq!(hit(limiter.memory_growing(200, 201, None)), expected);
        assert_eq!(limiter.memory_peak(), 300);
    }

    #[test]
    fn a_failed_growth_is_given_back() {
        let (mut limiter, run) = limiter(100, 0, 100);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("no")).unwrap();
        assert!(run.take(100));
        run.give_back(100);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
    }

    #[test]
    fn the_run_gets_everything_back_in_the_end() {
        let (mut first, run) = limiter(100, 0, 150);
        assert!(first.memory_growing(0, 100, None).unwrap());
        let limits = CallLimits { memory_bytes: 100, ..CallLimits::default() };
        let mut second = Limiter::new(&limits, run);
        assert_eq!(hit(second.memory_growing(0, 51, None)), LimitHit::RunMemory { max: 150 });
        drop(first);
        assert!(second.memory_growing(0, 100, None).unwrap());
    }

    #[test]
    fn a_modules_own_maximum_is_no_breach() {
        let (mut limiter, _run) = limiter(1000, 10, 1000);
        assert!(!limiter.memory_growing(100, 2000, Some(200)).unwrap());
        assert!(!limiter.table_growing(1, 20, Some(5)).unwrap());
    }

    #[test]
    fn tables_are_summed() {
        let (mut limiter, _run) = limiter(0, 10, 0);
        assert!(limiter.table_growing(0, 5, None).unwrap());
        assert!(limiter.table_growing(0, 5, None).unwrap());
        assert_eq!(hit(limiter.table_growing(5, 6, None)), LimitHit::Table { wanted: 11, max: 10 });
    }
}
