//! `coldframe skill new|build|check|precompile|publish`: the way of a skill from nothing to a registry.

mod build;
mod check;
mod new;
mod precompile;
mod publish;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use coldframe_format::Manifest;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::inputs;

#[derive(Debug, Subcommand)]
pub(crate) enum SkillCommand {
    /// Start a skill that builds and passes its own test as it stands
    New(new::NewArgs),
    /// Compile a skill and wrap it as a component
    Build(SourceArgs),
    /// Build a skill, read its interface and rights from the bytes, run its cases
    Check(SourceArgs),
    /// Compile a skill to native code, for this machine or another
    Precompile(precompile::PrecompileArgs),
    /// Check a skill and sign it into a registry
    Publish(publish::PublishArgs),
}

/// Where a skill's source is.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// The skill's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Take this component instead of building one
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, command: &SkillCommand) -> Result<(), Fail> {
    match command {
        SkillCommand::New(args) => new::run(global, args),
        SkillCommand::Build(args) => build::run(global, args),
        SkillCommand::Check(args) => check::run(global, args),
        SkillCommand::Precompile(args) => precompile::run(global, args),
        SkillCommand::Publish(args) => publish::run(global, args),
    }
}

/// The manifest in a skill's folder.
fn manifest(dir: &Path) -> Result<Manifest, Fail> {
    let path = dir.join("skill.toml");
    if !path.is_file() {
        return Err(Fail::usage(format!("`{}` has no `skill.toml`", dir.display()))
            .help("name a skill's folder, or start one with `coldframe skill new`"));
    }
    Manifest::from_toml(&inputs::read_text(&path)?).map_err(|error| {
        let fail = Fail::new(Exit::Problems, format!("`{}`: {error}", path.display()));
        match error.help() {
            Some(help) => fail.help(help),
            None => fail,
        }
    })
}
