//! `coldframe runs audit`: every right that calls of a run asked for, and who refused what.

use clap::Args;
use coldframe_journal::Asked;
use coldframe_store::{Level, RunRow, Store};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Fail;
use crate::output::{self, Format};
use crate::place;

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// The id, or the beginning of it; without one, the newest run
    id: Option<String>,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
}

/// A decision, with where it was made.
struct Decision<'r> {
    at_us: u64,
    step: &'r str,
    attempt: u32,
    asked: &'r Asked,
}

pub(crate) fn run(global: &Global, args: &AuditArgs) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let row = super::find(&store, args.id.as_deref())?;
    let all = decisions(&row);
    let shown: Vec<&Decision<'_>> =
        all.iter().filter(|one| !args.refused || one.asked.refused_by.is_some()).collect();
    match global.format() {
        Format::Json => output::json(&shown.iter().map(|one| as_json(one)).collect()),
        Format::Text if shown.is_empty() => output::note(match args.refused {
            true => "nothing was refused",
            false => "no call asked for a right",
        }),
        Format::Text => {
            let width = shown.iter().map(|one| one.step.len()).max().unwrap_or(0).min(40);
            for one in shown {
                output::result(&line(one, width));
            }
        }
    }
    Ok(())
}

fn decisions(row: &RunRow) -> Vec<Decision<'_>> {
    let mut found = Vec::new();
    for record in &row.records {
        let (Some(step), Some(receipt)) = (record.event.step(), record.event.receipt()) else {
            continue;
        };
        found.extend(receipt.asked.iter().map(|asked| Decision {
            at_us: record.at_us,
            step,
            attempt: receipt.attempt,
            asked,
        }));
    }
    found
}

fn line(one: &Decision<'_>, width: usize) -> String {
    let Asked { cap, line, times, refused_by } = one.asked;
    let line = if line.is_empty() { "anything" } else { line };
    let answer = match refused_by {
        Some(who) => format!("refused by {}", output::safe(who)),
        None => "granted".to_owned(),
    };
    let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
    format!(
        "{}  {:<width$}  {cap:<8}  {}{times}: {answer}",
        output::moment(one.at_us),
        one.step,
        output::safe(line),
    )
}

fn as_json(one: &Decision<'_>) -> Value {
    json!({
        "at_us": one.at_us,
        "step": one.step,
        "attempt": one.attempt,
        "cap": one.asked.cap,
        "line": one.asked.line,
        "times": one.asked.times,
        "refused_by": one.asked.refused_by,
    })
}
