//! `coldframe registry show NAME[@VERSION]`: what a registry says of a skill or pipeline.

use clap::Args;
use coldframe_format::row::State;
use coldframe_format::{Caps, SkillRef};
use serde_json::{Value, json};

use crate::args::Global;
use crate::commands::search::{pipeline_json, pipeline_text, skill_json, skill_text};
use crate::exit::Fail;
use crate::output::{self, DIM, Format};
use crate::project::{Project, Shown};

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A skill or pipeline, `acme/triage` or `acme/triage@^1.2`
    name: SkillRef,
}

pub(super) fn run(global: &Global, args: &ShowArgs) -> Result<(), Fail> {
    let (shown, location) = Project::here(global)?.show(&args.name)?;
    let (json, text, caps, state) = match &shown {
        Shown::Skill(row) => (skill_json(row, &location), skill_text(row), &row.caps, row.state),
        Shown::Pipeline(row) => {
            (pipeline_json(row, &location), pipeline_text(row), &row.caps, row.state)
        }
    };
    match global.format() {
        Format::Json => output::json(&with_state(json, state)),
        Format::Text => {
            output::result(&text);
            output::result(&facts(&shown, caps, state, &location));
        }
    }
    Ok(())
}

fn with_state(mut row: Value, state: State) -> Value {
    if let Some(row) = row.as_object_mut() {
        row.insert("state".to_owned(), json!(state));
    }
    row
}

fn facts(shown: &Shown, caps: &Caps, state: State, location: &str) -> String {
    let list = |items: &[String]| match items {
        [] => "none".to_owned(),
        items => items.iter().map(|item| output::safe(item)).collect::<Vec<_>>().join(", "),
    };
    let mut lines = Vec::new();
    let digest = match shown {
        Shown::Skill(row) => row.component,
        Shown::Pipeline(row) => {
            lines.push(("skills", list(&row.skills)));
            lines.push(("pipelines", list(&row.pipelines)));
            row.document
        }
    };
    let rights = match caps.is_empty() {
        true => "none".to_owned(),
        false => serde_json::to_string(caps).unwrap_or_default(),
    };
    lines.push(("rights", rights));
    lines.push(("digest", digest.to_string()));
    lines.push(("registry", location.to_owned()));
    let state = json!(state);
    lines.push(("state", state.as_str().unwrap_or_default().to_owned()));
    let lines = lines.iter().map(|(name, value)| format!("  {name:<10} {DIM}{value}{DIM:#}"));
    lines.collect::<Vec<_>>().join("\n")
}
