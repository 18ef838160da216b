//! The one wasmtime engine of the process, and the thread that moves its clock.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::prices;
use crate::worker::Target;

/// Linear memories one component may have.
pub(crate) const MEMORIES_PER_COMPONENT: u32 = 16;
/// Tables one component may have.
pub(crate) const TABLES_PER_COMPONENT: u32 = 32;
/// Core instances one component may have; the store counts them as well, by the call's own limit.
pub(crate) const INSTANCES_PER_COMPONENT: u32 = 200;
/// The largest linear memory an operator may allow. Slots reserve 4 GiB of addresses in any case.
const MEMORY_BYTES_MAX: usize = 1 << 30;
/// The most elements of one table an operator may allow.
const TABLE_ELEMENTS_MAX: usize = 1_000_000;
/// How often the epoch moves: the grain of deadlines and of fairness between guests.
pub(crate) const TICK: Duration = Duration::from_millis(5);
/// Stack of guest code. The rest of [`ASYNC_STACK_BYTES`] is what host functions get.
const GUEST_STACK_BYTES: usize = 512 << 10;
const ASYNC_STACK_BYTES: usize = 2 << 20;

/// Makes the engine with pools for `calls` calls at a time.
pub(crate) fn new(calls: u32) -> wasmtime::Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pools(calls)));
    Engine::new(&config)
}

/// The same without a compiler: it runs what another one compiled, and can do nothing else.
pub(crate) fn executor(calls: u32) -> wasmtime::Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pools(calls)));
    config.enable_compiler(false);
    Engine::new(&config)
}

/// Makes an engine that only compiles: it gives what the other one runs, and reserves no pools.
/// With a target, for that machine; without, for this one.
pub(crate) fn compiler(target: Option<&Target>) -> wasmtime::Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config.parallel_compilation(false);
    if let Some(target) = target {
        config.target(target.triple())?;
        for feature in target.features() {
            #[expect(unsafe_code, reason = "wasmtime asks it of all flags of the compiler")]
            // SAFETY: a flag may not change what code means. These are names of what a processor
            // can do, from the compiler's own list, and wasmtime refuses to load code on a machine
            // that cannot do it.
            let _ = unsafe { config.cranelift_flag_enable(feature) };
        }
    }
    Engine::new(&config)
}

/// What decides whether code of one engine runs in another, the same for all of them.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .operator_cost(prices::operator_cost())
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        .async_stack_zeroing(true)
        // Replays must give the same bits, and results must not tell one machine from another.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        // Multi-memory stays on: without it wasmtime aborts on composed components, whose adapter
        // modules need it. Guest modules that use it are refused at admission.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(16))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .native_unwind_info(false)
        .debug_info(false);
    config
}

fn pools(calls: u32) -> PoolingAllocationConfig {
    let mut pools = PoolingAllocationConfig::new();
    pools
        .total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(calls.saturating_mul(INSTANCES_PER_COMPONENT))
        .total_memories(calls.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(calls.saturating_mul(TABLES_PER_COMPONENT))
        .max_core_instances_per_component(INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_core_instance_size(1 << 20)
        .max_component_instance_size(4 << 20)
        // What a call left is overwritten with zeros up to here, which is cheaper than giving the
        // pages back to the kernel and faulting them in again; the rest is given back.
        .async_stack_keep_resident(16 << 10)
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(16 << 10)
        // A slot used by one skill is not kept warm for the next.
        .max_unused_warm_slots(0);
    pools
}

/// Moves the engine's epoch every [`TICK`], from the first call on until it is dropped.
pub(crate) struct Ticker {
    engine: Engine,
    stopped: Arc<AtomicBool>,
    started: AtomicBool,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Ticker {
    pub(crate) fn new(engine: Engine) -> Self {
        let (stopped, started) = (Arc::default(), AtomicBool::new(false));
        Self { engine, stopped, started, thread: Mutex::new(None) }
    }

    /// Starts the thread if it does not run yet.
    pub(crate) fn start(&self) -> std::io::Result<()> {
        if self.started.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if thread.is_none() {
            let (engine, stopped) = (self.engine.weak(), self.stopped.clone());
            let tick = move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(TICK);
                    let Some(engine) = engine.upgrade() else { return };
                    engine.increment_epoch();
                }
            };
            *thread = Some(std::thread::Builder::new().name("epoch".to_owned()).spawn(tick)?);
        }
        self.started.store(true, Ordering::Release);
        Ok(())
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let thread = self.thread.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            thread.thread().unpark();
            // It ends within a tick, and it cannot have panicked.
            let _ = thread.join();
        }
    }
}
