//! One file per command: its arguments, and what it does.

pub(crate) mod call;
pub(crate) mod caps;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod lint;
pub(crate) mod new;
pub(crate) mod patch;
pub(crate) mod plan;
mod published;
pub(crate) mod receipt;
pub(crate) mod registry;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod skill;
pub(crate) mod test;
pub(crate) mod update;

use crate::args::{Cli, Command};
use crate::exit::Fail;

/// Does what was asked.
pub(crate) fn run(cli: Cli) -> Result<(), Fail> {
    let global = &cli.global;
    if global.is_drawing() && !matches!(cli.command, Command::Graph(_)) {
        return Err(Fail::usage("`--format mermaid`, `dot` and `svg` are for `coldframe graph`")
            .help("the formats of this command are `text` and `json`"));
    }
    if global.is_sarif() && !matches!(cli.command, Command::Check(_) | Command::Lint(_)) {
        return Err(Fail::usage("`--format sarif` is for `coldframe check` and `coldframe lint`")
            .help("the formats of this command are `text` and `json`"));
    }
    match cli.command {
        Command::New(args) => new::run(global, &args),
        Command::Run(args) => run::run(global, &args),
        Command::Check(args) => check::run(global, &args),
        Command::Test(args) => test::run(global, &args),
        Command::Fmt(args) => fmt::run(global, &args),
        Command::Lint(args) => lint::run(global, &args),
        Command::Diff(args) => diff::run(global, &args),
        Command::Patch(args) => patch::run(global, &args),
        Command::Import(args) => import::run(global, &args),
        Command::Plan(args) => plan::run(global, &args),
        Command::Caps(args) => caps::run(global, &args),
        Command::Call(args) => call::run(global, &args),
        Command::Graph(args) => graph::run(global, &args),
        Command::Runs(command) => runs::run(global, &command),
        Command::Receipt(command) => receipt::run(global, &command),
        Command::Search(args) => search::run(global, &args),
        Command::Skill(command) => skill::run(global, &command),
        Command::Registry(command) => registry::run(global, &command),
        Command::Update(args) => update::run(global, &args),
        Command::Explain(args) => explain::run(global, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Doctor(args) => doctor::run(global, &args),
        Command::Completions(args) => completions::run(&args),
    }
}
