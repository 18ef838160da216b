//! `coldframe lint FILE…`: what compiles and probably does not mean what it says.

use std::path::PathBuf;

use clap::Args;
use coldframe_lang::sarif::Sarif;
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Fail};
use crate::output::{self, Format, GREEN};
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The pipelines
    #[arg(required_unless_present = "rules")]
    files: Vec<PathBuf>,
    /// End with 1 on advice too, not only on problems
    #[arg(long)]
    strict: bool,
    /// List the rules
    #[arg(long)]
    rules: bool,
}

pub(crate) fn run(global: &Global, args: &LintArgs) -> Result<(), Fail> {
    if args.rules {
        return rules(global);
    }
    let mut worst: Option<Exit> = None;
    let mut advice = 0;
    let mut reports = Vec::new();
    let mut sarif = Sarif::default();
    for file in &args.files {
        let project = Project::of_file(global, file)?;
        let checked = project.check_file(file)?;
        let linted = project.lint(&checked);
        advice += linted.count();
        if let Some(exit) = checked.exit() {
            worst = Some(worst.map_or(exit, |w| if w as u8 > exit as u8 { w } else { exit }));
        }
        match global.format() {
            Format::Text if global.is_sarif() => {
                checked.add_to(&mut sarif);
                linted.add_to(&mut sarif);
            }
            Format::Json => {
                let mut report = linted.diagnostics_json();
                if let Some(report) = report.as_object_mut() {
                    report.insert("file".to_owned(), json!(file.display().to_string()));
                    report.insert("problems".to_owned(), checked.diagnostics_json());
                }
                reports.push(report);
            }
            Format::Text => {
                checked.print_diagnostics();
                linted.print_diagnostics();
                if checked.exit().is_none() && linted.count() == 0 && !global.quiet {
                    output::note(&format!("{GREEN}ok{GREEN:#}: {}", file.display()));
                }
            }
        }
    }
    let exit = worst.or((args.strict && advice > 0).then_some(Exit::Problems));
    if global.is_sarif() {
        output::json(&sarif.finish(env!("CARGO_PKG_VERSION")));
    }
    if global.format() == Format::Json {
        output::json(&json!({ "files": reports, "advice": advice, "ok": exit.is_none() }));
    }
    exit.map_or(Ok(()), |exit| Err(Fail::said(exit)))
}

fn rules(global: &Global) -> Result<(), Fail> {
    let rules = coldframe_lang::lint::rules();
    match global.format() {
        Format::Json => output::json(
            &rules
                .iter()
                .map(|rule| json!({ "code": rule.code.id, "summary": rule.summary }))
                .collect(),
        ),
        Format::Text => {
            let lines: Vec<String> =
                rules.iter().map(|rule| format!("{}  {}", rule.code.id, rule.summary)).collect();
            output::result(&lines.join("\n"));
        }
    }
    Ok(())
}
