//! `coldframe caps SKILL|FILE`: what a skill asks for, or what each step of a pipeline can really do.

use std::path::Path;

use clap::Args;
use coldframe_format::{Cap, Caps, SkillRef};
use coldframe_lang::plan::rights;
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, DIM, Format};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct CapsArgs {
    /// `namespace/name[@version]`, or a pipeline's file
    target: String,
}

/// A line of the table.
struct Row {
    /// The step; empty for a skill.
    step: String,
    skill: String,
    cap: Cap,
    line: String,
    /// Whether it can be used, or is only asked for.
    effective: bool,
}

pub(crate) fn run(global: &Global, args: &CapsArgs) -> Result<(), Fail> {
    let path = Path::new(&args.target);
    let is_file = path.extension().is_some_and(|end| end == "yml" || end == "yaml");
    let rows = if is_file { of_file(global, path)? } else { of_skill(global, &args.target)? };
    match global.format() {
        Format::Json => output::json(&rows.iter().map(json_of).collect()),
        Format::Text if rows.is_empty() => {
            output::note("nothing: it can reach nothing outside of its instance");
        }
        Format::Text => output::result(&table(&rows)),
    }
    Ok(())
}

fn of_skill(global: &Global, target: &str) -> Result<Vec<Row>, Fail> {
    let wanted: SkillRef = target.parse().map_err(|error| {
        Fail::usage(format!("{error}"))
            .help("name a skill, `std/http`, or a pipeline's file, `flow.yml`")
    })?;
    let skill = Project::here(global)?.newest(&wanted)?;
    let name = match (skill.id(), skill.version()) {
        (Some(id), Some(version)) => format!("{id}@{version}"),
        _ => wanted.id.to_string(),
    };
    // What a skill asks for is all it can ever have.
    Ok(rows("", &name, skill.ceiling(), true))
}

fn of_file(global: &Global, path: &Path) -> Result<Vec<Row>, Fail> {
    let project = Project::of_file(global, path)?;
    let compiled = project.compile_file(global, path)?;
    let mut found = Vec::new();
    for rights in rights::asked(&compiled.graph, &project) {
        let skill = format!("{}@{}", rights.skill, rights.version);
        found.extend(rows(&rights.id, &skill, &rights.caps, true));
        found.extend(rows(&rights.id, &skill, &rights.refused, false));
    }
    Ok(found)
}

fn rows(step: &str, skill: &str, caps: &Caps, effective: bool) -> Vec<Row> {
    let lines = caps
        .set_of()
        .iter()
        .flat_map(|cap| caps.lines(cap).into_iter().map(move |line| (cap, line)));
    lines
        .map(|(cap, line)| Row {
            step: step.to_owned(),
            skill: skill.to_owned(),
            cap,
            line,
            effective,
        })
        .collect()
}

fn json_of(row: &Row) -> Value {
    let Row { step, skill, cap, line, effective } = row;
    json!({
        "step": step, "skill": skill, "capability": cap.name(), "line": line,
        "effective": effective,
    })
}

fn table(rows: &[Row]) -> String {
    let wide = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (step, skill) = (wide(|row| row.step.len()), wide(|row| row.skill.len()));
    let lines = rows.iter().map(|row| {
        let gap = if step == 0 { "" } else { "  " };
        let text = format!(
            "{:step$}{gap}{:skill$}  {:<8} {}",
            row.step,
            row.skill,
            row.cap.name(),
            row.line
        );
        match row.effective {
            true => text,
            false => format!("{DIM}{text}  (asked for, not granted){DIM:#}"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
