//! `coldframe skill publish --to DIR`: checks a skill and signs it into a registry.

use std::path::PathBuf;

use clap::Args;
use coldframe_client::author;

use super::{SourceArgs, check};
use crate::args::{FormatArg, Global};
use crate::commands::published::{self, Facts};
use crate::exit::Fail;
use crate::output::Format;
use crate::project::refusal;

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The registry's directory
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The directory with the registry's keys; beside the registry without it
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &PublishArgs) -> Result<(), Fail> {
    // The report of the check is not what a program that publishes asked for.
    let quiet = Global { format: FormatArg::Text, quiet: true, ..global.clone() };
    let inner = if global.format() == Format::Json { &quiet } else { global };
    let (manifest, bytes) = check::checked(inner, &args.source)?;
    let keys = args.keys.clone().unwrap_or_else(|| author::default_keys_dir(&args.to));
    let now = jiff::Timestamp::now();
    let published = author::publish(&args.to, &keys, &manifest, bytes, now).map_err(refusal)?;
    published::say(global, &published, |row| Facts {
        id: &row.id,
        version: &row.version,
        caps: &row.caps,
        file: ("component", row.component),
    });
    Ok(())
}
