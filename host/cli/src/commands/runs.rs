//! `coldframe runs list|show|resume|approve|reject|signal|replay|audit`: what ran, how to go on with it,
//! and the same again.

mod audit;
mod decide;
mod replay;

use std::sync::Arc;

use clap::{Args, Subcommand};
use coldframe_journal::event::Waiting;
use coldframe_journal::{Event, Record};
use coldframe_lang::graph::{Step, StepKind};
use coldframe_store::{Level, RunRow, SqliteJournal, Store};
use serde_json::{Value, json};

use self::audit::AuditArgs;
use self::decide::{DecideArgs, SignalArgs};
use self::replay::ReplayArgs;
use crate::args::{Global, JournalLevel};
use crate::exit::Fail;
use crate::loading::{self, Keeping, Loaded, Start};
use crate::output::{self, DIM, Format};
use crate::settings::Settings;
use crate::{place, report, services};

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
    /// Run it again, offline, from what was recorded, and compare
    Replay(ReplayArgs),
    /// List the rights its calls asked for, and who refused what
    Audit(AuditArgs),
    /// Say yes to a step that asks, and go on with the run
    Approve(DecideArgs),
    /// Say no to a step that asks, and go on with the run
    Reject(DecideArgs),
    /// Send a signal to a run, and go on with it
    Signal(SignalArgs),
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
        RunsCommand::Replay(args) => replay::run(global, args),
        RunsCommand::Audit(args) => audit::run(global, args),
        RunsCommand::Approve(args) => decide::decide(global, args, true),
        RunsCommand::Reject(args) => decide::decide(global, args, false),
        RunsCommand::Signal(args) => decide::signal(global, args),
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
                    output::moment(row.run.created_us),
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
        None if row.state.is_suspended() && store.is_idle(&row.run.run_id) => "suspended",
        None if store.is_idle(&row.run.run_id) => "interrupted",
        None => "running",
    }
}

/// The run that was meant: by the beginning of its id, else the newest.
pub(super) fn find(store: &Store, id: Option<&str>) -> Result<RunRow, Fail> {
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
    text.push_str(&format!("\nstarted   {}", output::moment(row.run.created_us)));
    text.push_str(&format!("\nstatus    {}\n\nsteps\n", status(&store, &row)));
    let lines = report::lines(&graph, &row.state);
    let width = lines.iter().map(|line| line.place.len()).max().unwrap_or(0).clamp(16, 40);
    for line in &lines {
        text.push_str(&show_line(line, width));
    }
    output::result(&text);
    if let Some(finished) = &row.state.finished {
        if let Some(failure) = &finished.failure {
            output::result(&format!("why\n  {}: {}\n", failure.kind, failure.message));
        }
        if finished.outputs.as_object().is_some_and(|outputs| !outputs.is_empty()) {
            output::result("outputs");
            report::outputs(&graph, &finished.outputs);
        }
    } else if row.state.is_suspended() {
        report::waiting(&row.run.run_id, &graph, &row.state);
    } else if store.is_idle(&row.run.run_id) {
        output::note(&format!("`coldframe runs resume {}` goes on with it", row.run.run_id));
    }
    Ok(())
}

fn show_line(line: &report::Line<'_>, width: usize) -> String {
    let mut text = format!("  {:<width$} {:<10}", line.place, line.status);
    let own = line.receipt.map(|receipt| {
        (receipt.wall_us, receipt.fuel, receipt.memory_peak_bytes, receipt.cost_nano)
    });
    let all =
        line.within.map(|(all, took_us)| (took_us, all.fuel, all.memory_peak_bytes, all.cost_nano));
    if let Some((wall_us, fuel, memory_bytes, cost_nano)) = all.or(own) {
        text.push_str(&format!(
            " {:>9} {:>8} fuel {:>9} KiB {:>14}",
            output::time(wall_us),
            output::large(fuel),
            memory_bytes >> 10,
            output::money(cost_nano),
        ));
    }
    if line.fell_back {
        let step = line.step.map_or_else(|| "fallback".to_owned(), report::fallback);
        text.push_str(&format!(" {step}"));
    }
    if let Some(receipt) = line.receipt {
        if let Some(taken) = report::taken(receipt) {
            text.push_str(&format!(" {taken}"));
        }
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
    for rule in line.receipt.into_iter().flat_map(|receipt| &receipt.broken) {
        let message = output::safe(&rule.message);
        text.push_str(&format!("\n    rule `{}` ({}): {message}", rule.policy, rule.action));
    }
    if let Some(Step { kind: StepKind::Pipeline(child), .. }) = line.step
        && let Some(release) = &child.release
    {
        text.push_str(&format!("\n    {DIM}document  {}{DIM:#}", release.document));
    }
    if let Some(failure) = line.failure {
        let at = line.step.map_or_else(String::new, |step| format!(" (line {})", step.line));
        text.push_str(&format!("\n    {}: {}{at}", failure.kind, failure.message));
    }
    text.push('\n');
    text
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
    let step = record.event.step().unwrap_or_default();
    let what = match &record.event {
        Event::RunStarted { pipeline, .. } => pipeline.clone(),
        Event::RunResumed => String::new(),
        Event::StepStarted { attempt, .. } => format!("{step} attempt {attempt}"),
        Event::StepSucceeded { receipt, .. } => format!("{step} {} fuel", receipt.fuel),
        Event::StepSkipped { .. } | Event::StepEntered { .. } | Event::StepCancelled { .. } => {
            step.to_owned()
        }
        Event::BlockEnded { slot, .. } => format!("{step} [{slot}]"),
        Event::StepFailed { failure, .. }
        | Event::AttemptFailed { failure, .. }
        | Event::StepTimedOut { failure, .. } => {
            format!("{step} {}: {}", failure.kind, failure.message)
        }
        Event::StepSuspended { waiting, .. } => match waiting {
            Waiting::Approval { message, .. } | Waiting::Release { message, .. } => {
                format!("{step} asks: {}", output::safe(message))
            }
            Waiting::Signal { name } => format!("{step} waits for the signal {name}"),
            Waiting::Until { at_us } => format!("{step} waits until {}", output::moment(*at_us)),
        },
        Event::DecisionMade { approved, by, note, .. } => {
            let word = if *approved { "approved" } else { "rejected" };
            let note =
                note.as_ref().map_or_else(String::new, |note| format!(": {}", output::safe(note)));
            format!("{step} {word} by {}{note}", output::safe(by))
        }
        Event::RunHeld { waiting, .. } => {
            let asked = waiting.question().map_or("", |(message, _)| message);
            format!("asks: {}", output::safe(asked))
        }
        Event::RunReleased { approved, by, note } => {
            let word = if *approved { "approved" } else { "rejected" };
            let note =
                note.as_ref().map_or_else(String::new, |note| format!(": {}", output::safe(note)));
            format!("{word} by {}{note}", output::safe(by))
        }
        Event::SignalReceived { name, .. } => name.clone(),
        Event::RunHalted { failure } => format!("{}: {}", failure.kind, failure.message),
        Event::RunFinished { status, .. } => status.as_str().to_owned(),
    };
    let line = format!(
        "{:>4}  {}  {:<14}  {what}",
        record.seq,
        output::moment(record.at_us),
        record.event.name()
    );
    line.trim_end().to_owned()
}

fn resume(global: &Global, args: &ResumeArgs) -> Result<(), Fail> {
    let level = level(args.journal)?;
    let store = Store::open(&place::data_dir(global)?, level)?;
    let row = find(&store, args.id.as_deref())?;
    goes_on(&row)?;
    let journal = store.resume(&row.run.run_id)?;
    OnTheWay::prepare(global, &store, &row.run.run_id, journal)?.drive(global)
}

/// Whether the run can go on at all.
fn goes_on(row: &RunRow) -> Result<(), Fail> {
    if let Some(finished) = &row.state.finished {
        let message = format!("run `{}` is over: it {}", row.run.run_id, finished.status.as_str());
        return Err(Fail::usage(message).help(format!("`coldframe runs show {}`", row.run.run_id)));
    }
    if row.state.started.is_none() {
        let message =
            format!("run `{}` never began: nothing of it is in the journal", row.run.run_id);
        return Err(Fail::usage(message).help("start it again with `coldframe run`"));
    }
    Ok(())
}

/// The level of a run that is kept on disk already.
fn level(journal: JournalLevel) -> Result<Level, Fail> {
    match journal {
        JournalLevel::Strict => Ok(Level::Strict),
        JournalLevel::Relaxed => Ok(Level::Relaxed),
        JournalLevel::Memory => Err(Fail::usage("a resumed run cannot be kept in memory only")),
    }
}

/// A run that can go on from where its journal ends: all it needs is there.
struct OnTheWay {
    start: Start,
    loaded: Loaded,
}

impl OnTheWay {
    /// Looks for all that the run needs to go on. Nothing of it is in the journal.
    fn prepare(
        global: &Global,
        store: &Store,
        run_id: &str,
        journal: SqliteJournal,
    ) -> Result<Self, Fail> {
        // With the lock in hand: what was read before may be old.
        let row = store.run(run_id)?;
        goes_on(&row)?;
        let (project, graph) = loading::recompile(global, &row)?;
        let Settings { limits, services, .. } = Settings::of(&row)?;
        let services = services::go_on(&graph, services)?;
        let loaded = Loaded::new(global, &project, &graph, &services)?;
        let start = Start {
            graph: Arc::new(graph),
            inputs: Value::Null,
            past: row.records,
            keeping: Keeping::Disk(journal),
            run_id: row.run.run_id,
            limits,
            fresh: false,
        };
        Ok(Self { start, loaded })
    }

    fn drive(self, global: &Global) -> Result<(), Fail> {
        loading::drive_run(global, &self.loaded, self.start)
    }
}
