//! `coldframe search TEXT`: skills and pipelines of all registries, best match first.

use clap::Args;
use coldframe_client::{Found, Hit};
use coldframe_format::{IndexRow, PipelineRow};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, CYAN, DIM, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Words to look for in names, descriptions and operations; nothing lists everything
    text: Vec<String>,
}

pub(crate) fn run(global: &Global, args: &SearchArgs) -> Result<(), Fail> {
    let hits = Project::here(global)?.search(&args.text.join(" "))?;
    match global.format() {
        Format::Json => output::json(&hits.iter().map(to_json).collect()),
        Format::Text if hits.is_empty() => {
            output::note(
                "nothing matches; `coldframe search` without a text lists every skill and pipeline",
            );
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
    match &hit.found {
        Found::Skill(release) => skill_json(release.row(), &hit.location),
        Found::Pipeline(release) => pipeline_json(release.row(), &hit.location),
    }
}

/// A skill for programs.
pub(super) fn skill_json(row: &IndexRow, location: &str) -> Value {
    json!({
        "kind": "skill",
        "id": row.id,
        "version": row.version,
        "description": row.description,
        "operations": row.operations.iter().map(|operation| {
            json!({ "name": operation.name, "description": operation.doc })
        }).collect::<Vec<_>>(),
        "caps": row.caps,
        "component": row.component,
        "registry": location,
    })
}

/// A pipeline for programs.
pub(super) fn pipeline_json(row: &PipelineRow, location: &str) -> Value {
    json!({
        "kind": "pipeline",
        "id": row.id,
        "version": row.version,
        "description": row.description,
        "inputs": row.inputs.iter().map(|input| json!({
            "name": input.name,
            "required": input.required,
            "schema": serde_json::from_str::<Value>(&input.schema).unwrap_or_default(),
        })).collect::<Vec<_>>(),
        "outputs": row.outputs,
        "caps": row.caps,
        "skills": row.skills,
        "pipelines": row.pipelines,
        "document": row.document,
        "registry": location,
    })
}

fn to_text(hit: &Hit) -> String {
    match &hit.found {
        Found::Skill(release) => skill_text(release.row()),
        Found::Pipeline(release) => pipeline_text(release.row()),
    }
}

/// A skill with its operations.
pub(super) fn skill_text(row: &IndexRow) -> String {
    let mut text = format!("{CYAN}{}{CYAN:#}@{}  {}", row.id, row.version, row.description);
    let width = row.operations.iter().map(|operation| operation.name.len()).max().unwrap_or(0);
    for operation in &row.operations {
        let first = operation.doc.lines().next().unwrap_or_default();
        let name = &operation.name;
        text.push_str(&format!("\n  #{name:<width$}  {DIM}{first}{DIM:#}"));
    }
    text
}

/// A pipeline with its inputs and outputs.
pub(super) fn pipeline_text(row: &PipelineRow) -> String {
    let (id, version) = (&row.id, &row.version);
    // The row is signed by its owner, not by us.
    let description = output::safe(&row.description);
    let mut text = format!("{CYAN}{id}{CYAN:#}@{version}  pipeline  {description}");
    let names = |names: Vec<String>| match names.is_empty() {
        true => "nothing".to_owned(),
        false => names.join(", "),
    };
    let inputs = row.inputs.iter().map(|input| {
        let mark = if input.required { "" } else { "?" };
        format!("{}{mark}", output::safe(&input.name))
    });
    let outputs = row
        .outputs
        .iter()
        .map(|one| format!("{}: {}", output::safe(&one.name), output::safe(&one.ty)));
    let (inputs, outputs) = (names(inputs.collect()), names(outputs.collect()));
    text.push_str(&format!("\n  {DIM}takes {inputs}; gives {outputs}{DIM:#}"));
    text
}
