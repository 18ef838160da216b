//! `coldframe search TEXT`: skills of all registries, best match first.

use clap::Args;
use coldframe_client::Hit;
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, CYAN, DIM, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Words to look for in names, descriptions and operations; nothing lists every skill
    text: Vec<String>,
}

pub(crate) fn run(global: &Global, args: &SearchArgs) -> Result<(), Fail> {
    let hits = Project::here(global)?.search(&args.text.join(" "))?;
    match global.format() {
        Format::Json => output::json(&hits.iter().map(to_json).collect()),
        Format::Text if hits.is_empty() => {
            output::note("no skill matches; `coldframe search` without a text lists every skill");
        }
        Format::Text => {
            for hit in &hits {
                output::result(&to_text(hit));
            }
        }
    }
    Ok(())
}

fn to_json(hit: &Hit) -> Value {
    let row = hit.release.row();
    json!({
        "id": row.id,
        "version": row.version,
        "description": row.description,
        "operations": row.operations.iter().map(|operation| {
            json!({ "name": operation.name, "description": operation.doc })
        }).collect::<Vec<_>>(),
        "caps": row.caps,
        "component": row.component,
        "registry": hit.location,
    })
}

fn to_text(hit: &Hit) -> String {
    let row = hit.release.row();
    let mut text = format!("{CYAN}{}{CYAN:#}@{}  {}", row.id, row.version, row.description);
    let width = row.operations.iter().map(|operation| operation.name.len()).max().unwrap_or(0);
    for operation in &row.operations {
        let first = operation.doc.lines().next().unwrap_or_default();
        let name = &operation.name;
        text.push_str(&format!("\n  #{name:<width$}  {DIM}{first}{DIM:#}"));
    }
    text
}
