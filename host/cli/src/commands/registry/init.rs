//! `coldframe registry init DIR`: a new, empty, signed registry.

use std::path::PathBuf;

use clap::Args;
use coldframe_client::author;
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};
use crate::project::refusal;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The registry's directory; anything that serves files can serve it
    dir: PathBuf,
    /// Where to put the keys; beside the registry without it, never inside
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: &InitArgs) -> Result<(), Fail> {
    let InitArgs { dir, keys } = args;
    let keys = keys.clone().unwrap_or_else(|| author::default_keys_dir(dir));
    let root = author::init(dir, &keys, jiff::Timestamp::now()).map_err(refusal)?;
    match global.format() {
        Format::Json => output::json(&json!({
            "registry": dir.display().to_string(),
            "keys": keys.display().to_string(),
            "root": root,
        })),
        Format::Text => {
            global.tell(&format!("made the registry `{}`", dir.display()));
            global.tell(&format!("its keys are in `{}`: keep them secret", keys.display()));
            output::result(&root.to_string());
        }
    }
    Ok(())
}
