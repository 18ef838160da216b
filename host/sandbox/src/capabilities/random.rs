//! `wasi:random`. What seeds hash maps is constant, so that a call without the right to randomness
//! always does the same. Bytes are counted: making them costs the guest nothing and us time.

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::random::WasiRandomView as _;

use crate::state::CallState;

/// What `wasi:random/insecure-seed` gives every guest.
pub(crate) const INSECURE_SEED: u128 = 0x636f_6c64_6672_616d_6520_6861_7368_6573;

/// Adds `wasi:random/random`.
pub(crate) fn add(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    random::add_to_linker::<_, Counted>(linker, |state| Counts(state))
}

/// Adds `wasi:random/insecure`.
pub(crate) fn add_insecure(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    insecure::add_to_linker::<_, Counted>(linker, |state| Counts(state))
}

struct Counted;

impl HasData for Counted {
    type Data<'a> = Counts<'a>;
}

/// A call that asks for random bytes.
struct Counts<'a>(&'a mut CallState);

impl random::Host for Counts<'_> {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.0.take_random(len)?;
        random::Host::get_random_bytes(self.0.random(), len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.0.take_random(8)?;
        random::Host::get_random_u64(self.0.random())
    }
}

impl insecure::Host for Counts<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.0.take_random(len)?;
        insecure::Host::get_insecure_random_bytes(self.0.random(), len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.0.take_random(8)?;
        insecure::Host::get_insecure_random_u64(self.0.random())
    }
}
