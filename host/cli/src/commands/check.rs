//! `coldframe check FILE…`: every problem of every file, without running anything.

use std::path::PathBuf;

use clap::Args;
use coldframe_lang::sarif::Sarif;
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::foresee;
use crate::output::{self, Format, GREEN};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The pipelines
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &CheckArgs) -> Result<(), Fail> {
    let mut worst: Option<Exit> = None;
    let mut reports = Vec::new();
    let mut sarif = Sarif::default();
    for file in &args.files {
        let project = Project::of_file(global, file)?;
        let mut checked = project.check_file(file)?;
        foresee::rules(global, &project, &mut checked)?;
        if let Some(exit) = checked.exit() {
            // A refused signature weighs more than a typing mistake.
            worst = Some(worst.map_or(exit, |w| if w as u8 > exit as u8 { w } else { exit }));
        }
        match global.format() {
            Format::Text if global.is_sarif() => checked.add_to(&mut sarif),
            Format::Json => {
                let mut report = checked.diagnostics_json();
                if let Some(report) = report.as_object_mut() {
                    report.insert("file".to_owned(), json!(file.display().to_string()));
                    report.insert("ok".to_owned(), json!(checked.exit().is_none()));
                }
                reports.push(report);
            }
            Format::Text => {
                checked.print_diagnostics();
                if checked.exit().is_none() && !global.quiet {
                    let steps = checked.graph.as_ref().map_or(0, |graph| graph.steps.len());
                    let steps = output::count(steps, "step");
                    output::note(&format!("{GREEN}ok{GREEN:#}: {} ({steps})", file.display()));
                }
            }
        }
    }
    if global.is_sarif() {
        output::json(&sarif.finish(env!("CARGO_PKG_VERSION")));
    }
    if global.format() == Format::Json {
        output::json(&json!({ "files": reports, "ok": worst.is_none() }));
    }
    worst.map_or(Ok(()), |exit| Err(Fail::said(exit)))
}
