//! The parts of WASI every guest may link, around nothing: no argument, no variable, no file, no
//! input, and output that leads nowhere. Sockets are not here and are never linked.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_io::bindings::wasi::io;

use super::clock::{MonotonicClock, WallClock};
use super::random::INSECURE_SEED;
use crate::state::CallState;

/// Adds the functions of one interface.
pub(crate) type Add = fn(&mut Linker<CallState>) -> wasmtime::Result<()>;

/// The interfaces by their path, without version. An exact list: what is not in it is refused.
pub(crate) const INTERFACES: &[(&str, Add)] = &[
    ("wasi:cli/environment", |l| cli::environment::add_to_linker::<_, WasiCli>(l, CallState::cli)),
    ("wasi:cli/exit", |l| cli::exit::add_to_linker::<_, WasiCli>(l, CallState::cli)),
    ("wasi:cli/stderr", |l| cli::stderr::add_to_linker::<_, WasiCli>(l, CallState::cli)),
    ("wasi:cli/stdin", |l| cli::stdin::add_to_linker::<_, WasiCli>(l, CallState::cli)),
    ("wasi:cli/stdout", |l| cli::stdout::add_to_linker::<_, WasiCli>(l, CallState::cli)),
    ("wasi:cli/terminal-input", |l| {
        cli::terminal_input::add_to_linker::<_, WasiCli>(l, CallState::cli)
    }),
    ("wasi:cli/terminal-output", |l| {
        cli::terminal_output::add_to_linker::<_, WasiCli>(l, CallState::cli)
    }),
    ("wasi:cli/terminal-stderr", |l| {
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, CallState::cli)
    }),
    ("wasi:cli/terminal-stdin", |l| {
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, CallState::cli)
    }),
    ("wasi:cli/terminal-stdout", |l| {
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, CallState::cli)
    }),
    ("wasi:clocks/monotonic-clock", super::clock::add_monotonic),
    ("wasi:clocks/wall-clock", super::clock::add_wall),
    ("wasi:filesystem/preopens", |l| {
        filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, CallState::filesystem)
    }),
    ("wasi:filesystem/types", |l| {
        filesystem::types::add_to_linker::<_, WasiFilesystem>(l, CallState::filesystem)
    }),
    ("wasi:io/error", |l| io::error::add_to_linker::<_, HasTable>(l, CallState::table)),
    ("wasi:io/poll", super::watched::add_poll),
    ("wasi:io/streams", super::watched::add_streams),
    ("wasi:random/insecure", super::random::add_insecure),
    ("wasi:random/insecure-seed", |l| {
        random::insecure_seed::add_to_linker::<_, WasiRandom>(l, CallState::random)
    }),
    ("wasi:random/random", super::random::add),
];

/// The interfaces of `wasi:io` need nothing but the table of resources.
struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// The context of one call: everything a builder has by default is empty or closed already, but
/// the clocks are exact and the seed is random.
pub(crate) fn context() -> WasiCtx {
    WasiCtxBuilder::new()
        .wall_clock(WallClock)
        .monotonic_clock(MonotonicClock::new())
        .insecure_random_seed(INSECURE_SEED)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}
