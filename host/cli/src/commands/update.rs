//! `coldframe update`: moves the pins, and shows what moved and what was held.

use clap::Args;
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {}

pub(crate) fn run(global: &Global, _args: &UpdateArgs) -> Result<(), Fail> {
    let changes = Project::here(global)?.update()?;
    match global.format() {
        Format::Json => output::json(&json!(changes)),
        Format::Text if changes.is_empty() => output::note("every pin is the newest that will do"),
        Format::Text => output::result(&changes.join("\n")),
    }
    Ok(())
}
