//! The coldframe command: arguments in, exit code out.

mod adapters;
mod answers;
mod args;
mod commands;
mod exit;
mod foresee;
mod inputs;
mod live;
mod loading;
mod models;
mod output;
mod place;
mod project;
mod readable;
mod replaying;
mod report;
mod services;
mod settings;
mod testing;
mod walls;
mod write;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;

fn main() -> ExitCode {
    // A worker raises its walls before there is anything to wall in.
    if let Some(code) = coldframe_sandbox::worker::become_worker() {
        return code;
    }
    // Secrets of the environment are in this process's memory; `doctor` says whether this held.
    let _ = coldframe_sandbox::walls::without_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to stdout and mistakes to stderr; both are its to word.
            let _ = error.print();
            return if error.use_stderr() { exit::Exit::Usage } else { exit::Exit::Done }.into();
        }
    };
    init_tracing();
    let format = cli.global.format();
    let ended = commands::run(cli);
    coldframe_sandbox::walls::Groups::leave();
    match ended {
        Ok(()) => exit::Exit::Done.into(),
        Err(fail) => {
            output::fail(&fail, format);
            fail.exit.into()
        }
    }
}

/// `COLDFRAME_LOG=debug` shows what happens inside; otherwise only warnings are shown.
fn init_tracing() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("COLDFRAME_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::shows_colour())
        .without_time()
        .init();
}
