//! `coldframe registry init|publish|show`: registries, and the pipelines in them.

mod init;
mod publish;
mod show;

use clap::Subcommand;

use crate::args::Global;
use crate::exit::Fail;

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Make a registry, its keys and its root of trust
    Init(init::InitArgs),
    /// Check a pipeline and sign it into a registry; skills have `coldframe skill publish`
    Publish(publish::PublishArgs),
    /// Print what a registry says of a skill or pipeline
    Show(show::ShowArgs),
}

pub(crate) fn run(global: &Global, command: &RegistryCommand) -> Result<(), Fail> {
    match command {
        RegistryCommand::Init(args) => init::run(global, args),
        RegistryCommand::Publish(args) => publish::run(global, args),
        RegistryCommand::Show(args) => show::run(global, args),
    }
}
