//! `coldframe graph FILE`: the compiled graph as Mermaid text.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// The pipeline
    file: PathBuf,
}

pub(crate) fn run(global: &Global, args: &GraphArgs) -> Result<(), Fail> {
    let project = Project::of_file(global, &args.file)?;
    let compiled = project.compile_file(global, &args.file)?;
    let text = coldframe_lang::mermaid::mermaid(&compiled.graph);
    match global.format {
        Format::Json => output::json(&json!({ "mermaid": text })),
        Format::Text => output::result(&text),
    }
    Ok(())
}
