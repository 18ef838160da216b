//! For tests only: a host function that fails in the way none may.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::state::CallState;

/// Adds the interface under `name`.
pub(crate) fn add(linker: &mut Linker<CallState>, name: &str) -> wasmtime::Result<()> {
    linker.instance(name)?.func_wrap(
        "now",
        |_: StoreContextMut<'_, CallState>, ()| -> wasmtime::Result<()> {
            panic!("a host function failed on purpose")
        },
    )
}
