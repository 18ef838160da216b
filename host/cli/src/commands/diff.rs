//! `coldframe diff OLD NEW`: what changed between two versions of a pipeline, in words and charts.

use std::path::PathBuf;

use clap::Args;
use coldframe_lang::diff::{self, Change, ChangeKind, Mark};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The pipeline as it was
    old: PathBuf,
    /// The pipeline as it is
    new: PathBuf,
    /// Print the two charts as Markdown with Mermaid as well
    #[arg(long)]
    charts: bool,
}

pub(crate) fn run(global: &Global, args: &DiffArgs) -> Result<(), Fail> {
    let before = Project::of_file(global, &args.old)?.compile_file(global, &args.old)?.graph;
    let after = Project::of_file(global, &args.new)?.compile_file(global, &args.new)?.graph;
    let found = diff::diff(&before, &after);
    match global.format() {
        Format::Json => output::json(&json!({
            "changes": found.changes.iter().map(change).collect::<Vec<Value>>(),
            "before": found.before,
            "after": found.after,
        })),
        Format::Text if found.is_empty() => output::note("the graphs are equal"),
        Format::Text => output::result(&found.to_text()),
    }
    if args.charts && global.format() == Format::Text {
        for (title, chart) in [("Before", &found.before), ("After", &found.after)] {
            output::result(&format!("\n## {title}\n\n```mermaid\n{chart}```"));
        }
    }
    Ok(())
}

fn change(change: &Change) -> Value {
    let mark = change.mark.map(|mark| match mark {
        Mark::Wider => "wider",
        Mark::Breaking => "breaking",
    });
    let mut value = match &change.kind {
        ChangeKind::Added(what) => json!({ "change": "added", "what": what }),
        ChangeKind::Removed(what) => json!({ "change": "removed", "what": what }),
        ChangeKind::Renamed(from) => json!({ "change": "renamed", "from": from }),
        ChangeKind::Changed { part, before, after } => {
            json!({ "change": "changed", "part": part, "before": before, "after": after })
        }
    };
    if let Some(value) = value.as_object_mut() {
        value.insert("step".to_owned(), json!(change.step));
        value.insert("mark".to_owned(), json!(mark));
    }
    value
}
