//! `coldframe skill publish --to DIR`: checks a skill and signs it into a registry.

use std::path::PathBuf;

use clap::Args;
use coldframe_client::author;
use serde_json::json;

use super::{SourceArgs, check};
use crate::args::{FormatArg, Global};
use crate::exit::Fail;
use crate::output::{self, Format, GREEN, YELLOW};
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
    let row = &published.row;
    if global.format() == Format::Json {
        output::json(&json!({
            "id": row.id,
            "version": row.version,
            "component": row.component,
            "snapshot": published.snapshot,
            "already": published.already,
        }));
        return Ok(());
    }
    if let Some(previous) = &published.previous
        && let Err(wider) = row.caps.is_within(&previous.caps)
    {
        let (version, wider) = (&previous.version, wider.0.join(", "));
        output::note(&format!("{YELLOW}wider{YELLOW:#} than {version}: {wider}"));
    }
    if published.new_namespace && !global.quiet {
        output::note(&format!("made the namespace `{}` and its key", row.id.namespace()));
    }
    let done = if published.already { "was published before" } else { "published" };
    if !global.quiet {
        output::note(&format!(
            "{GREEN}{done}{GREEN:#}: {}@{} in snapshot {}",
            row.id, row.version, published.snapshot
        ));
    }
    output::result(&row.component.to_string());
    Ok(())
}
