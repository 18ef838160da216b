//! `wasi:random`. What seeds hash maps is constant, so that a call without the right to randomness
//! always does the same. Bytes are counted: making them costs the guest nothing and us time. They are
//! on the call's tape.

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
        // One call, whether the bytes are fresh or from a tape.
        let host_calls = self.0.host_calls + 1;
        let deck = self.0.deck();
        let bytes = deck.random(len, || random::Host::get_random_bytes(self.0.random(), len));
        self.0.host_calls = host_calls;
        bytes
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        random::Host::get_random_bytes(self, 8).map(number)
    }
}

impl insecure::Host for Counts<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        random::Host::get_random_bytes(self, len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        random::Host::get_random_bytes(self, 8).map(number)
    }
}

/// Eight bytes as a number.
fn number(bytes: Vec<u8>) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}
