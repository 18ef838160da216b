//! `coldframe runs list|show|resume`: what ran, and how to go on with it.

use std::sync::Arc;

use clap::{Args, Subcommand};
use coldframe_engine::core::statuses;
use coldframe_journal::{Event, Record};
use coldframe_store::{Level, RunRow, Store};
use serde_json::{Value, json};

use crate::args::{Global, JournalLevel};
use crate::exit::Fail;
use crate::loading::{self, Keeping, Start};
use crate::output::{self, DIM, Format};
use crate::settings::Settings;
use crate::{place, report};

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List the newest runs
    List {
        /// How many
        #[arg(long, short = 'n', default_value_t = 20)]
        count: usize,
    },
    /// Show one run: steps, receipts, outputs
    Show {
        /// The id, or the beginning of it; without one, the newest run
        id: Option<String>,
        /// Show every record of the journal instead
        #[arg(long)]
        events: bool,
    },
    /// Go on with a run whose process is gone; completed steps are not repeated
    Resume(ResumeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The id, or the beginning of it; without one, the newest run
    id: Option<String>,
    /// How durable the rest of the journal is
    #[arg(long, value_enum, default_value_t = JournalLevel::Relaxed)]
    journal: JournalLevel,
}

pub(crate) fn run(global: &Global, command: &RunsCommand) -> Result<(), Fail> {
    match command {
        RunsCommand::List { count } => list(global, *count),
        RunsCommand::Show { id, events } => show(global, id.as_deref(), *events),
        RunsCommand::Resume(args) => resume(global, args),
    }
}

fn list(global: &Global, count: usize) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let rows = store.runs(count)?;
    match global.format() {
        Format::Json => output::json(&rows.iter().map(|row| line_json(&store, row)).collect()),
        Format::Text if rows.is_empty() => output::note("no runs yet"),
        Format::Text => {
            for row in &rows {
                let state = &row.state;
                let wall = state.finished.as_ref().zip(state.started.as_ref());
                let wall = wall.map(|(end, start)| output::time(end.at_us - start.at_us));
                output::result(&format!(
                    "{}  {}  {:<11}  {:>9}  {}",
                    row.run.run_id,
                    moment(row.run.created_us),
                    status(&store, row),
                    wall.unwrap_or_default(),
                    row.run.pipeline,
                ));
            }
        }
    }
    Ok(())
}

fn line_json(store: &Store, row: &RunRow) -> Value {
    json!({
        "run_id": row.run.run_id,
        "created_us": row.run.created_us,
        "pipeline": row.run.pipeline,
        "status": status(store, row),
        "spec_sha256": row.run.spec_sha256,
    })
}

fn status(store: &Store, row: &RunRow) -> &'static str {
    match &row.state.finished {
        Some(finished) => finished.status.as_str(),
        None if row.state.started.is_none() => "not begun",
        None if store.is_idle(&row.run.run_id) => "interrupted",
        None => "running",
    }
}

/// A moment as RFC 3339 in UTC.
fn moment(us: u64) -> String {
    i64::try_from(us)
        .ok()
        .and_then(|us| jiff::Timestamp::from_microsecond(us).ok())
        .map_or_else(|| us.to_string(), |moment| format!("{moment:.0}"))
}

/// The run that was meant: by the beginning of its id, else the newest.
fn find(store: &Store, id: Option<&str>) -> Result<RunRow, Fail> {
    match id {
        Some(id) => Ok(store.run(id)?),
        None => match store.newest()? {
            Some(id) => Ok(store.run(&id)?),
            None => Err(Fail::usage("there are no runs yet")),
        },
    }
}

fn show(global: &Global, id: Option<&str>, events: bool) -> Result<(), Fail> {
    let store = Store::open(&place::data_dir(global)?, Level::Relaxed)?;
    let row = find(&store, id)?;
    if events {
        return show_events(global, &row);
    }
    let (_, graph) = loading::recompile(global, &row)?;
    if global.format() == Format::Json {
        output::json(&report::json(&row.run.run_id, &graph, &row.state));
        return Ok(());
    }
    let mut text = format!("run       {}\npipeline  {}", row.run.run_id, row.run.pipeline);
    text.push_str(&format!("\nfile      {}", row.run.source_name));
    text.push_str(&format!("\nspec      {}", row.run.spec_sha256));
    text.push_str(&format!("\nstarted   {}", moment(row.run.created_us)));
    text.push_str(&format!("\nstatus    {}\n\nsteps\n", status(&store, &row)));
    let over = row.state.finished.is_some();
    for (step, status) in statuses(&graph, &row.state) {
        let word = report::status_text(status, over);
        text.push_str(&format!("  {:<16} {word:<10}", step.id));
        if let Some(receipt) = row.state.steps.get(&step.id).and_then(|s| s.receipt.as_ref()) {
            text.push_str(&format!(
                " {:>9} {:>8} fuel {:>9} KiB {:>14}",
                output::time(receipt.wall_us),
                output::large(receipt.fuel),
                receipt.memory_peak_bytes >> 10,
                output::money(receipt.cost_nano),
            ));
            for (name, value) in [
                ("component", &receipt.component),
                ("input", &receipt.input_sha256),
                ("output", &receipt.output_sha256),
            ] {
                if let Some(value) = value {
                    text.push_str(&format!("\n    {DIM}{name:<9} {value}{DIM:#}"));
                }
            }
        }
        if let Some(failure) = row.state.steps.get(&step.id).and_then(|s| s.failure.as_ref()) {
            text.push_str(&format!(
                "\n    {}: {} (line {})",
                failure.kind, failure.message, step.line
            ));
        }
        text.push('\n');
    }
    output::result(&text);
    if let Some(finished) = &row.state.finished {
        if let Some(failure) = &finished.failure {
            output::result(&format!("why\n  {}: {}\n", failure.kind, failure.message));
        }
        output::result("outputs");
        report::outputs(&graph, &finished.outputs);
    } else if store.is_idle(&row.run.run_id) {
        output::note(&format!("`coldframe runs resume {}` goes on with it", row.run.run_id));
    }
    Ok(())
}

fn show_events(global: &Global, row: &RunRow) -> Result<(), Fail> {
    for record in &row.records {
        match global.format() {
            Format::Json => {
                let line = serde_json::to_value(record).unwrap_or(Value::Null);
                output::result(&line.to_string());
            }
            Format::Text => output::result(&event_line(record)),
        }
    }
    Ok(())
}

fn event_line(record: &Record) -> String {
    let what = match &record.event {
        Event::RunStarted { pipeline, .. } => pipeline.clone(),
        Event::RunResumed => String::new(),
        Event::StepStarted { step, attempt } => format!("{step} attempt {attempt}"),
        Event::StepSucceeded { step, receipt, .. } => {
            format!("{step} {} fuel", receipt.fuel)
        }
        Event::StepSkipped { step, .. } => step.clone(),
        Event::StepFailed { step, failure, .. } => {
            format!("{step} {}: {}", failure.kind, failure.message)
        }
        Event::RunFinished { status, .. } => status.as_str().to_owned(),
    };
    let line =
        format!("{:>4}  {}  {:<14}  {what}", record.seq, moment(record.at_us), record.event.name());
    line.trim_end().to_owned()
}

fn resume(global: &Global, args: &ResumeArgs) -> Result<(), Fail> {
    let level = match args.journal {
        JournalLevel::Strict => Level::Strict,
        JournalLevel::Relaxed => Level::Relaxed,
        JournalLevel::Memory => {
            return Err(Fail::usage("a resumed run cannot be kept in memory only"));
        }
    };
    let data_dir = place::data_dir(global)?;
    let store = Store::open(&data_dir, level)?;
    let row = find(&store, args.id.as_deref())?;
    if let Some(finished) = &row.state.finished {
        let message = format!("run `{}` is over: it {}", row.run.run_id, finished.status.as_str());
        return Err(Fail::usage(message).help(format!("`coldframe runs show {}`", row.run.run_id)));
    }
    if row.state.started.is_none() {
        let message =
            format!("run `{}` never began: nothing of it is in the journal", row.run.run_id);
        return Err(Fail::usage(message).help("start it again with `coldframe run`"));
    }
    // The lock first: what was read before may be old.
    let journal = store.resume(&row.run.run_id)?;
    let row = store.run(&row.run.run_id)?;
    let (project, graph) = loading::recompile(global, &row)?;
    let start = Start {
        graph: Arc::new(graph),
        inputs: Value::Null,
        state: row.state.clone(),
        keeping: Keeping::Disk(journal),
        run_id: row.run.run_id.clone(),
        limits: Settings::of(&row)?.limits,
    };
    loading::drive_run(global, &project, start)
}
