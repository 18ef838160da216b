//! The least an embedding that limits fuel and time can do per call.

use std::time::Duration;

use coldframe_guests::{NO_OP, binary};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// wasmtime by itself, with one component.
pub(crate) struct Floor {
    engine: Engine,
    pre: InstancePre<()>,
}

impl Floor {
    /// With `zeroes`, what a call left on its stack is overwritten before the next one, as in the
    /// sandbox.
    pub(crate) fn new(zeroes: bool) -> Self {
        let mut pools = PoolingAllocationConfig::new();
        pools.total_component_instances(32).total_core_instances(64).total_memories(64);
        if zeroes {
            pools.async_stack_keep_resident(16 << 10);
        }
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .async_stack_zeroing(zeroes)
            .epoch_interruption(true)
            .cranelift_nan_canonicalization(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pools));
        let engine = Engine::new(&config).unwrap();
        let ticking = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(5));
                ticking.increment_epoch();
            }
        });
        let component = Component::from_binary(&engine, &binary(NO_OP)).unwrap();
        let pre = Linker::new(&engine).instantiate_pre(&component).unwrap();
        Self { engine, pre }
    }

    /// Calls it `count` times, each time in a new instance.
    pub(crate) async fn calls(self: std::sync::Arc<Self>, count: usize) {
        for number in 0..count {
            let mut store = wasmtime::Store::new(&self.engine, ());
            store.set_fuel(2_000_000_000).unwrap();
            store.set_epoch_deadline(2_000);
            let instance = self.pre.instantiate_async(&mut store).await.unwrap();
            let run = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "run").unwrap();
            let argument = u32::try_from(number).unwrap();
            assert_eq!(run.call_async(&mut store, (argument,)).await.unwrap().0, argument);
        }
    }
}
