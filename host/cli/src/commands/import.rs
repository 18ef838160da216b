//! `coldframe import flujo|hexdag FILE`: another system's YAML in our language, with notes on
//! everything that has no counterpart.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use coldframe_import::{Dialect, Imported, Severity};
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format};
use crate::{inputs, write};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Whose language the file is written in
    #[arg(value_enum)]
    from: From,
    /// The file
    file: PathBuf,
    /// Write the pipelines into this folder instead of printing the first
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
    /// Blueprints of flujo
    Flujo,
    /// Documents of hexDAG
    Hexdag,
}

pub(crate) fn run(global: &Global, args: &ImportArgs) -> Result<(), Fail> {
    let name = args.file.display().to_string();
    let text = inputs::read_text(&args.file)?;
    let dialect = match args.from {
        From::Flujo => Dialect::Flujo,
        From::Hexdag => Dialect::Hexdag,
    };
    let imported = coldframe_import::import(dialect, &name, &text);
    match global.format() {
        Format::Json => output::json(&to_json(&imported)),
        Format::Text => print(args, &imported)?,
    }
    let failed = imported.notes.iter().any(|note| note.severity == Severity::Error);
    if failed { Err(Fail::said(Exit::Problems)) } else { Ok(()) }
}

fn print(args: &ImportArgs, imported: &Imported) -> Result<(), Fail> {
    output::note(imported.report.trim_end());
    let Some(pipeline) = &imported.pipeline else { return Ok(()) };
    let Some(out) = &args.out else {
        output::result(pipeline);
        for other in &imported.others {
            output::note(&format!("{} is written with --out DIR", other.path));
        }
        return Ok(());
    };
    std::fs::create_dir_all(out)
        .map_err(|error| Fail::usage(format!("failed to make `{}`: {error}", out.display())))?;
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    write_new(&out.join(format!("{stem}.yml")), pipeline)?;
    for other in &imported.others {
        write_new(&out.join(&other.path), &other.text)?;
    }
    Ok(())
}

fn write_new(path: &Path, text: &str) -> Result<(), Fail> {
    if path.exists() {
        return Err(Fail::usage(format!("`{}` is there already", path.display()))
            .help("choose another folder with --out"));
    }
    write::replace(path, text)?;
    output::result(&format!("wrote {}", path.display()));
    Ok(())
}

fn to_json(imported: &Imported) -> serde_json::Value {
    json!({
        "pipeline": imported.pipeline,
        "others": imported.others.iter().map(|other| json!({
            "path": other.path,
            "text": other.text,
        })).collect::<Vec<_>>(),
        "notes": imported.notes.iter().map(|note| json!({
            "severity": note.severity.as_str(),
            "code": note.code,
            "line": note.place.line,
            "column": note.place.column,
            "message": note.message,
            "help": note.help,
        })).collect::<Vec<_>>(),
        "scaffolds": imported.scaffolds.iter().map(|scaffold| json!({
            "skill": scaffold.skill,
            "operation": scaffold.operation,
            "why": scaffold.why,
            "lines": scaffold.lines,
            "inputs": scaffold.inputs.iter().map(|(name, ty)| json!({
                "name": name,
                "type": ty,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
