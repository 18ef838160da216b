//! `coldframe graph FILE`: the compiled graph as a drawing.

use std::path::PathBuf;

use clap::Args;
use coldframe_lang::{draw, mermaid};
use serde_json::json;

use crate::args::{FormatArg, Global};
use crate::exit::Fail;
use crate::output;
use crate::project::Project;

/// Prints a drawing: `--format mermaid` (as without), `dot` or `svg`.
#[derive(Debug, Args)]
#[command(after_help = "Formats: --format mermaid (as without), dot, svg, json")]
pub(crate) struct GraphArgs {
    /// The pipeline
    file: PathBuf,
}

pub(crate) fn run(global: &Global, args: &GraphArgs) -> Result<(), Fail> {
    let project = Project::of_file(global, &args.file)?;
    let graph = project.compile_file(global, &args.file)?.graph;
    match global.format {
        FormatArg::Json => output::json(&json!({ "mermaid": mermaid::mermaid(&graph) })),
        FormatArg::Text | FormatArg::Sarif | FormatArg::Mermaid => {
            output::result(&mermaid::mermaid(&graph));
        }
        FormatArg::Dot => output::result(&draw::dot(&graph)),
        FormatArg::Svg => output::result(&draw::svg(&graph)),
    }
    Ok(())
}
